//! Errors of an audit.

use marquee_encode::EncodeError;
use marquee_lake::LakeError;
use marquee_lake::step::{StepError, StepErrorKind};
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
    /// A receipt has a field that cannot be parsed.
    #[error(
        "the receipt {receipt} is damaged: {field} has {found:?}; restore it from a copy of the bucket"
    )]
    Receipt {
        /// The receipt's key.
        receipt: String,
        /// The field.
        field: &'static str,
        /// The text that cannot be parsed.
        found: String,
    },
    /// A task that decodes objects ended early.
    #[error("cannot read the objects of {key}: {source}")]
    Interrupted {
        /// The key of a receipt, or of an object.
        key: String,
        /// The reason why the task ended.
        #[source]
        source: JoinError,
    },
    /// The audit contradicts itself: a defect.
    #[error("the audit failed: {0}; this is a defect, report it")]
    Defect(&'static str),
}

impl AuditError {
    /// Returns the error's kind, by which a state machine decides on a retry.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Lake(error) => error.kind(),
            Self::Nothing(_) => StepErrorKind::Input,
            Self::Receipt { .. } => StepErrorKind::Damaged,
            Self::Encode(_) | Self::Interrupted { .. } | Self::Defect(_) => StepErrorKind::Failed,
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
