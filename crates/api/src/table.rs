//! Rows of a curated table, by the names of its columns.

use arrow_array::ArrayAccessor;
use marquee_lake::LakeError;
use marquee_lake::generation::{FileEntry, Generation};
use marquee_lake::rows::{RowBatch, RowReader, RowReaderOptions};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

/// The generation's files of that table; none where it has no such table.
pub(crate) fn files<'g>(generation: &'g Generation, table: &str) -> &'g [FileEntry] {
    let table = generation.tables.get(table);
    table.map_or(&[], |table| &table.files)
}

/// All rows of a table's files, which are small.
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

/// The value in that row, unless it is null.
pub(crate) fn value<'a, A: ArrayAccessor + 'a>(array: A, row: usize) -> Option<A::Item> {
    array.is_valid(row).then(|| array.value(row))
}

/// A file that is not what it should be.
pub(crate) fn malformed(key: &str, cause: impl ToString) -> LakeError {
    LakeError::Malformed {
        key: key.to_owned(),
        cause: cause.to_string(),
    }
}
