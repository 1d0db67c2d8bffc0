//! The columns of the fields that were added after the first format version.

use marquee_encode::{Chunk, EncodeError, IntColumn, TextColumn, Width, Zstd};
use marquee_event::{ColumnType, Field, Value};

/// The column of an added field. It lags behind: it is padded with nulls before a value
/// and at the end, so that an absent value costs nothing.
pub(super) enum AddedColumn {
    /// A column of strings, with the dictionary number of the last one.
    Text(TextColumn, u32),
    /// A column of integers.
    Integer(IntColumn),
}

impl AddedColumn {
    /// Creates the column of a field, without rows.
    pub(super) fn of(field: Field) -> Self {
        match field.kind.column_type() {
            Some(ColumnType::Int32) => Self::Integer(IntColumn::new(Width::W32, true)),
            Some(ColumnType::Int64) => Self::Integer(IntColumn::new(Width::W64, true)),
            // A constant assertion in the declaration excludes other types.
            _ => Self::Text(TextColumn::new(true), 0),
        }
    }

    /// Appends the value of a row.
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
                EncodeError::Row("one of its values has another type than its column"),
            ),
        }
    }

    /// Appends nulls until the column has `rows` rows.
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
