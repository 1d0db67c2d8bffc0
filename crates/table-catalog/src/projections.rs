//! Projections of a generation: its tables in the terms of a table catalog.

use marquee_lake::LakeError;
use marquee_lake::generation::{FileEntry, Generation};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;

use crate::column::{Column, columns_of};
use crate::error::ProjectionError;
use crate::port::{Projection, ProjectionVersion};

/// Bytes read from a file's end to find its footer. Few footers are larger.
const FOOTER_BYTES: u64 = 64 << 10;

/// Returns one projection for each table of a generation. `undated` tells whether a table
/// has no partitions. A table without files has no projection.
///
/// # Errors
/// If the footer of a file cannot be read, or a column has a type that not every query
/// engine reads.
pub async fn projections(
    store: &dyn ObjectStore,
    generation: &Generation,
    undated: impl Fn(&str) -> bool,
) -> Result<Vec<Projection>, ProjectionError> {
    let mut projections = Vec::new();
    for (table, files) in &generation.tables {
        let Some(first) = files.files.first() else {
            continue;
        };
        let Some((directory, _)) = first.key.rsplit_once('/') else {
            return Err(ProjectionError::NoDirectory {
                table: table.clone(),
                generation: generation.generation,
                key: first.key.clone(),
            });
        };
        projections.push(Projection {
            table: table.clone(),
            columns: columns(store, first).await?,
            event_date: (!undated(table)).then_some(generation.event_date),
            version: ProjectionVersion {
                event_date: generation.event_date,
                generation: generation.generation,
            },
            directory: directory.to_owned(),
            rows: files.rows(),
        });
    }
    Ok(projections)
}

/// Reads the columns of a file from its footer.
async fn columns(
    store: &dyn ObjectStore,
    file: &FileEntry,
) -> Result<Vec<Column>, ProjectionError> {
    let mut length = FOOTER_BYTES.min(file.bytes);
    let metadata = loop {
        let tail = file.bytes - length..file.bytes;
        let bytes = store
            .get_range(&Path::from(file.key.as_str()), tail)
            .await
            .map_err(|error| LakeError::reading(&file.key, error))?;
        let mut reader = ParquetMetaDataReader::new();
        match reader.try_parse_sized(&bytes, file.bytes) {
            Err(ParquetError::NeedMoreData(more)) if length < file.bytes => {
                length = length.saturating_add(more as u64).min(file.bytes);
            }
            parsed => break parsed.and_then(|()| reader.finish()),
        }
    };
    let metadata = metadata.map_err(|cause| LakeError::parquet(&file.key, cause))?;
    let file_metadata = metadata.file_metadata();
    let schema = parquet_to_arrow_schema(
        file_metadata.schema_descr(),
        file_metadata.key_value_metadata(),
    )
    .map_err(|cause| LakeError::parquet(&file.key, cause))?;
    columns_of(&file.key, &schema)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use marquee_lake::step::StepErrorKind;
    use object_store::memory::InMemory;

    use super::*;

    /// The error for a truncated file names the file, for every remaining length.
    #[tokio::test]
    async fn an_error_names_the_truncated_file() {
        let store = InMemory::new();
        let key = "curated/t/event_date=2026-03-01/run=1-a/part-0000.parquet";
        let file = FileEntry {
            key: key.into(),
            rows: 1,
            bytes: 1 << 20,
            digest: "d".into(),
        };
        for length in [0, 100, (1 << 20) - 4] {
            let content = vec![0; length];
            store.put(&Path::from(key), content.into()).await.unwrap();
            let error = columns(&store, &file).await.unwrap_err();
            assert_eq!(error.kind(), StepErrorKind::Damaged, "{length}: {error}");
            assert!(error.to_string().contains(key), "{length}: {error}");
        }
        store.delete(&Path::from(key)).await.unwrap();
        let error = columns(&store, &file).await.unwrap_err();
        assert_eq!(error.kind(), StepErrorKind::Gone, "{error}");
        assert!(error.to_string().contains("`marquee rebuild 2026-03-01`"));
    }
}
