//! The port to a table catalog, and the projection that it takes.

use async_trait::async_trait;
use marquee_event::Date;

use crate::column::Column;
use crate::error::TableCatalogError;

/// One table of a generation, in the terms of a table catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// The table's name.
    pub table: String,
    /// The columns of the files. The partition column `event_date` is not one of them.
    pub columns: Vec<Column>,
    /// The partition, by its `event_date`; `None` for a table without partitions.
    pub event_date: Option<Date>,
    /// The version, which decides whether the projection is newer than the catalog's entry.
    pub version: ProjectionVersion,
    /// The directory of the files. It holds no other files.
    pub directory: String,
    /// Rows of all files.
    pub rows: u64,
}

/// The generation that a projection comes from.
///
/// The order is that of age: the later date is newer, then the higher generation. All
/// versions of a partition have the same date.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct ProjectionVersion {
    /// The event date of the generation.
    pub event_date: Date,
    /// The number of the generation.
    pub generation: u32,
}

/// A table catalog: Glue, or the embedded one.
#[async_trait]
pub trait TableCatalog: Send + Sync {
    /// Advances the table to the projection: creates the table if it is absent, adds missing
    /// columns, and points the partition (or the table, if it has no partitions) to the
    /// projection's files. An entry of a newer version stays.
    ///
    /// The operation is idempotent.
    ///
    /// # Errors
    /// [`TableCatalogError`]. The steps done before the error remain; a retry completes the
    /// rest.
    async fn advance(&self, projection: &Projection) -> Result<(), TableCatalogError>;
}
