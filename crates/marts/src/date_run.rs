//! The marts and checks of one date.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::runtime::JoinSet;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use futures::lock;
use marquee_lake::generation::{FileEntry, TableFiles};
use marquee_lake::rows::catch_parquet_panic_async;
use marquee_lake::staging::DateInputs;
use marquee_lake::step::StepErrorKind;
use marquee_lake::{digest, zone};
use marquee_sql::{After, Check, CheckResult, Mart, Partition};
use marquee_tables::schema;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::MartsError;
use crate::batches::{self, INGEST_BATCHES};
use crate::check;
use crate::curated::{self, COMPACTED};
use crate::damage;
use crate::ledger;
use crate::mart_schemas::MartSchemas;
use crate::output::{Output, storable};
use crate::session::{self, register, register_rows};
use crate::state::{self, Carried};
use crate::statement;
use crate::table::{PartitionColumns, TableObjects};

/// A run of the marts and checks of one date.
///
/// Each query reads only the compacted tables of its look-back window, the title catalog
/// and the batches. A mart also reads the state tables of the date. A check that runs after
/// the marts also reads the marts of the date.
/// A query uses one thread, so equal inputs give equal bytes; different queries can run
/// concurrently.
pub struct DateRun {
    store: Arc<dyn ObjectStore>,
    runtime: Arc<RuntimeEnv>,
    inputs: DateInputs,
    titles: TableObjects,
    schemas: Arc<MartSchemas>,
    contexts: Mutex<BTreeMap<ContextKey, SessionContext>>,
    /// The state tables that this run has built, by name.
    states: lock::Mutex<BTreeMap<String, TableFiles>>,
}

/// The dates whose compacted tables a query reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reads {
    /// The date and this number of days before it.
    Window(u32),
    /// The same without the dates whose rows a state table carries over.
    NotCarried(u32),
}

impl Reads {
    fn of(mart: &Mart) -> Self {
        match mart.is_state() {
            true => Self::NotCarried(mart.looks_back),
            false => Self::Window(mart.looks_back),
        }
    }
}

/// The tables that a query reads: those of some dates, with or without the date's
/// marts. Queries with the same key share a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ContextKey {
    reads: Reads,
    has_marts: bool,
}

impl DateRun {
    /// Creates a run over these inputs, without a memory limit. Does not read any
    /// table yet.
    ///
    /// # Errors
    /// Returns [`MartsError::Ledger`] if the title catalog is missing.
    pub async fn open(store: Arc<dyn ObjectStore>, inputs: DateInputs) -> Result<Self, MartsError> {
        Self::with_schemas(store, inputs, Arc::new(MartSchemas::new()?)).await
    }

    /// Creates a run that shares the schemas of marts with other runs.
    pub(crate) async fn with_schemas(
        store: Arc<dyn ObjectStore>,
        inputs: DateInputs,
        schemas: Arc<MartSchemas>,
    ) -> Result<Self, MartsError> {
        let titles = ledger::titles(store.as_ref(), inputs.title_catalog.as_ref()).await?;
        Ok(Self {
            runtime: session::runtime(Arc::clone(&store), None)?,
            store,
            inputs,
            titles,
            schemas,
            contexts: Mutex::default(),
            states: lock::Mutex::default(),
        })
    }

    /// Limits the memory of all queries of this run together.
    ///
    /// Grouping and sorting beyond the limit spill to the system's temporary directory
    /// and give the same rows.
    ///
    /// # Errors
    /// Returns [`MartsError::Failed`] if the query engine cannot be set up.
    pub fn with_memory_limit(mut self, memory_bytes: usize) -> Result<Self, MartsError> {
        self.runtime = session::runtime(Arc::clone(&self.store), Some(memory_bytes))?;
        self.contexts = Mutex::default();
        self.states = lock::Mutex::default();
        Ok(self)
    }

    /// Builds a mart and writes it as one file, even if it has no rows. Before it, builds
    /// the state tables that the mart reads; each state table is built once.
    ///
    /// # Errors
    /// Returns [`MartsError::File`] with the mart's file and the cause.
    pub async fn build(&self, mart: &Mart) -> Result<TableFiles, MartsError> {
        if mart.is_state() {
            let mut built = self.states.lock().await;
            return self.build_state(mart, &mut built).await;
        }
        self.add_states(mart).await?;
        self.build_diagnosed(mart).await
    }

