//! A lake in memory: processed objects in, curated rows out.

use marquee_event::{FormatVersion, Title};
use std::sync::Arc;

use bytes::Bytes;
use marquee_compaction::{
    BucketTask, CompactSettings, Compacted, CompactionError, InputObject, compact_bucket,
};
use marquee_ingest::processed::ProcessedTable;
use marquee_ingest::raw::Identity;
use marquee_ingest::titles::Titles;
use marquee_lake::generation::FileEntry;
use marquee_tables::encode::{FileLayout, Zstd};
use marquee_tables::schema::processed_events;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::rows::{Cells, read_rows};
use crate::units::{DATE, Unit, catalogue};

/// One lake.
pub(crate) struct Lake {
    pub(crate) store: Arc<InMemory>,
    runtime: tokio::runtime::Runtime,
}

impl Lake {
    pub(crate) fn new() -> Self {
        Self {
            store: Arc::new(InMemory::new()),
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
        }
    }

    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub(crate) fn put(&self, key: &str, content: Bytes) {
        let path = Path::from(key);
        self.run(self.store.put(&path, content.into())).unwrap();
    }

    pub(crate) fn get(&self, key: &str) -> Bytes {
        let path = Path::from(key);
        self.run(async { self.store.get(&path).await.unwrap().bytes().await.unwrap() })
    }

    /// Writes a processed object, as the transform does.
    pub(crate) fn put_units<'u>(
        &self,
        key: &str,
        units: impl IntoIterator<Item = &'u Unit>,
    ) -> InputObject {
        let mut rows_of_date = 0;
        // Enriched from no catalogue: compaction has its own.
        let titles = Titles::default();
        let mut table = ProcessedTable::new(&titles, FormatVersion::CURRENT);
        let mut zstd = Zstd::new().unwrap();
        for unit in units {
            rows_of_date += u64::from(unit.is_of_date());
            let identity = Identity {
                shard_id: unit.shard,
                sequence_number: &unit.sequence.to_string(),
                sub_sequence: unit.sub_sequence.into(),
                arrived_at: unit.arrived_at,
            };
            let event = unit.event();
            table.push(&event, &identity, 7, &mut zstd).unwrap();
        }
        let layout = FileLayout::new(&processed_events()).unwrap();
        let (content, _) = table.finish(&layout, &mut zstd).unwrap();
        let bytes = content.len() as u64;
        self.put(key, content);
        InputObject {
            key: key.to_owned(),
            bytes,
            rows_of_date,
        }
    }

    pub(crate) fn compact(
        &self,
        task: BucketTask,
        settings: &CompactSettings,
    ) -> Result<Compacted, CompactionError> {
        let store: Arc<dyn ObjectStore> = self.store.clone();
        let titles = Arc::new(Titles::new(None, catalogue()));
        self.run(compact_bucket(store, titles, task, settings.clone()))
    }

    /// Compacts a bucket with this title catalog and the default settings.
    pub(crate) fn compact_with(&self, task: BucketTask, titles: Vec<Title>) -> Compacted {
        let store: Arc<dyn ObjectStore> = self.store.clone();
        let titles = Arc::new(Titles::new(None, titles));
        self.run(compact_bucket(
            store,
            titles,
            task,
            CompactSettings::default(),
        ))
        .unwrap()
    }

    /// The files' bytes of each table.
    pub(crate) fn contents(&self, compacted: &Compacted) -> Vec<(String, Vec<Bytes>)> {
        let contents = |files: &[FileEntry]| files.iter().map(|file| self.get(&file.key)).collect();
        let tables = compacted.tables.iter();
        tables
            .map(|(name, table)| (name.clone(), contents(&table.files)))
            .collect()
    }

    /// The rows of a table, held to what its files' entries say.
    pub(crate) fn rows(&self, compacted: &Compacted, table: &str) -> Vec<Cells> {
        let mut rows = Vec::new();
        for file in &compacted.tables[table].files {
            let content = self.get(&file.key);
            assert_eq!(file.bytes, content.len() as u64);
            assert_eq!(file.digest, marquee_lake::digest::of(&content));
            let of_file = read_rows(content);
            assert_eq!(file.rows, of_file.len() as u64);
            rows.extend(of_file);
        }
        rows
    }
}

/// A task of one bucket over these inputs, after that generation.
pub(crate) fn task(run: &str, inputs: Vec<InputObject>, last: Option<&Compacted>) -> BucketTask {
    let files = |table: &str| last.map_or_else(Vec::new, |last| last.tables[table].files.clone());
    BucketTask {
        event_date: DATE,
        run: run.to_owned(),
        bucket: 0,
        buckets: 1,
        inputs,
        events: files("events"),
        dropped: files("dropped_events"),
        readers: 1,
    }
}
