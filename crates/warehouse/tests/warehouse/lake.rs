//! In-memory lakes with generated rows, and a local warehouse to load them into.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float32Array, Float64Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema};
use marquee_encode::settings::writer_properties;
use marquee_lake::digest;
use marquee_lake::generation::{self, EventCounts, FileEntry, Generation, TableFiles};
use marquee_local_warehouse::{Engine, FakeDataApi, PostgresMissing, copy, postgres, rows};
use marquee_tables::schema::timestamp;
use marquee_warehouse::Warehouse;
use marquee_warehouse::definition::{
    ColumnDefinition, ColumnType, LoadMode, TableDefinition, definitions,
};
use marquee_warehouse::load::plan::LoadSettings;
use marquee_warehouse::load::{LoadReport, LoadStatus, Loader};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;

pub(crate) const URL: &str = "s3://lake/team";
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/copy";
/// The number of rows of a file.
const ROWS: usize = 7;

/// A lake and its warehouse.
pub(crate) struct World {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) data_api: FakeDataApi,
    pub(crate) definitions: Vec<TableDefinition>,
}

/// The programs of PostgreSQL, which every test here needs.
pub(crate) struct Postgresql;

/// Looks for PostgreSQL.
pub(crate) fn postgresql() -> Result<Postgresql, PostgresMissing> {
    postgres::programs().map(|_| Postgresql)
}

impl Postgresql {
    /// Creates a lake and a warehouse.
    pub(crate) async fn world(self) -> World {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let lake = copy::CopySource {
            store: Arc::clone(&store),
            url: URL.to_owned(),
            role: ROLE.to_owned(),
        };
        let engine = Engine::start(lake, None).await.unwrap();
        World {
            store,
            data_api: FakeDataApi::new(engine),
            definitions: definitions().unwrap(),
        }
    }
}

pub(crate) fn settings() -> LoadSettings {
    LoadSettings {
        lake: URL.to_owned(),
        copy_role: ROLE.to_owned(),
        timeout: Duration::from_secs(60),
    }
}

/// Runs a load to its end as a state machine does, with retries of failed calls.
pub(crate) async fn drive(loader: &Loader, event_date: &str, generation: u32) -> LoadReport {
    let mut report = loop {
        if let Ok(report) = loader.start(event_date.parse().unwrap(), generation).await {
            break report;
        }
    };
    for _ in 0..5_000 {
        if report.status != LoadStatus::Running {
            return report;
        }
        tokio::time::sleep(Duration::from_millis(4)).await;
        if let Ok(next) = loader.poll(&report.load).await {
            report = next;
        }
    }
    panic!("the load does not end: {report:?}");
}

impl World {
    pub(crate) fn loader(&self) -> Loader {
        self.loader_by(Arc::new(self.data_api.clone()))
    }

    pub(crate) fn loader_by(&self, warehouse: Arc<dyn Warehouse>) -> Loader {
        Loader::new(Arc::clone(&self.store), warehouse, settings()).unwrap()
    }

    /// Loads the generation and asserts success.
    pub(crate) async fn load(&self, event_date: &str, generation: u32) {
        let report = drive(&self.loader(), event_date, generation).await;
        assert_eq!(report.status, LoadStatus::Loaded, "{report:?}");
    }

    pub(crate) fn definition(&self, table: &str) -> &TableDefinition {
        self.definitions.iter().find(|d| d.table == table).unwrap()
    }

    /// Publishes a generation with every table and rows that are generated from
    /// `seed`.
    pub(crate) async fn publish(&self, event_date: &str, number: u32, seed: u64) -> Generation {
        self.publish_some(event_date, number, seed, |_| true).await
    }

    /// Publishes a generation with the tables that `has` selects.
    pub(crate) async fn publish_some(
        &self,
        event_date: &str,
        number: u32,
        seed: u64,
        has: impl Fn(&TableDefinition) -> bool,
    ) -> Generation {
        let mut tables = BTreeMap::new();
        for definition in self.definitions.iter().filter(|d| has(d)) {
            let directory = format!(
                "curated/{}/event_date={event_date}/run={number:06}-{seed}",
                definition.table
            );
            let mut files = Vec::new();
            // A table may have several files, and a file may be empty.
            for (part, rows) in [ROWS, 0, 3 + (seed % 3) as usize].into_iter().enumerate() {
                let batch = batch(definition, seed * 100 + part as u64, rows);
                let key = format!("{directory}/part-{part:04}.parquet");
                files.push(self.put(key, &batch).await);
            }
            tables.insert(definition.table.clone(), TableFiles { files });
        }
        self.commit(event_date, number, tables).await
    }

    pub(crate) async fn commit(
        &self,
        event_date: &str,
        number: u32,
        tables: BTreeMap<String, TableFiles>,
    ) -> Generation {
        let generation = Generation {
            version: 1,
            event_date: event_date.parse().unwrap(),
            generation: number,
            parent: number.checked_sub(1).filter(|parent| *parent > 0),
            run: format!("{number:06}-run"),
            title_catalog: None,
            covered: "covered".to_owned(),
            receipts: 1,
            newest: true,
            definitions: "definitions".to_owned(),
            facts: "facts".to_owned(),
            buckets: None,
            looked_back: BTreeMap::new(),
            counts: EventCounts::default(),
            tables,
        };
        assert!(generation::create(&*self.store, &generation).await.unwrap());
        generation
    }

    pub(crate) async fn put(&self, key: String, batch: &RecordBatch) -> FileEntry {
        let mut content = Vec::new();
        let properties = writer_properties().unwrap().as_ref().clone();
        let mut writer =
            ArrowWriter::try_new(&mut content, batch.schema(), Some(properties)).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        let entry = FileEntry {
            key,
            rows: batch.num_rows() as u64,
            bytes: content.len() as u64,
            digest: digest::of(&content),
        };
        let path = Path::from(entry.key.as_str());
        self.store.put(&path, content.into()).await.unwrap();
        entry
    }

