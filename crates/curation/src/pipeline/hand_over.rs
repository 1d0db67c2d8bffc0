//! The documents that the stages of a date pass to each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use marquee_compaction::CompactedTables;
use marquee_lake::document;
use marquee_lake::generation::TableFiles;
use marquee_lake::staging::{DateInputs, StagingDir, Window};
use marquee_sql::{CheckResult, Phase};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::CurationError;
use crate::plan::DateTask;

/// The hand-over between the stages of one date: a directory of JSON documents in an
/// object store.
///
/// The step functions keep it in the lake, under `staging/`. The driver keeps it in a store
/// in memory, so that the lake of a single process has no `staging/`. Both write the same
/// documents.
#[derive(Clone)]
pub struct HandOver {
    store: Arc<dyn ObjectStore>,
    dir: StagingDir,
    run: String,
}

impl HandOver {
    /// Opens the hand-over of a date that has no run yet.
    pub fn new(store: Arc<dyn ObjectStore>, dir: StagingDir) -> Self {
        Self {
            store,
            dir,
            run: String::new(),
        }
    }

    /// Returns the hand-over of a run of the date.
    #[must_use]
    pub fn of_run(&self, run: &str) -> Self {
        Self {
            run: run.to_owned(),
            ..self.clone()
        }
    }

    /// Returns the name of the run; empty before [`Stage::Prepare`](super::Stage::Prepare).
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Reads the planned task.
    ///
    /// # Errors
    /// If the document is missing or damaged, as for each of the readers below.
    pub async fn task(&self) -> Result<DateTask, CurationError> {
        self.read(self.dir.task()).await
    }

    /// Writes the planned task.
    ///
    /// # Errors
    /// If the document cannot be written, as for each of the writers below.
    pub async fn put_task(&self, task: &DateTask) -> Result<(), CurationError> {
        self.write(self.dir.task(), task).await
    }

    /// Reads the compacted tables of the date.
    pub(super) async fn compacted(&self) -> Result<CompactedTables, CurationError> {
        self.read(self.dir.facts()).await
    }

    pub(super) async fn put_compacted(
        &self,
        compacted: &CompactedTables,
    ) -> Result<(), CurationError> {
        self.write(self.dir.facts(), compacted).await
    }

    /// Reads the inputs of the checks that need the date alone.
    pub(super) async fn date_inputs(&self) -> Result<DateInputs, CurationError> {
        self.read(self.dir.date()).await
    }

    pub(super) async fn put_date_inputs(&self, inputs: &DateInputs) -> Result<(), CurationError> {
        self.write(self.dir.date(), inputs).await
    }

    /// Reads the inputs of the marts, and of the checks that need more than the date.
    pub(super) async fn inputs(&self) -> Result<DateInputs, CurationError> {
        self.read(self.window()?.inputs()).await
    }

    pub(super) async fn put_inputs(&self, inputs: &DateInputs) -> Result<(), CurationError> {
        self.write(self.window()?.inputs(), inputs).await
    }

    /// Reads the results of the checks of a phase.
    pub(super) async fn checks(&self, phase: Phase) -> Result<Vec<CheckResult>, CurationError> {
        self.read(self.checks_key(phase)?).await
    }

    pub(super) async fn put_checks(
        &self,
        phase: Phase,
        results: &[CheckResult],
    ) -> Result<(), CurationError> {
        self.write(self.checks_key(phase)?, &results).await
    }

    /// Reads the files of the marts.
    pub(super) async fn marts(&self) -> Result<BTreeMap<String, TableFiles>, CurationError> {
        self.read(self.window()?.marts()).await
    }

    pub(super) async fn put_marts(
        &self,
        tables: &BTreeMap<String, TableFiles>,
    ) -> Result<(), CurationError> {
        self.write(self.window()?.marts(), tables).await
    }

    /// Reads the marts and the table of the event book, of a date whose book balances.
    pub(super) async fn ready(&self) -> Result<BTreeMap<String, TableFiles>, CurationError> {
        self.read(self.window()?.ready()).await
    }

    pub(super) async fn put_ready(
        &self,
        tables: &BTreeMap<String, TableFiles>,
    ) -> Result<(), CurationError> {
        self.write(self.window()?.ready(), tables).await
    }

    fn checks_key(&self, phase: Phase) -> Result<Path, CurationError> {
        Ok(match phase {
            Phase::Date => self.dir.date_checks(),
            Phase::Window => self.window()?.checks(),
        })
    }

    fn window(&self) -> Result<Window, CurationError> {
        Ok(self.dir.window(&self.run)?)
    }

    async fn read<T: DeserializeOwned>(&self, key: Path) -> Result<T, CurationError> {
        Ok(document::read(&*self.store, &key).await?)
    }

    async fn write<T: Serialize>(&self, key: Path, value: &T) -> Result<(), CurationError> {
        Ok(document::write(&*self.store, &key, value).await?)
    }
}
