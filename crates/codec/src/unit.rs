//! A Kinesis record taken apart into units.
//!
//! In this order: decompress, de-aggregate, decompress each user record, split
//! at newlines. A line of nothing but white space is no unit. A record that
//! cannot be taken apart is one unit itself, kept as it came.

use std::mem;

use memchr::memchr;

use crate::compression::{CodecError, Compression, Decompressor};
use crate::digests::{LANES, digests};
use crate::kpl;

/// How much may come out of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes one record may unpack to.
    pub record_bytes: usize,
    /// Bytes all records of a batch may unpack to.
    pub batch_bytes: usize,
}

impl Default for Limits {
    /// 32 MiB a record, 256 MiB a batch.
    fn default() -> Self {
        Self {
            record_bytes: 32 << 20,
            batch_bytes: 256 << 20,
        }
    }
}

/// What a record was taken apart into.
#[derive(Debug)]
pub enum Unit<'a> {
    /// One line: an event, or what claims to be one.
    Line {
        /// Its bytes, without the newline; not empty.
        bytes: &'a [u8],
        /// The key of the user record it was aggregated under.
        partition_key: Option<&'a str>,
    },
    /// The whole record, which could not be taken apart.
    Broken {
        /// Why.
        error: CodecError,
        /// Its bytes as they were loaded.
        record: &'a [u8],
    },
}

/// Takes the records of one batch apart; its buffers are used again.
#[derive(Debug, Default)]
pub struct Unpacker {
    limits: Limits,
    decompressor: Decompressor,
    slots: [Slot; LANES],
    user_records: Vec<u8>,
}

/// One of the records that are taken apart side by side.
#[derive(Debug, Default)]
struct Slot {
    loaded: Vec<u8>,
    decompressed: Vec<u8>,
    state: State,
}

/// How far a slot's record has come.
#[derive(Debug, Default)]
enum State {
    #[default]
    Empty,
    /// What was loaded is what there is.
    AsLoaded,
    /// What there is, is decompressed.
    Decompressed,
    Broken(CodecError),
}

impl Slot {
    fn content(&self) -> &[u8] {
        match self.state {
            State::AsLoaded => &self.loaded,
            State::Decompressed => &self.decompressed,
            State::Empty | State::Broken(_) => &[],
        }
    }
}

impl Unpacker {
    /// An unpacker with those limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Takes the `count` records of a batch apart. `load` replaces a buffer by
    /// a record's bytes; `each` gets every record's units, in order. Of a
    /// record either all units are lines, or the only one is [`Unit::Broken`].
    ///
    /// # Errors
    /// The first error that `each` answers; nothing is handed to it after that.
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
                    Err(error) => State::Broken(error),
                };
                left = left.saturating_sub(slot.content().len());
            }
            let digests = self.digests(group);
            for (offset, digest) in (0..group).zip(digests) {
                let mut each = |unit: Unit<'_>| each(start + offset, unit);
                self.finish(offset, &digest, &mut left, &mut each)?;
            }
        }
        Ok(())
    }

    /// The digest of each slot's aggregate; nothing of worth for other slots.
    fn digests(&self, group: usize) -> [[u8; 16]; LANES] {
        let mut messages = [&[][..]; LANES];
        let mut aggregates = 0;
        for (message, slot) in messages.iter_mut().zip(self.slots.iter().take(group)) {
            if kpl::is_aggregate(slot.content())
                && let Ok(sealed) = kpl::Sealed::of(slot.content())
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

    /// Hands on the units of a slot's record.
    fn finish<E>(
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
        let Some(slot) = slots.get_mut(offset) else {
            return Ok(());
        };
        let error = match mem::take(&mut slot.state) {
            State::Empty => return Ok(()),
            State::Broken(error) => error,
            state => {
                slot.state = state;
                let content = slot.content();
                if !kpl::is_aggregate(content) {
                    return lines(content, None, each);
                }
                match kpl::Sealed::of(content).and_then(|sealed| sealed.open(digest)) {
                    Ok(users)
                        if users
                            .iter()
                            .all(|user| Compression::of(user.data) == Compression::None) =>
                    {
                        return users
                            .iter()
                            .try_for_each(|user| lines(user.data, Some(user.partition_key), each));
                    }
                    Ok(users) => {
                        let limit = limits.record_bytes.min(left.saturating_add(content.len()));
                        match decompress_each(decompressor, &users, limit, user_records) {
                            Ok(ends) => {
                                *left = left.saturating_sub(user_records.len());
                                return lines_of_each(&users, user_records, &ends, each);
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

fn decompress(decompressor: &mut Decompressor, slot: &mut Slot, limit: usize) -> State {
    let compression = Compression::of(&slot.loaded);
    if compression == Compression::None {
        return match slot.loaded.len() > limit {
            true => State::Broken(CodecError::TooLarge { limit }),
            false => State::AsLoaded,
        };
    }
    match decompressor.decompress(compression, &slot.loaded, limit, &mut slot.decompressed) {
        Ok(()) => State::Decompressed,
        Err(error) => State::Broken(error),
    }
}

/// Decompresses all user records into `out`, before the first line of any is
/// handed on: a record is refused whole or not at all. Where each ends.
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

fn lines_of_each<E>(
    users: &[kpl::UserRecord<'_>],
    content: &[u8],
    ends: &[usize],
    each: &mut impl FnMut(Unit<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut start = 0;
    users.iter().zip(ends).try_for_each(|(user, end)| {
        let data = content.get(start..*end).unwrap_or_default();
        start = *end;
        lines(data, Some(user.partition_key), each)
    })
}

/// Every line with something on it.
fn lines<E>(
    data: &[u8],
    partition_key: Option<&str>,
    each: &mut impl FnMut(Unit<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut rest = data;
    while !rest.is_empty() {
        let (line, behind) = match memchr(b'\n', rest) {
            Some(at) => {
                let (line, behind) = rest.split_at(at);
                (line, behind.get(1..).unwrap_or_default())
            }
            None => (rest, &[][..]),
        };
        rest = behind;
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

    /// The units of each record of a batch.
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
    fn a_newline_always_separates_and_empty_lines_are_nothing() {
        let expected: Vec<Result<Vec<u8>, String>> =
            vec![Ok(b"{}".to_vec()), Ok(b"a\r".to_vec()), Ok(b" b".to_vec())];
        assert_eq!(lines_of(b"\n{}\n\r\n \t\na\r\n b"), expected);
        assert_eq!(lines_of(b""), vec![]);
        assert_eq!(lines_of(b"\n\n"), vec![]);
    }

    #[test]
    fn a_bad_user_record_refuses_the_whole_record() {
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
    fn the_bounds_of_a_record_and_of_a_batch() {
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
        fn whatever_the_wrapping_the_lines_come_out((lines, record) in wrapped()) {
            let out: Vec<Vec<u8>> = lines_of(&record).into_iter().map(Result::unwrap).collect();
            prop_assert_eq!(out, lines);
        }

        #[test]
        fn a_batch_is_its_records(records in proptest::collection::vec(wrapped(), 0..20)) {
            let (lines, records): (Vec<_>, Vec<_>) = records.into_iter().unzip();
            let out = batch(Limits::default(), &records);
            let out: Vec<Vec<Vec<u8>>> = out.into_iter().map(|units| units.into_iter().map(Result::unwrap).collect()).collect();
            prop_assert_eq!(out, lines);
        }

        #[test]
        fn any_bytes_are_lines_or_one_refusal(
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