    /// Asserts that every table of the warehouse equals its files, row for row.
    pub(crate) async fn holds(&self, generation: &Generation) {
        for table in generation.tables.keys() {
            self.holds_table(generation, table).await;
        }
    }

    pub(crate) async fn holds_table(&self, generation: &Generation, table: &str) {
        let definition = self.definition(table);
        let date = &generation.event_date;
        let which = match (definition.load_mode, definition.has_date()) {
            (LoadMode::Date, _) => format!("event_date = DATE '{date}'"),
            // All rows belong to the date.
            (LoadMode::Latest, true) => format!("event_date = DATE '{date}' OR event_date IS NULL"),
            (LoadMode::Latest, false) => "1 = 1".to_owned(),
            (LoadMode::History, _) => "is_current".to_owned(),
        };
        let mut expected = rows::Rows::new();
        let mut schema = None;
        for file in &generation.tables[table].files {
            let path = Path::from(file.key.as_str());
            let bytes = self.store.get(&path).await.unwrap().bytes().await.unwrap();
            let (of_file, found) = rows::read_file_rows(bytes).unwrap();
            expected.extend(found);
            schema = Some(of_file);
        }
        expected.sort();
        let session = self.data_api.engine().session().await.unwrap();
        let name = format!("marquee.{table}");
        let found = rows::read_table_rows(&session, &name, &schema.unwrap(), &which).await;
        let found = found.unwrap();
        assert_eq!(found, expected, "{table} of {date}");
    }

    /// Returns the only number of a query's result.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let session = self.data_api.engine().session().await.unwrap();
        let answer = session.run(sql, &BTreeMap::new()).await.unwrap();
        answer.rows[0][0].as_ref().unwrap().parse().unwrap()
    }

    /// Runs a statement as a person would.
    pub(crate) async fn by_hand(&self, sql: &str) {
        let session = self.data_api.engine().session().await.unwrap();
        session.run(sql, &BTreeMap::new()).await.unwrap();
    }
}

/// Generates rows of a table from `seed`.
fn batch(definition: &TableDefinition, seed: u64, rows: usize) -> RecordBatch {
    let columns: Vec<&ColumnDefinition> = definition.loaded_columns().collect();
    let fields: Vec<Field> = columns
        .iter()
        .map(|column| Field::new(&column.name, data_type(column.column_type), column.nullable))
        .collect();
    let arrays = columns.iter().enumerate().map(|(place, column)| {
        let values = (0..rows).map(|row| {
            let value = mix(seed, place as u64, row as u64);
            (!column.nullable || !value.is_multiple_of(4)).then_some(value)
        });
        array(column, values.collect())
    });
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays.collect()).unwrap()
}

fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Varchar(_) => DataType::Utf8,
        ColumnType::Bigint => DataType::Int64,
        ColumnType::Integer => DataType::Int32,
        ColumnType::Real => DataType::Float32,
        ColumnType::Double => DataType::Float64,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Date => DataType::Date32,
        ColumnType::Timestamp => timestamp(),
    }
}

fn array(column: &ColumnDefinition, values: Vec<Option<u64>>) -> ArrayRef {
    let values = values.into_iter();
    match column.column_type {
        ColumnType::Varchar(bytes) => Arc::new(StringArray::from_iter(
            values.map(|value| Some(text(value?, bytes as usize))),
        )),
        ColumnType::Bigint => Arc::new(Int64Array::from_iter(
            values.map(|value| Some(value? as i64)),
        )),
        ColumnType::Integer => Arc::new(Int32Array::from_iter(
            values.map(|value| Some(value? as i32)),
        )),
        ColumnType::Real => Arc::new(Float32Array::from_iter(
            values.map(|value| Some((value? as i32 as f32) / 1.0e9)),
        )),
        ColumnType::Double => Arc::new(Float64Array::from_iter(
            values.map(|value| Some((value? as i64 as f64) / 3.0e18)),
        )),
        ColumnType::Boolean => Arc::new(BooleanArray::from_iter(
            values.map(|value| Some(value?.is_multiple_of(2))),
        )),
        ColumnType::Date => Arc::new(Date32Array::from_iter(
            values.map(|value| Some((value? % 40_000) as i32 - 5_000)),
        )),
        ColumnType::Timestamp => Arc::new(
            TimestampMicrosecondArray::from_iter(
                values.map(|value| Some((value? % 4_000_000_000_000_000) as i64)),
            )
            .with_timezone("UTC"),
        ),
    }
}

/// Returns a text of at most `bytes` bytes, often with characters that need escaping.
fn text(value: u64, bytes: usize) -> String {
    const ODD: [&str; 6] = [
        "plain",
        "a\tb\nc",
        "back\\slash \\N",
        "é ü 漢",
        "'quoted' :no",
        "",
    ];
    let odd = ODD[(value % 6) as usize];
    let text = format!("{odd}{value:x}");
    let cut = text.floor_char_boundary(bytes.min(text.len()));
    text[..cut].to_owned()
}

fn mix(seed: u64, place: u64, row: u64) -> u64 {
    let mut value = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(place.wrapping_mul(0xbf58_476d_1ce4_e5b9))
        .wrapping_add((row + 1).wrapping_mul(0x94d0_49bb_1331_11eb));
    value ^= value >> 31;
    value = value.wrapping_mul(0xd6e8_feb8_6659_fd93);
    value ^ (value >> 29)
}
