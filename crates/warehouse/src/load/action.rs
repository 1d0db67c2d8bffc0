//! The next action of a load after a poll, and the causes of failed loads.

use marquee_lake::LakeError;
use marquee_table_catalog::ProjectionError;

use crate::error::WarehouseError;
use crate::port::{BatchFailure, BatchProgress};

/// The maximum number of attempts of a batch.
const MAX_ATTEMPTS: u32 = 5;

/// The next action after a poll of a submitted batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NextAction {
    /// Poll again later.
    Wait,
    /// The batch is committed: go on.
    Proceed,
    /// Submit the batch again.
    Retry,
    /// The load fails, with this cause.
    Fail(String),
}

impl NextAction {
    /// Returns the next action after the progress of a batch in its `attempts`th
    /// attempt. `action` describes the batch in causes.
    pub(super) fn after(
        action: &str,
        progress: BatchProgress,
        attempts: u32,
        retry_any: bool,
    ) -> Self {
        let may_retry = attempts < MAX_ATTEMPTS;
        match progress {
            BatchProgress::Running => Self::Wait,
            BatchProgress::Done => Self::Proceed,
            BatchProgress::Unknown if may_retry => Self::Retry,
            BatchProgress::Unknown => Self::Fail(format!(
                "cannot {action}: the warehouse lost the batch in each of {attempts} attempts"
            )),
            BatchProgress::Failed(failure) if may_retry && (retry_any || failure.is_transient) => {
                Self::Retry
            }
            BatchProgress::Failed(failure) => Self::Fail(failure_message(action, &failure)),
        }
    }
}

/// Describes a failure with the engine's message.
fn failure_message(action: &str, failure: &BatchFailure) -> String {
    let message = failure.message.trim();
    match &failure.statement {
        Some(name) => format!("cannot {action}: the statement {name:?} failed: {message}"),
        None => format!("cannot {action}: {message}"),
    }
}

/// Returns the error as the cause of a failed load; `None` if a retry may succeed.
pub(super) fn permanent_cause(error: &WarehouseError) -> Option<String> {
    let store = match error {
        WarehouseError::Unavailable { .. } => return None,
        WarehouseError::Lake(LakeError::Store(error))
        | WarehouseError::Projection(ProjectionError::Lake(LakeError::Store(error))) => Some(error),
        _ => None,
    };
    match store {
        Some(object_store::Error::NotFound { path, .. }) => Some(format!(
            "object {path} of the generation is missing. Run `marquee audit` for the date"
        )),
        Some(_) => None,
        None => Some(error.to_string()),
    }
}
