//! Aggregated records of the Kinesis Producer Library (KPL).
//!
//! An aggregate is the magic bytes `F3 89 9A C2`, a protobuf message, and the
//! MD5 of that message (16 bytes). The library's `aggregation-format.md` defines
//! the message:
//!
//! ```proto
//! message AggregatedRecord {
//!   repeated string partition_key_table     = 1;
//!   repeated string explicit_hash_key_table = 2;
//!   repeated Record records                 = 3;
//! }
//! message Record {
//!   required uint64 partition_key_index     = 1;
//!   optional uint64 explicit_hash_key_index = 2;
//!   required bytes  data                    = 3;
//!   repeated Tag    tags                    = 4;
//! }
//! ```
//!
//! The decoder is handwritten, so that each user record borrows from the
//! aggregate without an allocation. Tests compare it with `prost`.

use md5::{Digest, Md5};

use crate::compression::CodecError;
use crate::weight::ENTRY_BYTES;

/// The magic bytes at the start of an aggregate.
pub const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];
const DIGEST_BYTES: usize = 16;

/// The maximum length of a partition key in Kinesis, in Unicode characters.
pub const MAX_KEY_CHARS: usize = 256;

/// A user record: one record as the producer passed it to the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserRecord<'a> {
    /// The partition key.
    pub partition_key: &'a str,
    /// The explicit hash key, if the producer set one.
    pub explicit_hash_key: Option<&'a str>,
    /// The data.
    pub data: &'a [u8],
}

/// Returns `true` if the record starts with the magic bytes of an aggregate.
pub fn is_aggregate(record: &[u8]) -> bool {
    record.starts_with(&MAGIC)
}

/// An aggregate whose digest is not yet verified.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SealedAggregate<'a> {
    pub(crate) message: &'a [u8],
    pub(crate) digest: &'a [u8; DIGEST_BYTES],
}

impl<'a> SealedAggregate<'a> {
    /// Splits an aggregate into its message and its digest.
    pub(crate) fn of(record: &'a [u8]) -> Result<Self, CodecError> {
        let body = record
            .strip_prefix(&MAGIC)
            .ok_or(broken("no magic bytes"))?;
        let (message, digest) = body
            .split_last_chunk::<DIGEST_BYTES>()
            .ok_or(broken("shorter than its digest"))?;
        Ok(Self { message, digest })
    }

    /// Compares the aggregate's digest with `digest`, the computed digest of its
    /// message, and returns the user records. Keys and user records may weigh
    /// `limit` bytes.
    pub(crate) fn open(
        self,
        digest: &[u8; DIGEST_BYTES],
        limit: usize,
    ) -> Result<Vec<UserRecord<'a>>, CodecError> {
        if digest != self.digest {
            return Err(broken("the MD5 does not match"));
        }
        parse(self.message, limit)
    }
}

/// Decodes an aggregate into its user records.
///
/// # Errors
/// Returns [`CodecError::Broken`] if the digest does not match, the message does
/// not parse, an index is out of range, or a partition key has more than
/// [`MAX_KEY_CHARS`]. A broken aggregate yields no user record: it becomes one
/// rejection, never a part of its events.
pub fn decode(record: &[u8]) -> Result<Vec<UserRecord<'_>>, CodecError> {
    let sealed = SealedAggregate::of(record)?;
    sealed.open(&Md5::digest(sealed.message).into(), usize::MAX)
}

/// The assumed size of a user record in bytes, for the initial capacity.
const EXPECTED_RECORD_BYTES: usize = 256;

fn parse(message: &[u8], limit: usize) -> Result<Vec<UserRecord<'_>>, CodecError> {
    let mut partition_keys = Vec::new();
    let mut hash_keys = Vec::new();
    let mut records = Vec::with_capacity(message.len() / EXPECTED_RECORD_BYTES);
    let mut fields = Fields(message);
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (1, Value::Bytes(key)) => partition_keys.push(partition_key(key)?),
            (2, Value::Bytes(key)) => hash_keys.push(text(key)?),
            (3, Value::Bytes(record)) => records.push(Record::parse(record)?),
            (1..=3, Value::Number(_)) => return Err(broken("a field of another wire type")),
            _ => {}
        }
        let entries = partition_keys.len() + hash_keys.len() + records.len();
        if entries > limit / ENTRY_BYTES {
            return Err(CodecError::TooLarge { limit });
        }
    }
    records
        .into_iter()
        .map(|record| {
            let partition_key = key_at(&partition_keys, record.partition_key)
                .ok_or(broken("a partition key index that points nowhere"))?;
            let explicit_hash_key = match record.explicit_hash_key {
                None => None,
                Some(index) => Some(
                    key_at(&hash_keys, index)
                        .ok_or(broken("a hash key index that points nowhere"))?,
                ),
            };
            Ok(UserRecord {
                partition_key,
                explicit_hash_key,
                data: record.data,
            })
        })
        .collect()
}

fn key_at<'a>(keys: &[&'a str], index: u64) -> Option<&'a str> {
    keys.get(usize::try_from(index).ok()?).copied()
}

/// A `Record` message, its keys as indices into the tables.
struct Record<'a> {
    partition_key: u64,
    explicit_hash_key: Option<u64>,
    data: &'a [u8],
}

