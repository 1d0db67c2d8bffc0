//! Errors of compaction.

use marquee_encode::EncodeError;
use marquee_event::Date;
use marquee_kernels::{KernelError, TableError};
use marquee_lake::LakeError;
use marquee_lake::step::{StepError, StepErrorKind};
use thiserror::Error;

/// An error of compaction. [`CompactionError::kind`] shows whether a retry can help.
#[derive(Debug, Error)]
pub enum CompactionError {
    /// The lake cannot be read or written, or an object in it is missing or damaged.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A file cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// An object is a Parquet file, but its rows are invalid for its table.
    #[error("cannot compact {key}: {source}")]
    Table {
        /// The object's key.
        key: String,
        /// The error in its rows.
        #[source]
        source: TableError,
    },
    /// The rows of a bucket are invalid together, or a kernel has a defect.
    #[error("cannot compact bucket {bucket} of {event_date}: {source}")]
    Bucket {
        /// The date.
        event_date: Date,
        /// The bucket, from 0.
        bucket: u32,
        /// The error in its rows.
        #[source]
        source: TableError,
    },
    /// A sorted chunk cannot be written to or read from the spill directory.
    #[error("cannot write or read a sorted chunk in the spill directory: {0}")]
    Spill(#[from] std::io::Error),
    /// The rows of a sorted chunk are invalid when they are sorted, spilled or merged.
    #[error("cannot sort or merge the rows of a sorted chunk: {0}")]
    SortedChunk(#[source] TableError),
    /// The number of an object's rows differs from that in its receipt or generation.
    #[error("{key} has {found} rows of the date, but its receipt or generation lists {expected}")]
    RowCountMismatch {
        /// The object's key.
        key: String,
        /// The number of rows in the receipt or generation.
        expected: u64,
        /// The number of rows in the object.
        found: u64,
    },
    /// A date should keep its compacted tables, but has no generation to keep them from.
    #[error("cannot keep the compacted tables of {event_date}: the date has no generation")]
    NoGeneration {
        /// The date.
        event_date: Date,
    },
    /// A generation lacks a table that every generation has.
    #[error("generation {generation} of {event_date} lists no table {table}")]
    NoTable {
        /// The date.
        event_date: Date,
        /// The generation's number.
        generation: u32,
        /// The table.
        table: &'static str,
    },
    /// The number of compacted buckets differs from that in the task.
    #[error("cannot gather {event_date}: {found} buckets were compacted, the task has {expected}")]
    BucketCountMismatch {
        /// The date.
        event_date: Date,
        /// The number of buckets in the task.
        expected: u32,
        /// The number of compacted buckets.
        found: usize,
    },
    /// The other side of a channel ended early, for example because the runtime shuts down.
    #[error("compaction was interrupted: {0}")]
    Interrupted(&'static str),
}

impl CompactionError {
    /// Returns the error's kind, for a state machine.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Lake(error) => error.kind(),
            Self::Spill(_) | Self::Interrupted(_) => StepErrorKind::Store,
            Self::Table { .. }
            | Self::Bucket { .. }
            | Self::SortedChunk(_)
            | Self::RowCountMismatch { .. }
            | Self::NoTable { .. } => StepErrorKind::Damaged,
            Self::NoGeneration { .. } => StepErrorKind::Input,
            Self::Encode(_) | Self::BucketCountMismatch { .. } => StepErrorKind::Failed,
        }
    }

    /// Adds the object's key to an error in its rows.
    pub(crate) fn table(key: &str, source: TableError) -> Self {
        Self::Table {
            key: key.to_owned(),
            source,
        }
    }

    /// Converts a kernel's error; `table` adds the place to an error in the rows.
    pub(crate) fn kernel(error: KernelError, table: impl FnOnce(TableError) -> Self) -> Self {
        match error {
            KernelError::Encode(error) => error.into(),
            KernelError::Table(error) => table(error),
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
