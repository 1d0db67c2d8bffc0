//! One date's tables and checks, from its facts.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::runtime::JoinSet;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
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
use crate::output::{Output, storable};
use crate::session::{self, register, register_rows};
use crate::statement;
use crate::table::{Objects, Partitions};

/// Makes marts and runs checks of one date.
///
/// Each query sees the facts of its own window and nothing else, on one thread,
/// so that the same inputs give the same bytes; queries may run side by side.
pub struct DateRun {
    store: Arc<dyn ObjectStore>,
    runtime: Arc<RuntimeEnv>,
    inputs: DateInputs,
    titles: Objects,
    mart_schemas: OnceLock<Vec<(Mart, SchemaRef)>>,
}

impl DateRun {
    /// Takes hold of the inputs; reads no fact yet.
    ///
    /// # Errors
    /// [`MartsError::Ledger`] when the catalogue is not
    /// there.
    pub async fn open(store: Arc<dyn ObjectStore>, inputs: DateInputs) -> Result<Self, MartsError> {
        let titles = ledger::titles(store.as_ref(), inputs.catalogue.as_ref()).await?;
        Ok(Self {
            runtime: session::runtime(Arc::clone(&store), None)?,
            store,
            inputs,
            titles,
            mart_schemas: OnceLock::new(),
        })
    }

    /// Bounds what its queries hold in memory, all of them together. Beyond it what is
    /// grouped or sorted is spilled to the system's temporary directory, and gives the
    /// same rows.
    ///
    /// # Errors
    /// [`MartsError::Failed`] when the queries cannot be set up so.
    pub fn within(mut self, memory_bytes: usize) -> Result<Self, MartsError> {
        self.runtime = session::runtime(Arc::clone(&self.store), Some(memory_bytes))?;
        Ok(self)
    }

    /// Makes a mart and writes it, as one file, also where it has no rows.
    ///
    /// # Errors
    /// [`MartsError::File`] with the mart's file and what is wrong.
    pub async fn build(&self, mart: &Mart) -> Result<TableFiles, MartsError> {
        let built = self.with_damage_diagnosis(mart.looks_back, self.build_unnamed(mart));
        built.await.map_err(|error| error.in_mart(&mart.name))
    }

