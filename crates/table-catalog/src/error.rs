//! Failures of a table catalog, and of projecting a generation for it.

use std::error::Error;

use arrow_schema::DataType;
use marquee_lake::LakeError;
use marquee_lake::step::StepErrorKind;
use thiserror::Error;

/// What goes wrong with a catalogue.
#[derive(Debug, Error)]
pub enum TableCatalogError {
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
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}

impl TableCatalogError {
    /// Returns the error's kind, for a state machine.
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
    /// A column of a file has a type that no table catalog has a name for.
    #[error("{key}: column {column} is {found}, which not every reader takes: cast it")]
    Type {
        /// The file's key.
        key: String,
        /// The column.
        column: String,
        /// Its type.
        found: DataType,
    },
}

impl ProjectionError {
    /// Returns the error's kind, for a state machine.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Lake(error) => error.kind(),
            Self::Type { .. } => StepErrorKind::Damaged,
        }
    }
}
