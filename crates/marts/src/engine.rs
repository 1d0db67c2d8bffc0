//! A read-only SQL engine over the whole lake.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use marquee_tables::schema;
use object_store::ObjectStore;

use crate::MartsError;
use crate::batches::{self, INGEST_BATCHES};
use crate::curated::{self, COMPACTED};
use crate::ledger::LakeContents;
use crate::session::{self, register, register_rows};
use crate::statement;
use crate::table::PartitionColumns;

/// The table with the results of the latest audits.
pub(crate) const AUDIT_BOOKS: &str = "audit_books";

/// A SQL engine over a lake, with the objects that existed when it was opened.
pub struct Engine {
    context: SessionContext,
}

impl Engine {
    /// The names of the tables that are not curated: the zones in the order of the
    /// data flow, the title catalog, and the batches.
    pub const TABLES: [&str; 5] = [
        "raw_events",
        "processed_events",
        "quarantine",
        "titles",
        INGEST_BATCHES,
    ];

    /// Returns the names of all tables, curated tables last.
    ///
    /// # Errors
    /// Returns [`MartsError::Head`] for an invalid file of `sql/`.
    pub fn tables() -> Result<Vec<String>, MartsError> {
        let compacted = COMPACTED.map(|(name, _)| name);
        let marts = marquee_sql::marts()?.into_iter().map(|mart| mart.name);
        let given = Self::TABLES.into_iter().chain(compacted);
        let given = given.chain([AUDIT_BOOKS]).map(str::to_owned);
        Ok(given.chain(marts).collect())
    }

    /// Opens the lake at the root of `store`.
    ///
    /// Reads all receipts and the current generation of each date once; the engine does
    /// not see later ones. The table of an empty zone has no rows.
    pub async fn open(store: Arc<dyn ObjectStore>) -> Result<Self, MartsError> {
        let contents = LakeContents::read(store.as_ref()).await?;
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let context = session::context(cores, session::runtime(store, None)?);
        let [raw, processed, quarantine, titles, _] = Self::TABLES;
        for (name, schema, partitions, objects) in [
            (
                raw,
                schema::raw_events(),
                PartitionColumns::Ingest,
                &contents.raw,
            ),
            (
                processed,
                schema::processed_events(),
                PartitionColumns::Ingest,
                &contents.processed,
            ),
            (
                quarantine,
                schema::quarantine(),
                PartitionColumns::Ingest,
                &contents.quarantine,
            ),
            (
                titles,
                schema::titles(),
                PartitionColumns::None,
                &contents.titles,
            ),
        ] {
            register(&context, name, schema, partitions, objects)?;
        }
        register_rows(&context, INGEST_BATCHES, batches::rows(&contents.receipts)?)?;
        for (name, schema) in COMPACTED {
            let objects = contents.of_every_date(name);
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
            AUDIT_BOOKS,
            marquee_tables::curated::audit(),
            PartitionColumns::EventDate,
            &contents.audit_books,
        )?;
        let mut marts = marquee_sql::marts()?;
        // The schema of a mart needs the state tables that the mart reads.
        marts.sort_by_key(|mart| !mart.is_state());
        for mart in marts {
            let objects = match mart.is_for_every_date() {
                true => contents.of_every_date(&mart.name),
                false => contents.of_the_newest_date(&mart.name),
            };
            let schema = curated::schema_of(&mart, &context).await?;
            let partitions = curated::partition_columns(&mart);
            register(&context, &mart.name, schema, partitions, &objects)?;
        }
        Ok(Self { context })
    }

    /// Runs one read-only statement and returns all rows. A result without rows can
    /// have no batches.
    pub async fn query(&self, sql: &str) -> Result<Vec<RecordBatch>, MartsError> {
        Ok(self.stream(sql).await?.rows.try_collect().await?)
    }

    /// Runs one read-only statement and returns its rows as a stream.
    pub async fn stream(&self, sql: &str) -> Result<RowStream, MartsError> {
        let plan = statement::plan(&self.context.state(), sql).await?;
        let frame = self.context.execute_logical_plan(plan).await?;
        Ok(RowStream {
            rows: frame.execute_stream().await?,
        })
    }
}

/// The rows of a query, computed on demand.
pub struct RowStream {
    rows: SendableRecordBatchStream,
}

impl RowStream {
    /// Returns the schema, which is known before the first row.
    pub fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    /// Returns the next batch of rows; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, MartsError> {
        Ok(self.rows.try_next().await?)
    }
}
