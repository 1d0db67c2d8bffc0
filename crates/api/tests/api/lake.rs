//! A published lake with some viewers, three movies and a series.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use bytes::Bytes;
use marquee_event::{Title, TitleKind};
use marquee_lake::generation::{self, EventCounts, FileEntry, Generation, TableFiles};
use marquee_lake::title_catalog;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;

/// The columns of a table with their names.
pub(crate) type Columns = Vec<(&'static str, ArrayRef)>;

pub(crate) struct Lake {
    pub(crate) store: Arc<dyn ObjectStore>,
    title_catalog: String,
}

fn text<const N: usize>(values: [&str; N]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn long<const N: usize>(values: [i64; N]) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

fn double<const N: usize>(values: [f64; N]) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
}

fn title(title_id: &str, genres: &[&str]) -> Title {
    Title {
        title_id: title_id.into(),
        name: format!("The {title_id}"),
        kind: TitleKind::Movie,
        series_id: None,
        season: None,
        episode: None,
        genres: genres.iter().map(|&genre| genre.into()).collect(),
        runtime_ms: Some(5_400_000),
        runtime_estimated: false,
        release_date: None,
    }
}

fn episode(number: i32) -> Title {
    Title {
        kind: TitleKind::Episode,
        series_id: Some("series".into()),
        season: Some(1),
        episode: Some(number),
        ..title(&format!("e{number}"), &["Drama"])
    }
}

/// Returns the tables that the API reads.
pub(crate) fn tables() -> Vec<(&'static str, Columns)> {
    let rates = Float32Array::from_iter([Some(0.25), Some(1.0), None]);
    let ratings = Float32Array::from_iter([None, Some(4.5), None]);
    vec![
        (
            "title_popularity",
            vec![
                ("popularity_rank", long([1, 2, 3])),
                ("title_id", text(["heat", "gone", "e1"])),
                ("viewers", long([7, 3, 1])),
                ("watch_ms", long([700, 300, 100])),
                ("completions", long([5, 2, 1])),
            ],
        ),
        (
            "title_rating",
            vec![
                ("title_id", text(["heat"])),
                ("weighted_rating", double([5.0])),
            ],
        ),
        (
            "title_neighbour",
            vec![
                ("work_id", text(["series", "fog"])),
                ("neighbour_id", text(["heat", "heat"])),
                ("similarity", double([0.5, 0.4])),
            ],
        ),
        (
            "user_genre_affinity",
            vec![
                ("user_id", text(["ann", "bob", "bob"])),
                ("genre", text(["News", "Crime", "Drama"])),
                ("share", double([1.0, 0.8, 0.6])),
            ],
        ),
        (
            "user_title",
            vec![
                ("user_id", text(["bob", "bob", "eve"])),
                ("title_id", text(["fog", "e1", "heat"])),
                ("views", long([1, 1, 1])),
                ("completion_rate", Arc::new(rates)),
                (
                    "completed",
                    Arc::new(BooleanArray::from(vec![false, true, false])),
                ),
                ("rating", Arc::new(ratings)),
            ],
        ),
    ]
}

fn parquet(columns: Columns) -> Bytes {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap().into()
}

impl Lake {
    /// Creates a lake without a published date.
    pub(crate) async fn new() -> Self {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let titles = [
            title("heat", &["Crime", "Drama"]),
            title("fog", &["Crime"]),
            title("gone", &["Comedy"]),
            episode(1),
            episode(2),
        ];
        let title_catalog = title_catalog::publish(&*store, &titles).await.unwrap();
        Self {
            store,
            title_catalog: title_catalog.version,
        }
    }

    /// Publishes a generation of the date with these tables.
    pub(crate) async fn publish(
        &self,
        event_date: &str,
        number: u32,
        tables: Vec<(&'static str, Columns)>,
    ) {
        let mut files = BTreeMap::new();
        for (table, columns) in tables {
            let bytes = parquet(columns);
            let entry = FileEntry {
                key: format!("curated/{table}/event_date={event_date}/run={number}/part.parquet"),
                rows: 0,
                bytes: bytes.len() as u64,
                digest: String::new(),
            };
            let key = Path::from(entry.key.as_str());
            self.store.put(&key, bytes.into()).await.unwrap();
            files.insert(table.to_owned(), TableFiles { files: vec![entry] });
        }
        let generation = Generation {
            version: 1,
            event_date: event_date.parse().unwrap(),
            generation: number,
            parent: None,
            run: String::new(),
            title_catalog: Some(self.title_catalog.clone()),
            covered: String::new(),
            receipts: 0,
            newest: true,
            definitions: String::new(),
            facts: String::new(),
            buckets: None,
            looked_back: BTreeMap::new(),
            counts: EventCounts::default(),
            tables: files,
        };
        assert!(generation::create(&*self.store, &generation).await.unwrap());
    }

    /// Deletes the curated files of the generation, as a sweep does.
    pub(crate) async fn sweep(&self, event_date: &str, number: u32) {
        for (table, _) in tables() {
            let key = format!("curated/{table}/event_date={event_date}/run={number}/part.parquet");
            self.store.delete(&Path::from(key)).await.unwrap();
        }
    }
}