impl<'a> Record<'a> {
    fn parse(message: &'a [u8]) -> Result<Self, CodecError> {
        let mut partition_key = None;
        let mut explicit_hash_key = None;
        let mut data = None;
        let mut fields = Fields(message);
        while let Some((number, value)) = fields.next()? {
            match (number, value) {
                (1, Value::Number(index)) => partition_key = Some(index),
                (2, Value::Number(index)) => explicit_hash_key = Some(index),
                (3, Value::Bytes(bytes)) => data = Some(bytes),
                (1..=3, _) => return Err(broken("a field of another wire type")),
                _ => {}
            }
        }
        Ok(Self {
            partition_key: partition_key.ok_or(broken("a record without a partition key"))?,
            explicit_hash_key,
            data: data.ok_or(broken("a record without data"))?,
        })
    }
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// An iterator over the fields of a protobuf message.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    #[inline]
    fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, CodecError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 || number > 0x1FFF_FFFF {
            return Err(broken("a field number out of range"));
        }
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => Value::Bytes(self.take(8)?),
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Bytes(self.take(4)?),
            _ => return Err(broken("an unknown wire type")),
        };
        // None of fields 1 to 3 is fixed-width; skip unknown fields that are.
        if matches!(tag & 7, 1 | 5) && number <= 3 {
            return Err(broken("a field of another wire type"));
        }
        Ok(Some((number, value)))
    }

    #[inline]
    fn take(&mut self, length: u64) -> Result<&'a [u8], CodecError> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(broken("a length past the end"))?;
        self.0 = rest;
        Ok(taken)
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, CodecError> {
        match self.0.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.0 = rest;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, CodecError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(broken("a number cut short"))?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7F);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(broken("a number of more than 64 bits"))
    }
}

fn partition_key(bytes: &[u8]) -> Result<&str, CodecError> {
    let key = text(bytes)?;
    match bytes.len() > MAX_KEY_CHARS && key.chars().nth(MAX_KEY_CHARS).is_some() {
        true => Err(broken("a partition key of more than 256 characters")),
        false => Ok(key),
    }
}

fn text(bytes: &[u8]) -> Result<&str, CodecError> {
    std::str::from_utf8(bytes).map_err(|_| broken("a key that is not UTF-8"))
}

fn broken(cause: &str) -> CodecError {
    CodecError::Broken {
        format: "KPL aggregate",
        cause: cause.to_owned(),
    }
}

/// An aggregate under construction.
///
/// Finds keys by linear search: an aggregate has few (this project's have one).
#[derive(Debug, Default)]
pub struct Aggregate {
    partition_keys: Vec<String>,
    hash_keys: Vec<String>,
    /// The encoded key tables, which precede the records.
    tables: Vec<u8>,
    /// The encoded records.
    records: Vec<u8>,
    count: usize,
}

impl Aggregate {
    /// Creates an empty aggregate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a user record.
    pub fn push(&mut self, partition_key: &str, explicit_hash_key: Option<&str>, data: &[u8]) {
        let key = index_of(&mut self.partition_keys, &mut self.tables, 1, partition_key);
        let hash = explicit_hash_key.map(|k| index_of(&mut self.hash_keys, &mut self.tables, 2, k));
        put_varint(&mut self.records, 3 << 3 | 2);
        put_varint(&mut self.records, record_len(key, hash, data.len()) as u64);
        put_varint(&mut self.records, 1 << 3);
        put_varint(&mut self.records, key as u64);
        if let Some(hash) = hash {
            put_varint(&mut self.records, 2 << 3);
            put_varint(&mut self.records, hash as u64);
        }
        put_varint(&mut self.records, 3 << 3 | 2);
        put_varint(&mut self.records, data.len() as u64);
        self.records.extend_from_slice(data);
        self.count += 1;
    }

    /// Returns the number of user records.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns `true` if the aggregate has no user records.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the length in bytes of the aggregate that [`Aggregate::finish`]
    /// would return.
    pub fn encoded_len(&self) -> usize {
        MAGIC.len() + self.tables.len() + self.records.len() + DIGEST_BYTES
    }

    /// Returns [`Aggregate::encoded_len`] after the addition of this user record.
    pub fn encoded_len_with(
        &self,
        partition_key: &str,
        explicit_hash_key: Option<&str>,
        data: &[u8],
    ) -> usize {
        // The key's index, and the bytes that it adds to its table.
        let entry = |keys: &[String], key: &str| match keys.iter().position(|known| known == key) {
            Some(index) => (index, 0),
            None => (keys.len(), 1 + varint_len(key.len() as u64) + key.len()),
        };
        let (key, key_bytes) = entry(&self.partition_keys, partition_key);
        let hash = explicit_hash_key.map(|key| entry(&self.hash_keys, key));
        let record = record_len(key, hash.map(|(index, _)| index), data.len());
        self.encoded_len()
            + key_bytes
            + hash.map_or(0, |(_, bytes)| bytes)
            + 1
            + varint_len(record as u64)
            + record
    }

    /// Returns the encoded aggregate and resets `self` to empty.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.tables);
        out.extend_from_slice(&self.records);
        let mut digest = Md5::new();
        digest.update(&self.tables);
        digest.update(&self.records);
        out.extend_from_slice(&digest.finalize());
        *self = Self::default();
        out
    }
}

/// Returns the key's index in its table; appends the key if it is new.
fn index_of(keys: &mut Vec<String>, tables: &mut Vec<u8>, field: u64, key: &str) -> usize {
    if let Some(index) = keys.iter().position(|known| known == key) {
        return index;
    }
    put_varint(tables, field << 3 | 2);
    put_varint(tables, key.len() as u64);
    tables.extend_from_slice(key.as_bytes());
    keys.push(key.to_owned());
    keys.len() - 1
}

/// Returns the encoded length of a `Record` message with these key indices and
/// `data` bytes of data.
fn record_len(key: usize, hash: Option<usize>, data: usize) -> usize {
    1 + varint_len(key as u64)
        + hash.map_or(0, |hash| 1 + varint_len(hash as u64))
        + 1
        + varint_len(data as u64)
        + data
}

fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests;
