//! A simulated date as processed objects in a directory, and its compaction.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int64Type};
use marquee_codec::envelope;
use marquee_compaction::{CompactSettings, InputObject};
use marquee_compaction::{CompactedTables, Compaction, CompactionTask, compact_date};
use marquee_event::Title;
use marquee_ingest::titles::Titles;
use marquee_ingest::{TransformSettings, Transformer};
use marquee_lake::zone::Zone;
use marquee_producer::simulate::Simulation;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};

use crate::clock::ProcessCpu;
use crate::input::{Packing, input, simulation};
use crate::memory;

/// The only date of the simulation.
pub const DATE: &str = "2026-01-05";
/// The approximate number of events of a user on a date.
const EVENTS_PER_USER: u64 = 50;
const TITLES_FILE: &str = "titles.ndjson";
const OBJECTS_FILE: &str = "objects.json";
const PROCESSED_DIRECTORY: &str = "processed";

/// The result of one compaction of a date, by Marquee or by a peer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompactionResult {
    /// The program.
    pub name: String,
    /// The number of rows read.
    pub rows: u64,
    /// Elapsed seconds.
    pub seconds: f64,
    /// CPU seconds of all threads, in user and kernel mode.
    pub cpu_s: f64,
    /// CPU seconds in user mode.
    pub user_s: f64,
    /// The peak resident memory above the memory at the start, in MiB.
    pub peak_mib: f64,
    /// The size of the written files, in bytes.
    pub out_bytes: u64,
    /// Totals over the written rows.
    pub checks: Checks,
}

/// Totals over the written tables, which must be equal for every program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Checks {
    /// The number of rows of `events`.
    pub events: u64,
    /// The number of rows of `fact_session`.
    pub sessions: u64,
    /// The number of rows of `fact_view`.
    pub views: u64,
    /// Σ `watch_ms` of the views.
    pub watch_ms: i64,
    /// The number of completed views.
    pub completed: u64,
    /// Σ `engagement_score` of the views, rounded to a whole number.
    pub engagement: i64,
    /// The number of binge sessions.
    pub binges: u64,
}

/// Simulates about `events` events of one date and writes their processed objects and
/// the title catalog into `directory`.
///
/// # Errors
/// When a batch cannot be transformed or a file cannot be written.
pub fn write_input(directory: &Path, events: u64) -> Result<()> {
    let simulation = Simulation {
        users: u32::try_from(events / EVENTS_PER_USER)?.max(1),
        ..simulation(events, 0.0)
    };
    let input = input(&simulation, Packing::KplZstd)?;
    let titles = Titles::new(None, input.titles.clone());
    let mut transformer = Transformer::new(TransformSettings {
        raw: false,
        ..TransformSettings::default()
    })?;
    std::fs::create_dir_all(directory.join(PROCESSED_DIRECTORY))?;
    let date = DATE.parse()?;
    let mut objects = Vec::new();
    for (number, payload) in input.payloads.iter().enumerate() {
        let done = transformer.transform(&envelope::records(payload)?, &titles)?;
        for file in done
            .files
            .iter()
            .filter(|file| file.zone == Zone::Processed)
        {
            let key = format!("{PROCESSED_DIRECTORY}/{number:06}.parquet");
            std::fs::write(directory.join(&key), &file.content)?;
            let rows_of_date = done.event_dates.get(&date).copied().unwrap_or_default();
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
    std::fs::write(directory.join(TITLES_FILE), lines)?;
    std::fs::write(directory.join(OBJECTS_FILE), serde_json::to_vec(&objects)?)?;
    Ok(())
}

/// Compacts the date that [`write_input`] wrote and writes the tables into
/// `directory` too. The buckets are compacted one after the other; with more than
/// one, the measurement includes the split.
///
/// # Errors
/// When the input is missing or compaction fails.
pub fn compact(directory: &Path, memory_bytes: usize, buckets: u32) -> Result<CompactionResult> {
    let read = |name: &str| {
        let path = directory.join(name);
        std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let objects: Vec<Object> = serde_json::from_slice(&read(OBJECTS_FILE)?)?;
    let rows = objects.iter().map(|object| object.rows_of_date).sum();
    let lines = read(TITLES_FILE)?;
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
        bail!(
            "compaction read {} of {rows} rows",
            done.counts.receipt_rows
        );
    }
    Ok(CompactionResult {
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
                        .with_context(|| format!("unexpected table or columns: {table}"))?;
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
            "dropped_events" => {}
            _ => return None,
        }
        Some(())
    }
}
