//! Rows of a curated table, by the names of its columns.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int64Type};
use arrow_array::{Array, BooleanArray, PrimitiveArray, RecordBatch, StringArray};
use futures::FutureExt;
use marquee_lake::LakeError;
use marquee_lake::generation::{FileEntry, Generation};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// The generation's files of that table; none where it has no such table.
pub(crate) fn files<'g>(generation: &'g Generation, table: &str) -> &'g [FileEntry] {
    let table = generation.tables.get(table);
    table.map_or(&[], |table| &table.files)
}

/// A batch of a table's rows, and where they come from.
#[derive(Debug)]
pub(crate) struct Rows {
    key: Arc<str>,
    batch: RecordBatch,
}

impl Rows {
    /// The rows of a batch of that object.
    pub(crate) fn new(key: &Arc<str>, batch: RecordBatch) -> Self {
        Self {
            key: Arc::clone(key),
            batch,
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.batch.num_rows()
    }

    pub(crate) fn text(&self, name: &str) -> Result<&StringArray, LakeError> {
        self.column(name, |column| column.as_string_opt())
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<&BooleanArray, LakeError> {
        self.column(name, |column| column.as_boolean_opt())
    }

    pub(crate) fn long(&self, name: &str) -> Result<&PrimitiveArray<Int64Type>, LakeError> {
        self.column(name, |column| column.as_primitive_opt())
    }

    pub(crate) fn real(&self, name: &str) -> Result<&PrimitiveArray<Float32Type>, LakeError> {
        self.column(name, |column| column.as_primitive_opt())
    }

    pub(crate) fn double(&self, name: &str) -> Result<&PrimitiveArray<Float64Type>, LakeError> {
        self.column(name, |column| column.as_primitive_opt())
    }

    fn column<'r, A>(
        &'r self,
        name: &str,
        of_type: impl FnOnce(&'r dyn Array) -> Option<&'r A>,
    ) -> Result<&'r A, LakeError> {
        let column = self.batch.column_by_name(name);
        column
            .and_then(|column| of_type(&**column))
            .ok_or_else(|| malformed(&self.key, format!("it has no column {name} as wanted")))
    }
}

/// All rows of a table's files, which are small.
pub(crate) async fn read(
    store: &dyn ObjectStore,
    files: &[FileEntry],
) -> Result<Vec<Rows>, LakeError> {
    let mut rows = Vec::new();
    for file in files {
        let key: Arc<str> = file.key.as_str().into();
        let bytes = store.get(&Path::from(&*key)).await?.bytes().await?;
        let batches = ParquetRecordBatchReaderBuilder::try_new(bytes)
            .and_then(ParquetRecordBatchReaderBuilder::build)
            .map_err(|cause| malformed(&key, cause))?;
        for batch in batches {
            let batch = batch.map_err(|cause| malformed(&key, cause))?;
            rows.push(Rows::new(&key, batch));
        }
    }
    Ok(rows)
}

/// The value in that row, unless it is null.
pub(crate) fn value<'a, A: arrow_array::ArrayAccessor + 'a>(
    array: A,
    row: usize,
) -> Option<A::Item> {
    array.is_valid(row).then(|| array.value(row))
}

/// What comes of reading a state's files. Some damage makes the reader of Parquet panic
/// where it should refuse.
pub(crate) async fn unharmed<T>(
    state: &str,
    reading: impl Future<Output = Result<T, LakeError>>,
) -> Result<T, LakeError> {
    let read = AssertUnwindSafe(reading).catch_unwind().await;
    read.unwrap_or_else(|_| Err(malformed(state, "the reader of one of its files gave up")))
}

/// A file that is not what it should be.
pub(crate) fn malformed(key: &str, cause: impl ToString) -> LakeError {
    LakeError::Malformed {
        key: key.to_owned(),
        cause: cause.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_panics_is_an_error() {
        let error = unharmed("ledger/000001.json", async {
            if true {
                panic!("out of bounds");
            }
            Ok(())
        });
        assert_eq!(
            error.await.map_err(|error| error.to_string()),
            Err("ledger/000001.json cannot be read: the reader of one of its files gave up".into())
        );
    }
}