    async fn build_unnamed(&self, mart: &Mart) -> Result<TableFiles, MartsError> {
        let context = self.context(mart.looks_back)?;
        let sql = mart.sql_for(&self.inputs.event_date.to_string());
        let plan = statement::plan(&context.state(), &sql).await?;
        let mut output = Output::new(storable(plan.schema().as_arrow())?)?;
        let frame = context.execute_logical_plan(plan).await?;
        let mut answer = frame.execute_stream().await?;
        while let Some(rows) = answer.try_next().await? {
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
                message: format!("{} cannot be written: {error}", entry.key),
            })?;
        Ok(TableFiles { files: vec![entry] })
    }

    /// Makes those marts, `at_once` of them side by side, by name.
    ///
    /// Needs a runtime of tokio with as many threads to be of use.
    ///
    /// # Errors
    /// As [`DateRun::build`], of the first that fails.
    pub async fn build_all(
        self: &Arc<Self>,
        marts: impl IntoIterator<Item = Mart>,
        at_once: usize,
    ) -> Result<BTreeMap<String, TableFiles>, MartsError> {
        let mut waiting = marts.into_iter();
        let mut running = JoinSet::new();
        let mut built = BTreeMap::new();
        loop {
            while running.len() < at_once.max(1)
                && let Some(mart) = waiting.next()
            {
                let run = Arc::clone(self);
                running.spawn(async move {
                    let files = run.build(&mart).await?;
                    Ok::<_, MartsError>((mart.name, files))
                });
            }
            let Some(done) = running.join_next().await else {
                return Ok(built);
            };
            let (name, files) = done.map_err(|error| MartsError::Failed {
                kind: StepErrorKind::Failed,
                message: error.to_string(),
            })??;
            built.insert(name, files);
        }
    }

    /// Runs a check.
    ///
    /// # Errors
    /// [`MartsError::File`] when it cannot be run; rows that break it are no
    /// error.
    pub async fn check(&self, check: &Check) -> Result<CheckResult, MartsError> {
        let run = async {
            let context = self.context(check.looks_back)?;
            if check.after == After::Marts {
                self.add_marts(&context).await?;
            }
            check::run(check, &context, self.inputs.event_date).await
        };
        let found = self.with_damage_diagnosis(check.looks_back, run).await;
        found.map_err(|error| error.in_check(&check.name))
    }

    /// Awaits the query over that window. Where neither the store nor the SQL is at
    /// fault, the error names the file that is not what the ledger says of it.
    async fn with_damage_diagnosis<T>(
        &self,
        looks_back: u32,
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
        match damage::find(&*self.store, self.files(looks_back)).await? {
            Some(key) => Err(MartsError::Damaged { key, message }),
            None => Err(MartsError::Failed {
                kind: StepErrorKind::Failed,
                message,
            }),
        }
    }

    /// The keys and digests of all that a query over that window may read.
    fn files(&self, looks_back: u32) -> Vec<(&str, &str)> {
        let titles = self.inputs.catalogue.iter();
        let mut files: Vec<(&str, &str)> = titles
            .map(|pointer| (&*pointer.key, &*pointer.version))
            .collect();
        for table in self.inputs.tables.keys() {
            files.extend(
                self.entries(table, looks_back)
                    .into_iter()
                    .map(|file| (&*file.key, &*file.digest)),
            );
        }
        files
    }

    /// The facts of the window that begins that many days before the date.
    fn context(&self, looks_back: u32) -> Result<SessionContext, MartsError> {
        let context = session::context(1, Arc::clone(&self.runtime));
        for (name, schema) in COMPACTED {
            let objects = self.window(name, looks_back);
            register(&context, name, schema(), Partitions::EventDate, &objects)?;
        }
        register(
            &context,
            "titles",
            schema::titles(),
            Partitions::None,
            &self.titles,
        )?;
        register_rows(
            &context,
            INGEST_BATCHES,
            batches::rows(&self.inputs.receipts)?,
        )?;
        Ok(context)
    }

    /// Adds every mart, of the date alone; `context` has the facts.
    async fn add_marts(&self, context: &SessionContext) -> Result<(), MartsError> {
        for (mart, schema) in self.mart_schemas(context).await? {
            let objects = self.window(&mart.name, 0);
            let partitions = curated::partitions(mart);
            register(
                context,
                &mart.name,
                Arc::clone(schema),
                partitions,
                &objects,
            )?;
        }
        Ok(())
    }

    /// Every mart and its columns, found out once.
    async fn mart_schemas(
        &self,
        context: &SessionContext,
    ) -> Result<&[(Mart, SchemaRef)], MartsError> {
        if let Some(schemas) = self.mart_schemas.get() {
            return Ok(schemas);
        }
        let mut schemas = Vec::new();
        for mart in marquee_sql::marts()? {
            let schema = curated::schema_of(&mart, context).await?;
            schemas.push((mart, schema));
        }
        Ok(self.mart_schemas.get_or_init(|| schemas))
    }

    fn window(&self, table: &str, looks_back: u32) -> Objects {
        ledger::objects(self.entries(table, looks_back))
    }

    /// The table's files of the date and so many days before.
    fn entries(&self, table: &str, looks_back: u32) -> Vec<&FileEntry> {
        let date = self.inputs.event_date;
        let window = date.before(looks_back)..=date;
        let mut entries = Vec::new();
        for (date, files) in self.inputs.tables.get(table).into_iter().flatten() {
            if window.contains(date) {
                entries.extend(files);
            }
        }
        entries
    }
}
