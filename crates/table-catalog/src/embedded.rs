//! The catalogue of a lake without a service: small objects beside the data.

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
use crate::port::{Projection, TableCatalog, Version};

/// What all its keys begin with.
const CATALOG: &str = "catalog";

/// A catalogue in the lake itself.
///
/// ```text
/// catalog/{table}/columns/000002.json                            the table's columns
/// catalog/{table}/partitions/event_date=2026-03-01/000007.json   a partition
/// catalog/{table}/whole/2026-03-01-000007.json                   a table without
/// ```
///
/// Each object is created only if it is absent, and the last one by name is
/// current: two that bring the catalogue forward at once cannot bring it back.
#[derive(Debug)]
pub struct EmbeddedTableCatalog {
    store: Arc<dyn ObjectStore>,
}

/// What a partition, or a table without, shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Where that comes from.
    pub version: Version,
    /// The directory of its files.
    pub directory: String,
    /// Rows of all files.
    pub rows: u64,
}

impl EmbeddedTableCatalog {
    /// The catalogue of that lake.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// The table's columns; `None` when there is no such table.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub async fn columns(&self, table: &str) -> Result<Option<Vec<Column>>, TableCatalogError> {
        Ok(self
            .newest_columns(table)
            .await?
            .map(|(_, columns)| columns))
    }

    /// What the table shows of that date, or at all when it has no partitions.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub async fn shown(
        &self,
        table: &str,
        event_date: Option<Date>,
    ) -> Result<Option<Shown>, TableCatalogError> {
        match self.last(&shown_directory(table, event_date)).await? {
            Some(key) => Ok(Some(self.read(&key).await?)),
            None => Ok(None),
        }
    }

    async fn newest_columns(
        &self,
        table: &str,
    ) -> Result<Option<(u32, Vec<Column>)>, TableCatalogError> {
        let Some(key) = self.last(&format!("{CATALOG}/{table}/columns")).await? else {
            return Ok(None);
        };
        let number = key.filename().and_then(|name| name.strip_suffix(".json"));
        let number = number.and_then(|number| number.parse().ok()).unwrap_or(0);
        Ok(Some((number, self.read(&key).await?)))
    }

    /// The last object of a directory by name.
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

    /// Whether it was written; not when it was there.
    async fn create(&self, key: String, value: &impl Serialize) -> Result<bool, TableCatalogError> {
        document::create(&*self.store, &Path::from(key.as_str()), value)
            .await
            .map_err(|cause| service(format!("write {key}"), cause))
    }
}

fn shown_directory(table: &str, event_date: Option<Date>) -> String {
    match event_date {
        Some(date) => format!("{CATALOG}/{table}/partitions/event_date={date}"),
        None => format!("{CATALOG}/{table}/whole"),
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
    async fn bring_forward(&self, projection: &Projection) -> Result<(), TableCatalogError> {
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
            let key = format!("{CATALOG}/{table}/columns/{:06}.json", number + 1);
            if self.create(key, &evolved).await? {
                break;
            }
        }
        let place = shown_directory(table, *event_date);
        let key = match event_date {
            Some(_) => format!("{place}/{:06}.json", version.generation),
            None => format!(
                "{place}/{}-{:06}.json",
                version.event_date, version.generation
            ),
        };
        let shown = Shown {
            version: version.clone(),
            directory: directory.clone(),
            rows: *rows,
        };
        self.create(key, &shown).await?;
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

    fn projection(event_date: Option<&str>, of: &str, generation: u32) -> Projection {
        Projection {
            table: "plays".into(),
            columns: vec![Column {
                name: "n".into(),
                kind: "bigint".into(),
            }],
            event_date: event_date.map(date),
            version: Version {
                event_date: date(of),
                generation,
            },
            directory: format!("curated/plays/run={generation}"),
            rows: 1,
        }
    }

    #[tokio::test]
    async fn nothing_brings_it_back() {
        let catalog = EmbeddedTableCatalog::new(Arc::new(InMemory::new()));
        let partition = Some("2026-03-01");
        for generation in [1, 3, 2, 3] {
            let projection = projection(partition, "2026-03-01", generation);
            catalog.bring_forward(&projection).await.unwrap();
        }
        let shown = catalog
            .shown("plays", partition.map(date))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(shown.directory, "curated/plays/run=3");
        assert_eq!(
            catalog
                .shown("plays", Some(date("2026-03-02")))
                .await
                .unwrap(),
            None
        );

        for (of, generation) in [("2026-03-02", 1), ("2026-03-01", 9)] {
            let projection = projection(None, of, generation);
            catalog.bring_forward(&projection).await.unwrap();
        }
        let shown = catalog.shown("plays", None).await.unwrap().unwrap();
        assert_eq!(shown.version.event_date, date("2026-03-02"));
    }

    #[tokio::test]
    async fn columns_are_added_once_and_else_refused() {
        let catalog = EmbeddedTableCatalog::new(Arc::new(InMemory::new()));
        let mut wide = projection(Some("2026-03-01"), "2026-03-01", 1);
        catalog.bring_forward(&wide).await.unwrap();
        wide.columns.push(Column {
            name: "viewers".into(),
            kind: "bigint".into(),
        });
        catalog.bring_forward(&wide).await.unwrap();
        catalog.bring_forward(&wide).await.unwrap();
        assert_eq!(
            catalog.columns("plays").await.unwrap().unwrap(),
            wide.columns
        );
        wide.columns.swap(0, 1);
        assert!(matches!(
            catalog.bring_forward(&wide).await,
            Err(TableCatalogError::Schema { .. })
        ));
        assert_eq!(catalog.columns("nothing").await.unwrap(), None);
    }
}
