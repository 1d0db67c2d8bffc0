//! Loads a generation. Each step is short: it polls the warehouse and never waits for
//! it.
//!
//! ```text
//! inspect schema ─▶ (migrate ─▶ inspect schema …) ─▶ inspect loads ─▶ load, one transaction per table ─▶ count
//! ```
//!
//! A step submits batches and then records their ids. A step that is interrupted runs
//! again; its batches have the same idempotency tokens and do not run twice. If one
//! did run twice, its transaction would find its generation in the load log and
//! change nothing.

mod action;
pub mod plan;
mod request;
pub mod state;

use std::collections::BTreeMap;
use std::sync::Arc;

use marquee_event::Date;
use marquee_lake::LakeError;
use marquee_lake::generation::{self, Generation};
use marquee_table_catalog::projections;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::book::{self, WarehouseLoads};
use crate::definition::{TableDefinition, definitions};
use crate::error::WarehouseError;
use crate::migrate::{self, WarehouseSchema};
use crate::port::{StatementBatch, Warehouse};
use action::NextAction;
use plan::{LoadSettings, TablePlan};
use state::{LoadPhase, LoadState, SubmittedBatch, TableLoad, TableLoadOutcome};

pub use request::{LoadReport, LoadRequest, LoadStatus};

/// The maximum number of schema inspections. Each is followed by a migration of up to
/// one transaction.
const MAX_INSPECTIONS: u32 = 50;

/// Loads generations of a lake into a warehouse.
pub struct Loader {
    store: Arc<dyn ObjectStore>,
    warehouse: Arc<dyn Warehouse>,
    settings: LoadSettings,
    definitions: Vec<TableDefinition>,
}

