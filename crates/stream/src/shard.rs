//! Shard identifiers, and the mapping from partition keys to shards.

use std::fmt;

use md5::{Digest, Md5};

/// The maximum number of shards in a stream.
pub const MAX_SHARDS: u32 = 4096;

/// The identifier of a shard, displayed as in Kinesis: `shardId-000000000007`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(u32);

impl ShardId {
    /// Creates the identifier of the shard at `index`, counted from 0.
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// Returns the shard's index, from 0.
    pub const fn index(self) -> u32 {
        self.0
    }

    /// Parses a shard's name; `None` if `name` is not one.
    pub fn parse(name: &str) -> Option<Self> {
        let digits = name.strip_prefix("shardId-")?;
        let is_number = digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().ok().map(Self))?
    }

    /// Returns the shard, out of `count`, to which `partition_key` hashes.
    ///
    /// As in Kinesis, the hash key is the MD5 digest of the partition key as a
    /// big-endian 128-bit number. The shards divide its range evenly; the last
    /// shard takes the remainder.
    pub fn of_partition_key(partition_key: &str, count: u32) -> Self {
        let digest: [u8; 16] = Md5::digest(partition_key.as_bytes()).into();
        Self::of_hash_key(u128::from_be_bytes(digest), count)
    }

    fn of_hash_key(hash_key: u128, count: u32) -> Self {
        let Some(last) = count.checked_sub(1).filter(|&last| last > 0) else {
            return Self(0);
        };
        let count = u128::from(count);
        // floor(2^128 / count); 2^128 itself exceeds u128.
        let width = u128::MAX / count + u128::from(u128::MAX % count == count - 1);
        let index = u32::try_from(hash_key / width).unwrap_or(last);
        Self(index.min(last))
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shardId-{:012}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_reverses_display() {
        let shard = ShardId::new(7);
        assert_eq!(shard.to_string(), "shardId-000000000007");
        assert_eq!(ShardId::parse("shardId-000000000007"), Some(shard));
        assert_eq!(ShardId::parse("shardId-7"), None);
        assert_eq!(ShardId::parse("shardId-+00000000007"), None);
    }

    /// Checks the hash key ranges that Kinesis reports for a stream of three shards.
    #[test]
    fn splits_the_hash_range_as_kinesis_does() {
        let of = |hash_key| ShardId::of_hash_key(hash_key, 3).index();
        assert_eq!(of(0), 0);
        assert_eq!(of(113427455640312821154458202477256070484), 0);
        assert_eq!(of(113427455640312821154458202477256070485), 1);
        assert_eq!(of(226854911280625642308916404954512140969), 1);
        assert_eq!(of(226854911280625642308916404954512140970), 2);
        assert_eq!(of(u128::MAX), 2);
        assert_eq!(ShardId::of_hash_key(u128::MAX, 1).index(), 0);
        assert_eq!(ShardId::of_hash_key(1 << 127, 2).index(), 1);
        assert_eq!(ShardId::of_hash_key((1 << 127) - 1, 2).index(), 0);
    }

    /// MD5("a") is 0cc175b9…, MD5("c") is 4a8a08f0…, MD5("b") is 92eb5ffe….
    #[test]
    fn hashes_the_key_with_md5() {
        let of = |key| ShardId::of_partition_key(key, 16).index();
        assert_eq!((of("a"), of("c"), of("b")), (0x0, 0x4, 0x9));
    }
}
