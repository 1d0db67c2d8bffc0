//! Where records go: the sender's one port.

#[cfg(feature = "kinesis")]
mod kinesis;
mod local;

#[cfg(feature = "kinesis")]
pub use kinesis::KinesisTarget;
pub use local::LocalTarget;

use async_trait::async_trait;

use crate::PutRecord;

/// Takes records.
#[async_trait]
pub trait Target: Send + Sync + 'static {
    /// Puts `records` and says of each, in their order, whether it is durable
    /// now. Whoever calls keeps to the target's limits.
    ///
    /// # Errors
    /// When the request failed as a whole. Some of its records may be durable
    /// all the same; putting them again can double them, which curation undoes.
    async fn put(
        &self,
        records: &[PutRecord],
    ) -> Result<Vec<Result<(), RecordFailure>>, TargetError>;
}

/// Why one record of a request was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct RecordFailure {
    /// Whether the same record may be taken later.
    pub retryable: bool,
    /// The kind of failure, one of a few words: counted in the summary.
    pub code: String,
    /// What the target said.
    pub message: String,
}

/// Why a request failed as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It may succeed later.
    #[error("{code}: {message}")]
    Retryable {
        /// The kind of failure, one of a few words: counted in the summary.
        code: String,
        /// What the target said.
        message: String,
    },
    /// No request will succeed; sending stops.
    #[error("{0}")]
    Fatal(String),
}
