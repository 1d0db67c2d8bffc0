//! The aggregated record of the Kinesis Producer Library.
//!
//! `F3 89 9A C2`, a protobuf message, and the MD5 of that message (16 bytes).
//! The message, as the library's `aggregation-format.md` gives it:
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
//! Reading is by hand, because a user record is then a slice of the aggregate
//! and costs no allocation; tests hold it to `prost`.

use md5::{Digest, Md5};

use crate::compression::CodecError;

/// What an aggregate begins with.
pub const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];
const DIGEST_BYTES: usize = 16;

/// One record as its producer gave it to the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserRecord<'a> {
    /// The key it was given.
    pub partition_key: &'a str,
    /// The explicit hash key it was given.
    pub explicit_hash_key: Option<&'a str>,
    /// Its bytes.
    pub data: &'a [u8],
}

/// Whether the record says that it is an aggregate.
pub fn is_aggregate(record: &[u8]) -> bool {
    record.starts_with(&MAGIC)
}

/// An aggregate's message and the digest that belongs to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sealed<'a> {
    pub(crate) message: &'a [u8],
    pub(crate) digest: &'a [u8; DIGEST_BYTES],
}

impl<'a> Sealed<'a> {
    pub(crate) fn of(record: &'a [u8]) -> Result<Self, CodecError> {
        let body = record
            .strip_prefix(&MAGIC)
            .ok_or(broken("no magic bytes"))?;
        let (message, digest) = body
            .split_last_chunk::<DIGEST_BYTES>()
            .ok_or(broken("shorter than its digest"))?;
        Ok(Self { message, digest })
    }

    /// The user records, if `digest` is what the message was found to have.
    pub(crate) fn open(
        self,
        digest: &[u8; DIGEST_BYTES],
    ) -> Result<Vec<UserRecord<'a>>, CodecError> {
        if digest != self.digest {
            return Err(broken("the MD5 does not match"));
        }
        parse(self.message)
    }
}

/// Takes an aggregate apart.
///
/// # Errors
/// [`CodecError::Broken`] when the digest does not match, the message does not
/// parse or an index points nowhere; then no user record is given, so that a
/// broken aggregate is one refusal and not a part of its events.
pub fn decode(record: &[u8]) -> Result<Vec<UserRecord<'_>>, CodecError> {
    let sealed = Sealed::of(record)?;
    sealed.open(&Md5::digest(sealed.message).into())
}

/// Bytes of a user record that are likely, for the memory of a first guess.
const LIKELY_RECORD: usize = 256;

