//! The embedded table catalog: JSON objects in the lake itself, without a service.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use marquee_event::Date;
use marquee_lake::document;
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::column::{Column, evolve};
use crate::error::TableCatalogError;
use crate::port::{Projection, ProjectionVersion, TableCatalog};

/// The prefix of all keys of the embedded table catalog.
const PREFIX: &str = "catalog";

/// A table catalog in the lake itself.
///
/// ```text
/// catalog/{table}/columns/000002.json                            columns of the table
/// catalog/{table}/partitions/event_date=2026-03-01/000007.json   one partition
/// catalog/{table}/whole/2026-03-01-000007.json                   a table without partitions
/// ```
///
/// Each object is created only if absent, and the last one by name is current. Concurrent
/// updates are therefore monotonic: none replaces a newer entry by an older one.
#[derive(Debug)]
pub struct EmbeddedTableCatalog {
    store: Arc<dyn ObjectStore>,
}

/// The entry of a partition, or of a table without partitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCatalogEntry {
    /// The generation that the entry comes from.
    pub version: ProjectionVersion,
    /// The directory of the files.
    pub directory: String,
    /// Rows of all files.
    pub rows: u64,
}

impl EmbeddedTableCatalog {
    /// Creates the table catalog of the lake in `store`.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// Returns the columns of a table; `None` if the catalog has no such table.
    ///
    /// # Errors
    /// If the lake cannot be read.
    pub async fn columns(&self, table: &str) -> Result<Option<Vec<Column>>, TableCatalogError> {
        Ok(self
            .newest_columns(table)
            .await?
            .map(|(_, columns)| columns))
    }

    /// Returns the current entry of the table's partition `event_date`; without a date, that
    /// of a table without partitions.
    ///
    /// # Errors
    /// If the lake cannot be read.
    pub async fn entry(
        &self,
        table: &str,
        event_date: Option<Date>,
    ) -> Result<Option<TableCatalogEntry>, TableCatalogError> {
        match self.last(&entry_directory(table, event_date)).await? {
            Some(key) => Ok(Some(self.read(&key).await?)),
            None => Ok(None),
        }
    }

    async fn newest_columns(
        &self,
        table: &str,
    ) -> Result<Option<(u32, Vec<Column>)>, TableCatalogError> {
        let Some(key) = self.last(&format!("{PREFIX}/{table}/columns")).await? else {
            return Ok(None);
        };
        let number = key.filename().and_then(|name| name.strip_suffix(".json"));
        let Some(number) = number.and_then(|number| number.parse().ok()) else {
            return Err(service(
                format!("read {key}"),
                "its name is not a number; remove the object",
            ));
        };
        Ok(Some((number, self.read(&key).await?)))
    }

    /// Returns the key of a directory's last object by name.
    async fn last(&self, directory: &str) -> Result<Option<Path>, TableCatalogError> {
        let directory = Path::from(directory);
        let listed = self
            .store
            .list_with_delimiter(Some(&directory))
            .await
            .map_err(|cause| service(format!("list {directory}"), cause))?;
        Ok(listed
            .objects
            .into_iter()
            .map(|object| object.location)
            .filter(|key| key.as_ref().ends_with(".json"))
            .max())
    }

    async fn read<T: for<'de> Deserialize<'de>>(&self, key: &Path) -> Result<T, TableCatalogError> {
        document::read(&*self.store, key)
            .await
            .map_err(|cause| service(format!("read {key}"), cause))
    }

    /// Writes an object if it is absent. Returns whether it was absent.
    async fn create(&self, key: String, value: &impl Serialize) -> Result<bool, TableCatalogError> {
        document::create(&*self.store, &Path::from(key.as_str()), value)
            .await
            .map_err(|cause| service(format!("write {key}"), cause))
    }
}

fn entry_directory(table: &str, event_date: Option<Date>) -> String {
    match event_date {
        Some(date) => format!("{PREFIX}/{table}/partitions/event_date={date}"),
        None => format!("{PREFIX}/{table}/whole"),
    }
}

fn service(action: String, cause: impl Into<Box<dyn Error + Send + Sync>>) -> TableCatalogError {
    TableCatalogError::Service {
        action,
        cause: cause.into(),
    }
}

#[async_trait]
impl TableCatalog for EmbeddedTableCatalog {
    async fn advance(&self, projection: &Projection) -> Result<(), TableCatalogError> {
        let Projection {
            table,
            columns,
            event_date,
            version,
            directory,
            rows,
        } = projection;
        loop {
            let (number, old) = self.newest_columns(table).await?.unwrap_or((0, Vec::new()));
            let Some(evolved) = evolve(table, &old, columns)? else {
                break;
            };
            let key = format!("{PREFIX}/{table}/columns/{:06}.json", number + 1);
            if self.create(key, &evolved).await? {
                break;
            }
        }
        let parent = entry_directory(table, *event_date);
        let key = match event_date {
            Some(_) => format!("{parent}/{:06}.json", version.generation),
            None => format!(
                "{parent}/{}-{:06}.json",
                version.event_date, version.generation
            ),
        };
        let entry = TableCatalogEntry {
            version: version.clone(),
            directory: directory.clone(),
            rows: *rows,
        };
        self.create(key, &entry).await?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn projection(partition: Option<&str>, event_date: &str, generation: u32) -> Projection {
        Projection {
            table: "plays".into(),
            columns: vec![Column {
                name: "n".into(),
                kind: "bigint".into(),
            }],
            event_date: partition.map(date),
            version: ProjectionVersion {
                event_date: date(event_date),
                generation,
            },
            directory: format!("curated/plays/run={generation}"),
            rows: 1,
        }
    }

    #[tokio::test]
    async fn an_older_generation_replaces_no_newer_one() {
        let catalog = EmbeddedTableCatalog::new(Arc::new(InMemory::new()));
        let partition = Some("2026-03-01");
        for generation in [1, 3, 2, 3] {
            let projection = projection(partition, "2026-03-01", generation);
            catalog.advance(&projection).await.unwrap();
        }
        let entry = catalog
            .entry("plays", partition.map(date))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(entry.directory, "curated/plays/run=3");
        assert_eq!(
            catalog
                .entry("plays", Some(date("2026-03-02")))
                .await
                .unwrap(),
            None
        );

        for (event_date, generation) in [("2026-03-02", 1), ("2026-03-01", 9)] {
            let projection = projection(None, event_date, generation);
            catalog.advance(&projection).await.unwrap();
        }
        let entry = catalog.entry("plays", None).await.unwrap().unwrap();
        assert_eq!(entry.version.event_date, date("2026-03-02"));
    }

    #[tokio::test]
    async fn columns_are_added_once_and_other_changes_are_refused() {
        let catalog = EmbeddedTableCatalog::new(Arc::new(InMemory::new()));
        let mut wide = projection(Some("2026-03-01"), "2026-03-01", 1);
        catalog.advance(&wide).await.unwrap();
        wide.columns.push(Column {
            name: "viewers".into(),
            kind: "bigint".into(),
        });
        catalog.advance(&wide).await.unwrap();
        catalog.advance(&wide).await.unwrap();
        assert_eq!(
            catalog.columns("plays").await.unwrap().unwrap(),
            wide.columns
        );
        wide.columns.swap(0, 1);
        assert!(matches!(
            catalog.advance(&wide).await,
            Err(TableCatalogError::Schema { .. })
        ));
        assert_eq!(catalog.columns("nothing").await.unwrap(), None);
    }
}
