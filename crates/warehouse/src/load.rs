//! Loading a generation: started and polled, so that nobody waits for the
//! warehouse.
//!
//! ```text
//! look ─▶ (migrate ─▶ look …) ─▶ stand ─▶ load, a transaction a table ─▶ count
//! ```
//!
//! Each step hands batches over and then writes down their ids. A step that
//! broke off is taken again: the batches have the same tokens then, and are not
//! run twice. And if they were: a transaction looks at the load log first.

pub mod plan;
pub mod state;

use std::collections::BTreeMap;
use std::sync::Arc;

use marquee_event::Date;
use marquee_lake::LakeError;
use marquee_lake::generation::{self, Generation};
use marquee_table_catalog::{ProjectionError, projections};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::book::{self, Standing};
use crate::definition::{Definition, definitions};
use crate::error::WarehouseError;
use crate::migrate::{self, Found};
use crate::port::{Batch, Failure, Progress, Warehouse};
use plan::{Settings, TablePlan};
use state::{Outcome, Phase, Running, State, TableLoad};

/// How often a batch is handed over before its failure counts.
const TRIES: u32 = 5;
/// How often the warehouse is looked at before migrations are given up: each
/// look applies up to a transaction of them.
const LOOKS: u32 = 50;
/// How many bytes of a cause are passed on.
const CAUSE_BYTES: usize = 8 << 10;

/// Loads generations of a lake into a warehouse.
pub struct Loader {
    store: Arc<dyn ObjectStore>,
    warehouse: Arc<dyn Warehouse>,
    settings: Settings,
    definitions: Vec<Definition>,
}

/// How a load is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It goes on: poll it again.
    Running,
    /// Everything is there, and counted.
    Loaded,
    /// Something went wrong; start it again when that is mended.
    Failed,
}

/// What a step answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The key of the load, to poll it by.
    pub load: String,
    /// How it is.
    pub status: Status,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// What a step is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase", deny_unknown_fields)]
pub enum Ask {
    /// To start the load of a generation.
    Start {
        /// Its date.
        event_date: Date,
        /// Its number.
        generation: u32,
    },
    /// To take a load further.
    Poll {
        /// Its key.
        load: String,
    },
}

/// What a batch that was handed over calls for.
enum Next {
    Wait,
    GoOn,
    TryAgain,
    GiveUp(String),
}

