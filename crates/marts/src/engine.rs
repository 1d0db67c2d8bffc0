//! The lake as a database.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use marquee_tables::schema;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

use crate::MartsError;
use crate::batches::{self, INGEST_BATCHES};
use crate::curated::{self, COMPACTED};
use crate::ledger::Contents;
use crate::session::{self, register, register_rows};
use crate::statement;
use crate::table::Partitions;

/// The books as the last audits counted them.
pub(crate) const AUDIT_BOOKS: &str = "audit_books";

/// Answers questions about one lake, as it was when it was opened.
pub struct Engine {
    context: SessionContext,
}

impl Engine {
    /// The names of the tables before curation, in the order of an event's way,
    /// and of what is known beside them.
    pub const TABLES: [&str; 5] = [
        "raw_events",
        "processed_events",
        "quarantine",
        "titles",
        INGEST_BATCHES,
    ];

    /// The name of every table, the curated ones last.
    ///
    /// # Errors
    /// [`MartsError::Head`].
    pub fn tables() -> Result<Vec<String>, MartsError> {
        let compacted = COMPACTED.map(|(name, _)| name);
        let marts = marquee_sql::marts()?.into_iter().map(|mart| mart.name);
        let given = Self::TABLES.into_iter().chain(compacted);
        let given = given.chain([AUDIT_BOOKS]).map(str::to_owned);
        Ok(given.chain(marts).collect())
    }

    /// Opens the lake in `store`, whose keys begin at the store's root.
    ///
    /// Reads every receipt and every date's current generation once; what is
    /// finished later is not seen. A zone that holds nothing is a table without
    /// rows.
    pub async fn open(store: Arc<dyn ObjectStore>) -> Result<Self, MartsError> {
        let contents = Contents::read(store.as_ref()).await?;
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let context = session::context(cores, session::runtime(store, None)?);
        let [raw, processed, quarantine, titles, _] = Self::TABLES;
        for (name, schema, partitions, objects) in [
            (raw, schema::raw_events(), Partitions::Ingest, &contents.raw),
            (
                processed,
                schema::processed_events(),
                Partitions::Ingest,
                &contents.processed,
            ),
            (
                quarantine,
                schema::quarantine(),
                Partitions::Ingest,
                &contents.quarantine,
            ),
            (titles, schema::titles(), Partitions::None, &contents.titles),
        ] {
            register(&context, name, schema, partitions, objects)?;
        }
        register_rows(&context, INGEST_BATCHES, batches::rows(&contents.receipts)?)?;
        for (name, schema) in COMPACTED {
            let objects = contents.of_every_date(name);
            register(&context, name, schema(), Partitions::EventDate, &objects)?;
        }
        register(
            &context,
            AUDIT_BOOKS,
            marquee_tables::curated::audit(),
            Partitions::EventDate,
            &contents.audit_books,
        )?;
        for mart in marquee_sql::marts()? {
            let objects = match mart.is_for_every_date() {
                true => contents.of_every_date(&mart.name),
                false => contents.of_the_newest_date(&mart.name),
            };
            let schema = curated::schema_of(&mart, &context).await?;
            let partitions = curated::partitions(&mart);
            register(&context, &mart.name, schema, partitions, &objects)?;
        }
        Ok(Self { context })
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
