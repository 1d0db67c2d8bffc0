//! Units read back from the objects that hold them.

use std::cmp::Ordering;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{BinaryArray, PrimitiveArray, RecordBatch, StringArray};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use xxhash_rust::xxh3::xxh3_128;

use crate::error::DayError;

/// The columns of an identity.
pub(crate) const IDENTITY: [&str; 3] = ["shard_id", "sequence_number", "sub_sequence"];

/// Hands the rows of a Parquet file to `each`, with those columns alone. How
/// many rows the file says it has.
///
/// # Errors
/// [`DayError::Parquet`] when the file cannot be read; what `each` answers.
pub(crate) fn read(
    key: &str,
    content: Bytes,
    columns: &[&str],
    mut each: impl FnMut(&Batch<'_>) -> Result<(), DayError>,
) -> Result<u64, DayError> {
    let broken = |cause: String| DayError::Parquet {
        key: key.to_owned(),
        cause,
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(content)
        .map_err(|cause| broken(cause.to_string()))?;
    let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let reader = builder
        .with_projection(mask)
        .build()
        .map_err(|cause| broken(cause.to_string()))?;
    for batch in reader {
        let rows = batch.map_err(|cause| broken(cause.to_string()))?;
        each(&Batch { key, rows: &rows })?;
    }
    Ok(rows)
}

/// Some rows of a file.
pub(crate) struct Batch<'b> {
    key: &'b str,
    rows: &'b RecordBatch,
}

impl<'b> Batch<'b> {
    pub(crate) fn rows(&self) -> usize {
        self.rows.num_rows()
    }

    fn column<T>(
        &self,
        name: &str,
        of_type: impl Fn(&'b dyn arrow_array::Array) -> Option<T>,
    ) -> Result<T, DayError> {
        self.rows
            .column_by_name(name)
            .and_then(|column| of_type(column.as_ref()))
            .ok_or_else(|| DayError::Parquet {
                key: self.key.to_owned(),
                cause: format!("has no column {name} of the type that it should be"),
            })
    }

    fn numbers<T: ArrowPrimitiveType>(
        &self,
        name: &str,
    ) -> Result<&'b PrimitiveArray<T>, DayError> {
        self.column(name, |column| column.as_primitive_opt::<T>())
    }

    pub(crate) fn texts(&self, name: &str) -> Result<&'b StringArray, DayError> {
        self.column(name, |column| column.as_string_opt::<i32>())
    }

    pub(crate) fn bytes(&self, name: &str) -> Result<&'b BinaryArray, DayError> {
        self.column(name, |column| column.as_binary_opt::<i32>())
    }

    pub(crate) fn times(
        &self,
        name: &str,
    ) -> Result<&'b PrimitiveArray<TimestampMicrosecondType>, DayError> {
        self.numbers(name)
    }

    pub(crate) fn dates(&self, name: &str) -> Result<&'b PrimitiveArray<Date32Type>, DayError> {
        self.numbers(name)
    }

    pub(crate) fn longs(&self, name: &str) -> Result<&'b PrimitiveArray<Int64Type>, DayError> {
        self.numbers(name)
    }

    /// The identity of every row.
    pub(crate) fn identities(&self) -> Result<Identities<'b>, DayError> {
        let [shard_ids, sequence_numbers, sub_sequences] = IDENTITY;
        Ok(Identities {
            shard_ids: self.texts(shard_ids)?,
            sequence_numbers: self.texts(sequence_numbers)?,
            sub_sequences: self.numbers(sub_sequences)?,
        })
    }
}

/// The columns of the identity.
pub(crate) struct Identities<'b> {
    pub(crate) shard_ids: &'b StringArray,
    pub(crate) sequence_numbers: &'b StringArray,
    pub(crate) sub_sequences: &'b PrimitiveArray<Int32Type>,
}

impl Identities<'_> {
    pub(crate) fn record(&self, row: usize) -> RecordId {
        RecordId::of(self.shard_ids.value(row), self.sequence_numbers.value(row))
    }
}

/// A record's identity in 128 bits: sets of millions of them stay small. Two
/// records share one as often as two contents share a [digest](marquee_lake::digest).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RecordId(u128);

impl RecordId {
    pub(crate) fn of(shard_id: &str, sequence_number: &str) -> Self {
        let mut text = Vec::with_capacity(96);
        text.extend_from_slice(shard_id.as_bytes());
        text.push(0);
        text.extend_from_slice(sequence_number.as_bytes());
        Self(xxh3_128(&text))
    }

    /// The identity of its unit with that number.
    pub(crate) fn unit(self, sub_sequence: i32) -> UnitId {
        let mut bytes = [0; 20];
        let (record, unit) = bytes.split_at_mut(16);
        record.copy_from_slice(&self.0.to_le_bytes());
        unit.copy_from_slice(&sub_sequence.to_le_bytes());
        UnitId(xxh3_128(&bytes))
    }
}

/// A unit's identity, as [`RecordId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UnitId(u128);

/// The order of two sequence numbers, which are decimal numbers of any length.
pub(crate) fn compare_sequence_numbers(one: &str, other: &str) -> Ordering {
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
    fn identities_are_told_apart() {
        let record = RecordId::of("s", "1");
        assert_ne!(record, RecordId::of("s1", ""));
        assert_ne!(record, RecordId::of("s", "11"));
        assert_ne!(record.unit(0), record.unit(1));
        assert_ne!(record.unit(0), RecordId::of("s", "2").unit(0));
    }
}
