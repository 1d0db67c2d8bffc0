//! Typed access to the rows of a curated table by column name.

use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayAccessor, PrimitiveArray};
use marquee_lake::LakeError;
use marquee_lake::generation::{FileEntry, Generation};
use marquee_lake::rows::{RowBatch, RowReader, RowReaderOptions};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

/// Returns the generation's files of a table, or no files if it lacks the table.
pub(crate) fn files<'g>(generation: &'g Generation, table: &str) -> &'g [FileEntry] {
    let table = generation.tables.get(table);
    table.map_or(&[], |table| &table.files)
}

/// A column of a batch, with its name and its object's key for error messages.
#[derive(Debug)]
pub(crate) struct Column<'r, A> {
    key: &'r str,
    name: &'static str,
    array: &'r A,
}

impl<'r, A> Column<'r, A>
where
    &'r A: ArrayAccessor,
{
    /// Returns the named column of a batch; `accessor` is an accessor of [`RowBatch`],
    /// such as [`RowBatch::text`].
    ///
    /// # Errors
    /// Returns the error of the accessor.
    pub(crate) fn of(
        rows: &'r RowBatch,
        name: &'static str,
        accessor: impl FnOnce(&'r RowBatch, &str) -> Result<&'r A, LakeError>,
    ) -> Result<Self, LakeError> {
        let array = accessor(rows, name)?;
        Ok(Self {
            key: rows.key(),
            name,
            array,
        })
    }

    /// Returns the value in this row; `None` for a null.
    pub(crate) fn optional(&self, row: usize) -> Option<<&'r A as ArrayAccessor>::Item> {
        let array = self.array;
        array.is_valid(row).then(|| array.value(row))
    }

    /// Returns the value in this row of a column without nulls.
    ///
    /// # Errors
    /// Returns [`LakeError::Malformed`] for a null.
    pub(crate) fn required(&self, row: usize) -> Result<<&'r A as ArrayAccessor>::Item, LakeError> {
        self.optional(row).ok_or_else(|| {
            let cause = format!("column {} is null in row {row} of a batch", self.name);
            malformed(self.key, cause)
        })
    }
}

impl Column<'_, PrimitiveArray<Int64Type>> {
    /// Returns the count in this row.
    ///
    /// # Errors
    /// Returns [`LakeError::Malformed`] for a null or a negative number.
    pub(crate) fn count(&self, row: usize) -> Result<u64, LakeError> {
        let count = self.required(row)?;
        u64::try_from(count).map_err(|_| {
            let cause = format!("column {} is {count} in row {row} of a batch", self.name);
            malformed(self.key, cause)
        })
    }
}

/// Reads all rows of a table's files into memory; only for small tables.
pub(crate) async fn read(
    store: &dyn ObjectStore,
    files: &[FileEntry],
) -> Result<Vec<RowBatch>, LakeError> {
    let mut rows = Vec::new();
    for file in files {
        let bytes = store.get(&Path::from(&*file.key)).await?.bytes().await?;
        for batch in RowReader::open_with(&file.key, bytes, &RowReaderOptions::default())? {
            rows.push(batch?);
        }
    }
    Ok(rows)
}

/// Returns the error of a malformed object.
pub(crate) fn malformed(key: &str, cause: impl ToString) -> LakeError {
    LakeError::Malformed {
        key: key.to_owned(),
        cause: cause.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow_array::RecordBatch;

    use super::*;

    #[test]
    fn a_null_or_a_negative_count_is_an_error() {
        let counts: PrimitiveArray<Int64Type> = [Some(3), None, Some(-1)].into_iter().collect();
        let array: Arc<dyn Array> = Arc::new(counts);
        let batch = RecordBatch::try_from_iter_with_nullable([("viewers", array, true)]);
        let rows = RowBatch::new("part.parquet".into(), batch.unwrap());
        let viewers = Column::of(&rows, "viewers", RowBatch::long).unwrap();
        assert_eq!(viewers.count(0).unwrap(), 3);
        for (row, fault) in [
            (1, "column viewers is null in row 1 of a batch"),
            (2, "column viewers is -1 in row 2 of a batch"),
        ] {
            let error = viewers.count(row).unwrap_err().to_string();
            assert!(
                error.contains("part.parquet") && error.contains(fault),
                "{error}"
            );
        }
    }
}
