//! The columns of the fields that came after the first format version.

use marquee_event::{ColumnType, Field, Value};
use marquee_tables::encode::{Chunk, EncodeError, IntColumn, TextColumn, Width, Zstd};

/// The column of an added field. It lags behind the others: before a value, and at
/// the end, it is padded with nulls, so that an absent value costs nothing.
pub(super) enum AddedColumn {
    /// Of a string; with the number that the last one has in the dictionary.
    Text(TextColumn, u32),
    /// Of an integer.
    Integer(IntColumn),
}

impl AddedColumn {
    /// The column of that field, without rows.
    pub(super) fn of(field: Field) -> Self {
        match field.kind.column_type() {
            Some(ColumnType::Int32) => Self::Integer(IntColumn::new(Width::W32, true)),
            Some(ColumnType::Int64) => Self::Integer(IntColumn::new(Width::W64, true)),
            // The declaration has nothing else: its constant assertion says so.
            _ => Self::Text(TextColumn::new(true), 0),
        }
    }

    /// Appends the value of that row.
    #[inline]
    pub(super) fn push(
        &mut self,
        value: Value<'_>,
        row: usize,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        match (self, value) {
            (Self::Text(column, last), Value::Text(text)) => {
                column.pad_to(row, zstd)?;
                if let Some(number) = column.push_near(text.as_bytes(), *last, zstd)? {
                    *last = number;
                }
                Ok(())
            }
            (Self::Integer(column), Value::Integer(number)) => {
                column.pad_to(row, zstd)?;
                column.push(number, zstd)
            }
            (Self::Text(..), Value::Integer(_)) | (Self::Integer(_), Value::Text(_)) => Err(
                EncodeError::Row("a value of it is of another type than its column"),
            ),
        }
    }

    /// Appends nulls up to so many rows.
    pub(super) fn pad_to(&mut self, rows: usize, zstd: &mut Zstd) -> Result<(), EncodeError> {
        match self {
            Self::Text(column, _) => column.pad_to(rows, zstd),
            Self::Integer(column) => column.pad_to(rows, zstd),
        }
    }

    pub(super) fn finish(self, zstd: &mut Zstd) -> Result<Chunk, EncodeError> {
        match self {
            Self::Text(column, _) => column.finish(zstd),
            Self::Integer(column) => column.finish(zstd),
        }
    }
}
