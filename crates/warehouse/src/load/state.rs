//! The state of a load: a small document in the lake, written after each step.

use std::collections::BTreeMap;

use marquee_event::Date;
use marquee_lake::{LakeError, document};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use super::plan::directory;
use crate::error::WarehouseError;

/// The state of the load of a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadState {
    /// The version of this format: 1.
    pub version: u32,
    /// The event date.
    pub event_date: Date,
    /// The generation of the date.
    pub generation: u32,
    /// The number of times that the load was started, which is part of its tokens.
    #[serde(rename = "run")]
    pub start_count: u32,
    /// The current phase.
    pub phase: LoadPhase,
}

/// The phase of a load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum LoadPhase {
    /// Reads the schema of the warehouse.
    #[serde(rename = "look")]
    InspectSchema(SubmittedBatch),
    /// Migrates the schema.
    Migrate(SubmittedBatch),
    /// Reads the load log and the row counts of the date.
    #[serde(rename = "stand")]
    InspectLoads(SubmittedBatch),
    /// Loads the tables, each in its own transaction.
    Load {
        /// The tables that are loaded.
        tables: BTreeMap<String, TableLoad>,
    },
    /// Counts the loaded rows.
    Count(SubmittedBatch),
    /// Every table is loaded, and the row counts match.
    Loaded,
    /// The load failed.
    Failed {
        /// The cause.
        cause: String,
    },
}

/// A batch that was submitted to the warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmittedBatch {
    /// The id of the batch.
    #[serde(rename = "statement")]
    pub id: String,
    /// The number of batches that this phase has submitted.
    #[serde(rename = "tries")]
    pub attempts: u32,
}

/// The load of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableLoad {
    /// The submitted batch.
    #[serde(flatten)]
    pub batch: SubmittedBatch,
    /// The outcome.
    pub outcome: TableLoadOutcome,
}

/// The outcome of the load of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableLoadOutcome {
    /// The batch has not ended.
    Running,
    /// The transaction is committed.
    Loaded,
    /// The transaction is rolled back, with the cause.
    Failed(String),
}

impl LoadState {
    /// Returns the key of the state's document.
    pub fn key(&self) -> Path {
        key(self.event_date, self.generation)
    }

    /// Returns true until the load has succeeded or failed.
    pub fn is_running(&self) -> bool {
        !matches!(self.phase, LoadPhase::Loaded | LoadPhase::Failed { .. })
    }
}

/// Returns the key of the state of a generation's load.
pub fn key(event_date: Date, generation: u32) -> Path {
    Path::from(format!("{}/load.json", directory(event_date, generation)))
}

/// Reads the state at `key`; `None` if the load was never started.
///
/// # Errors
/// When the lake cannot be read or the document is invalid.
pub async fn read(
    store: &dyn ObjectStore,
    key: &Path,
) -> Result<Option<LoadState>, WarehouseError> {
    match document::read(store, key).await {
        Ok(state) => Ok(Some(state)),
        Err(LakeError::Store(object_store::Error::NotFound { .. })) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes the state and replaces the previous one.
///
/// # Errors
/// When the lake cannot be written.
pub async fn write(store: &dyn ObjectStore, state: &LoadState) -> Result<(), WarehouseError> {
    document::write(store, &state.key(), state).await?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A load that an older program started goes on: the field names are fixed.
    #[test]
    fn the_field_names_of_the_document_are_fixed() {
        let batch = SubmittedBatch {
            id: "b-1".into(),
            attempts: 2,
        };
        let state = |phase| LoadState {
            version: 1,
            event_date: "2026-03-02".parse().unwrap(),
            generation: 3,
            start_count: 1,
            phase,
        };
        let document = |phase| {
            json!({
                "version": 1, "event_date": "2026-03-02", "generation": 3, "run": 1,
                "phase": phase,
            })
        };
        let load = TableLoad {
            batch: batch.clone(),
            outcome: TableLoadOutcome::Running,
        };
        for (phase, expected) in [
            (
                LoadPhase::InspectSchema(batch.clone()),
                json!({"name": "look", "statement": "b-1", "tries": 2}),
            ),
            (
                LoadPhase::Migrate(batch.clone()),
                json!({"name": "migrate", "statement": "b-1", "tries": 2}),
            ),
            (
                LoadPhase::InspectLoads(batch.clone()),
                json!({"name": "stand", "statement": "b-1", "tries": 2}),
            ),
            (
                LoadPhase::Load {
                    tables: BTreeMap::from([("events".to_owned(), load)]),
                },
                json!({"name": "load", "tables": {
                    "events": {"statement": "b-1", "tries": 2, "outcome": "running"},
                }}),
            ),
            (
                LoadPhase::Count(batch),
                json!({"name": "count", "statement": "b-1", "tries": 2}),
            ),
            (LoadPhase::Loaded, json!({"name": "loaded"})),
        ] {
            let state = state(phase);
            let written = serde_json::to_value(&state).unwrap();
            assert_eq!(written, document(expected));
            assert_eq!(serde_json::from_value::<LoadState>(written).unwrap(), state);
        }
    }
}
