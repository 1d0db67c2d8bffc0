//! Errors of replay and rebuild.

use marquee_encode::EncodeError;
use marquee_lake::LakeError;
use marquee_lake::step::{StepError, StepErrorKind};
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
    /// A receipt has a field that cannot be parsed.
    #[error(
        "the receipt {receipt} is damaged: {field} is {found:?}; restore it from a copy of the bucket"
    )]
    Receipt {
        /// The receipt's key.
        receipt: String,
        /// The field.
        field: &'static str,
        /// The field's text.
        found: String,
    },
    /// A unit of a record has an index that the tables cannot store.
    #[error(
        "unit {sub_sequence} of record {sequence_number} in shard {shard_id} exceeds the \
         largest sub-sequence, {}",
        i32::MAX
    )]
    SubSequence {
        /// The record's shard.
        shard_id: String,
        /// The record's sequence number.
        sequence_number: String,
        /// The unit's index in the record.
        sub_sequence: i64,
    },
    /// A batch of a replay has no units: a defect of this program.
    #[error("a batch of the replay has no units; this is a defect, report it")]
    EmptyBatch,
}

impl RepairError {
    /// Returns the error's kind, by which a state machine decides on a retry.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Lake(error) => error.kind(),
            Self::Receipt { .. } => StepErrorKind::Damaged,
            Self::Encode(_) | Self::SubSequence { .. } | Self::EmptyBatch => StepErrorKind::Failed,
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