impl Loader {
    /// Loads generations of the lake in `store`.
    ///
    /// # Errors
    /// When a file of `sql/redshift` is not what it must be.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        warehouse: Arc<dyn Warehouse>,
        settings: Settings,
    ) -> Result<Self, WarehouseError> {
        Ok(Self {
            store,
            warehouse,
            settings,
            definitions: definitions()?,
        })
    }

    /// Does what a state machine asks: [`Ask`] as JSON.
    ///
    /// # Errors
    /// [`WarehouseError::Asked`] for what is no [`Ask`]; as [`Loader::start`] and
    /// [`Loader::poll`].
    pub async fn call(&self, ask: serde_json::Value) -> Result<Report, WarehouseError> {
        let shown = ask.to_string();
        let ask = serde_json::from_value(ask).map_err(|error| {
            WarehouseError::Asked(format!(
                "{shown} cannot be understood ({error}): ask {{\"step\": \"start\", \"event_date\": \
                 \"2026-01-05\", \"generation\": 3}} or {{\"step\": \"poll\", \"load\": …}}"
            ))
        })?;
        match ask {
            Ask::Start {
                event_date,
                generation,
            } => self.start(event_date, generation).await,
            Ask::Poll { load } => self.poll(&load).await,
        }
    }

    /// Starts to load a generation. One that is being loaded goes on; one that
    /// was loaded is held against the warehouse again.
    ///
    /// # Errors
    /// [`WarehouseError::Asked`] when there is no such generation; when the lake
    /// or the warehouse cannot be reached: then start it again.
    pub async fn start(&self, event_date: Date, generation: u32) -> Result<Report, WarehouseError> {
        let key = state::key(event_date, generation);
        let before = state::read(&*self.store, &key).await?;
        if let Some(state) = before.as_ref().filter(|state| state.is_running()) {
            return self.advance(state.clone()).await;
        }
        self.generation(event_date, generation).await?;
        let mut state = State {
            version: 1,
            event_date,
            generation,
            run: before.map_or(1, |state| state.run.saturating_add(1)),
            phase: Phase::Loaded,
        };
        state.phase = Phase::Look(self.look(&state, 1).await?);
        state::write(&*self.store, &state).await?;
        Ok(report(&state))
    }

    /// Takes the load at that key a step further, if it can go on.
    ///
    /// # Errors
    /// [`WarehouseError::Asked`] when no load was started there; when the lake or
    /// the warehouse cannot be reached: then poll it again.
    pub async fn poll(&self, load: &str) -> Result<Report, WarehouseError> {
        let key = Path::from(load);
        let found = match load.starts_with(plan::LOADS) {
            true => state::read(&*self.store, &key).await?,
            false => None,
        };
        match found {
            Some(state) => self.advance(state).await,
            None => Err(WarehouseError::Asked(format!(
                "{load:?} is no load: start one, and poll it by the `load` of the answer"
            ))),
        }
    }

    async fn advance(&self, mut state: State) -> Result<Report, WarehouseError> {
        let next = match state.phase.clone() {
            Phase::Look(running) => self.after_look(&state, running).await,
            Phase::Migrate(running) => self.after_migrate(&state, running).await,
            Phase::Stand(running) => self.after_stand(&state, running).await,
            Phase::Load { tables } => self.after_load(&state, tables).await,
            Phase::Count(running) => self.after_count(&state, running).await,
            done @ (Phase::Loaded | Phase::Failed { .. }) => Ok(done),
        };
        let next = match next {
            Err(error) => match lasting(&error) {
                Some(cause) => Phase::Failed { cause },
                None => return Err(error),
            },
            Ok(next) => next,
        };
        if next != state.phase {
            state.phase = next;
            state::write(&*self.store, &state).await?;
        }
        Ok(report(&state))
    }

    async fn after_look(&self, state: &State, running: Running) -> Result<Phase, WarehouseError> {
        match self.next("look at the tables", &running, true).await? {
            Next::Wait => return Ok(Phase::Look(running)),
            Next::TryAgain => return Ok(Phase::Look(self.look(state, running.tries + 1).await?)),
            Next::GiveUp(cause) => return Ok(Phase::Failed { cause }),
            Next::GoOn => {}
        }
        let [applied, columns] = migrate::TOLD;
        let applied = self.warehouse.rows(&running.statement, applied).await?;
        let columns = self.warehouse.rows(&running.statement, columns).await?;
        match Found::read(applied, columns)?.next()? {
            Some(change) if running.tries < LOOKS => {
                let batch = change.batch(String::new());
                Ok(Phase::Migrate(
                    self.submit(state, batch, running.tries).await?,
                ))
            }
            Some(change) => Ok(Phase::Failed {
                cause: format!("migrations come to no end: {}", change.what.join(", ")),
            }),
            None => Ok(Phase::Stand(self.stand(state, "stand", 1).await?)),
        }
    }

    async fn after_migrate(
        &self,
        state: &State,
        running: Running,
    ) -> Result<Phase, WarehouseError> {
        match self.next("migrate", &running, true).await? {
            Next::Wait => Ok(Phase::Migrate(running)),
            Next::GiveUp(cause) => Ok(Phase::Failed { cause }),
            // Whatever came of it: look.
            Next::GoOn | Next::TryAgain => {
                Ok(Phase::Look(self.look(state, running.tries + 1).await?))
            }
        }
    }

    async fn after_stand(&self, state: &State, running: Running) -> Result<Phase, WarehouseError> {
        match self.next("count what is there", &running, false).await? {
            Next::Wait => return Ok(Phase::Stand(running)),
            Next::TryAgain => {
                let again = self.stand(state, "stand", running.tries + 1).await?;
                return Ok(Phase::Stand(again));
            }
            Next::GiveUp(cause) => return Ok(Phase::Failed { cause }),
            Next::GoOn => {}
        }
        let generation = self.generation(state.event_date, state.generation).await?;
        let standing = self.standing(state, &running).await?;
        let plans = self.plans(&generation, &standing).await?;
        let mut tables = BTreeMap::new();
        for (table, plan) in plans {
            if let Some((key, manifest)) = &plan.manifest {
                self.store.put(key, manifest.clone().into()).await?;
            }
            let batch = plan.batch(format!("load-{table}"), String::new());
            let load = TableLoad {
                running: self.submit(state, batch, 1).await?,
                outcome: Outcome::Running,
            };
            tables.insert(table, load);
        }
        Ok(Phase::Load { tables })
    }

    async fn after_load(
        &self,
        state: &State,
        mut tables: BTreeMap<String, TableLoad>,
    ) -> Result<Phase, WarehouseError> {
        let mut again = Vec::new();
        for (table, load) in &mut tables {
            if load.outcome != Outcome::Running {
                continue;
            }
            match self
                .next(&format!("load {table}"), &load.running, false)
                .await?
            {
                Next::Wait => {}
                Next::GoOn => load.outcome = Outcome::Loaded,
                Next::GiveUp(cause) => load.outcome = Outcome::Failed(cause),
                Next::TryAgain => again.push((table.clone(), load.running.tries + 1)),
            }
        }
        if !again.is_empty() {
            let generation = self.generation(state.event_date, state.generation).await?;
            let mut plans = self.plans(&generation, &Standing::default()).await?;
            for (table, tries) in again {
                let Some(plan) = plans.remove(&table) else {
                    continue;
                };
                let batch = plan.batch(format!("load-{table}"), String::new());
                let load = TableLoad {
                    running: self.submit(state, batch, tries).await?,
                    outcome: Outcome::Running,
                };
                tables.insert(table, load);
            }
        }
        if tables.values().any(|load| load.outcome == Outcome::Running) {
            return Ok(Phase::Load { tables });
        }
        let failed: Vec<&str> = tables
            .values()
            .filter_map(|load| match &load.outcome {
                Outcome::Failed(cause) => Some(cause.as_str()),
                _ => None,
            })
            .collect();
        match failed.is_empty() {
            true => Ok(Phase::Count(self.stand(state, "count", 1).await?)),
            false => Ok(Phase::Failed {
                cause: failed.join("; "),
            }),
        }
    }

    async fn after_count(&self, state: &State, running: Running) -> Result<Phase, WarehouseError> {
        match self.next("count what was loaded", &running, false).await? {
            Next::Wait => return Ok(Phase::Count(running)),
            Next::TryAgain => {
                let again = self.stand(state, "count", running.tries + 1).await?;
                return Ok(Phase::Count(again));
            }
            Next::GiveUp(cause) => return Ok(Phase::Failed { cause }),
            Next::GoOn => {}
        }
        let generation = self.generation(state.event_date, state.generation).await?;
        let standing = self.standing(state, &running).await?;
        let book = standing.book(&*self.store, &generation).await?;
        book::keep(&*self.store, &book).await?;
        Ok(match book.problem() {
            None => Phase::Loaded,
            Some(cause) => Phase::Failed { cause },
        })
    }

    /// The loads that are to be run: every table of the generation but those that
    /// have it, or a newer one.
    async fn plans(
        &self,
        generation: &Generation,
        standing: &Standing,
    ) -> Result<BTreeMap<String, TablePlan>, WarehouseError> {
        let projections = projections(&*self.store, generation, |_| false).await?;
        let mut plans = BTreeMap::new();
        for (table, files) in &generation.tables {
            let Some(definition) = self.definitions.iter().find(|d| d.table == *table) else {
                return Err(WarehouseError::Schema(format!(
                    "the lake has a table {table} that the warehouse has not: define it in \
                     sql/redshift/ddl/{table}.sql"
                )));
            };
            if standing.has(table, generation) {
                continue;
            }
            let columns = projections
                .iter()
                .find(|projection| projection.table == *table)
                .map_or(&[][..], |projection| &projection.columns);
            let plan = plan::plan(&self.settings, definition, generation, files, columns)?;
            plans.insert(table.clone(), plan);
        }
        Ok(plans)
    }

    async fn standing(&self, state: &State, running: &Running) -> Result<Standing, WarehouseError> {
        let [loads, rows] = book::TOLD;
        let loads = self.warehouse.rows(&running.statement, loads).await?;
        let rows = self.warehouse.rows(&running.statement, rows).await?;
        Standing::read(state.event_date, &self.definitions, loads, rows)
    }

    async fn generation(
        &self,
        event_date: Date,
        generation: u32,
    ) -> Result<Generation, WarehouseError> {
        match generation::read(&*self.store, event_date, generation).await {
            Err(LakeError::Store(object_store::Error::NotFound { .. })) => {
                Err(WarehouseError::Asked(format!(
                    "the lake has no generation {generation} of {event_date}: load one that was \
                     published"
                )))
            }
            read => Ok(read?),
        }
    }

    async fn look(&self, state: &State, tries: u32) -> Result<Running, WarehouseError> {
        self.submit(state, migrate::look(String::new())?, tries)
            .await
    }

    async fn stand(
        &self,
        state: &State,
        name: &str,
        tries: u32,
    ) -> Result<Running, WarehouseError> {
        let mut batch = book::standing(state.event_date, &self.definitions, String::new())?;
        batch.name = name.to_owned();
        self.submit(state, batch, tries).await
    }

    /// Hands a batch over under its token.
    async fn submit(
        &self,
        state: &State,
        mut batch: Batch,
        tries: u32,
    ) -> Result<Running, WarehouseError> {
        batch.token = plan::token(state.key().as_ref(), state.run, tries, &batch);
        let statement = self.warehouse.submit(&batch).await?;
        Ok(Running { statement, tries })
    }

    /// What a batch calls for, as far as it is. `any` failure of its is worth
    /// another try: two who make the same table at once get in each other's way.
    async fn next(&self, what: &str, running: &Running, any: bool) -> Result<Next, WarehouseError> {
        Ok(match self.warehouse.poll(&running.statement).await? {
            Progress::Running => Next::Wait,
            Progress::Done => Next::GoOn,
            Progress::Unknown if running.tries < TRIES => Next::TryAgain,
            Progress::Unknown => Next::GiveUp(format!(
                "cannot {what}: the warehouse forgot the statements {TRIES} times"
            )),
            Progress::Failed(failure) if running.tries < TRIES && (any || failure.may_pass) => {
                Next::TryAgain
            }
            Progress::Failed(failure) => Next::GiveUp(said(what, &failure)),
        })
    }
}

