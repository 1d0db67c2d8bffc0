//! A simulated day as processed objects in a directory, and its compaction.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int64Type};
use marquee_compaction::{CompactSettings, InputObject};
use marquee_compaction::{CompactedTables, Compaction, CompactionTask, compact_date};
use marquee_event::Title;
use marquee_ingest::titles::Titles;
use marquee_ingest::{Settings, Transformer, envelope};
use marquee_lake::zone::Zone;
use marquee_producer::simulate::Simulation;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};

use crate::clock::ProcessCpu;
use crate::input::{Packing, input, simulation};
use crate::memory;

/// The simulation's only day.
pub const DATE: &str = "2026-01-05";
/// What a viewer does in a day, about.
const EVENTS_PER_USER: u64 = 50;
const TITLES: &str = "titles.ndjson";
const OBJECTS: &str = "objects.json";
const PROCESSED: &str = "processed";

/// What one run of a program over a day came to: of ours as of a peer's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DayResult {
    /// Who did it.
    pub name: String,
    /// Rows read.
    pub rows: u64,
    /// Seconds from start to end.
    pub seconds: f64,
    /// Seconds of processor time, of all threads.
    pub cpu_s: f64,
    /// Those of them in the program itself, not in the kernel for it.
    pub user_s: f64,
    /// Memory at the most, beyond what the program began with, in MiB.
    pub peak_mib: f64,
    /// Bytes of the files written.
    pub out_bytes: u64,
    /// What is in them.
    pub checks: Checks,
}

/// What must be the same whoever made the tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Checks {
    /// Rows of `events`.
    pub events: u64,
    /// Rows of `fact_session`.
    pub sessions: u64,
    /// Rows of `fact_view`.
    pub views: u64,
    /// Σ watch_ms of views.
    pub watch_ms: i64,
    /// Views that were completed.
    pub completed: u64,
    /// Σ engagement_score of views, to whole numbers.
    pub engagement: i64,
    /// Sessions that are a binge.
    pub binges: u64,
}

/// Simulates about that many events of one day and transforms them into
/// `directory`, which keeps the catalogue beside them.
///
/// # Errors
/// When a batch cannot be transformed or a file not written.
pub fn make(directory: &Path, events: u64) -> Result<()> {
    let simulation = Simulation {
        users: u32::try_from(events / EVENTS_PER_USER)?.max(1),
        ..simulation(events, 0.0)
    };
    let input = input(&simulation, Packing::KplZstd)?;
    let titles = Titles::new(None, input.titles.clone());
    let mut transformer = Transformer::new(Settings {
        raw: false,
        ..Settings::default()
    })?;
    std::fs::create_dir_all(directory.join(PROCESSED))?;
    let mut objects = Vec::new();
    for (number, payload) in input.payloads.iter().enumerate() {
        let done = transformer.transform(&envelope::records(payload)?, &titles)?;
        for file in done
            .files
            .iter()
            .filter(|file| file.zone == Zone::Processed)
        {
            let key = format!("{PROCESSED}/{number:06}.parquet");
            std::fs::write(directory.join(&key), &file.content)?;
            let rows_of_date = done.event_dates.get(DATE).copied().unwrap_or_default();
            objects.push(Object {
                key,
                bytes: file.content.len() as u64,
                rows_of_date,
            });
        }
    }
    let mut lines = Vec::new();
    for title in &input.titles {
        serde_json::to_writer(&mut lines, title)?;
        lines.push(b'\n');
    }
    std::fs::write(directory.join(TITLES), lines)?;
    std::fs::write(directory.join(OBJECTS), serde_json::to_vec(&objects)?)?;
    Ok(())
}

