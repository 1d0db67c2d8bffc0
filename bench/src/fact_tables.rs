//! Generated fact tables of one date, with about the row counts and cardinalities
//! that compaction produces for the same number of events.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Float32Builder, Int32Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use marquee_encode::settings::writer_properties;
use marquee_event::{Title, TitleKind};
use marquee_lake::generation::FileEntry;
use marquee_lake::zone;
use marquee_tables::curated;
use parquet::arrow::ArrowWriter;

/// The date.
pub const DATE: &str = "2026-03-01";
/// The run of the files.
pub const RUN: &str = "000001-bench";
const MIDNIGHT: i64 = 1_772_323_200_000_000;
const MINUTE: i64 = 60_000_000;
/// The number of events of a session, one per minute.
const SESSION_EVENTS: u64 = 20;
/// The number of sessions of a user.
const USER_SESSIONS: u64 = 2;
const TITLES: u64 = 5_000;
const QUERIES: u64 = 20_000;
/// The number of rows of a record batch.
const BATCH_ROWS: usize = 65_536;

/// A deterministic pseudo-random generator.
struct Random(u64);

impl Random {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    /// Returns a number below `below`; small numbers are much more frequent.
    fn popular(&mut self, below: u64) -> u64 {
        let fraction = self.below(1 << 20) as f64 / f64::from(1 << 20);
        (fraction.powi(3) * below as f64) as u64
    }
}

/// Returns the title catalog of the facts.
pub fn titles() -> Vec<Title> {
    const GENRES: [&str; 12] = [
        "drama",
        "comedy",
        "crime",
        "science fiction",
        "romance",
        "documentary",
        "horror",
        "family",
        "action",
        "history",
        "music",
        "western",
    ];
    (0..TITLES)
        .map(|number| Title {
            title_id: title_id(number),
            name: format!("Title {number}"),
            kind: TitleKind::Episode,
            series_id: Some(format!("sr-{}", number / 10)),
            season: Some(1),
            episode: i32::try_from(number % 10).ok(),
            genres: (0..1 + number % 3)
                .map(|nth| GENRES[(number / 7 + nth * 5) as usize % GENRES.len()].to_owned())
                .collect(),
            runtime_ms: Some(2_700_000),
            runtime_estimated: false,
            release_date: None,
        })
        .collect()
}

fn title_id(number: u64) -> String {
    format!("t-{number:06}")
}

/// Writes the facts of about `events` events below `lake` and returns the files by
/// table.
///
/// # Errors
/// When a file cannot be written.
pub fn write(lake: &Path, events: u64) -> Result<BTreeMap<String, Vec<FileEntry>>> {
    let titles = titles();
    let mut tables = [
        TableWriter::new(lake, "events", curated::events())?,
        TableWriter::new(lake, "fact_session", curated::fact_session())?,
        TableWriter::new(lake, "fact_view", curated::fact_view())?,
    ];
    let users = events / SESSION_EVENTS / USER_SESSIONS;
    for user in 0..users {
        let mut numbers = Random(user);
        let first = numbers.below(700) as i64;
        for nth in 0..USER_SESSIONS {
            let minute = first + nth as i64 * (numbers.below(600) as i64 + 60);
            let session = Session {
                user_id: format!("u-{user:08}"),
                session_id: format!("{:08x}-{user:08x}-{nth:08x}", numbers.below(1 << 31)),
                started_at: MIDNIGHT + minute * MINUTE,
                country: ["DE", "FR", "US", "GB", "BR", "JP"][numbers.popular(6) as usize],
                device: ["tv", "phone", "tablet", "web"][numbers.popular(4) as usize],
            };
            session.write(&titles, &mut numbers, &mut tables)?;
        }
    }
    tables
        .into_iter()
        .map(|table| Ok((table.name.to_owned(), vec![table.finish(lake)?])))
        .collect()
}

struct Session {
    user_id: String,
    session_id: String,
    started_at: i64,
    country: &'static str,
    device: &'static str,
}

