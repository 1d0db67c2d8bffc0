//! Failures of compaction.

use marquee_event::Date;
use marquee_kernels::TableError;
use marquee_lake::LakeError;
use marquee_lake::step::{StepError, StepErrorKind};
use marquee_tables::encode::EncodeError;
use thiserror::Error;

/// A failure of compaction. [`CompactionError::kind`] tells whether a retry may help.
#[derive(Debug, Error)]
pub enum CompactionError {
    /// The lake cannot be read or written, or an object in it is absent or damaged.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A file cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// An object is a Parquet file, but its rows are not those of its table.
    #[error("{key}: {source}")]
    Table {
        /// The object's key.
        key: String,
        /// What is wrong with its rows.
        #[source]
        source: TableError,
    },
    /// A file for sorting rows beyond the memory bound cannot be written or read.
    #[error("cannot use the directory for spilled runs: {0}")]
    Spill(#[from] std::io::Error),
    /// The rows of an object are not as many as its receipt or generation says.
    #[error("{key} holds {found} {what}, but its receipt says {expected}")]
    Differs {
        /// The object's key.
        key: String,
        /// The rows that were counted.
        what: &'static str,
        /// Their number by the receipt.
        expected: u64,
        /// Their number in the object.
        found: u64,
    },
    /// A date keeps its compacted tables, but has no generation to keep them from.
    #[error("{event_date} has no generation")]
    NoGeneration {
        /// The date.
        event_date: Date,
    },
    /// The other half of the work ended early: the runtime is shutting down.
    #[error("compaction was interrupted: {0}")]
    Interrupted(&'static str),
}

impl CompactionError {
    /// Returns the error's kind, for a state machine.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Lake(error) => error.kind(),
            Self::Spill(_) | Self::Interrupted(_) => StepErrorKind::Store,
            Self::Table { .. } | Self::Differs { .. } => StepErrorKind::Damaged,
            Self::NoGeneration { .. } => StepErrorKind::Input,
            Self::Encode(_) => StepErrorKind::Failed,
        }
    }

    /// Names the object in a fault of its rows.
    pub(crate) fn table(key: &str, source: TableError) -> Self {
        Self::Table {
            key: key.to_owned(),
            source,
        }
    }
}

impl From<CompactionError> for StepError {
    fn from(error: CompactionError) -> Self {
        Self::new(error.kind(), &error)
    }
}

impl From<object_store::Error> for CompactionError {
    fn from(error: object_store::Error) -> Self {
        Self::Lake(error.into())
    }
}
