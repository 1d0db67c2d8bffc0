//! Errors of curation.

use marquee_audit::AuditError;
use marquee_compaction::CompactionError;
use marquee_encode::EncodeError;
use marquee_event::Date;
use marquee_lake::LakeError;
use marquee_lake::staging::ParseStagingDirError;
use marquee_lake::step::{StepError, StepErrorKind};
use marquee_table_catalog::{ProjectionError, TableCatalogError};
use thiserror::Error;

use crate::pipeline::DateSqlError;

/// A failure of curation. [`CurationError::kind`] tells whether a retry can help.
#[derive(Debug, Error)]
pub enum CurationError {
    /// The lake cannot be read or written, or an object in it is absent or damaged.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The table of the event book cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A date cannot be compacted.
    #[error(transparent)]
    Compaction(#[from] CompactionError),
    /// A published date cannot be audited.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A check cannot run, or a mart cannot be built.
    #[error(transparent)]
    Sql(#[from] DateSqlError),
    /// The name of a run is malformed.
    #[error(transparent)]
    StagingDir(#[from] ParseStagingDirError),
    /// Other runs published the same dates first, every time.
    #[error("other runs published the planned dates first, {0} times in a row; run again later")]
    Overtaken(usize),
    /// A date is published, but its generation or event book is unknown: a defect.
    #[error(
        "the stages of {0} ended without a generation and an event book; this is a defect, report it"
    )]
    Incomplete(Date),
    /// A generation cannot be projected for the table catalog.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// The table catalog does not show all of a date that is published.
    #[error(
        "{event_date} is published, but the table catalog could not be updated, so query \
         engines see an older state: {source}. The next run updates it"
    )]
    TableCatalog {
        /// The date.
        event_date: Date,
        /// The table catalog's error.
        #[source]
        source: TableCatalogError,
    },
    /// The lake has no event of the selected dates.
    #[error("the lake has no event of {selected}{available}")]
    NoEvents {
        /// The selected dates.
        selected: String,
        /// The dates that the lake has, as the end of the sentence.
        available: String,
    },
    /// A receipt names a time of arrival that cannot be parsed.
    #[error(
        "a receipt with events of {event_date} has the time of arrival {found:?}, which is not RFC 3339; restore the receipt"
    )]
    ArrivalTime {
        /// The event date.
        event_date: Date,
        /// The text in place of a time.
        found: String,
    },
    /// The head of a file in `sql/` is malformed.
    #[error(transparent)]
    Head(#[from] marquee_sql::HeadError),
}

impl CurationError {
    /// Returns the error's kind, by which a state machine decides on a retry.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Lake(error) => error.kind(),
            Self::Compaction(error) => error.kind(),
            Self::Audit(error) => error.kind(),
            Self::Sql(error) => error.kind(),
            Self::Projection(error) => error.kind(),
            Self::TableCatalog { source, .. } => source.kind(),
            Self::NoEvents { .. } | Self::StagingDir(_) => StepErrorKind::Input,
            Self::ArrivalTime { .. } => StepErrorKind::Damaged,
            Self::Encode(_) | Self::Head(_) | Self::Overtaken(_) | Self::Incomplete(_) => {
                StepErrorKind::Failed
            }
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
