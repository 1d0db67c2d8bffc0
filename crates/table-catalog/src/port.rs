//! The port to a table catalog: what a projection is, and how it is brought forward.

use async_trait::async_trait;
use marquee_event::Date;

use crate::column::Column;
use crate::error::TableCatalogError;

/// What a generation has of one table, in a catalogue's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// The table.
    pub table: String,
    /// Its columns, without the partition's.
    pub columns: Vec<Column>,
    /// The partition, `event_date`; `None` for a table without.
    pub event_date: Option<Date>,
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
    pub event_date: Date,
    /// Its number.
    pub generation: u32,
}

/// A catalogue of tables: Glue, or the embedded one.
#[async_trait]
pub trait TableCatalog: Send + Sync {
    /// Makes the table if it is not there, adds columns that it lacks, and makes
    /// its partition (or the table itself, when it has none) show the
    /// projection's files, unless it shows newer ones.
    ///
    /// # Errors
    /// [`TableCatalogError`]; what was done before stands, and is found done when it
    /// is tried again.
    async fn bring_forward(&self, projection: &Projection) -> Result<(), TableCatalogError>;
}
