//! A batch of rows, with its columns by name and type.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{
    Array, ArrowPrimitiveType, BinaryArray, BooleanArray, PrimitiveArray, RecordBatch, StringArray,
};

use super::RowsError;
use crate::error::LakeError;

/// A batch of rows, with the key of the object that they come from.
#[derive(Debug, Clone)]
pub struct RowBatch {
    key: Arc<str>,
    batch: RecordBatch,
}

impl RowBatch {
    /// Wraps a batch of rows of the object at `key`.
    pub fn new(key: Arc<str>, batch: RecordBatch) -> Self {
        Self { key, batch }
    }

    /// Returns the key of the object.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the number of rows.
    pub fn num_rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// Returns the batch without its key.
    pub fn into_record_batch(self) -> RecordBatch {
        self.batch
    }

    /// Returns whether the batch has a column of that name.
    pub fn has_column(&self, name: &str) -> bool {
        self.batch.column_by_name(name).is_some()
    }

    /// Returns a text column.
    ///
    /// # Errors
    /// [`LakeError::Parquet`], as every accessor, if the batch has no column of that name
    /// and type.
    pub fn text(&self, name: &str) -> Result<&StringArray, LakeError> {
        self.column(name, |column| column.as_string_opt())
    }

    /// Returns a column of bytes.
    ///
    /// # Errors
    /// As [`RowBatch::text`].
    pub fn binary(&self, name: &str) -> Result<&BinaryArray, LakeError> {
        self.column(name, |column| column.as_binary_opt())
    }

    /// Returns a column of booleans.
    ///
    /// # Errors
    /// As [`RowBatch::text`].
    pub fn boolean(&self, name: &str) -> Result<&BooleanArray, LakeError> {
        self.column(name, |column| column.as_boolean_opt())
    }

    /// Returns a column of 32-bit integers.
    ///
    /// # Errors
    /// As [`RowBatch::text`].
    pub fn int(&self, name: &str) -> Result<&PrimitiveArray<Int32Type>, LakeError> {
        self.primitive(name)
    }

    /// Returns a column of 64-bit integers.
    ///
    /// # Errors
    /// As [`RowBatch::text`].
    pub fn long(&self, name: &str) -> Result<&PrimitiveArray<Int64Type>, LakeError> {
        self.primitive(name)
    }

    /// Returns a column of 32-bit floats.
    ///
    /// # Errors
    /// As [`RowBatch::text`].
    pub fn float(&self, name: &str) -> Result<&PrimitiveArray<Float32Type>, LakeError> {
        self.primitive(name)
    }

    /// Returns a column of 64-bit floats.
    ///
    /// # Errors
    /// As [`RowBatch::text`].
    pub fn double(&self, name: &str) -> Result<&PrimitiveArray<Float64Type>, LakeError> {
        self.primitive(name)
    }

    /// Returns a column of timestamps in UTC microseconds.
    ///
    /// # Errors
    /// As [`RowBatch::text`].
    pub fn timestamp(
        &self,
        name: &str,
    ) -> Result<&PrimitiveArray<TimestampMicrosecondType>, LakeError> {
        self.primitive(name)
    }

    /// Returns a column of dates, as days since 1970-01-01.
    ///
    /// # Errors
    /// As [`RowBatch::text`].
    pub fn date(&self, name: &str) -> Result<&PrimitiveArray<Date32Type>, LakeError> {
        self.primitive(name)
    }

    fn primitive<T: ArrowPrimitiveType>(
        &self,
        name: &str,
    ) -> Result<&PrimitiveArray<T>, LakeError> {
        self.column(name, |column| column.as_primitive_opt())
    }

    fn column<'r, A>(
        &'r self,
        name: &str,
        of_type: impl FnOnce(&'r dyn Array) -> Option<&'r A>,
    ) -> Result<&'r A, LakeError> {
        let column = self.batch.column_by_name(name);
        column.and_then(|column| of_type(&**column)).ok_or_else(|| {
            let column = name.to_owned();
            LakeError::parquet(&self.key, RowsError::Column { column })
        })
    }
}