    /// Builds the state tables that the mart reads, and adds them to its context.
    async fn add_states(&self, mart: &Mart) -> Result<(), MartsError> {
        let states = self.states_of(mart);
        let states = states.map_err(|error| error.in_mart(&mart.name))?;
        if states.is_empty() {
            return Ok(());
        }
        let context = self.mart_context(mart)?;
        let mut built = self.states.lock().await;
        for state in states {
            let files = self.build_state(state, &mut built).await?;
            if !context.table_exist(state.name.as_str())? {
                let objects = ledger::objects(&files.files);
                self.register_mart(&context, state, &objects).await?;
            }
        }
        Ok(())
    }

    /// Returns the state tables that the mart reads.
    fn states_of(&self, mart: &Mart) -> Result<Vec<&Mart>, MartsError> {
        let context = self.mart_context(mart)?;
        let sql = mart.sql_for(&self.inputs.event_date.to_string());
        let names = statement::tables(&context.state(), &sql)?;
        let marts = names.iter().filter_map(|name| self.schemas.mart(name));
        Ok(marts.filter(|mart| mart.is_state()).collect())
    }

    /// Returns the files of a state table; builds it if it is not in `built`.
    async fn build_state(
        &self,
        state: &Mart,
        built: &mut BTreeMap<String, TableFiles>,
    ) -> Result<TableFiles, MartsError> {
        if let Some(files) = built.get(&state.name) {
            return Ok(files.clone());
        }
        let files = self.build_diagnosed(state).await?;
        built.insert(state.name.clone(), files.clone());
        Ok(files)
    }

    /// Returns the context of a mart and of all marts that read the same dates.
    fn mart_context(&self, mart: &Mart) -> Result<SessionContext, MartsError> {
        self.context(ContextKey {
            reads: Reads::of(mart),
            has_marts: false,
        })
    }

    async fn build_diagnosed(&self, mart: &Mart) -> Result<TableFiles, MartsError> {
        let built = self.with_damage_diagnosis(Reads::of(mart), self.build_file(mart));
        built.await.map_err(|error| error.in_mart(&mart.name))
    }

    /// Plans a mart; the plan of a state table includes the carried rows.
    async fn plan(&self, mart: &Mart, context: &SessionContext) -> Result<LogicalPlan, MartsError> {
        let sql = mart.sql_for(&self.inputs.event_date.to_string());
        let plan = statement::plan(&context.state(), &sql).await?;
        let Some(column) = &mart.carried_by else {
            return Ok(plan);
        };
        let carried = &self.inputs.carried;
        let files = carried.tables.get(&mart.name).into_iter().flatten();
        let carried = Carried {
            files: ledger::objects(files),
            column,
            dates: &carried.dates,
        };
        state::with_carried(context, plan, carried)
    }

    async fn build_file(&self, mart: &Mart) -> Result<TableFiles, MartsError> {
        let context = self.mart_context(mart)?;
        let plan = self.plan(mart, &context).await?;
        let schema = storable(plan.schema().as_arrow())?;
        self.schemas.keep(mart, &schema);
        let mut output = Output::new(schema)?;
        let frame = context.execute_logical_plan(plan).await?;
        let mut stream = frame.execute_stream().await?;
        while let Some(rows) = stream.try_next().await? {
            output.write(&rows)?;
        }
        let (file, rows) = output.finish()?;
        let date = match mart.partition {
            Partition::EventDate => Some(self.inputs.event_date),
            Partition::None => None,
        };
        let directory = zone::curated_directory(&mart.name, date, &self.inputs.run);
        let entry = FileEntry {
            key: format!("{directory}/part-0000.parquet"),
            rows,
            bytes: file.len() as u64,
            digest: digest::of(&file),
        };
        self.store
            .put(&Path::from(entry.key.as_str()), file.into())
            .await
            .map_err(|error| MartsError::Failed {
                kind: StepErrorKind::of(&error),
                message: format!("cannot write {}: {error}", entry.key),
            })?;
        Ok(TableFiles { files: vec![entry] })
    }