impl Loader {
    /// Creates a loader for the lake in `store`.
    ///
    /// # Errors
    /// When a file of `sql/redshift` is invalid.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        warehouse: Arc<dyn Warehouse>,
        settings: LoadSettings,
    ) -> Result<Self, WarehouseError> {
        Ok(Self {
            store,
            warehouse,
            settings,
            definitions: definitions()?,
        })
    }

    /// Executes a step of a state machine: [`LoadRequest`] as JSON.
    ///
    /// # Errors
    /// [`WarehouseError::InvalidRequest`] for any other JSON; as [`Loader::start`]
    /// and [`Loader::poll`].
    pub async fn call(&self, request: serde_json::Value) -> Result<LoadReport, WarehouseError> {
        match LoadRequest::parse(request)? {
            LoadRequest::Start {
                event_date,
                generation,
            } => self.start(event_date, generation).await,
            LoadRequest::Poll { load } => self.poll(&load).await,
        }
    }

    /// Starts the load of a generation. A running load is advanced. A generation that
    /// is already loaded is compared with the warehouse again.
    ///
    /// # Errors
    /// [`WarehouseError::InvalidRequest`] when there is no such generation. When the
    /// lake or the warehouse is unavailable; then start the load again.
    pub async fn start(
        &self,
        event_date: Date,
        generation: u32,
    ) -> Result<LoadReport, WarehouseError> {
        let key = state::key(event_date, generation);
        let before = state::read(&*self.store, &key).await?;
        if let Some(state) = before.as_ref().filter(|state| state.is_running()) {
            return self.advance(state.clone()).await;
        }
        self.read_generation(event_date, generation).await?;
        let mut state = LoadState {
            version: 1,
            event_date,
            generation,
            start_count: before.map_or(1, |state| state.start_count.saturating_add(1)),
            phase: LoadPhase::Loaded,
        };
        state.phase = LoadPhase::InspectSchema(self.inspect_schema(&state, 1).await?);
        state::write(&*self.store, &state).await?;
        Ok(LoadReport::of(&state))
    }

    /// Advances the load at that key if its batches have ended.
    ///
    /// # Errors
    /// [`WarehouseError::InvalidRequest`] when no load was started there. When the
    /// lake or the warehouse is unavailable; then poll the load again.
    pub async fn poll(&self, load: &str) -> Result<LoadReport, WarehouseError> {
        let key = Path::from(load);
        let found = match load.starts_with(plan::LOADS) {
            true => state::read(&*self.store, &key).await?,
            false => None,
        };
        match found {
            Some(state) => self.advance(state).await,
            None => Err(WarehouseError::InvalidRequest(format!(
                "there is no load {load:?}. Start a load, and poll it by the `load` of the \
                 response"
            ))),
        }
    }

    async fn advance(&self, mut state: LoadState) -> Result<LoadReport, WarehouseError> {
        let next = match state.phase.clone() {
            LoadPhase::InspectSchema(batch) => self.after_inspect_schema(&state, batch).await,
            LoadPhase::Migrate(batch) => self.after_migrate(&state, batch).await,
            LoadPhase::InspectLoads(batch) => self.after_inspect_loads(&state, batch).await,
            LoadPhase::Load { tables } => self.after_load(&state, tables).await,
            LoadPhase::Count(batch) => self.after_count(&state, batch).await,
            ended @ (LoadPhase::Loaded | LoadPhase::Failed { .. }) => Ok(ended),
        };
        let next = match next {
            Err(error) => match action::permanent_cause(&error) {
                Some(cause) => LoadPhase::Failed { cause },
                None => return Err(error),
            },
            Ok(next) => next,
        };
        if next != state.phase {
            state.phase = next;
            state::write(&*self.store, &state).await?;
        }
        Ok(LoadReport::of(&state))
    }

    async fn after_inspect_schema(
        &self,
        state: &LoadState,
        batch: SubmittedBatch,
    ) -> Result<LoadPhase, WarehouseError> {
        match self.next_action("read the schema", &batch, true).await? {
            NextAction::Wait => return Ok(LoadPhase::InspectSchema(batch)),
            NextAction::Retry => {
                let retry = self.inspect_schema(state, batch.attempts + 1).await?;
                return Ok(LoadPhase::InspectSchema(retry));
            }
            NextAction::Fail(cause) => return Ok(LoadPhase::Failed { cause }),
            NextAction::Proceed => {}
        }
        let [applied, columns] = migrate::INSPECTION_RESULTS;
        let applied = self.warehouse.rows(&batch.id, applied).await?;
        let columns = self.warehouse.rows(&batch.id, columns).await?;
        match WarehouseSchema::read(applied, columns)?.next_migration()? {
            Some(migration) if batch.attempts < MAX_INSPECTIONS => {
                let migration = migration.batch(String::new());
                Ok(LoadPhase::Migrate(
                    self.submit(state, migration, batch.attempts).await?,
                ))
            }
            Some(migration) => Ok(LoadPhase::Failed {
                cause: format!(
                    "the schema is not current after {MAX_INSPECTIONS} migrations; next: {}",
                    migration.descriptions.join(", ")
                ),
            }),
            None => Ok(LoadPhase::InspectLoads(
                self.inspect_loads(state, "stand", 1).await?,
            )),
        }
    }

    async fn after_migrate(
        &self,
        state: &LoadState,
        batch: SubmittedBatch,
    ) -> Result<LoadPhase, WarehouseError> {
        match self.next_action("migrate the schema", &batch, true).await? {
            NextAction::Wait => Ok(LoadPhase::Migrate(batch)),
            NextAction::Fail(cause) => Ok(LoadPhase::Failed { cause }),
            // Another load may have made the same change: inspect the schema again.
            NextAction::Proceed | NextAction::Retry => Ok(LoadPhase::InspectSchema(
                self.inspect_schema(state, batch.attempts + 1).await?,
            )),
        }
    }

    async fn after_inspect_loads(
        &self,
        state: &LoadState,
        batch: SubmittedBatch,
    ) -> Result<LoadPhase, WarehouseError> {
        match self.next_action("read the load log", &batch, false).await? {
            NextAction::Wait => return Ok(LoadPhase::InspectLoads(batch)),
            NextAction::Retry => {
                let attempt = batch.attempts + 1;
                let retry = self.inspect_loads(state, "stand", attempt).await?;
                return Ok(LoadPhase::InspectLoads(retry));
            }
            NextAction::Fail(cause) => return Ok(LoadPhase::Failed { cause }),
            NextAction::Proceed => {}
        }
        let generation = self
            .read_generation(state.event_date, state.generation)
            .await?;
        let loads = self.warehouse_loads(state, &batch).await?;
        let plans = self.plans(&generation, &loads).await?;
        let mut tables = BTreeMap::new();
        for (table, plan) in plans {
            if let Some((key, manifest)) = &plan.manifest {
                self.store.put(key, manifest.clone().into()).await?;
            }
            let load = self.submit_table(state, &table, &plan, 1).await?;
            tables.insert(table, load);
        }
        Ok(LoadPhase::Load { tables })
    }

    async fn after_load(
        &self,
        state: &LoadState,
        mut tables: BTreeMap<String, TableLoad>,
    ) -> Result<LoadPhase, WarehouseError> {
        let mut retries = Vec::new();
        for (table, load) in &mut tables {
            if load.outcome != TableLoadOutcome::Running {
                continue;
            }
            let action = format!("load {table}");
            match self.next_action(&action, &load.batch, false).await? {
                NextAction::Wait => {}
                NextAction::Proceed => load.outcome = TableLoadOutcome::Loaded,
                NextAction::Fail(cause) => load.outcome = TableLoadOutcome::Failed(cause),
                NextAction::Retry => retries.push((table.clone(), load.batch.attempts + 1)),
            }
        }
        if !retries.is_empty() {
            let generation = self
                .read_generation(state.event_date, state.generation)
                .await?;
            let plans = self.plans(&generation, &WarehouseLoads::default()).await?;
            for (table, attempt) in retries {
                let plan = plans.get(&table).ok_or_else(|| {
                    WarehouseError::Internal(format!(
                        "generation {} of {} has no table {table}, which is being loaded",
                        state.generation, state.event_date
                    ))
                })?;
                let load = self.submit_table(state, &table, plan, attempt).await?;
                tables.insert(table, load);
            }
        }
        if tables
            .values()
            .any(|load| load.outcome == TableLoadOutcome::Running)
        {
            return Ok(LoadPhase::Load { tables });
        }
        let failed: Vec<&str> = tables
            .values()
            .filter_map(|load| match &load.outcome {
                TableLoadOutcome::Failed(cause) => Some(cause.as_str()),
                TableLoadOutcome::Running | TableLoadOutcome::Loaded => None,
            })
            .collect();
        match failed.is_empty() {
            true => Ok(LoadPhase::Count(
                self.inspect_loads(state, "count", 1).await?,
            )),
            false => Ok(LoadPhase::Failed {
                cause: failed.join("; "),
            }),
        }
    }

    async fn after_count(
        &self,
        state: &LoadState,
        batch: SubmittedBatch,
    ) -> Result<LoadPhase, WarehouseError> {
        match self
            .next_action("count the loaded rows", &batch, false)
            .await?
        {
            NextAction::Wait => return Ok(LoadPhase::Count(batch)),
            NextAction::Retry => {
                let attempt = batch.attempts + 1;
                let retry = self.inspect_loads(state, "count", attempt).await?;
                return Ok(LoadPhase::Count(retry));
            }
            NextAction::Fail(cause) => return Ok(LoadPhase::Failed { cause }),
            NextAction::Proceed => {}
        }
        let generation = self
            .read_generation(state.event_date, state.generation)
            .await?;
        let loads = self.warehouse_loads(state, &batch).await?;
        let book = loads.book(&*self.store, &generation).await?;
        book::write(&*self.store, &book).await?;
        Ok(match book.imbalance() {
            None => LoadPhase::Loaded,
            Some(cause) => LoadPhase::Failed { cause },
        })
    }

    /// Plans the loads of all tables of the generation, except tables that have it or
    /// a newer one.
    async fn plans(
        &self,
        generation: &Generation,
        loads: &WarehouseLoads,
    ) -> Result<BTreeMap<String, TablePlan>, WarehouseError> {
        let projections = projections(&*self.store, generation, |_| false).await?;
        let mut plans = BTreeMap::new();
        for (table, files) in &generation.tables {
            let Some(definition) = self.definitions.iter().find(|d| d.table == *table) else {
                return Err(WarehouseError::Schema(format!(
                    "the warehouse has no table {table}, which the lake has. Define it in \
                     sql/redshift/ddl/{table}.sql"
                )));
            };
            if loads.has(table, generation) {
                continue;
            }
            let projection = projections
                .iter()
                .find(|projection| projection.table == *table);
            let columns = match projection {
                Some(projection) => &projection.columns[..],
                // A table without files has no projection.
                None if files.files.is_empty() => &[],
                None => {
                    return Err(WarehouseError::Internal(format!(
                        "the columns of table {table} are unknown"
                    )));
                }
            };
            let plan = plan::plan_table(&self.settings, definition, generation, files, columns)?;
            plans.insert(table.clone(), plan);
        }
        Ok(plans)
    }

    async fn warehouse_loads(
        &self,
        state: &LoadState,
        batch: &SubmittedBatch,
    ) -> Result<WarehouseLoads, WarehouseError> {
        let [loads, rows] = book::INSPECTION_RESULTS;
        let loads = self.warehouse.rows(&batch.id, loads).await?;
        let rows = self.warehouse.rows(&batch.id, rows).await?;
        WarehouseLoads::read(state.event_date, &self.definitions, loads, rows)
    }

    async fn read_generation(
        &self,
        event_date: Date,
        generation: u32,
    ) -> Result<Generation, WarehouseError> {
        match generation::read(&*self.store, event_date, generation).await {
            Err(LakeError::Store(object_store::Error::NotFound { .. })) => {
                Err(WarehouseError::InvalidRequest(format!(
                    "the lake has no generation {generation} of {event_date}. Load a published one"
                )))
            }
            read => Ok(read?),
        }
    }

    async fn inspect_schema(
        &self,
        state: &LoadState,
        attempt: u32,
    ) -> Result<SubmittedBatch, WarehouseError> {
        self.submit(state, migrate::inspect_schema(String::new())?, attempt)
            .await
    }

    async fn inspect_loads(
        &self,
        state: &LoadState,
        name: &str,
        attempt: u32,
    ) -> Result<SubmittedBatch, WarehouseError> {
        let mut batch = book::inspect_loads(state.event_date, &self.definitions, String::new())?;
        batch.name = name.to_owned();
        self.submit(state, batch, attempt).await
    }

    async fn submit_table(
        &self,
        state: &LoadState,
        table: &str,
        plan: &TablePlan,
        attempt: u32,
    ) -> Result<TableLoad, WarehouseError> {
        let batch = plan.batch(format!("load-{table}"), String::new());
        Ok(TableLoad {
            batch: self.submit(state, batch, attempt).await?,
            outcome: TableLoadOutcome::Running,
        })
    }

    /// Submits a batch under its idempotency token.
    async fn submit(
        &self,
        state: &LoadState,
        mut batch: StatementBatch,
        attempt: u32,
    ) -> Result<SubmittedBatch, WarehouseError> {
        batch.token = plan::token(state.key().as_ref(), state.start_count, attempt, &batch);
        Ok(SubmittedBatch {
            id: self.warehouse.submit(&batch).await?,
            attempts: attempt,
        })
    }

    /// Polls a batch and returns the next action. With `retry_any`, every failure is
    /// retried: two migrations that create the same table at the same time may fail.
    async fn next_action(
        &self,
        action: &str,
        batch: &SubmittedBatch,
        retry_any: bool,
    ) -> Result<NextAction, WarehouseError> {
        let progress = self.warehouse.poll(&batch.id).await?;
        Ok(NextAction::after(
            action,
            progress,
            batch.attempts,
            retry_any,
        ))
    }
}
