//! The job that the peers' scripts also do: writes its input to files, runs the
//! transform over it and prints the result in the same form.

use std::path::Path;

use anyhow::{Context, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use bytes::Bytes;
use marquee_codec::envelope;
use marquee_ingest::titles::Titles;
use marquee_ingest::{TransformSettings, Transformer};
use marquee_lake::zone::Zone;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use crate::clock::{median, thread_cpu};
use crate::input::{Input, Packing, input, simulation};

const EVENTS: u64 = 100_000;
const ROUNDS: usize = 5;

/// The result that a peer prints, and Marquee for the same input.
#[derive(Debug, Default, Serialize)]
pub struct PeerResult {
    /// The program.
    pub name: &'static str,
    /// The number of rows of the processed files.
    pub events: u64,
    /// The number of rejected units.
    pub refused: u64,
    /// Σ `event_time`, modulo 2⁶⁴.
    pub sum_event_time_us: i64,
    /// Σ `position_ms`.
    pub sum_position_ms: i64,
    /// Σ 2 × `rating`.
    pub sum_rating_halves: i64,
    /// Σ bytes of `user_id`.
    pub user_id_bytes: u64,
    /// The size of the processed files, in bytes.
    pub output_bytes: u64,
    /// CPU seconds of a round: the median of all rounds.
    pub cpu_s: f64,
}

/// Writes `payloads.ndjson` and `titles.ndjson` into `directory`, transforms the
/// payloads (without the raw zone, which the peers do not write), and returns the
/// totals.
///
/// # Errors
/// When a file cannot be written or a batch cannot be transformed.
pub fn run(directory: &Path) -> Result<PeerResult> {
    let input = input(&simulation(EVENTS, 0.0), Packing::Plain)?;
    write(&input, directory)?;
    let titles = Titles::new(None, input.titles.clone());
    let mut transformer = Transformer::new(TransformSettings {
        raw: false,
        ..TransformSettings::default()
    })?;
    let mut times = Vec::new();
    let mut files = Vec::new();
    let mut result = PeerResult {
        name: "marquee",
        ..PeerResult::default()
    };
    for _ in 0..ROUNDS {
        files.clear();
        result.refused = 0;
        let start = thread_cpu()?;
        for payload in &input.payloads {
            let done = transformer.transform(&envelope::records(payload)?, &titles)?;
            result.refused += done.received - done.processed;
            files.extend(done.files);
        }
        times.push(thread_cpu()? - start);
    }
    result.cpu_s = median(times)?.as_secs_f64();
    for file in files
        .into_iter()
        .filter(|file| file.zone == Zone::Processed)
    {
        result.output_bytes += file.content.len() as u64;
        result.add_file(file.content)?;
    }
    Ok(result)
}

fn write(input: &Input, directory: &Path) -> Result<()> {
    let mut payloads = input.payloads.join(&b'\n');
    payloads.push(b'\n');
    let mut titles = Vec::new();
    for title in &input.titles {
        serde_json::to_writer(&mut titles, title)?;
        titles.push(b'\n');
    }
    for (name, bytes) in [("payloads.ndjson", payloads), ("titles.ndjson", titles)] {
        let path = directory.join(name);
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

impl PeerResult {
    fn add_file(&mut self, file: Bytes) -> Result<()> {
        for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.build()? {
            self.add_rows(&batch?)
                .context("a file lacks columns of processed events")?;
        }
        Ok(())
    }

    fn add_rows(&mut self, batch: &RecordBatch) -> Option<()> {
        let times = batch
            .column_by_name("event_time")?
            .as_primitive_opt::<TimestampMicrosecondType>()?;
        let positions = batch
            .column_by_name("position_ms")?
            .as_primitive_opt::<Int64Type>()?;
        let ratings = batch
            .column_by_name("rating")?
            .as_primitive_opt::<Float32Type>()?;
        let users = batch.column_by_name("user_id")?.as_string_opt::<i32>()?;
        self.events += batch.num_rows() as u64;
        for row in 0..batch.num_rows() {
            self.sum_event_time_us = self.sum_event_time_us.wrapping_add(times.value(row));
            if positions.is_valid(row) {
                self.sum_position_ms += positions.value(row);
            }
            if ratings.is_valid(row) {
                self.sum_rating_halves += (ratings.value(row) * 2.0) as i64;
            }
            self.user_id_bytes += users.value(row).len() as u64;
        }
        Some(())
    }
}