    /// Builds these marts, state tables first and the others `concurrency` at a time, and
    /// returns their files by name.
    ///
    /// Concurrency needs a multi-threaded Tokio runtime.
    ///
    /// # Errors
    /// Returns the first error of [`DateRun::build`].
    pub async fn build_all(
        self: &Arc<Self>,
        marts: impl IntoIterator<Item = Mart>,
        concurrency: usize,
    ) -> Result<BTreeMap<String, TableFiles>, MartsError> {
        let (states, marts): (Vec<Mart>, Vec<Mart>) = marts.into_iter().partition(Mart::is_state);
        let mut tables = BTreeMap::new();
        for state in states {
            tables.insert(state.name.clone(), self.build(&state).await?);
        }
        let others = marts.into_iter().map(|mart| {
            let run = Arc::clone(self);
            async move {
                let files = run.build(&mart).await?;
                Ok((mart.name, files))
            }
        });
        tables.extend(run_concurrently(others, concurrency).await?);
        Ok(tables)
    }

    /// Runs the checks, up to `concurrency` of them concurrently. Returns the results in
    /// the order of `checks`.
    ///
    /// # Errors
    /// Returns the error of the first check that fails, like [`DateRun::check`].
    pub async fn check_all(
        self: &Arc<Self>,
        checks: impl IntoIterator<Item = Check>,
        concurrency: usize,
    ) -> Result<Vec<CheckResult>, MartsError> {
        let results = checks.into_iter().enumerate().map(|(place, check)| {
            let run = Arc::clone(self);
            async move { Ok((place, run.check(&check).await?)) }
        });
        let mut results = run_concurrently(results, concurrency).await?;
        results.sort_by_key(|(place, _)| *place);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }

    /// Runs a check. A violated check is a result, not an error.
    ///
    /// # Errors
    /// Returns [`MartsError::File`] with the check's file and the cause if the check
    /// cannot be run.
    pub async fn check(&self, check: &Check) -> Result<CheckResult, MartsError> {
        let reads = Reads::Window(check.looks_back);
        let run = async {
            let has_marts = check.after == After::Marts;
            let context = self.context(ContextKey { reads, has_marts })?;
            let sql = check.sql_for(&self.inputs.event_date.to_string());
            if has_marts {
                self.add_marts(&context, &sql).await?;
            }
            check::run(check, &sql, &context).await
        };
        let found = self.with_damage_diagnosis(reads, run).await;
        found.map_err(|error| error.in_check(&check.name))
    }

    /// Runs a query over the tables of some dates. If it fails for another reason than the
    /// store or the SQL, searches for a damaged input file and names it in the error.
    async fn with_damage_diagnosis<T>(
        &self,
        reads: Reads,
        query: impl Future<Output = Result<T, MartsError>>,
    ) -> Result<T, MartsError> {
        let message = match catch_parquet_panic_async(query).await {
            Ok(Err(MartsError::Failed {
                kind: StepErrorKind::Damaged | StepErrorKind::Failed,
                message,
            })) => message,
            Ok(done) => return done,
            Err(panic) => panic.to_string(),
        };
        match damage::find(&*self.store, self.files(reads)).await? {
            Some(key) => Err(MartsError::Damaged { key, message }),
            None => Err(MartsError::Failed {
                kind: StepErrorKind::Failed,
                message,
            }),
        }
    }

    /// Returns keys and digests of all files that a query over these dates can read.
    fn files(&self, reads: Reads) -> Vec<(&str, &str)> {
        let titles = self.inputs.title_catalog.iter();
        let mut files: Vec<(&str, &str)> = titles
            .map(|pointer| (&*pointer.key, &*pointer.version))
            .collect();
        for table in self.inputs.tables.keys() {
            files.extend(
                self.entries(table, reads)
                    .into_iter()
                    .map(|file| (&*file.key, &*file.digest)),
            );
        }
        if let Reads::NotCarried(_) = reads {
            let carried = self.inputs.carried.tables.values().flatten();
            files.extend(carried.map(|file| (&*file.key, &*file.digest)));
        }
        files
    }

    /// Returns the context of the key. A new context has no marts yet.
    fn context(&self, key: ContextKey) -> Result<SessionContext, MartsError> {
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(context) = contexts.get(&key) {
            return Ok(context.clone());
        }
        let context = self.new_context(key.reads)?;
        contexts.insert(key, context.clone());
        Ok(context)
    }

