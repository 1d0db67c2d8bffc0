//! The port to the stream that receives records.

#[cfg(feature = "kinesis")]
mod kinesis;
mod local;

#[cfg(feature = "kinesis")]
pub use kinesis::KinesisTarget;
pub use local::LocalTarget;

use async_trait::async_trait;

use crate::PutRecord;

/// A receiver of records.
#[async_trait]
pub trait Target: Send + Sync + 'static {
    /// Puts `records` and returns their outcomes in order; `Ok` means durable. The
    /// caller observes the target's limits.
    ///
    /// # Errors
    /// [`TargetError`] if the request fails as a whole. Some of its records may still
    /// be durable. Delivery is at least once: a retry can duplicate records, which
    /// curation deduplicates.
    async fn put(
        &self,
        records: &[PutRecord],
    ) -> Result<Vec<Result<(), RecordFailure>>, TargetError>;
}

/// The failure of one record of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct RecordFailure {
    /// True if a retry may succeed.
    pub retryable: bool,
    /// The failure's code, of low cardinality: the summary counts by it.
    pub code: String,
    /// The target's message.
    pub message: String,
}

/// The failure of a whole request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// A retry may succeed.
    #[error("{code}: {message}")]
    Retryable {
        /// The failure's code, of low cardinality: the summary counts by it.
        code: String,
        /// The target's message.
        message: String,
    },
    /// No request can succeed; the producer stops.
    #[error("{0}")]
    Fatal(String),
}
