//! The requests and the reports of a load's steps.

use marquee_event::Date;
use serde::{Deserialize, Serialize};

use super::state::{LoadPhase, LoadState};
use crate::error::WarehouseError;

/// The maximum length of a cause, in bytes.
const MAX_CAUSE_BYTES: usize = 8 << 10;

/// The request of a step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase", deny_unknown_fields)]
pub enum LoadRequest {
    /// Start the load of a generation.
    Start {
        /// The event date.
        event_date: Date,
        /// The generation's number.
        generation: u32,
    },
    /// Advance a load.
    Poll {
        /// The load's key.
        load: String,
    },
}

impl LoadRequest {
    pub(super) fn parse(request: serde_json::Value) -> Result<Self, WarehouseError> {
        let text = request.to_string();
        serde_json::from_value(request).map_err(|error| {
            WarehouseError::InvalidRequest(format!(
                "invalid request {text}: {error}. Send {{\"step\": \"start\", \"event_date\": \
                 \"2026-01-05\", \"generation\": 3}} or {{\"step\": \"poll\", \"load\": …}}"
            ))
        })
    }
}

/// The status of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LoadStatus {
    /// The load is running: poll it again.
    Running,
    /// Every table is loaded, and the row counts match.
    Loaded,
    /// The load failed. Start it again when the cause is fixed.
    Failed,
}

/// The response of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoadReport {
    /// The key of the load, for polling.
    pub load: String,
    /// The status.
    pub status: LoadStatus,
    /// The cause of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

impl LoadReport {
    pub(super) fn of(state: &LoadState) -> Self {
        let (status, cause) = match &state.phase {
            LoadPhase::Loaded => (LoadStatus::Loaded, None),
            LoadPhase::Failed { cause } => (LoadStatus::Failed, Some(truncated(cause))),
            LoadPhase::InspectSchema(_)
            | LoadPhase::Migrate(_)
            | LoadPhase::InspectLoads(_)
            | LoadPhase::Load { .. }
            | LoadPhase::Count(_) => (LoadStatus::Running, None),
        };
        Self {
            load: state.key().to_string(),
            status,
            cause,
        }
    }
}

/// Truncates a cause to the length that a state machine's payload has room for.
fn truncated(cause: &str) -> String {
    if cause.len() <= MAX_CAUSE_BYTES {
        return cause.to_owned();
    }
    let end = cause.floor_char_boundary(MAX_CAUSE_BYTES);
    format!("{} …", &cause[..end])
}
