//! The error type of warehouse operations.

use marquee_lake::LakeError;
use marquee_lake::step::StepErrorKind;
use marquee_table_catalog::ProjectionError;
use thiserror::Error;

/// An error of a warehouse operation. A retry may cure
/// [`WarehouseError::Unavailable`] and an error of the store. All others need a
/// person.
#[derive(Debug, Error)]
pub enum WarehouseError {
    /// The warehouse is unreachable or overloaded.
    #[error("cannot {action}: the warehouse is unavailable: {cause}")]
    Unavailable {
        /// The requested action, as an imperative.
        action: String,
        /// The warehouse's error, or the error of the connection.
        cause: String,
    },
    /// The warehouse rejects the request or its credentials.
    #[error("cannot {action}: the warehouse rejects the request: {cause}")]
    Rejected {
        /// The requested action, as an imperative.
        action: String,
        /// The warehouse's error, or the error of the connection.
        cause: String,
    },
    /// A file of `sql/redshift` is invalid.
    #[error("sql/redshift/{file}.sql: {fault}")]
    File {
        /// The file, relative to `sql/redshift` and without its extension.
        file: String,
        /// The problem and its remedy.
        fault: String,
    },
    /// The schema of the warehouse cannot be migrated, or does not match the lake's
    /// tables.
    #[error("{0}")]
    Schema(String),
    /// The request is invalid, or names a generation or a load that does not exist.
    #[error("{0}")]
    InvalidRequest(String),
    /// The warehouse's response is invalid.
    #[error("invalid response of the warehouse: {0}")]
    InvalidResponse(String),
    /// A result that an earlier step must have produced is missing.
    #[error("internal error: {0}")]
    Internal(String),
    /// The lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A file of the lake cannot be read.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// The head of a file in `sql/` is invalid.
    #[error(transparent)]
    Head(#[from] marquee_sql::HeadError),
}

impl WarehouseError {
    /// Returns the error's kind for a state machine, which retries `Store`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => StepErrorKind::Store.name(),
            Self::Lake(error) => error.kind().name(),
            Self::Projection(error) => error.kind().name(),
            Self::Rejected { .. } => "Refused",
            Self::InvalidRequest(_) => StepErrorKind::Input.name(),
            Self::InvalidResponse(_) | Self::Internal(_) => "Answer",
            Self::File { .. } | Self::Schema(_) | Self::Head(_) => "Schema",
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
    fn a_missing_object_is_not_retried() {
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
