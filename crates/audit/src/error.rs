//! Failures of an audit.

use marquee_lake::LakeError;
use marquee_lake::step::{StepError, StepErrorKind};
use marquee_tables::encode::EncodeError;
use thiserror::Error;
use tokio::task::JoinError;

/// A failure of an audit. A fault of the lake that the audit finds is not a failure but
/// a [`Problem`](crate::Problem).
#[derive(Debug, Error)]
pub enum AuditError {
    /// The lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The table of the books cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The lake has nothing of the date.
    #[error("{0}")]
    Nothing(String),
    /// Decoding the objects that `key` names ended early.
    #[error("the objects of {key} cannot be read: {source}")]
    Interrupted {
        /// The key of a receipt, or of a file.
        key: String,
        /// Why the task ended.
        #[source]
        source: JoinError,
    },
}

impl AuditError {
    /// Returns the error's kind, for a state machine.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Lake(error) => error.kind(),
            Self::Nothing(_) => StepErrorKind::Input,
            Self::Encode(_) | Self::Interrupted { .. } => StepErrorKind::Failed,
        }
    }
}

impl From<AuditError> for StepError {
    fn from(error: AuditError) -> Self {
        Self::new(error.kind(), &error)
    }
}

impl From<object_store::Error> for AuditError {
    fn from(error: object_store::Error) -> Self {
        Self::Lake(error.into())
    }
}
