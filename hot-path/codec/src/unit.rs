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
use crate::weight::{Content, DECODER_BYTES, ENTRY_BYTES};

/// Limits on the size of records and batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The maximum decompressed size of a record, in bytes.
    pub record_bytes: usize,
    /// The maximum [weight](crate::weight) of the records of a batch, in bytes. A
    /// batch ends before the record that exceeds it. A record that exceeds it alone
    /// is too large.
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
    /// The number of bytes that were unpacked, also if unpacking failed at the end.
    unpacked: usize,
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

    /// Decodes the first of `count` records into units, as many as a batch holds.
    /// Returns their number: at least one, unless `count` is 0.
    ///
    /// `load` replaces the content of a buffer with the bytes of the record with
    /// the given index. `each` receives the index and each unit, in order. The
    /// units of a record are all lines, or a single [`Unit::Broken`]. The units of a
    /// record do not depend on the other records.
    ///
    /// # Errors
    /// Stops at the first error of `each` and returns it.
    pub fn unpack<E>(
        &mut self,
        count: usize,
        mut load: impl FnMut(usize, &mut Vec<u8>) -> Result<(), CodecError>,
        mut each: impl FnMut(usize, Unit<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut left = self.limits.batch_bytes;
        for start in (0..count).step_by(LANES) {
            let most = count.min(start + LANES) - start;
            let group = self.fill(start, most, left, &mut load);
            let digests = self.digests(group);
            for (offset, digest) in (0..group).zip(digests) {
                let index = start + offset;
                let weight = self.emit_units(offset, &digest, left, index == 0, &mut |unit| {
                    each(index, unit)
                })?;
                match weight {
                    Some(weight) => left = left.saturating_sub(weight),
                    None => return Ok(index),
                }
            }
            if group < most {
                return Ok(start + group);
            }
        }
        Ok(count)
    }

    /// Loads and decompresses up to `most` records from `start` into the slots.
    /// Returns their number. It stops before a record that cannot be in the batch,
    /// which may weigh `left` bytes more.
    fn fill(
        &mut self,
        start: usize,
        most: usize,
        mut left: usize,
        load: &mut impl FnMut(usize, &mut Vec<u8>) -> Result<(), CodecError>,
    ) -> usize {
        for (offset, slot) in self.slots.iter_mut().take(most).enumerate() {
            slot.unpacked = 0;
            slot.state = match load(start + offset, &mut slot.loaded) {
                Ok(()) => decompress(&mut self.decompressor, slot, self.limits.record_bytes),
                Err(error) => SlotState::Broken(error),
            };
            if slot.unpacked > left && start + offset > 0 {
                return offset;
            }
            left = left.saturating_sub(slot.unpacked);
        }
        most
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

    /// Passes the units of a slot's record to `each` and returns the record's weight.
    /// Returns `None`, without any unit, if the record weighs more than `left` and is
    /// not the first.
    fn emit_units<E>(
        &mut self,
        offset: usize,
        digest: &[u8; 16],
        left: usize,
        is_first: bool,
        each: &mut impl FnMut(Unit<'_>) -> Result<(), E>,
    ) -> Result<Option<usize>, E> {
        let Self {
            limits,
            decompressor,
            slots,
            user_records,
        } = self;
        let slot = &mut slots[offset];
        let mut weight = slot.unpacked;
        let mut opened = match mem::take(&mut slot.state) {
            SlotState::Broken(error) => Err(error),
            state => {
                slot.state = state;
                let content = slot.content();
                open(
                    content,
                    digest,
                    *limits,
                    decompressor,
                    user_records,
                    &mut weight,
                )
            }
        };
        // Nearly every record is far from the bound, so that it is not read for its weight.
        let bound = opened.as_ref().map_or(ENTRY_BYTES, Content::most_entries);
        if weight.saturating_add(bound) > left {
            let mut entries = opened.as_ref().map_or(ENTRY_BYTES, Content::entries);
            let limit = limits.batch_bytes;
            if opened.is_ok() && weight.saturating_add(entries) > limit {
                opened = Err(CodecError::TooLarge { limit });
                entries = ENTRY_BYTES;
            }
            if weight.saturating_add(entries) > left && !is_first {
                return Ok(None);
            }
        }
        let entries = match opened {
            Ok(content) => emit_lines(&content, each)?,
            Err(error) => {
                let record = &slot.loaded;
                each(Unit::Broken { error, record })?;
                ENTRY_BYTES
            }
        };
        Ok(Some(weight.saturating_add(entries)))
    }
}

/// Decompresses the loaded bytes of a slot.
fn decompress(decompressor: &mut Decompressor, slot: &mut Slot, limit: usize) -> SlotState {
    let compression = Compression::of(&slot.loaded);
    if compression == Compression::None {
        slot.unpacked = slot.loaded.len();
        return match slot.loaded.len() > limit {
            true => SlotState::Broken(CodecError::TooLarge { limit }),
            false => SlotState::Plain,
        };
    }
    let result = decompressor.decompress(compression, &slot.loaded, limit, &mut slot.decompressed);
    slot.unpacked = decompressor.unpacked();
    match result {
        Ok(()) => SlotState::Decompressed,
        Err(error) => SlotState::Broken(error),
    }
}

/// Opens an aggregate and decompresses its user records into `user_records`; returns other
/// content unchanged. Adds to `weight` what the record weighs besides its entries.
fn open<'a>(
    content: &'a [u8],
    digest: &[u8; 16],
    limits: Limits,
    decompressor: &mut Decompressor,
    user_records: &'a mut Vec<u8>,
    weight: &mut usize,
) -> Result<Content<'a>, CodecError> {
    if !kpl::is_aggregate(content) {
        return Ok(Content::Lines(content));
    }
    let limit = limits.batch_bytes;
    let mut users = kpl::SealedAggregate::of(content)?.open(digest, limit)?;
    let is_compressed =
        |user: &&kpl::UserRecord<'_>| Compression::of(user.data) != Compression::None;
    let compressed = users.iter().filter(is_compressed).count();
    if compressed > 0 {
        let decoders = compressed.saturating_mul(DECODER_BYTES);
        if decoders > limit {
            return Err(CodecError::TooLarge { limit });
        }
        *weight = weight.saturating_add(decoders);
        decompress_each(
            decompressor,
            &mut users,
            limits.record_bytes,
            user_records,
            weight,
        )?;
    }
    Ok(Content::Users(users))
}

