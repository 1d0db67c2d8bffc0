//! The lake as a database of four tables.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::TryStreamExt;
use marquee_tables::schema;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

use crate::MartsError;
use crate::ledger::Contents;
use crate::statement;
use crate::table::{Object, ObjectTable, ingest_partitions};

pub(crate) const CATALOG: &str = "marquee";
pub(crate) const SCHEMA: &str = "lake";

/// Answers questions about one lake, as it was when it was opened.
pub struct Engine {
    context: SessionContext,
}

impl Engine {
    /// The tables' names, in the order of an event's way.
    pub const TABLES: [&str; 4] = ["raw_events", "processed_events", "quarantine", "titles"];

    /// Opens the lake in `store`, whose keys begin at the store's root.
    ///
    /// Reads every receipt once; batches that finish later are not seen. A
    /// zone that holds nothing is a table without rows.
    pub async fn open(store: Arc<dyn ObjectStore>) -> Result<Self, MartsError> {
        let contents = Contents::read(store.as_ref()).await?;
        let engine = Self {
            context: SessionContext::new_with_config(session_config()),
        };
        let url = ObjectStoreUrl::parse("lake://marquee")?;
        engine.context.register_object_store(url.as_ref(), store);
        let register = |name: &str,
                        schema: SchemaRef,
                        partitions: Vec<Field>,
                        objects: &BTreeMap<String, Object>|
         -> Result<(), MartsError> {
            let table = ObjectTable::new(url.clone(), schema, partitions, objects)?;
            engine.context.register_table(name, Arc::new(table))?;
            Ok(())
        };
        let [raw, processed, quarantine, titles] = Self::TABLES;
        let by_arrival = ingest_partitions;
        register(raw, schema::raw_events(), by_arrival(), &contents.raw)?;
        register(
            processed,
            schema::processed_events(),
            by_arrival(),
            &contents.processed,
        )?;
        register(
            quarantine,
            schema::quarantine(),
            by_arrival(),
            &contents.quarantine,
        )?;
        register(titles, schema::titles(), Vec::new(), &contents.titles)?;
        Ok(engine)
    }

    /// Opens the lake in a directory.
    pub async fn open_dir(directory: &Path) -> Result<Self, MartsError> {
        let not_a_lake = |why: &str| MartsError::NotALake {
            directory: directory.display().to_string(),
            why: why.to_owned(),
        };
        if !directory.is_dir() {
            return Err(not_a_lake("there is no such directory"));
        }
        if !["ledger", "reference"]
            .iter()
            .any(|zone| directory.join(zone).is_dir())
        {
            return Err(not_a_lake("it has neither ledger/ nor reference/"));
        }
        let store = LocalFileSystem::new_with_prefix(directory)
            .map_err(|error| not_a_lake(&error.to_string()))?;
        Self::open(Arc::new(store)).await
    }

    /// Answers `sql`, which is one question, all at once.
    ///
    /// An answer without rows may be without batches.
    pub async fn query(&self, sql: &str) -> Result<Vec<RecordBatch>, MartsError> {
        Ok(self.stream(sql).await?.rows.try_collect().await?)
    }

    /// Answers `sql`, which is one question, a batch at a time.
    pub async fn stream(&self, sql: &str) -> Result<Answer, MartsError> {
        let plan = statement::plan(&self.context.state(), sql).await?;
        let frame = self.context.execute_logical_plan(plan).await?;
        Ok(Answer {
            rows: frame.execute_stream().await?,
        })
    }
}

/// The rows of an answer, as they come.
pub struct Answer {
    rows: SendableRecordBatchStream,
}

impl Answer {
    /// The answer's columns, known before its first row.
    pub fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    /// The next rows; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, MartsError> {
        Ok(self.rows.try_next().await?)
    }
}

fn session_config() -> SessionConfig {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut config = SessionConfig::new()
        .with_target_partitions(cores)
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_information_schema(true);
    let options = config.options_mut();
    options.execution.time_zone = Some("UTC".into());
    // String views cost a naive query many times its memory.
    options.execution.parquet.schema_force_view_types = false;
    // So that an error can say where in the SQL it is.
    options.sql_parser.collect_spans = true;
    config
}
