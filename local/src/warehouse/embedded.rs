//! A warehouse on this machine.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use marquee_event::Date;
use marquee_lake::generation::{self, Generation};
use marquee_local_warehouse::engine::{QueryResult, StatementError};
use marquee_local_warehouse::{Engine, FakeDataApi, copy, postgres};
use marquee_warehouse::Warehouse;
use marquee_warehouse::load::plan::LoadSettings;
use marquee_warehouse::load::{LoadStatus, Loader};
use marquee_warehouse::migrate::{self, WarehouseSchema};
use marquee_warehouse::port::{BatchProgress, StatementBatch};
use object_store::ObjectStore;

use super::DateLoad;
use crate::bad_input::BadInput;
use crate::lake::existing_lake;

/// The lake's URL in COPY statements. No request leaves this machine.
const URL: &str = "s3://lake";
/// A placeholder for the role that COPY requires.
const ROLE: &str = "arn:aws:iam::000000000000:role/copy";
/// The timeout of a statement.
const TIMEOUT: Duration = Duration::from_secs(600);
/// The interval between two polls of a statement.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// The timeout of a query.
const QUERY_TIMEOUT: Duration = Duration::from_secs(300);
const QUERY_HINT: &str = "use SELECT, WITH or SHOW";
/// The directory of the warehouse's data, beside the zones.
const DIRECTORY: &str = "warehouse";

/// The local warehouse of a lake.
pub struct LocalWarehouse {
    store: Arc<dyn ObjectStore>,
    data_api: FakeDataApi,
    loader: Loader,
    tokens: AtomicU64,
}

/// Checks that PostgreSQL is installed.
///
/// # Errors
/// [`BadInput`] names the package to install.
pub fn check_postgresql() -> Result<(), BadInput> {
    let found = postgres::programs();
    found
        .map(|_| ())
        .map_err(|error| BadInput(error.to_string()))
}

impl LocalWarehouse {
    /// Starts the warehouse of the lake in `lake`.
    ///
    /// # Errors
    /// [`BadInput`] without a lake or PostgreSQL.
    pub async fn open(lake: &Path) -> anyhow::Result<Self> {
        check_postgresql()?;
        let store = existing_lake(lake)?;
        let data = std::path::absolute(lake.join(DIRECTORY))?;
        let copies = copy::CopySource {
            store: Arc::clone(&store),
            url: URL.to_owned(),
            role: ROLE.to_owned(),
        };
        let engine = Engine::start(copies, Some(&data))
            .await
            .with_context(|| format!("cannot start the warehouse in {}", data.display()))?;
        let data_api = FakeDataApi::new(engine);
        let settings = LoadSettings {
            lake: URL.to_owned(),
            copy_role: ROLE.to_owned(),
            timeout: TIMEOUT,
        };
        let warehouse: Arc<dyn Warehouse> = Arc::new(data_api.clone());
        Ok(Self {
            loader: Loader::new(Arc::clone(&store), warehouse, settings)?,
            store,
            data_api,
            tokens: AtomicU64::new(0),
        })
    }

    /// Migrates the schema to `sql/redshift` and returns the changes.
    ///
    /// # Errors
    /// When the schema cannot be migrated; the error names the remedy.
    pub async fn migrate(&self) -> anyhow::Result<Vec<String>> {
        let mut done = Vec::new();
        loop {
            let id = self.run(&migrate::inspect_schema(self.token())?).await?;
            let [applied, columns] = migrate::INSPECTION_RESULTS;
            let applied = self.data_api.rows(&id, applied).await?;
            let columns = self.data_api.rows(&id, columns).await?;
            let Some(change) = WarehouseSchema::read(applied, columns)?.next_migration()? else {
                return Ok(done);
            };
            self.run(&change.batch(self.token())).await?;
            done.extend(change.descriptions);
        }
    }

    /// Loads the current generation of that date, or of every date, ascending.
    ///
    /// # Errors
    /// [`BadInput`] for a date that is not published.
    pub async fn load(&self, date: Option<Date>) -> anyhow::Result<Vec<DateLoad>> {
        let mut current = generation::current(&*self.store).await?;
        if let Some(date) = date {
            current.retain(|published, _| *published == date);
            if current.is_empty() {
                return Err(
                    BadInput(format!("{date} is not published. Run `marquee day {date}`")).into(),
                );
            }
        }
        let mut loads = Vec::new();
        for generation in current.into_values() {
            loads.push(self.load_generation(&generation).await?);
        }
        self.data_api.engine().analyze().await?;
        Ok(loads)
    }

    async fn load_generation(&self, generation: &Generation) -> anyhow::Result<DateLoad> {
        let number = generation.generation;
        let mut report = self.loader.start(generation.event_date, number).await?;
        while report.status == LoadStatus::Running {
            tokio::time::sleep(POLL_INTERVAL).await;
            report = self.loader.poll(&report.load).await?;
        }
        Ok(DateLoad {
            event_date: generation.event_date,
            generation: number,
            tables: generation.tables.len(),
            rows: generation.tables.values().map(|files| files.rows()).sum(),
            report,
        })
    }

    /// Runs a query as a role that can only read.
    ///
    /// # Errors
    /// [`BadInput`] with the engine's message, or if the statement is not a query.
    pub async fn query(&self, sql: &str) -> Result<QueryResult, BadInput> {
        let answer = self.data_api.engine().query(sql, QUERY_TIMEOUT).await;
        match answer {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(BadInput(format!(
                "the statement returns no rows; {QUERY_HINT}"
            ))),
            Err(StatementError(message)) => Err(BadInput(readable_message(&message))),
        }
    }

    /// Returns the lake.
    pub fn lake(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Returns the engine.
    pub fn engine(&self) -> &Engine {
        self.data_api.engine()
    }

    /// Runs a batch to its end and returns its id.
    async fn run(&self, batch: &StatementBatch) -> anyhow::Result<String> {
        let id = self.data_api.submit(batch).await?;
        loop {
            match self.data_api.poll(&id).await? {
                BatchProgress::Running => tokio::time::sleep(POLL_INTERVAL).await,
                BatchProgress::Done => return Ok(id),
                BatchProgress::Failed(failure) => {
                    let name = failure.statement.unwrap_or_else(|| batch.name.clone());
                    bail!("the statement {name:?} failed: {}", failure.message);
                }
                BatchProgress::Unknown => {
                    bail!("the warehouse lost the batch {}", batch.name)
                }
            }
        }
    }

    fn token(&self) -> String {
        let number = self.tokens.fetch_add(1, Ordering::Relaxed);
        format!("migrate-{number}")
    }
}

/// Rewrites the engine's message for a user of the command line.
fn readable_message(message: &str) -> String {
    let message = message.strip_prefix("ERROR: ").unwrap_or(message);
    let change = message
        .strip_prefix("cannot execute ")
        .and_then(|message| message.strip_suffix(" in a read-only transaction"));
    match change {
        Some(statement) => format!(
            "{statement} is not allowed, because this connection is read-only; {QUERY_HINT}"
        ),
        None => message.to_owned(),
    }
}
