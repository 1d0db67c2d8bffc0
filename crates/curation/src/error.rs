//! Failures of curation.

use marquee_audit::AuditError;
use marquee_compaction::CompactionError;
use marquee_event::Date;
use marquee_lake::LakeError;
use marquee_lake::staging::ParseStagingDirError;
use marquee_lake::step::{StepError, StepErrorKind};
use marquee_table_catalog::{ProjectionError, TableCatalogError};
use marquee_tables::encode::EncodeError;
use thiserror::Error;

use crate::pipeline::DateSqlError;

/// A failure of curation. [`CurationError::kind`] tells whether a retry may help.
#[derive(Debug, Error)]
pub enum CurationError {
    /// The lake cannot be read or written, or an object in it is absent or damaged.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The table of the event book cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The events and facts of a date cannot be made.
    #[error(transparent)]
    Compaction(#[from] CompactionError),
    /// A published date cannot be audited.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A check cannot run, or a mart cannot be made.
    #[error(transparent)]
    Sql(#[from] DateSqlError),
    /// The name of a run is malformed.
    #[error(transparent)]
    StagingDir(#[from] ParseStagingDirError),
    /// Other runs published the same dates first, every time.
    #[error("other runs published the same dates {0} times over: run again later")]
    Overtaken(usize),
    /// A generation cannot be projected for the table catalog.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// The table catalog does not show all of a date that is published.
    #[error(
        "{event_date} is published, but engines do not see all of it yet, and the next run \
         updates the table catalog: {source}"
    )]
    TableCatalog {
        /// The date.
        event_date: Date,
        /// What the catalog failed at.
        #[source]
        source: TableCatalogError,
    },
    /// The lake has no event of the dates that a plan is asked for.
    #[error("the lake has no event of {asked}{there}")]
    NoEvents {
        /// The dates.
        asked: String,
        /// The dates that the lake has, as the end of the sentence.
        there: String,
    },
    /// A receipt names events of a text that is not a date.
    #[error("a receipt names events of {0:?}, which is no date")]
    ReceiptDate(String),
    /// The head of a file in `sql/` is malformed.
    #[error(transparent)]
    Head(#[from] marquee_sql::HeadError),
}

impl CurationError {
    /// Returns the error's kind, for a state machine.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Lake(error) => error.kind(),
            Self::Compaction(error) => error.kind(),
            Self::Audit(error) => error.kind(),
            Self::Sql(error) => error.kind(),
            Self::Projection(error) => error.kind(),
            Self::TableCatalog { source, .. } => source.kind(),
            Self::NoEvents { .. } | Self::ReceiptDate(_) | Self::StagingDir(_) => {
                StepErrorKind::Input
            }
            Self::Encode(_) | Self::Head(_) | Self::Overtaken(_) => StepErrorKind::Failed,
        }
    }
}

impl From<CurationError> for StepError {
    fn from(error: CurationError) -> Self {
        Self::new(error.kind(), &error)
    }
}

impl From<object_store::Error> for CurationError {
    fn from(error: object_store::Error) -> Self {
        Self::Lake(error.into())
    }
}