/// Decompresses the data of all user records into `out`, and refers each to its piece of it.
/// Adds the number of unpacked bytes to `weight`.
///
/// Callers decompress all before they emit the first line, so that a record
/// decodes completely or becomes one rejection.
fn decompress_each<'a>(
    decompressor: &mut Decompressor,
    users: &mut [kpl::UserRecord<'a>],
    limit: usize,
    out: &'a mut Vec<u8>,
    weight: &mut usize,
) -> Result<(), CodecError> {
    out.clear();
    let mut piece = Vec::new();
    let mut ends = Vec::with_capacity(users.len());
    for user in users.iter() {
        let left = limit.saturating_sub(out.len());
        let result =
            decompressor.decompress(Compression::of(user.data), user.data, left, &mut piece);
        *weight = weight.saturating_add(decompressor.unpacked());
        result?;
        if piece.len() > left {
            return Err(CodecError::TooLarge { limit });
        }
        out.extend_from_slice(&piece);
        ends.push(out.len());
    }
    let mut start = 0;
    for (user, end) in users.iter_mut().zip(ends) {
        user.data = out.get(start..end).unwrap_or_default();
        start = end;
    }
    Ok(())
}

/// Passes every line of the content to `each`. Returns the weight of the units and user
/// records.
fn emit_lines<E>(
    content: &Content<'_>,
    each: &mut impl FnMut(Unit<'_>) -> Result<(), E>,
) -> Result<usize, E> {
    let mut weight = 0;
    content.pieces(|data, partition_key| {
        let unit_bytes = ENTRY_BYTES + partition_key.map_or(0, str::len);
        weight += partition_key.map_or(0, |_| ENTRY_BYTES);
        lines(data).try_for_each(|bytes| {
            weight += unit_bytes;
            each(Unit::Line {
                bytes,
                partition_key,
            })
        })
    })?;
    Ok(weight)
}

/// Returns the lines that are not only white space.
#[inline]
pub(crate) fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    let lines = std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let line;
        (line, rest) = match memchr(b'\n', rest) {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, &[][..]),
        };
        Some(line)
    });
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
    lines.filter(move |line| !line.iter().all(is_blank))
}

#[cfg(test)]
mod tests;
