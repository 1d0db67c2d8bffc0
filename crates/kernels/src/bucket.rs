//! The assignment of users to buckets.

use xxhash_rust::xxh3::xxh3_64;

/// Returns the bucket of a user, from 0: the XXH3 hash of the id modulo `buckets`.
///
/// The function is part of the lake's contract: curated files and the objects of a split
/// rely on it, so it must not change.
pub fn bucket_of(user_id: &[u8], buckets: u32) -> u32 {
    match buckets {
        0 | 1 => 0,
        _ => (xxh3_64(user_id) % u64::from(buckets)) as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_of_a_user_never_changes() {
        let buckets: Vec<u32> = ["", "u-1042", "é"]
            .iter()
            .map(|user| bucket_of(user.as_bytes(), 7))
            .collect();
        assert_eq!(buckets, [4, 4, 6]);
        assert_eq!(bucket_of(b"u-1042", 1), 0);
        assert_eq!(bucket_of(b"u-1042", 0), 0);
    }
}
