//! Handwritten lakes in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::parquet::arrow::ArrowWriter;
use marquee_event::{Title, TitleKind};
use marquee_lake::receipt::{self, ObjectEntry, Receipt, ReceiptKind};
use marquee_lake::zone::Zone;
use marquee_lake::{digest, title_catalog};
use marquee_marts::{Engine, MartsError};
use marquee_tables::schema;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

/// A lake under construction.
pub(crate) struct Lake {
    store: Arc<dyn ObjectStore>,
}

impl Default for Lake {
    fn default() -> Self {
        Self {
            store: Arc::new(InMemory::new()),
        }
    }
}

impl Lake {
    pub(crate) async fn open(&self) -> Engine {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> Result<Engine, MartsError> {
        Engine::open(Arc::clone(&self.store)).await
    }

    /// Writes an object of the raw zone without a receipt.
    pub(crate) async fn raw(
        &self,
        date: &str,
        hour: usize,
        name: &str,
        payloads: &[&str],
    ) -> ObjectEntry {
        let rows = payloads.len();
        let text = |text: &str| Arc::new(StringArray::from(vec![text; rows])) as ArrayRef;
        let arrived = TimestampMicrosecondArray::from(vec![0; rows]).with_timezone("UTC");
        let batch = RecordBatch::try_new(
            schema::raw_events(),
            vec![
                text("shardId-000000000000"),
                text("1"),
                Arc::new(Int32Array::from_iter_values(0..rows as i32)),
                text("key"),
                Arc::new(arrived),
                Arc::new(BinaryArray::from_iter_values(payloads)),
            ],
        );
        let key = format!("raw/events/ingest_date={date}/ingest_hour={hour:02}/{name}.parquet");
        self.put(key, &batch.unwrap()).await
    }

    /// Publishes a title catalog with these names.
    pub(crate) async fn titles(&self, names: &[&str]) {
        let title = |name: &&str| Title {
            title_id: (*name).to_owned(),
            name: (*name).to_owned(),
            kind: TitleKind::Movie,
            series_id: None,
            season: None,
            episode: None,
            genres: Vec::new(),
            runtime_ms: None,
            runtime_estimated: false,
            release_date: None,
        };
        let titles: Vec<Title> = names.iter().map(title).collect();
        title_catalog::publish(self.store.as_ref(), &titles)
            .await
            .unwrap();
    }

    /// Writes the receipt of a batch.
    pub(crate) async fn receipt(&self, batch: &str, objects: &[ObjectEntry]) {
        let rows = objects.iter().map(|object| object.rows).sum();
        let receipt = Receipt {
            version: 1,
            format_version: 1,
            kind: ReceiptKind::Stream,
            batch: batch.to_owned(),
            shard_id: "shardId-000000000000".to_owned(),
            first_sequence_number: "1".to_owned(),
            last_sequence_number: "2".to_owned(),
            ingest_date: "2026-03-01".parse().unwrap(),
            ingest_hour: 7,
            first_arrived_at: "2026-03-01T07:00:00Z".to_owned(),
            last_arrived_at: "2026-03-01T07:00:00Z".to_owned(),
            arrival_dates: BTreeMap::new(),
            records: rows,
            received: rows,
            processed: rows,
            quarantined: 0,
            received_bytes: 0,
            reasons: BTreeMap::new(),
            event_dates: BTreeMap::new(),
            title_catalog: None,
            objects: objects.to_vec(),
        };
        let store = self.store.as_ref();
        assert!(receipt::create(store, &receipt).await.unwrap());
    }

    pub(crate) async fn delete(&self, key: &str) {
        self.store.delete(&Path::from(key)).await.unwrap();
    }

    async fn put(&self, key: String, batch: &RecordBatch) -> ObjectEntry {
        let mut parquet = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut parquet, batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        let written = ObjectEntry {
            zone: Zone::Raw,
            key,
            rows: batch.num_rows() as u64,
            bytes: parquet.len() as u64,
            digest: digest::of(&parquet),
        };
        self.store
            .put(&Path::from(written.key.as_str()), parquet.into())
            .await
            .unwrap();
        written
    }
}
