//! Failures of replay and rebuild.

use marquee_lake::LakeError;
use marquee_lake::step::{StepError, StepErrorKind};
use marquee_tables::encode::EncodeError;
use thiserror::Error;

/// A failure of a replay or a rebuild.
#[derive(Debug, Error)]
pub enum RepairError {
    /// The lake cannot be read or written, or an object in it is absent or damaged.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A file cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl RepairError {
    /// Returns the error's kind, for a state machine.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Lake(error) => error.kind(),
            Self::Encode(_) => StepErrorKind::Failed,
        }
    }
}

impl From<RepairError> for StepError {
    fn from(error: RepairError) -> Self {
        Self::new(error.kind(), &error)
    }
}

impl From<object_store::Error> for RepairError {
    fn from(error: object_store::Error) -> Self {
        Self::Lake(error.into())
    }
}
