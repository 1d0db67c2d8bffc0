//! Splitting of Kinesis records into units.
//!
//! Decoding decompresses the record, de-aggregates it, decompresses each user
//! record, and splits the result at newlines, in this order. Lines of only white
//! space are ignored. A record that fails to decode is one unit, with its
//! original bytes.

use std::mem;

use memchr::memchr;

use crate::compression::{CodecError, Compression, Decompressor};
use crate::digests::{LANES, digests};
use crate::kpl;

/// Limits on the decompressed size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The maximum decompressed size of a record, in bytes.
    pub record_bytes: usize,
    /// The maximum decompressed size of all records of a batch, in bytes.
    pub batch_bytes: usize,
}

impl Default for Limits {
    /// Returns 32 MiB per record and 256 MiB per batch.
    fn default() -> Self {
        Self {
            record_bytes: 32 << 20,
            batch_bytes: 256 << 20,
        }
    }
}

/// A unit of a record.
#[derive(Debug)]
pub enum Unit<'a> {
    /// A line: an event, valid or not.
    Line {
        /// The bytes of the line, without the newline; not empty.
        bytes: &'a [u8],
        /// The partition key of the user record, if the record is an aggregate.
        partition_key: Option<&'a str>,
    },
    /// A record that failed to decode.
    Broken {
        /// The cause.
        error: CodecError,
        /// The bytes of the record as loaded.
        record: &'a [u8],
    },
}

/// A decoder for the records of a batch, with reusable buffers.
#[derive(Debug, Default)]
pub struct Unpacker {
    limits: Limits,
    decompressor: Decompressor,
    slots: [Slot; LANES],
    user_records: Vec<u8>,
}

/// The buffers for one record of the group whose digests are computed together.
#[derive(Debug, Default)]
struct Slot {
    loaded: Vec<u8>,
    decompressed: Vec<u8>,
    state: SlotState,
}

/// The decoding state of a slot's record.
#[derive(Debug, Default)]
enum SlotState {
    /// The record is not compressed: its content is `loaded`.
    #[default]
    Plain,
    /// The content is `decompressed`.
    Decompressed,
    /// The record failed to load or to decompress.
    Broken(CodecError),
}

impl Slot {
    fn content(&self) -> &[u8] {
        match self.state {
            SlotState::Plain => &self.loaded,
            SlotState::Decompressed => &self.decompressed,
            SlotState::Broken(_) => &[],
        }
    }
}

