//! Compares the parts of the hot path with library alternatives over the same events:
//! the figures behind `docs/adr/0002-hot-path.md`.
//!
//! ```text
//! cargo bench -p marquee-bench --bench alternatives
//! ```

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, Result};
use arrow_array::RecordBatch;
use marquee_bench::clock::{median, thread_cpu};
use marquee_bench::input::{Packing, input, simulation};
use marquee_codec::{CodecError, Limits, Unit, Unpacker};
use marquee_event::Parser;
use marquee_ingest::titles::Titles;
use marquee_ingest::{TransformSettings, Transformer, envelope};
use marquee_lake::zone::Zone;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::Deserialize;

/// Batches are megabytes in size. This allocator keeps their pages instead of
/// returning them to the kernel and requesting them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 7;

/// An event as serde parses it: the same fields, borrowed in the same way.
#[derive(Deserialize)]
#[allow(dead_code)]
struct SerdeEvent<'a> {
    event_id: &'a str,
    event_type: &'a str,
    event_time: &'a str,
    user_id: &'a str,
    session_id: &'a str,
    profile_id: Option<&'a str>,
    country: Option<&'a str>,
    device: Option<SerdeDevice<'a>>,
    producer: Option<SerdeProducer<'a>>,
    title_id: Option<&'a str>,
    position_ms: Option<i64>,
    from_position_ms: Option<i64>,
    query: Option<std::borrow::Cow<'a, str>>,
    results: Option<i32>,
    row: Option<i32>,
    rating: Option<f64>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct SerdeDevice<'a> {
    r#type: Option<&'a str>,
    os: Option<&'a str>,
    app_version: Option<&'a str>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct SerdeProducer<'a> {
    id: &'a str,
    seq: i64,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct SerdePayload<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<SerdeRecord<'a>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct SerdeRecord<'a> {
    #[serde(borrow)]
    kinesis: SerdeKinesis<'a>,
    #[serde(rename = "eventID")]
    event_id: &'a str,
}

#[derive(Deserialize)]
#[allow(dead_code)]
#[serde(rename_all = "camelCase")]
struct SerdeKinesis<'a> {
    sequence_number: &'a str,
    partition_key: &'a str,
    approximate_arrival_timestamp: f64,
    data: &'a str,
}

/// Measures an alternative and prints the median of its rounds, in nanoseconds per
/// event.
fn measure(name: &str, events: usize, mut work: impl FnMut() -> Result<usize>) -> Result<()> {
    let mut times: Vec<Duration> = Vec::new();
    let mut bytes = 0;
    for round in 0..=ROUNDS {
        let start = thread_cpu()?;
        bytes = work()?;
        if round > 0 {
            times.push(thread_cpu()? - start);
        }
    }
    let nanos = median(times)?.as_secs_f64() * 1e9 / events as f64;
    let size = match bytes {
        0 => String::new(),
        bytes => format!("{:>8.1} bytes/event", bytes as f64 / events as f64),
    };
    println!("{name:<44} {nanos:>8.0} ns/event {size}");
    Ok(())
}

fn main() -> Result<()> {
    let plain = input(&simulation(60_000, 0.0), Packing::Plain)?;
    let mut units = Vec::new();
    for payload in &plain.payloads {
        let records = envelope::records(payload)?;
        let load = |index: usize, out: &mut Vec<u8>| match records[index].decode_data(out) {
            true => Ok(()),
            false => Err(CodecError::NotBase64),
        };
        Unpacker::new(Limits::default()).unpack(records.len(), load, |_, unit| {
            if let Unit::Line { bytes, .. } = unit {
                units.push(bytes.to_vec());
            }
            Ok::<(), anyhow::Error>(())
        })?;
    }
    let events = units.len();
    println!(
        "{events} events of {} bytes\n",
        units.iter().map(Vec::len).sum::<usize>() / events
    );
    envelopes(&plain.payloads, events)?;
    parsers(&units)?;
    writers(&plain, events)
}

fn envelopes(payloads: &[Vec<u8>], events: usize) -> Result<()> {
    measure("envelope: handwritten", events, || {
        for payload in payloads {
            black_box(envelope::records(payload)?);
        }
        Ok(0)
    })?;
    measure("envelope: serde_json, borrowed", events, || {
        for payload in payloads {
            black_box(
                serde_json::from_slice::<SerdePayload<'_>>(payload)?
                    .records
                    .len(),
            );
        }
        Ok(0)
    })?;
    measure("envelope: sonic-rs, borrowed", events, || {
        for payload in payloads {
            black_box(
                sonic_rs::from_slice::<SerdePayload<'_>>(payload)?
                    .records
                    .len(),
            );
        }
        Ok(0)
    })
}

fn parsers(units: &[Vec<u8>]) -> Result<()> {
    let mut parser = Parser::new();
    measure("event: handwritten, validated", units.len(), || {
        for unit in units {
            black_box(parser.parse(unit)?);
        }
        Ok(0)
    })?;
    measure(
        "event: serde_json, borrowed, not validated",
        units.len(),
        || {
            for unit in units {
                black_box(serde_json::from_slice::<SerdeEvent<'_>>(unit)?);
            }
            Ok(0)
        },
    )?;
    measure(
        "event: sonic-rs, borrowed, not validated",
        units.len(),
        || {
            for unit in units {
                black_box(sonic_rs::from_slice::<SerdeEvent<'_>>(unit)?);
            }
            Ok(0)
        },
    )
}

/// Measures Arrow's Parquet writer over the rows of the processed files. The
/// handwritten encoder's cost is that of the transform minus that of parsing.
fn writers(plain: &marquee_bench::input::Input, events: usize) -> Result<()> {
    let titles = Titles::new(None, plain.titles.clone());
    let mut transformer = Transformer::new(TransformSettings {
        raw: false,
        ..TransformSettings::default()
    })?;
    measure("whole transform, without raw", events, || {
        let mut bytes = 0;
        for payload in &plain.payloads {
            let done = transformer.transform(&envelope::records(payload)?, &titles)?;
            let processed = done
                .files
                .iter()
                .filter(|file| file.zone == Zone::Processed);
            bytes += processed.map(|file| file.content.len()).sum::<usize>();
        }
        Ok(bytes)
    })?;
    let mut batches: Vec<Vec<RecordBatch>> = Vec::new();
    for payload in &plain.payloads {
        let done = transformer.transform(&envelope::records(payload)?, &titles)?;
        for file in done
            .files
            .into_iter()
            .filter(|file| file.zone == Zone::Processed)
        {
            let reader = ParquetRecordBatchReaderBuilder::try_new(file.content)?.build()?;
            batches.push(reader.collect::<Result<_, _>>()?);
        }
    }
    let settings = [
        ("uncompressed", Compression::UNCOMPRESSED),
        ("zstd 1", Compression::ZSTD(ZstdLevel::try_new(1)?)),
        ("zstd 3", Compression::ZSTD(ZstdLevel::try_new(3)?)),
    ];
    for (name, compression) in settings {
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .build();
        measure(&format!("Arrow's writer alone, {name}"), events, || {
            let mut bytes = 0;
            for batches in &batches {
                let schema = batches.first().context("a file has rows")?.schema();
                let mut writer =
                    ArrowWriter::try_new(Vec::new(), schema, Some(properties.clone()))?;
                batches.iter().try_for_each(|batch| writer.write(batch))?;
                bytes += writer.into_inner()?.len();
            }
            Ok(bytes)
        })?;
    }
    Ok(())
}
