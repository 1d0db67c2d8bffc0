//! A warehouse on this machine.

use std::collections::BTreeMap;
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

use super::Loaded;
use crate::bad_input::BadInput;
use crate::day::existing_lake;

/// What the warehouse calls the lake; nothing is sent anywhere.
const URL: &str = "s3://lake";
/// A role that is none: COPY wants one.
const ROLE: &str = "arn:aws:iam::000000000000:role/copy";
/// How long a statement may take.
const TIMEOUT: Duration = Duration::from_secs(600);
/// Between two looks at a statement.
const PAUSE: Duration = Duration::from_millis(20);
/// What keeps a question from being anything else.
const READ_ONLY: &str = "SET TRANSACTION READ ONLY";
const HOW_TO_ASK: &str = "ask with SELECT, WITH or SHOW";
/// The directory of its data, beside the zones.
const DIRECTORY: &str = "warehouse";

/// A warehouse on this machine, beside a lake.
pub struct Embedded {
    store: Arc<dyn ObjectStore>,
    data_api: FakeDataApi,
    loader: Loader,
    tokens: AtomicU64,
}

/// Whether a warehouse can be had.
///
/// # Errors
/// [`BadInput`] says what to install.
pub fn is_there() -> Result<(), BadInput> {
    let found = postgres::programs();
    found
        .map(|_| ())
        .map_err(|error| BadInput(error.to_string()))
}

impl Embedded {
    /// Starts the warehouse of the lake in `lake`.
    ///
    /// # Errors
    /// [`BadInput`] where there is no lake or no PostgreSQL.
    pub async fn open(lake: &Path) -> anyhow::Result<Self> {
        is_there()?;
        let store = existing_lake(lake)?;
        let data = std::path::absolute(lake.join(DIRECTORY))?;
        let copies = copy::CopySource {
            store: Arc::clone(&store),
            url: URL.to_owned(),
            role: ROLE.to_owned(),
        };
        let engine = Engine::start(copies, Some(&data))
            .await
            .with_context(|| format!("cannot start a warehouse in {}", data.display()))?;
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

    /// Brings it to what `sql/redshift` says; what was done.
    ///
    /// # Errors
    /// Where it cannot be brought there, with the way out.
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
    pub async fn load(&self, date: Option<Date>) -> anyhow::Result<Vec<Loaded>> {
        let mut current = generation::current(&*self.store).await?;
        if let Some(date) = date {
            current.retain(|published, _| *published == date);
            if current.is_empty() {
                return Err(BadInput(format!(
                    "{date} is not published: `marquee day {date}` makes it"
                ))
                .into());
            }
        }
        let mut loads = Vec::new();
        for generation in current.into_values() {
            loads.push(self.load_generation(&generation).await?);
        }
        Ok(loads)
    }

    async fn load_generation(&self, generation: &Generation) -> anyhow::Result<Loaded> {
        let number = generation.generation;
        let mut report = self.loader.start(generation.event_date, number).await?;
        while report.status == LoadStatus::Running {
            tokio::time::sleep(PAUSE).await;
            report = self.loader.poll(&report.load).await?;
        }
        Ok(Loaded {
            event_date: generation.event_date,
            generation: number,
            tables: generation.tables.len(),
            rows: generation.tables.values().map(|files| files.rows()).sum(),
            report,
        })
    }

    /// Asks it a question, which changes nothing.
    ///
    /// # Errors
    /// In its words, or how to ask where that is no question.
    pub async fn ask(&self, sql: &str) -> Result<QueryResult, BadInput> {
        let asked = self.read(sql).await;
        let answer = asked.map_err(|StatementError(words)| BadInput(plainly(&words)))?;
        match answer.columns {
            Some(_) => Ok(answer),
            None => Err(BadInput(format!("that is no question: {HOW_TO_ASK}"))),
        }
    }

    async fn read(&self, sql: &str) -> Result<QueryResult, StatementError> {
        let session = self.data_api.engine().session().await?;
        session.begin().await?;
        session.run(READ_ONLY, &BTreeMap::new()).await?;
        session.run(sql, &BTreeMap::new()).await
    }

    /// The lake beside it.
    pub fn lake(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The engine that runs it.
    pub fn engine(&self) -> &Engine {
        self.data_api.engine()
    }

    /// Runs a batch to its end; its id.
    async fn run(&self, batch: &StatementBatch) -> anyhow::Result<String> {
        let id = self.data_api.submit(batch).await?;
        loop {
            match self.data_api.poll(&id).await? {
                BatchProgress::Running => tokio::time::sleep(PAUSE).await,
                BatchProgress::Done => return Ok(id),
                BatchProgress::Failed(failure) => {
                    let name = failure.statement.unwrap_or_else(|| batch.name.clone());
                    bail!("{name}: the warehouse said: {}", failure.message);
                }
                BatchProgress::Unknown => {
                    bail!("the warehouse does not know {} any more", batch.name)
                }
            }
        }
    }

    fn token(&self) -> String {
        let number = self.tokens.fetch_add(1, Ordering::Relaxed);
        format!("migrate-{number}")
    }
}

/// The engine's words without what a program's log would say.
fn plainly(words: &str) -> String {
    let said = words.strip_prefix("ERROR: ").unwrap_or(words);
    let change = said
        .strip_prefix("cannot execute ")
        .and_then(|said| said.strip_suffix(" in a read-only transaction"));
    match change {
        Some(statement) => format!(
            "{statement} is refused, as it would change something and the warehouse is only \
             read: {HOW_TO_ASK}"
        ),
        None => said.to_owned(),
    }
}
