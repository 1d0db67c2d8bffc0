//! A test lake with the facts of some dates.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use marquee_encode::settings::writer_properties;
use marquee_event::Date;
use marquee_lake::generation::{self, EventCounts, FileEntry, Generation, TableFiles};
use marquee_lake::receipt::{Receipt, ReceiptKind};
use marquee_lake::staging::DateInputs;
use marquee_lake::title_catalog::{self, TitleCatalogPointer};
use marquee_lake::{digest, zone};
use marquee_marts::DateRun;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::facts::{Facts, date, titles};

/// The run of all files in the test lake.
pub(crate) const RUN: &str = "000001-test";

/// Files by table and date.
pub(crate) type Tables = BTreeMap<String, BTreeMap<Date, Vec<FileEntry>>>;

/// Returns two stream batches of the first date, one with most units quarantined; a
/// replay, which checks do not count; and a stream batch of the second date.
pub(crate) fn receipts() -> Vec<Receipt> {
    [
        (0, ReceiptKind::Stream, 90),
        (0, ReceiptKind::Stream, 0),
        (0, ReceiptKind::Replay, 0),
        (1, ReceiptKind::Stream, 5),
    ]
    .into_iter()
    .enumerate()
    .map(|(number, (day, kind, quarantined))| Receipt {
        version: 1,
        format_version: 1,
        kind,
        batch: format!("batch-{number}"),
        shard_id: "shardId-000000000000".to_owned(),
        first_sequence_number: "1".to_owned(),
        last_sequence_number: "2".to_owned(),
        ingest_date: parsed(&date(day)),
        ingest_hour: 7,
        first_arrived_at: String::new(),
        last_arrived_at: String::new(),
        arrival_dates: BTreeMap::new(),
        records: 100,
        received: 100,
        processed: 100 - quarantined,
        quarantined,
        received_bytes: 40_000,
        reasons: BTreeMap::new(),
        event_dates: BTreeMap::new(),
        title_catalog: None,
        objects: Vec::new(),
    })
    .collect()
}

/// Parses a date.
pub(crate) fn parsed(date: &str) -> Date {
    date.parse().unwrap()
}

/// A lake with a title catalog and facts, without generations.
pub(crate) struct Days {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) title_catalog: TitleCatalogPointer,
    pub(crate) tables: Tables,
}

impl Days {
    /// Creates a lake with the facts of the first `dates` dates.
    pub(crate) async fn new(store: Arc<dyn ObjectStore>, dates: usize) -> Self {
        let title_catalog = title_catalog::publish(store.as_ref(), &titles())
            .await
            .unwrap();
        let mut days = Self {
            store,
            title_catalog,
            tables: Tables::new(),
        };
        for number in 0..dates {
            for (table, rows) in Facts::of(number).tables() {
                if rows.num_rows() > 0 {
                    days.add(table, &date(number), &rows).await;
                }
            }
        }
        days
    }

    /// Writes rows as the only file of a table on a date.
    pub(crate) async fn add(&mut self, table: &str, date: &str, rows: &RecordBatch) {
        let properties = writer_properties().unwrap().as_ref().clone();
        let mut parquet = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut parquet, rows.schema(), Some(properties)).unwrap();
        writer.write(rows).unwrap();
        writer.close().unwrap();
        let directory = zone::curated_directory(table, Some(parsed(date)), RUN);
        let file = FileEntry {
            key: format!("{directory}/part-0000.parquet"),
            rows: rows.num_rows() as u64,
            bytes: parquet.len() as u64,
            digest: digest::of(&parquet),
        };
        let key = Path::from(file.key.as_str());
        self.store.put(&key, parquet.into()).await.unwrap();
        let dates = self.tables.entry(table.to_owned()).or_default();
        dates.insert(parsed(date), vec![file]);
    }

    /// Opens a run of the date over all facts.
    pub(crate) async fn run(&self, date: &str) -> Arc<DateRun> {
        self.run_over(date, self.tables.clone()).await
    }

    /// Opens a run of the date over these files.
    pub(crate) async fn run_over(&self, date: &str, tables: Tables) -> Arc<DateRun> {
        let inputs = DateInputs {
            run: RUN.to_owned(),
            title_catalog: Some(self.title_catalog.clone()),
            receipts: receipts(),
            tables,
            ..DateInputs::new(parsed(date))
        };
        Arc::new(
            DateRun::open(Arc::clone(&self.store), inputs)
                .await
                .unwrap(),
        )
    }

    /// Builds all marts of the date.
    pub(crate) async fn marts(&self, date: &str) -> BTreeMap<String, TableFiles> {
        let run = self.run(date).await;
        run.build_all(marquee_sql::marts().unwrap(), 2)
            .await
            .unwrap()
    }

    /// Publishes the date's facts and these marts as a generation.
    pub(crate) async fn publish(
        &self,
        date: &str,
        number: u32,
        marts: BTreeMap<String, TableFiles>,
    ) {
        let facts = self.tables.iter().filter_map(|(table, dates)| {
            let files = dates.get(&parsed(date))?.clone();
            Some((table.clone(), TableFiles { files }))
        });
        let generation = Generation {
            version: 1,
            event_date: parsed(date),
            generation: number,
            parent: None,
            run: RUN.to_owned(),
            title_catalog: None,
            covered: String::new(),
            receipts: 0,
            newest: true,
            definitions: String::new(),
            facts: String::new(),
            buckets: None,
            looked_back: BTreeMap::new(),
            counts: EventCounts::default(),
            tables: facts.chain(marts).collect(),
        };
        let store = self.store.as_ref();
        assert!(generation::create(store, &generation).await.unwrap());
    }
}