impl Unpacker {
    /// Creates an unpacker with these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Decodes the `count` records of a batch into units.
    ///
    /// `load` replaces the content of a buffer with the bytes of the record with
    /// the given index. `each` receives the index and each unit, in order. The
    /// units of a record are all lines, or a single [`Unit::Broken`].
    ///
    /// # Errors
    /// Stops at the first error of `each` and returns it.
    pub fn unpack<E>(
        &mut self,
        count: usize,
        mut load: impl FnMut(usize, &mut Vec<u8>) -> Result<(), CodecError>,
        mut each: impl FnMut(usize, Unit<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut left = self.limits.batch_bytes;
        for start in (0..count).step_by(LANES) {
            let group = count.min(start + LANES) - start;
            for (offset, slot) in self.slots.iter_mut().take(group).enumerate() {
                let limit = self.limits.record_bytes.min(left);
                slot.state = match load(start + offset, &mut slot.loaded) {
                    Ok(()) => decompress(&mut self.decompressor, slot, limit),
                    Err(error) => SlotState::Broken(error),
                };
                left = left.saturating_sub(slot.content().len());
            }
            let digests = self.digests(group);
            for (offset, digest) in (0..group).zip(digests) {
                let mut each = |unit: Unit<'_>| each(start + offset, unit);
                self.emit_units(offset, &digest, &mut left, &mut each)?;
            }
        }
        Ok(())
    }

    /// Computes the digest of each slot's aggregate. The digests of other slots
    /// are unspecified.
    fn digests(&self, group: usize) -> [[u8; 16]; LANES] {
        let mut messages = [&[][..]; LANES];
        let mut aggregates = 0;
        for (message, slot) in messages.iter_mut().zip(self.slots.iter().take(group)) {
            if kpl::is_aggregate(slot.content())
                && let Ok(sealed) = kpl::SealedAggregate::of(slot.content())
            {
                *message = sealed.message;
                aggregates += 1;
            }
        }
        match aggregates {
            0 => Default::default(),
            _ => digests(messages),
        }
    }

    /// Passes the units of a slot's record to `each`.
    fn emit_units<E>(
        &mut self,
        offset: usize,
        digest: &[u8; 16],
        left: &mut usize,
        each: &mut impl FnMut(Unit<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self {
            limits,
            decompressor,
            slots,
            user_records,
        } = self;
        let slot = &mut slots[offset];
        let error = match mem::take(&mut slot.state) {
            SlotState::Broken(error) => error,
            state => {
                slot.state = state;
                let content = slot.content();
                if !kpl::is_aggregate(content) {
                    return emit_lines(content, None, each);
                }
                match kpl::SealedAggregate::of(content).and_then(|sealed| sealed.open(digest)) {
                    Ok(users)
                        if users
                            .iter()
                            .all(|user| Compression::of(user.data) == Compression::None) =>
                    {
                        return users.iter().try_for_each(|user| {
                            emit_lines(user.data, Some(user.partition_key), each)
                        });
                    }
                    Ok(users) => {
                        let limit = limits.record_bytes.min(left.saturating_add(content.len()));
                        match decompress_each(decompressor, &users, limit, user_records) {
                            Ok(ends) => {
                                *left = left.saturating_sub(user_records.len());
                                return emit_lines_of_each(&users, user_records, &ends, each);
                            }
                            Err(error) => error,
                        }
                    }
                    Err(error) => error,
                }
            }
        };
        each(Unit::Broken {
            error,
            record: &slot.loaded,
        })
    }
}

fn decompress(decompressor: &mut Decompressor, slot: &mut Slot, limit: usize) -> SlotState {
    let compression = Compression::of(&slot.loaded);
    if compression == Compression::None {
        return match slot.loaded.len() > limit {
            true => SlotState::Broken(CodecError::TooLarge { limit }),
            false => SlotState::Plain,
        };
    }
    match decompressor.decompress(compression, &slot.loaded, limit, &mut slot.decompressed) {
        Ok(()) => SlotState::Decompressed,
        Err(error) => SlotState::Broken(error),
    }
}

/// Decompresses all user records into `out` and returns the end offset of each.
///
/// Callers decompress all before they emit the first line, so that a record
/// decodes completely or becomes one rejection.
fn decompress_each(
    decompressor: &mut Decompressor,
    users: &[kpl::UserRecord<'_>],
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<Vec<usize>, CodecError> {
    out.clear();
    let mut piece = Vec::new();
    users
        .iter()
        .map(|user| {
            let left = limit.saturating_sub(out.len());
            decompressor.decompress(Compression::of(user.data), user.data, left, &mut piece)?;
            if piece.len() > left {
                return Err(CodecError::TooLarge { limit });
            }
            out.extend_from_slice(&piece);
            Ok(out.len())
        })
        .collect()
}

/// Passes the lines of each decompressed user record to `each`; `ends` holds the
/// end offset of each in `content`.
fn emit_lines_of_each<E>(
    users: &[kpl::UserRecord<'_>],
    content: &[u8],
    ends: &[usize],
    each: &mut impl FnMut(Unit<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut start = 0;
    users.iter().zip(ends).try_for_each(|(user, end)| {
        let data = &content[start..*end];
        start = *end;
        emit_lines(data, Some(user.partition_key), each)
    })
}

/// Passes every line that is not only white space to `each`.
fn emit_lines<E>(
    data: &[u8],
    partition_key: Option<&str>,
    each: &mut impl FnMut(Unit<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut rest = data;
    while !rest.is_empty() {
        let line;
        (line, rest) = match memchr(b'\n', rest) {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, &[][..]),
        };
        if line
            .iter()
            .any(|byte| !matches!(byte, b' ' | b'\t' | b'\r'))
        {
            each(Unit::Line {
                bytes: line,
                partition_key,
            })?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::compression::compress;
    use proptest::prelude::*;

    type Units = Vec<Result<Vec<u8>, String>>;

    /// Returns the units of each record of a batch.
    fn batch(limits: Limits, records: &[Vec<u8>]) -> Vec<Units> {
        let mut units = vec![Units::new(); records.len()];
        let load = |index: usize, out: &mut Vec<u8>| {
            out.clear();
            out.extend_from_slice(&records[index]);
            Ok(())
        };
        let each = |index: usize, unit: Unit<'_>| {
            units[index].push(match unit {
                Unit::Line { bytes, .. } => Ok(bytes.to_vec()),
                Unit::Broken { error, record } => {
                    assert_eq!(record, records[index]);
                    Err(error.to_string())
                }
            });
            Ok::<(), std::convert::Infallible>(())
        };
        Unpacker::new(limits)
            .unpack(records.len(), load, each)
            .unwrap();
        units
    }

    fn lines_of(record: &[u8]) -> Units {
        batch(Limits::default(), &[record.to_vec()]).remove(0)
    }

    #[test]
    fn a_newline_always_separates_and_blank_lines_are_ignored() {
        let expected: Vec<Result<Vec<u8>, String>> =
            vec![Ok(b"{}".to_vec()), Ok(b"a\r".to_vec()), Ok(b" b".to_vec())];
        assert_eq!(lines_of(b"\n{}\n\r\n \t\na\r\n b"), expected);
        assert_eq!(lines_of(b""), vec![]);
        assert_eq!(lines_of(b"\n\n"), vec![]);
    }

    #[test]
    fn a_bad_user_record_rejects_the_whole_record() {
        let mut aggregate = kpl::Aggregate::new();
        aggregate.push("k", None, b"{\"good\":1}");
        aggregate.push("k", None, &[0x28, 0xB5, 0x2F, 0xFD, 0xFF, 0xFF]);
        let units = lines_of(&aggregate.finish());
        assert_eq!(units.len(), 1);
        assert!(
            units[0].as_ref().unwrap_err().starts_with("broken zstd"),
            "{units:?}"
        );
    }

    #[test]
    fn a_record_and_a_batch_have_limits() {
        let limits = Limits {
            record_bytes: 100,
            batch_bytes: 150,
        };
        let big = vec![b'x'; 101];
        let fits = compress(Compression::Gzip, &[b'y'; 100]).unwrap();
        let records = [
            big.clone(),
            compress(Compression::Zstd, &big).unwrap(),
            fits.clone(),
            fits.clone(),
        ];
        let too_large = |limit| vec![Err(format!("unpacks to more than {limit} bytes"))];
        assert_eq!(
            batch(limits, &records),
            [
                too_large(100),
                too_large(100),
                vec![Ok(vec![b'y'; 100])],
                too_large(50)
            ]
        );
        let mut bomb = kpl::Aggregate::new();
        bomb.push(
            "k",
            None,
            &compress(Compression::Zstd, &[b'z'; 99]).unwrap(),
        );
        bomb.push(
            "k",
            None,
            &compress(Compression::Zstd, &[b'z'; 99]).unwrap(),
        );
        let bomb = bomb.finish();
        let limits = Limits {
            record_bytes: bomb.len() + 10,
            batch_bytes: 10_000,
        };
        assert_eq!(
            batch(limits, std::slice::from_ref(&bomb)),
            [too_large(bomb.len() + 10)]
        );
    }

    fn wrapped() -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<u8>)> {
        let compression = || {
            prop_oneof![
                Just(Compression::None),
                Just(Compression::Zstd),
                Just(Compression::Gzip)
            ]
        };
        let line =
            proptest::collection::vec(prop_oneof![Just(b'{'), b'a'..=b'z', Just(b'"')], 1..30);
        let user = (proptest::collection::vec(line, 0..4), compression());
        (
            proptest::collection::vec(user, 1..6),
            compression(),
            any::<bool>(),
        )
            .prop_map(|(users, outer, aggregated)| {
                let all: Vec<Vec<u8>> = users.iter().flat_map(|(lines, _)| lines.clone()).collect();
                let record = if aggregated {
                    let mut aggregate = kpl::Aggregate::new();
                    for (lines, inner) in &users {
                        aggregate.push("k", None, &compress(*inner, &lines.join(&b'\n')).unwrap());
                    }
                    aggregate.finish()
                } else {
                    all.join(&b'\n')
                };
                (all, compress(outer, &record).unwrap())
            })
    }

    proptest! {
        #[test]
        fn lines_are_unpacked_from_any_wrapping((lines, record) in wrapped()) {
            let out: Vec<Vec<u8>> = lines_of(&record).into_iter().map(Result::unwrap).collect();
            prop_assert_eq!(out, lines);
        }

        #[test]
        fn a_batch_has_the_units_of_its_records(records in proptest::collection::vec(wrapped(), 0..20)) {
            let (lines, records): (Vec<_>, Vec<_>) = records.into_iter().unzip();
            let out = batch(Limits::default(), &records);
            let out: Vec<Vec<Vec<u8>>> = out.into_iter().map(|units| units.into_iter().map(Result::unwrap).collect()).collect();
            prop_assert_eq!(out, lines);
        }

        #[test]
        fn any_bytes_are_lines_or_one_rejection(
            record in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..300),
                proptest::collection::vec(any::<u8>(), 0..300).prop_map(|tail| [&kpl::MAGIC[..], &tail].concat()),
                (wrapped(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|((_, mut record), at, byte)| {
                    if !record.is_empty() { let at = at.index(record.len()); record[at] = byte; }
                    record
                }),
            ]
        ) {
            let units = lines_of(&record);
            if units.iter().any(Result::is_err) {
                prop_assert_eq!(units.len(), 1);
            }
        }
    }
}