impl Session {
    fn write(
        &self,
        titles: &[Title],
        numbers: &mut Random,
        tables: &mut [TableWriter; 3],
    ) -> Result<()> {
        let [events, sessions, views] = tables;
        let ids = |name: &str| match name {
            "user_id" => Some(Value::Text(&self.user_id)),
            "session_id" => Some(Value::Text(&self.session_id)),
            "country" => Some(Value::Text(self.country)),
            "device_type" => Some(Value::Text(self.device)),
            "shard_id" => Some(Value::Text("shardId-000000000000")),
            "sequence_number" => Some(Value::Text(
                "49590338271490256608559692540925702759324208523137515618",
            )),
            "sub_sequence" => Some(Value::Int(0)),
            _ => None,
        };
        let watched = 1 + numbers.below(2);
        let mut searches = 0;
        for nth in 0..SESSION_EVENTS {
            let kind = match (nth, numbers.below(12)) {
                (0, _) => "play",
                (_, 0) => "search",
                (_, 1) => "pause",
                (_, 2) => "browse",
                _ => "heartbeat",
            };
            let query = format!("query {}", numbers.popular(QUERIES));
            let id = format!("{}-{nth:04x}", self.session_id);
            let time = self.started_at + nth as i64 * MINUTE;
            let is_search = kind == "search";
            searches += i64::from(is_search);
            events.push(|name| match name {
                "event_id" => Some(Value::Text(&id)),
                "event_type" => Some(Value::Text(kind)),
                "event_time" | "arrived_at" => Some(Value::Int(time)),
                "query" => is_search.then_some(Value::Text(&query)),
                "results" => is_search.then_some(Value::Int(7)),
                _ => ids(name),
            })?;
        }
        let ended_at = self.started_at + (SESSION_EVENTS as i64 - 1) * MINUTE;
        let mut watch_ms = 0;
        for nth in 0..watched {
            let title = (numbers.popular(TITLES / 2) * 2 + nth) as usize;
            let title = titles.get(title).context("a view of an unknown title")?;
            let watched_ms = numbers.below(2_700_000) as i64 / 1_000 * 1_000;
            let completion = watched_ms as f32 / 2_700_000.0;
            let genres = title.joined_genres();
            watch_ms += watched_ms;
            let is_rated = numbers.below(10) == 0;
            let rating = 0.5 + numbers.below(10) as f32 / 2.0;
            let pauses = numbers.below(3) as i64;
            views.push(|name| match name {
                "title_id" => Some(Value::Text(&title.title_id)),
                "series_id" => title.series_id.as_deref().map(Value::Text),
                "genres" => genres.as_deref().map(Value::Text),
                "runtime_ms" => title.runtime_ms.map(Value::Int),
                "started_at" => Some(Value::Int(self.started_at)),
                "ended_at" => Some(Value::Int(ended_at)),
                "events" => Some(Value::Int(SESSION_EVENTS as i64 / 2)),
                "watch_ms" => Some(Value::Int(watched_ms)),
                "completion_rate" => Some(Value::Float(completion)),
                "pauses" => Some(Value::Int(pauses)),
                "seeks" => Some(Value::Int(0)),
                "completed" => Some(Value::Bool(completion >= 0.95)),
                "rating" => is_rated.then_some(Value::Float(rating)),
                "engagement_score" => Some(Value::Float(completion * 0.9)),
                _ => ids(name),
            })?;
        }
        sessions.push(|name| match name {
            "started_at" => Some(Value::Int(self.started_at)),
            "ended_at" => Some(Value::Int(ended_at)),
            "events" => Some(Value::Int(SESSION_EVENTS as i64)),
            "watch_ms" => Some(Value::Int(watch_ms)),
            "titles" => Some(Value::Int(watched as i64)),
            "searches" => Some(Value::Int(searches)),
            "is_binge" => Some(Value::Bool(false)),
            _ => ids(name),
        })
    }
}

enum Value<'a> {
    Text(&'a str),
    Int(i64),
    Float(f32),
    Bool(bool),
}

