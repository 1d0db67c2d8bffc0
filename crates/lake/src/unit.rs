//! Identities of records and of their units.

use std::cmp::Ordering;

use arrow_array::types::Int32Type;
use arrow_array::{PrimitiveArray, StringArray};
use xxhash_rust::xxh3::xxh3_128;

use crate::error::LakeError;
use crate::rows::RowBatch;

/// The columns of a unit's identity, in every zone.
pub const IDENTITY_COLUMNS: [&str; 3] = ["shard_id", "sequence_number", "sub_sequence"];

/// The identity columns of a batch of rows.
#[derive(Debug, Clone, Copy)]
pub struct UnitIdentities<'b> {
    shard_ids: &'b StringArray,
    sequence_numbers: &'b StringArray,
    sub_sequences: &'b PrimitiveArray<Int32Type>,
}

impl<'b> UnitIdentities<'b> {
    /// Finds the [`IDENTITY_COLUMNS`] of the batch.
    ///
    /// # Errors
    /// [`LakeError::Parquet`] if the batch lacks one of them.
    pub fn of(batch: &'b RowBatch) -> Result<Self, LakeError> {
        let [shard_ids, sequence_numbers, sub_sequences] = IDENTITY_COLUMNS;
        Ok(Self {
            shard_ids: batch.text(shard_ids)?,
            sequence_numbers: batch.text(sequence_numbers)?,
            sub_sequences: batch.int(sub_sequences)?,
        })
    }

    /// Returns the shard of the row's record.
    pub fn shard_id(&self, row: usize) -> &'b str {
        self.shard_ids.value(row)
    }

    /// Returns the sequence number of the row's record.
    pub fn sequence_number(&self, row: usize) -> &'b str {
        self.sequence_numbers.value(row)
    }

    /// Returns the position of the row's unit in its record, from 0.
    pub fn sub_sequence(&self, row: usize) -> i32 {
        self.sub_sequences.value(row)
    }

    /// Returns the identity of the row's record.
    pub fn record(&self, row: usize) -> RecordId {
        RecordId::of(self.shard_id(row), self.sequence_number(row))
    }

    /// Returns the identity of the row's unit.
    pub fn unit(&self, row: usize) -> UnitId {
        self.record(row).unit(self.sub_sequence(row))
    }
}

/// The identity of a record as a 128-bit hash, so that sets of millions stay small.
/// Collisions are as unlikely as those of a [digest](crate::digest).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(u128);

impl RecordId {
    /// Returns the identity of the record with this sequence number in the shard.
    pub fn of(shard_id: &str, sequence_number: &str) -> Self {
        let mut text = Vec::with_capacity(96);
        text.extend_from_slice(shard_id.as_bytes());
        text.push(0);
        text.extend_from_slice(sequence_number.as_bytes());
        Self(xxh3_128(&text))
    }

    /// Returns the identity of the record's unit at a position.
    pub fn unit(self, sub_sequence: i32) -> UnitId {
        let mut bytes = [0; 20];
        let (record, unit) = bytes.split_at_mut(16);
        record.copy_from_slice(&self.0.to_le_bytes());
        unit.copy_from_slice(&sub_sequence.to_le_bytes());
        UnitId(xxh3_128(&bytes))
    }
}

/// The identity of a unit as a 128-bit hash, like [`RecordId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(u128);

/// Compares two sequence numbers, which are decimal numbers of any length.
pub fn compare_sequence_numbers(one: &str, other: &str) -> Ordering {
    let (a, b) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_are_compared_as_numbers() {
        for (one, other, order) in [
            ("9", "10", Ordering::Less),
            ("0010", "9", Ordering::Greater),
            ("007", "7", Ordering::Equal),
            ("", "0", Ordering::Equal),
        ] {
            assert_eq!(compare_sequence_numbers(one, other), order);
        }
    }

    #[test]
    fn identities_are_distinct() {
        let record = RecordId::of("s", "1");
        assert_ne!(record, RecordId::of("s1", ""));
        assert_ne!(record, RecordId::of("s", "11"));
        assert_ne!(record.unit(0), record.unit(1));
        assert_ne!(record.unit(0), RecordId::of("s", "2").unit(0));
    }
}
