//! The catalogue of tables, as query engines see it: a projection of the
//! generations that anyone may bring forward, and nobody back.

use arrow_schema::{DataType, Schema, TimeUnit};
use async_trait::async_trait;
use marquee_lake::generation::{Generation, TableFiles};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;
use thiserror::Error;

use crate::error::DayError;

mod embedded;

pub use embedded::EmbeddedCatalog;

/// What is read of a file to find its footer; few have a larger one.
const FOOTER_BYTES: u64 = 64 << 10;

/// A column, with its type in the words of Glue and Athena.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// `string`, `bigint`, `int`, `float`, `double`, `boolean`, `timestamp`,
    /// `date`, `binary`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// What a generation has of one table, in a catalogue's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// The table.
    pub table: String,
    /// Its columns, without the partition's.
    pub columns: Vec<Column>,
    /// The partition, `event_date`; `None` for a table without.
    pub event_date: Option<String>,
    /// Which generation of which date it comes from: what decides whether it is
    /// newer than what the catalogue has.
    pub version: Version,
    /// The directory that its files, and no others, lie in.
    pub directory: String,
    /// Rows of all files.
    pub rows: u64,
}

/// Where a projection comes from. Of a partition, the higher generation is
/// newer; of a table without partitions, the later date comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Version {
    /// The date of the generation.
    pub event_date: String,
    /// Its number.
    pub generation: u32,
}

/// What goes wrong with a catalogue.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// A table's columns changed in another way than by new ones at the end.
    #[error(
        "table {table}: {change}; only new columns at the end can be applied. Give the table \
         another name, or drop it from the catalogue and publish its dates again"
    )]
    Schema {
        /// The table.
        table: String,
        /// What changed.
        change: String,
    },
    /// The catalogue did not do what it was asked.
    #[error("the catalogue could not {action}: {cause}")]
    Service {
        /// What was asked of it.
        action: String,
        /// What it said.
        cause: String,
    },
}

/// A catalogue of tables: Glue, or the embedded one.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Makes the table if it is not there, adds columns that it lacks, and makes
    /// its partition (or the table itself, when it has none) show the
    /// projection's files, unless it shows newer ones.
    ///
    /// # Errors
    /// [`CatalogError`]; what was done before stands, and is found done when it
    /// is tried again.
    async fn bring_forward(&self, projection: &Projection) -> Result<(), CatalogError>;
}

/// The columns that a table is to have after `new` was written: `None` when it
/// has them already.
///
/// # Errors
/// [`CatalogError::Schema`] unless `new` has the old columns, in their order and
/// with their types, and perhaps more at the end; or the same or fewer, as an
/// older program writes.
pub fn evolve(
    table: &str,
    old: &[Column],
    new: &[Column],
) -> Result<Option<Vec<Column>>, CatalogError> {
    for (old, new) in old.iter().zip(new) {
        if old != new {
            return Err(CatalogError::Schema {
                table: table.to_owned(),
                change: format!(
                    "where column {} {} was there is {} {}",
                    old.name, old.kind, new.name, new.kind
                ),
            });
        }
    }
    Ok((new.len() > old.len()).then(|| new.to_vec()))
}

/// A generation in the catalogue's terms, a projection a table. `undated` says
/// which tables have no partition.
///
/// # Errors
/// When a file's footer cannot be read, or a column's type has no name.
pub async fn projections(
    store: &dyn ObjectStore,
    generation: &Generation,
    undated: impl Fn(&str) -> bool,
) -> Result<Vec<Projection>, DayError> {
    let mut projections = Vec::new();
    for (table, files) in &generation.tables {
        let Some(first) = files.files.first() else {
            continue;
        };
        let Some((directory, _)) = first.key.rsplit_once('/') else {
            continue;
        };
        projections.push(Projection {
            table: table.clone(),
            columns: columns(store, files).await?,
            event_date: (!undated(table)).then(|| generation.event_date.clone()),
            version: Version {
                event_date: generation.event_date.clone(),
                generation: generation.generation,
            },
            directory: directory.to_owned(),
            rows: files.rows(),
        });
    }
    Ok(projections)
}