    /// Creates a context with the compacted tables of these dates, the title catalog and
    /// the batches.
    fn new_context(&self, reads: Reads) -> Result<SessionContext, MartsError> {
        let context = session::context(1, Arc::clone(&self.runtime));
        for (name, schema) in COMPACTED {
            let objects = ledger::objects(self.entries(name, reads));
            register(
                &context,
                name,
                schema(),
                PartitionColumns::EventDate,
                &objects,
            )?;
        }
        register(
            &context,
            "titles",
            schema::titles(),
            PartitionColumns::None,
            &self.titles,
        )?;
        register_rows(
            &context,
            INGEST_BATCHES,
            batches::rows(&self.inputs.receipts)?,
        )?;
        Ok(context)
    }

    /// Adds the date's marts that `sql` reads to a context of the compacted tables.
    async fn add_marts(&self, context: &SessionContext, sql: &str) -> Result<(), MartsError> {
        // Two checks that share the context must not register the same table.
        let _registering = self.states.lock().await;
        let names = statement::tables(&context.state(), sql)?;
        let marts = names.iter().filter_map(|name| self.schemas.mart(name));
        // The schema of a mart needs the state tables that the mart may read.
        let states = self.schemas.states();
        for mart in states.chain(marts) {
            if context.table_exist(mart.name.as_str())? {
                continue;
            }
            let objects = ledger::objects(self.entries(&mart.name, Reads::Window(0)));
            self.register_mart(context, mart, &objects).await?;
        }
        Ok(())
    }

    /// Adds a mart of the date to a context of the compacted tables.
    async fn register_mart(
        &self,
        context: &SessionContext,
        mart: &Mart,
        objects: &TableObjects,
    ) -> Result<(), MartsError> {
        let schema = self.schemas.schema_of(mart, context).await?;
        let partitions = curated::partition_columns(mart);
        register(context, &mart.name, schema, partitions, objects)
    }

    /// Returns the table's files of these dates.
    fn entries(&self, table: &str, reads: Reads) -> Vec<&FileEntry> {
        let (Reads::Window(looks_back) | Reads::NotCarried(looks_back)) = reads;
        let carried = match reads {
            Reads::Window(_) => None,
            Reads::NotCarried(_) => Some(&self.inputs.carried.dates),
        };
        let date = self.inputs.event_date;
        let window = date.before(looks_back)..=date;
        let mut entries = Vec::new();
        for (date, files) in self.inputs.tables.get(table).into_iter().flatten() {
            if window.contains(date) && carried.is_none_or(|carried| !carried.contains(date)) {
                entries.extend(files);
            }
        }
        entries
    }
}

/// Runs the queries, up to `concurrency` of them concurrently. Returns their results in the
/// order of completion.
///
/// # Errors
/// Returns the first error and aborts the remaining queries.
async fn run_concurrently<T: Send + 'static>(
    mut waiting: impl Iterator<Item: Future<Output = Result<T, MartsError>> + Send + 'static>,
    concurrency: usize,
) -> Result<Vec<T>, MartsError> {
    let mut running = JoinSet::new();
    let mut results = Vec::new();
    loop {
        while running.len() < concurrency.max(1)
            && let Some(query) = waiting.next()
        {
            running.spawn(query);
        }
        let Some(done) = running.join_next().await else {
            return Ok(results);
        };
        results.push(done.map_err(|error| MartsError::Failed {
            kind: StepErrorKind::Failed,
            message: error.to_string(),
        })??);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn checks_that_read_a_mart_concurrently_register_it_once() {
        let store = Arc::new(InMemory::new());
        let inputs = DateInputs::new("2026-01-05".parse().unwrap());
        let run = Arc::new(DateRun::open(store, inputs).await.unwrap());
        let key = ContextKey {
            reads: Reads::Window(0),
            has_marts: true,
        };
        let context = run.context(key).unwrap();
        let mut checks = JoinSet::new();
        for _ in 0..16 {
            let (run, context) = (Arc::clone(&run), context.clone());
            let check = async move { run.add_marts(&context, "SELECT * FROM user_title").await };
            checks.spawn(check);
        }
        while let Some(added) = checks.join_next().await {
            added.unwrap().unwrap();
        }
        assert!(context.table_exist("user_title").unwrap());
    }
}