fn report(state: &State) -> Report {
    let (status, cause) = match &state.phase {
        Phase::Loaded => (Status::Loaded, None),
        Phase::Failed { cause } => (Status::Failed, Some(shortened(cause))),
        _ => (Status::Running, None),
    };
    Report {
        load: state.key().to_string(),
        status,
        cause,
    }
}

/// A failure as a sentence, in the engine's own words.
fn said(what: &str, failure: &Failure) -> String {
    let words = failure.words.trim();
    match &failure.statement {
        Some(name) => format!("cannot {what}: at {name:?} the warehouse said: {words}"),
        None => format!("cannot {what}: the warehouse said: {words}"),
    }
}

/// The error as a cause, if trying again does not help.
fn lasting(error: &WarehouseError) -> Option<String> {
    let store = match error {
        WarehouseError::Unavailable { .. } => return None,
        WarehouseError::Lake(LakeError::Store(error))
        | WarehouseError::Projection(ProjectionError::Lake(LakeError::Store(error))) => Some(error),
        _ => None,
    };
    match store {
        Some(object_store::Error::NotFound { path, .. }) => Some(format!(
            "{path} is gone, which the generation names: `marquee audit` of the date tells more"
        )),
        Some(_) => None,
        None => Some(error.to_string()),
    }
}

fn shortened(cause: &str) -> String {
    if cause.len() <= CAUSE_BYTES {
        return cause.to_owned();
    }
    let cut = cause.floor_char_boundary(CAUSE_BYTES);
    format!("{} …", cause.get(..cut).unwrap_or_default())
}
