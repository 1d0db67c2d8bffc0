//! What goes wrong with a warehouse.

use marquee_lake::LakeError;
use marquee_lake::step::StepErrorKind;
use marquee_table_catalog::ProjectionError;
use thiserror::Error;

/// What goes wrong with a warehouse. [`WarehouseError::Unavailable`] and a
/// store's error may pass when it is tried again; the others need somebody to look.
#[derive(Debug, Error)]
pub enum WarehouseError {
    /// The warehouse could not be reached, or has too much to do.
    #[error("the warehouse could not {action}: {cause}")]
    Unavailable {
        /// What was asked of it.
        action: String,
        /// What it said.
        cause: String,
    },
    /// The warehouse does not take what it was given, or from whom.
    #[error("the warehouse refuses to {action}: {cause}")]
    Refused {
        /// What was asked of it.
        action: String,
        /// What it said.
        cause: String,
    },
    /// A file of `sql/redshift` is not what it must be.
    #[error("sql/redshift/{file}.sql: {fault}")]
    File {
        /// The file, without its ending.
        file: String,
        /// What is wrong with it, and what to do.
        fault: String,
    },
    /// What the warehouse has cannot be brought to what it should have.
    #[error("{0}")]
    Schema(String),
    /// What was asked for is not there, or is not what it should be.
    #[error("{0}")]
    Asked(String),
    /// An answer of the warehouse's makes no sense.
    #[error("the warehouse answered {what}, which cannot be understood")]
    Answer {
        /// What it answered.
        what: String,
    },
    /// The lake could not be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A file of the lake could not be read.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// A head of a file in `sql/`.
    #[error(transparent)]
    Head(#[from] marquee_sql::HeadError),
}

impl WarehouseError {
    /// Of which kind it is, for a state machine: `Store` may pass when it is tried
    /// again.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => StepErrorKind::Store.name(),
            Self::Lake(error) => error.kind().name(),
            Self::Projection(error) => error.kind().name(),
            Self::Refused { .. } => "Refused",
            Self::Asked(_) => StepErrorKind::Input.name(),
            Self::Answer { .. } => "Answer",
            _ => "Schema",
        }
    }
}

impl From<object_store::Error> for WarehouseError {
    fn from(error: object_store::Error) -> Self {
        Self::Lake(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_lake_lacks_is_not_asked_for_again() {
        let gone = object_store::Error::NotFound {
            path: "curated/events/part-0.parquet".into(),
            source: "no such key".into(),
        };
        assert_eq!(WarehouseError::from(gone).kind(), "Gone");
        let busy = object_store::Error::Generic {
            store: "S3",
            source: "slow down".into(),
        };
        assert_eq!(WarehouseError::from(busy).kind(), "Store");
    }
}