fn parse(message: &[u8]) -> Result<Vec<UserRecord<'_>>, CodecError> {
    let mut partition_keys = Vec::new();
    let mut hash_keys = Vec::new();
    let mut records = Vec::with_capacity(message.len() / LIKELY_RECORD);
    let mut fields = Fields(message);
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (1, Value::Bytes(key)) => partition_keys.push(text(key)?),
            (2, Value::Bytes(key)) => hash_keys.push(text(key)?),
            (3, Value::Bytes(record)) => records.push(Record::parse(record)?),
            (1..=3, Value::Number(_)) => return Err(broken("a field of another wire type")),
            _ => {}
        }
    }
    let key = |keys: &[&'_ str], index: u64| -> Option<usize> {
        usize::try_from(index)
            .ok()
            .filter(|index| *index < keys.len())
    };
    records
        .into_iter()
        .map(|record| {
            let partition_key = key(&partition_keys, record.partition_key)
                .and_then(|index| partition_keys.get(index).copied())
                .ok_or(broken("a partition key index that points nowhere"))?;
            let explicit_hash_key = match record.explicit_hash_key {
                None => None,
                Some(index) => Some(
                    key(&hash_keys, index)
                        .and_then(|index| hash_keys.get(index).copied())
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

/// The fields of a protobuf message, one after the other.
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
        // Fixed-width fields are none of ours; they are passed over.
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

fn text(bytes: &[u8]) -> Result<&str, CodecError> {
    std::str::from_utf8(bytes).map_err(|_| broken("a key that is not UTF-8"))
}

fn broken(cause: &str) -> CodecError {
    CodecError::Broken {
        format: "KPL aggregate",
        cause: cause.to_owned(),
    }
}

/// Collects user records into one aggregate.
///
/// Keys are few in an aggregate (ours have one), so they are looked up in order.
#[derive(Debug, Default)]
pub struct Aggregate {
    partition_keys: Vec<String>,
    hash_keys: Vec<String>,
    /// The encoded tables, and the encoded records behind them.
    tables: Vec<u8>,
    records: Vec<u8>,
    count: usize,
}

impl Aggregate {
    /// An empty aggregate.
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

    /// How many user records are in it.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none is in it.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many bytes [`Aggregate::finish`] would give now.
    pub fn encoded_len(&self) -> usize {
        MAGIC.len() + self.tables.len() + self.records.len() + DIGEST_BYTES
    }

    /// How many bytes it would give with one more user record.
    pub fn encoded_len_with(
        &self,
        partition_key: &str,
        explicit_hash_key: Option<&str>,
        data: &[u8],
    ) -> usize {
        let place = |keys: &[String], key: &str| match keys.iter().position(|known| known == key) {
            Some(index) => (index, 0),
            None => (keys.len(), 1 + varint_len(key.len() as u64) + key.len()),
        };
        let (key, key_bytes) = place(&self.partition_keys, partition_key);
        let hash = explicit_hash_key.map(|key| place(&self.hash_keys, key));
        let record = record_len(key, hash.map(|(index, _)| index), data.len());
        self.encoded_len()
            + key_bytes
            + hash.map_or(0, |(_, bytes)| bytes)
            + 1
            + varint_len(record as u64)
            + record
    }

    /// The aggregate's bytes; it is empty again afterwards.
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

/// The key's place in its table, where it is put if it is new.
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
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use prost::Message;

    /// The same messages by a library.
    #[derive(Clone, PartialEq, Message)]
    struct ProstAggregate {
        #[prost(string, repeated, tag = "1")]
        partition_key_table: Vec<String>,
        #[prost(string, repeated, tag = "2")]
        explicit_hash_key_table: Vec<String>,
        #[prost(message, repeated, tag = "3")]
        records: Vec<ProstRecord>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct ProstRecord {
        #[prost(uint64, required, tag = "1")]
        partition_key_index: u64,
        #[prost(uint64, optional, tag = "2")]
        explicit_hash_key_index: Option<u64>,
        #[prost(bytes = "vec", required, tag = "3")]
        data: Vec<u8>,
        #[prost(message, repeated, tag = "4")]
        tags: Vec<ProstTag>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct ProstTag {
        #[prost(string, required, tag = "1")]
        key: String,
        #[prost(string, optional, tag = "2")]
        value: Option<String>,
    }

    type Given = (String, Option<String>, Vec<u8>);

    fn given() -> impl Strategy<Value = Vec<Given>> {
        let record = (
            prop_oneof![Just("b-001".to_owned()), ".{0,20}"],
            proptest::option::of("[0-9]{1,39}"),
            proptest::collection::vec(any::<u8>(), 0..300),
        );
        proptest::collection::vec(record, 0..40)
    }

    proptest! {
        #[test]
        fn what_is_aggregated_comes_apart(given in given()) {
            let mut aggregate = Aggregate::new();
            for (key, hash, data) in &given {
                let foretold = aggregate.encoded_len_with(key, hash.as_deref(), data);
                aggregate.push(key, hash.as_deref(), data);
                prop_assert_eq!(aggregate.encoded_len(), foretold);
            }
            prop_assert_eq!(aggregate.len(), given.len());
            let length = aggregate.encoded_len();
            let bytes = aggregate.finish();
            prop_assert_eq!(bytes.len(), length);
            prop_assert!(aggregate.is_empty());
            let back: Vec<Given> = decode(&bytes).unwrap().into_iter()
                .map(|r| (r.partition_key.to_owned(), r.explicit_hash_key.map(str::to_owned), r.data.to_vec()))
                .collect();
            prop_assert_eq!(&back, &given);

            let theirs = ProstAggregate::decode(&bytes[4..bytes.len() - 16]).unwrap();
            prop_assert_eq!(theirs.records.len(), given.len());
            for (record, (key, hash, data)) in theirs.records.iter().zip(&given) {
                prop_assert_eq!(&theirs.partition_key_table[record.partition_key_index as usize], key);
                let their_hash = record.explicit_hash_key_index.map(|i| &theirs.explicit_hash_key_table[i as usize]);
                prop_assert_eq!(their_hash, hash.as_ref());
                prop_assert_eq!(&record.data, data);
            }
        }

        #[test]
        fn reads_what_a_library_writes(given in given(), tags in proptest::collection::vec((".{0,5}", proptest::option::of(".{0,5}")), 0..3)) {
            let message = ProstAggregate {
                partition_key_table: given.iter().map(|(key, ..)| key.clone()).collect(),
                explicit_hash_key_table: given.iter().map(|(_, hash, _)| hash.clone().unwrap_or_default()).collect(),
                records: given.iter().enumerate().map(|(i, (_, hash, data))| ProstRecord {
                    partition_key_index: i as u64,
                    explicit_hash_key_index: hash.as_ref().map(|_| i as u64),
                    data: data.clone(),
                    tags: tags.iter().map(|(key, value)| ProstTag { key: key.clone(), value: value.clone() }).collect(),
                }).collect(),
            }.encode_to_vec();
            let back = parse(&message).unwrap();
            prop_assert_eq!(back.len(), given.len());
            for (record, (key, hash, data)) in back.iter().zip(&given) {
                prop_assert_eq!(record.partition_key, key);
                prop_assert_eq!(record.explicit_hash_key, hash.as_deref());
                prop_assert_eq!(record.data, data);
            }
        }

        #[test]
        fn any_message_is_read_or_refused(message in proptest::collection::vec(any::<u8>(), 0..200)) {
            let ours = parse(&message);
            // Where we read one, a library reads the same number of records.
            if let (Ok(ours), Ok(theirs)) = (&ours, ProstAggregate::decode(&*message)) {
                prop_assert_eq!(ours.len(), theirs.records.len());
            }
        }

        #[test]
        fn a_flipped_bit_breaks_the_digest(given in given(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut aggregate = Aggregate::new();
            given.iter().for_each(|(key, hash, data)| aggregate.push(key, hash.as_deref(), data));
            let mut bytes = aggregate.finish();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(decode(&bytes).is_err());
        }
    }
}
