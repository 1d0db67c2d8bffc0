//! A lake in memory, with helpers to write processed objects and to read compacted rows.

use marquee_event::{FormatVersion, Title};
use std::sync::Arc;

use bytes::Bytes;
use marquee_compaction::{
    BucketTask, CompactSettings, CompactedBucket, CompactionError, InputObject, compact_bucket,
};
use marquee_encode::{FileLayout, Zstd};
use marquee_ingest::processed::ProcessedTable;
use marquee_ingest::raw::Identity;
use marquee_ingest::titles::Titles;
use marquee_lake::generation::FileEntry;
use marquee_tables::schema::processed_events;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::rows::{Cells, read_rows};
use crate::units::{DATE, Unit, title_catalog};

/// A lake in memory.
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
        // Without a title catalog: compaction ignores the columns from it.
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
    ) -> Result<CompactedBucket, CompactionError> {
        let store: Arc<dyn ObjectStore> = self.store.clone();
        let titles = Arc::new(Titles::new(None, title_catalog()));
        self.run(compact_bucket(store, titles, task, settings.clone()))
    }

    /// Compacts a bucket with this title catalog and the default settings.
    pub(crate) fn compact_with(&self, task: BucketTask, titles: Vec<Title>) -> CompactedBucket {
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

    /// Returns the bytes of the files of each table.
    pub(crate) fn contents(&self, compacted: &CompactedBucket) -> Vec<(String, Vec<Bytes>)> {
        let contents = |files: &[FileEntry]| files.iter().map(|file| self.get(&file.key)).collect();
        let tables = compacted.tables.iter();
        tables
            .map(|(name, table)| (name.clone(), contents(&table.files)))
            .collect()
    }

    /// Returns the rows of a table. It checks the files' bytes, digests and row counts.
    pub(crate) fn rows(&self, compacted: &CompactedBucket, table: &str) -> Vec<Cells> {
        let mut rows = Vec::new();
        for file in &compacted.tables[table].files {
            let content = self.get(&file.key);
            assert_eq!(file.bytes, content.len() as u64);
            assert_eq!(file.digest, marquee_lake::digest::of(&content));
            let rows_of_file = read_rows(content);
            assert_eq!(file.rows, rows_of_file.len() as u64);
            rows.extend(rows_of_file);
        }
        rows
    }
}

/// Returns the task of a single bucket, with the inputs and the parent generation.
pub(crate) fn task(
    run: &str,
    inputs: Vec<InputObject>,
    parent: Option<&CompactedBucket>,
) -> BucketTask {
    let files =
        |table: &str| parent.map_or_else(Vec::new, |parent| parent.tables[table].files.clone());
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
