//! How far a load is: a small object in the lake, written after each step.

use std::collections::BTreeMap;

use marquee_event::Date;
use marquee_lake::{LakeError, document};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use super::plan::directory;
use crate::error::WarehouseError;

/// How far the load of a generation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The version of this form: 1.
    pub version: u32,
    /// The date.
    pub event_date: Date,
    /// Its generation.
    pub generation: u32,
    /// How often it was started; part of its tokens.
    pub run: u32,
    /// What it is at.
    pub phase: Phase,
}

/// What a load is at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Phase {
    /// The warehouse is asked what it has.
    Look(Running),
    /// It is brought to what it should have.
    Migrate(Running),
    /// It is asked what it has of the date.
    Stand(Running),
    /// Tables are loaded, each in a transaction of its own.
    Load {
        /// Those that are.
        tables: BTreeMap<String, TableLoad>,
    },
    /// The rows are counted.
    Count(Running),
    /// Everything is there, and counted.
    Loaded,
    /// Something went wrong.
    Failed {
        /// What, a sentence.
        cause: String,
    },
}

/// A batch that was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its id.
    pub statement: String,
    /// How often batches of this phase were handed over.
    pub tries: u32,
}

/// The load of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableLoad {
    /// Its batch.
    #[serde(flatten)]
    pub running: Running,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of the load of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is not done yet.
    Running,
    /// It is committed.
    Loaded,
    /// Nothing of it stands, and why.
    Failed(String),
}

impl State {
    /// Where it lies.
    pub fn key(&self) -> Path {
        key(self.event_date, self.generation)
    }

    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        !matches!(self.phase, Phase::Loaded | Phase::Failed { .. })
    }
}

/// Where the state of a generation's load lies.
pub fn key(event_date: Date, generation: u32) -> Path {
    Path::from(format!("{}/load.json", directory(event_date, generation)))
}

/// The state at that key; `None` when the load was never started.
///
/// # Errors
/// When the lake cannot be read, or it is no state.
pub async fn read(store: &dyn ObjectStore, key: &Path) -> Result<Option<State>, WarehouseError> {
    match document::read(store, key).await {
        Ok(state) => Ok(Some(state)),
        Err(LakeError::Store(object_store::Error::NotFound { .. })) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes the state, in place of what was there.
///
/// # Errors
/// When the lake cannot be written.
pub async fn write(store: &dyn ObjectStore, state: &State) -> Result<(), WarehouseError> {
    document::write(store, &state.key(), state).await?;
    Ok(())
}