/// Compacts what [`make`] made of a day, into `directory` too, in so many buckets,
/// one after the other; what divides the day is measured with them.
///
/// # Errors
/// When it is not there, or compaction fails.
pub fn run(directory: &Path, memory_bytes: usize, buckets: u32) -> Result<DayResult> {
    let read = |name: &str| {
        let path = directory.join(name);
        std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let objects: Vec<Object> = serde_json::from_slice(&read(OBJECTS)?)?;
    let rows = objects.iter().map(|object| object.rows_of_date).sum();
    let lines = read(TITLES)?;
    let lines = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let titles = lines.map(serde_json::from_slice::<Title>);
    let titles = Titles::new(None, titles.collect::<Result<_, _>>()?);
    let store = Arc::new(LocalFileSystem::new_with_prefix(directory)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()?;
    let input = |object: &Object| InputObject {
        key: object.key.clone(),
        bytes: object.bytes,
        rows_of_date: object.rows_of_date,
    };
    let compaction = Compaction {
        run: "1-bench".to_owned(),
        inputs: objects.iter().map(input).collect(),
        on_parent: false,
    };
    let task = CompactionTask {
        event_date: DATE.parse()?,
        buckets,
        compaction: Some(&compaction),
        parent: None,
    };
    let settings = CompactSettings {
        memory_bytes,
        spill_dir: Some(directory.to_owned()),
        buckets_side_by_side: 1,
        ..CompactSettings::default()
    };
    let before = memory::reset_peak()?;
    let (start, cpu) = (Instant::now(), ProcessCpu::now()?);
    let (store, titles): (Arc<dyn ObjectStore>, _) = (store, Arc::new(titles));
    let done = runtime.block_on(compact_date(&store, &titles, task, &settings))?;
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), ProcessCpu::since(cpu)?);
    let peak = memory::peak()?.saturating_sub(before);
    if done.counts.receipt_rows != rows {
        bail!("{} rows were read of {rows}", done.counts.receipt_rows);
    }
    Ok(DayResult {
        name: "marquee".to_owned(),
        rows,
        seconds,
        cpu_s: cpu.total().as_secs_f64(),
        user_s: cpu.user.as_secs_f64(),
        peak_mib: peak as f64 / 1_048_576.0,
        out_bytes: done.tables.values().map(|table| table.bytes()).sum(),
        checks: Checks::of(directory, &done)?,
    })
}

/// A processed object.
#[derive(Debug, Serialize, Deserialize)]
struct Object {
    key: String,
    bytes: u64,
    rows_of_date: u64,
}

impl Checks {
    fn of(directory: &Path, done: &CompactedTables) -> Result<Self> {
        let mut checks = Self::default();
        let mut engagement = 0.0;
        for (table, files) in &done.tables {
            for file in &files.files {
                let file = std::fs::File::open(directory.join(&file.key))?;
                for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.build()? {
                    let batch = batch?;
                    checks
                        .add(table, &batch, &mut engagement)
                        .with_context(|| format!("{table} has other columns"))?;
                }
            }
        }
        checks.engagement = f64::round(engagement) as i64;
        Ok(checks)
    }

    fn add(&mut self, table: &str, batch: &RecordBatch, engagement: &mut f64) -> Option<()> {
        let rows = batch.num_rows() as u64;
        let trues = |column: &str| {
            let column = batch.column_by_name(column)?.as_boolean_opt()?;
            Some(column.true_count() as u64)
        };
        match table {
            "events" => self.events += rows,
            "fact_session" => {
                self.sessions += rows;
                self.binges += trues("is_binge")?;
            }
            "fact_view" => {
                self.views += rows;
                self.completed += trues("completed")?;
                let watched = batch.column_by_name("watch_ms")?;
                let watched = watched.as_primitive_opt::<Int64Type>()?;
                self.watch_ms += watched.values().iter().sum::<i64>();
                let scores = batch.column_by_name("engagement_score")?;
                let scores = scores.as_primitive_opt::<Float32Type>()?;
                *engagement += scores.values().iter().copied().map(f64::from).sum::<f64>();
            }
            _ => {}
        }
        Some(())
    }
}
