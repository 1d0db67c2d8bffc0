//! Errors of a table catalog, and of the projection of a generation.

use std::error::Error;

use arrow_schema::DataType;
use marquee_lake::LakeError;
use marquee_lake::step::StepErrorKind;
use thiserror::Error;

/// A failure of a table catalog.
#[derive(Debug, Error)]
pub enum TableCatalogError {
    /// A change of a table's columns other than new columns at the end.
    #[error(
        "table {table}: {change}; only new columns at the end can be applied. Give the table \
         another name, or drop it from the table catalog and publish its dates again"
    )]
    Schema {
        /// The table.
        table: String,
        /// The change.
        change: String,
    },
    /// A request to the table catalog failed.
    #[error("the table catalog could not {action}: {cause}")]
    Service {
        /// The request, as a verb with its object.
        action: String,
        /// The catalog's error.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}

impl TableCatalogError {
    /// Returns the error's kind, by which a state machine decides on a retry.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Service { .. } => StepErrorKind::Store,
            Self::Schema { .. } => StepErrorKind::Failed,
        }
    }
}

/// A failure to project a generation.
#[derive(Debug, Error)]
pub enum ProjectionError {
    /// The lake cannot be read, or a file of the generation is absent or damaged.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A column of a file has a type that not every query engine supports.
    #[error(
        "{key}: column {column} has the type {found}, which not every query engine reads; \
         cast the column in the table's SQL"
    )]
    Type {
        /// The file's key.
        key: String,
        /// The column.
        column: String,
        /// The column's type.
        found: DataType,
    },
    /// The key of a file has no directory.
    #[error("table {table} of generation {generation}: the file {key:?} is in no directory")]
    NoDirectory {
        /// The table.
        table: String,
        /// The generation's number.
        generation: u32,
        /// The file's key.
        key: String,
    },
}

impl ProjectionError {
    /// Returns the error's kind, by which a state machine decides on a retry.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Lake(error) => error.kind(),
            Self::Type { .. } | Self::NoDirectory { .. } => StepErrorKind::Damaged,
        }
    }
}