/// A column builder.
enum ColumnBuilder {
    Text(StringBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Time(TimestampMicrosecondBuilder),
    Float(Float32Builder),
    Bool(BooleanBuilder),
}

impl ColumnBuilder {
    fn new(kind: &DataType) -> Result<Self> {
        Ok(match kind {
            DataType::Utf8 => Self::Text(StringBuilder::new()),
            DataType::Int32 => Self::Int(Int32Builder::new()),
            DataType::Int64 => Self::Long(Int64Builder::new()),
            DataType::Timestamp(..) => {
                Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
            DataType::Float32 => Self::Float(Float32Builder::new()),
            DataType::Boolean => Self::Bool(BooleanBuilder::new()),
            other => anyhow::bail!("fact tables have no columns of type {other}"),
        })
    }

    fn push(&mut self, value: Option<Value>) -> Result<()> {
        match (self, value) {
            (Self::Text(column), Some(Value::Text(text))) => column.append_value(text),
            (Self::Text(column), None) => column.append_null(),
            (Self::Int(column), Some(Value::Int(number))) => {
                column.append_value(i32::try_from(number)?);
            }
            (Self::Int(column), None) => column.append_null(),
            (Self::Long(column), Some(Value::Int(number))) => column.append_value(number),
            (Self::Long(column), None) => column.append_null(),
            (Self::Time(column), Some(Value::Int(micros))) => column.append_value(micros),
            (Self::Float(column), Some(Value::Float(number))) => column.append_value(number),
            (Self::Float(column), None) => column.append_null(),
            (Self::Bool(column), Some(Value::Bool(truth))) => column.append_value(truth),
            _ => anyhow::bail!("a value does not have its column's type"),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(column) => ArrayBuilder::finish(column),
            Self::Int(column) => ArrayBuilder::finish(column),
            Self::Long(column) => ArrayBuilder::finish(column),
            Self::Time(column) => ArrayBuilder::finish(column),
            Self::Float(column) => ArrayBuilder::finish(column),
            Self::Bool(column) => ArrayBuilder::finish(column),
        }
    }
}

/// The writer of a table's only file.
struct TableWriter {
    name: &'static str,
    key: String,
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    buffered: usize,
    rows: u64,
    writer: ArrowWriter<File>,
}

impl TableWriter {
    fn new(lake: &Path, name: &'static str, schema: SchemaRef) -> Result<Self> {
        let directory = zone::curated_directory(name, Some(DATE.parse()?), RUN);
        let key = format!("{directory}/part-0000.parquet");
        fs::create_dir_all(lake.join(directory))?;
        let file = File::create(lake.join(&key)).with_context(|| key.clone())?;
        let properties = writer_properties()?.as_ref().clone();
        let kinds = schema
            .fields()
            .iter()
            .map(|field| ColumnBuilder::new(field.data_type()));
        Ok(Self {
            name,
            key,
            columns: kinds.collect::<Result<_>>()?,
            writer: ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))?,
            schema,
            buffered: 0,
            rows: 0,
        })
    }

    /// Appends a row. `value` returns the value of a column, or `None` for null.
    fn push<'a>(&mut self, value: impl Fn(&str) -> Option<Value<'a>>) -> Result<()> {
        for (column, field) in self.columns.iter_mut().zip(self.schema.fields()) {
            column.push(value(field.name()))?;
        }
        self.buffered += 1;
        match self.buffered {
            BATCH_ROWS => self.flush(),
            _ => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<()> {
        let columns = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        self.writer.write(&batch)?;
        self.rows += batch.num_rows() as u64;
        self.buffered = 0;
        Ok(())
    }

    fn finish(mut self, lake: &Path) -> Result<FileEntry> {
        self.flush()?;
        self.writer.close()?;
        Ok(FileEntry {
            rows: self.rows,
            bytes: fs::metadata(lake.join(&self.key))?.len(),
            key: self.key,
            digest: String::new(),
        })
    }
}