/// The columns of the table's first file.
async fn columns(store: &dyn ObjectStore, files: &TableFiles) -> Result<Vec<Column>, DayError> {
    let Some(file) = files.files.first() else {
        return Ok(Vec::new());
    };
    let fault = |cause: String| DayError::Parquet {
        key: file.key.clone(),
        cause,
    };
    let mut length = FOOTER_BYTES.min(file.bytes);
    let metadata = loop {
        let tail = file.bytes - length..file.bytes;
        let bytes = store
            .get_range(&Path::from(file.key.as_str()), tail)
            .await
            .map_err(|error| DayError::reading(&file.key, error))?;
        let mut reader = ParquetMetaDataReader::new();
        match reader.try_parse_sized(&bytes, file.bytes) {
            Err(ParquetError::NeedMoreData(more)) if length < file.bytes => {
                length = length.saturating_add(more as u64).min(file.bytes);
            }
            parsed => break parsed.and_then(|()| reader.finish()),
        }
    };
    let metadata = metadata.map_err(|cause| fault(cause.to_string()))?;
    let file_metadata = metadata.file_metadata();
    let schema = parquet_to_arrow_schema(
        file_metadata.schema_descr(),
        file_metadata.key_value_metadata(),
    )
    .map_err(|cause| fault(cause.to_string()))?;
    columns_of(&schema).map_err(fault)
}

fn columns_of(schema: &Schema) -> Result<Vec<Column>, String> {
    let fields = schema.fields().iter();
    fields
        .map(|field| {
            let kind = match field.data_type() {
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string",
                DataType::Int64 => "bigint",
                DataType::Int32 => "int",
                DataType::Float32 => "float",
                DataType::Float64 => "double",
                DataType::Boolean => "boolean",
                DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Millisecond, _) => {
                    "timestamp"
                }
                DataType::Date32 => "date",
                DataType::Binary => "binary",
                other => {
                    return Err(format!(
                        "column {} is {other}, which not every reader takes: cast it",
                        field.name()
                    ));
                }
            };
            Ok(Column {
                name: field.name().clone(),
                kind: kind.to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use marquee_lake::generation::FileEntry;
    use marquee_lake::step::Kind;
    use object_store::memory::InMemory;

    use super::*;

    fn columns(text: &str) -> Vec<Column> {
        let column = |text: &str| {
            let (name, kind) = text.split_once(' ').unwrap();
            Column {
                name: name.into(),
                kind: kind.into(),
            }
        };
        text.split(", ").map(column).collect()
    }

    /// A file that was cut off is its own fault, wherever it was cut.
    #[tokio::test]
    async fn a_file_that_is_too_short_is_named() {
        let store = InMemory::new();
        let key = "curated/t/event_date=2026-03-01/run=1-a/part-0000.parquet";
        let files = TableFiles {
            files: vec![FileEntry {
                key: key.into(),
                rows: 1,
                bytes: 1 << 20,
                digest: "d".into(),
            }],
        };
        for length in [0, 100, (1 << 20) - 4] {
            let content = vec![0; length];
            store.put(&Path::from(key), content.into()).await.unwrap();
            let error = super::columns(&store, &files).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Damaged, "{length}: {error}");
            assert!(error.to_string().starts_with(key), "{length}: {error}");
        }
        store.delete(&Path::from(key)).await.unwrap();
        let error = super::columns(&store, &files).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Gone, "{error}");
        assert!(error.to_string().contains("`marquee rebuild 2026-03-01`"));
    }

    #[test]
    fn columns_are_only_added() {
        let old = columns("a int, b string");
        assert_eq!(evolve("t", &old, &old).unwrap(), None);
        assert_eq!(evolve("t", &old, &columns("a int")).unwrap(), None);
        let more = columns("a int, b string, c date");
        assert_eq!(evolve("t", &old, &more).unwrap(), Some(more));
        let error = evolve("t", &old, &columns("a int, b bigint")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("table t: where column b string was there is b bigint; only new"),
            "{error}"
        );
    }
}
