//! How fast the transform is, on one core, and where its time goes.
//!
//! ```text
//! cargo bench -p marquee-bench --bench transform -- [NAME] [--json]
//! cargo bench -p marquee-bench --bench transform -- --peer-input DIR
//! cargo bench -p marquee-bench --bench transform -- --profile NAME/STAGE   (for a profiler)
//! ```

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use marquee_bench::clock::{median, thread_cpu};
use marquee_bench::input::{Packing, input, simulation};
use marquee_bench::stages::{Cut, Stages};
use marquee_bench::{memory, peer};
use serde::Serialize;

/// Batches come and go by the megabyte; this allocator keeps their pages instead
/// of asking the kernel for them anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 7;
const PROFILE_ROUNDS: usize = 40;
const MIB: f64 = 1_048_576.0;

#[derive(Debug, Clone, Copy)]
struct Measurement {
    name: &'static str,
    packing: Packing,
    events: u64,
    handler: Cut,
    cuts: &'static [(&'static str, Cut)],
}

const STAGES_NO_RAW: &[(&str, Cut)] = &[
    ("envelope", Cut::Envelope),
    ("unpack", Cut::Unpack),
    ("parse", Cut::Parse),
    ("processed", Cut::Processed),
    ("store", Cut::HandlerNoRaw),
];
const STAGES: &[(&str, Cut)] = &[
    ("envelope", Cut::Envelope),
    ("unpack", Cut::Unpack),
    ("parse", Cut::Parse),
    ("processed", Cut::Processed),
    ("raw", Cut::Raw),
    ("store", Cut::Handler),
];

const MEASUREMENTS: [Measurement; 3] = [
    Measurement {
        name: "transform/plain",
        packing: Packing::Plain,
        events: 120_000,
        handler: Cut::Handler,
        cuts: STAGES,
    },
    Measurement {
        name: "transform/plain_no_raw",
        packing: Packing::Plain,
        events: 120_000,
        handler: Cut::HandlerNoRaw,
        cuts: STAGES_NO_RAW,
    },
    Measurement {
        name: "transform/kpl_zstd",
        packing: Packing::KplZstd,
        events: 400_000,
        handler: Cut::Handler,
        cuts: STAGES,
    },
];

#[derive(Debug, Serialize)]
struct Figures {
    name: &'static str,
    /// Events a second of one core's time, from payload to receipt.
    events_per_s: f64,
    /// Megabytes (10⁶) of payload a second.
    mb_per_s: f64,
    /// Bytes of the events' JSON to bytes of processed Parquet.
    compression: f64,
    /// What the handler needs beside its payload at the most.
    peak_mib: f64,
    events: u64,
    payloads: usize,
    bytes_per_event: f64,
    /// Nanoseconds an event and stage.
    stage_ns: Vec<(&'static str, f64)>,
}

fn main() -> Result<ExitCode> {
    let mut json = false;
    let mut filter = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .with_context(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--json" => json = true,
            "--bench" => {} // cargo's own
            "--peer-input" => {
                let result = peer::run(&PathBuf::from(value()?))?;
                println!("{}", serde_json::to_string(&result)?);
                return Ok(ExitCode::SUCCESS);
            }
            "--peak-of" => {
                let name = value()?;
                println!("{}", peak_of(find(&name)?)?);
                return Ok(ExitCode::SUCCESS);
            }
            "--profile" => {
                profile(&value()?)?;
                return Ok(ExitCode::SUCCESS);
            }
            other if other.starts_with('-') => {
                eprintln!("error: unknown flag {other}; there are --json and --peer-input DIR");
                return Ok(ExitCode::from(2));
            }
            name => filter = Some(name.to_owned()),
        }
    }
    let wanted = |name: &str| filter.as_deref().is_none_or(|filter| name.contains(filter));
    if !MEASUREMENTS
        .iter()
        .any(|measurement| wanted(measurement.name))
    {
        eprintln!(
            "error: no measurement's name contains {:?}",
            filter.unwrap_or_default()
        );
        return Ok(ExitCode::from(2));
    }
    if !json {
        println!(
            "{:<24} {:>12} {:>8} {:>12} {:>9}   ns an event, by stage",
            "one core", "events/s", "MB/s", "compression", "peak MiB"
        );
    }
    for measurement in MEASUREMENTS
        .iter()
        .filter(|measurement| wanted(measurement.name))
    {
        let figures = measure(measurement)?;
        if json {
            println!("{}", serde_json::to_string(&figures)?);
        } else {
            let stages: Vec<_> = figures
                .stage_ns
                .iter()
                .map(|(name, ns)| format!("{name} {ns:.0}"))
                .collect();
            println!(
                "{:<24} {:>12.0} {:>8.0} {:>11.1}x {:>9.1}   {}",
                figures.name,
                figures.events_per_s,
                figures.mb_per_s,
                figures.compression,
                figures.peak_mib,
                stages.join(", ")
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs everything up to one stage again and again, for a profiler to look at.
fn profile(name: &str) -> Result<()> {
    let (name, stage) = name
        .rsplit_once('/')
        .context("--profile takes NAME/STAGE")?;
    let measurement = find(name)?;
    let cut = measurement.cuts.iter().find(|(name, _)| *name == stage);
    let (_, cut) = cut.with_context(|| format!("{name} has no stage {stage}"))?;
    let stages = stages(measurement)?;
    let mut times = Vec::new();
    for _ in 0..PROFILE_ROUNDS {
        let start = Instant::now();
        stages.run(*cut)?;
        times.push(start.elapsed());
    }
    let events = stages.input().events as f64;
    let least = times.iter().min().copied().unwrap_or_default();
    println!(
        "{:.0} ns an event, the best of {PROFILE_ROUNDS} rounds",
        least.as_secs_f64() * 1e9 / events
    );
    Ok(())
}

fn find(name: &str) -> Result<&'static Measurement> {
    let found = MEASUREMENTS
        .iter()
        .find(|measurement| measurement.name == name);
    found.with_context(|| format!("no measurement {name}"))
}

fn stages(measurement: &Measurement) -> Result<Stages> {
    Stages::new(input(
        &simulation(measurement.events, 0.002),
        measurement.packing,
    )?)
}

/// All cuts in turn, round by round, so that a slow moment hits each alike.
fn measure(measurement: &Measurement) -> Result<Figures> {
    let stages = stages(measurement)?;
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); measurement.cuts.len()];
    for round in 0..=ROUNDS {
        for ((_, cut), times) in measurement.cuts.iter().zip(&mut times) {
            let start = thread_cpu()?;
            stages.run(*cut)?;
            let took = thread_cpu()? - start;
            if round > 0 {
                times.push(took);
            }
        }
    }
    let report = stages.run(measurement.handler)?;
    let events = stages.input().events;
    if report.received < events {
        bail!("{} units came of {events} events", report.received);
    }
    let no_raw = stages.run(Cut::HandlerNoRaw)?;
    let whole: Vec<f64> = times
        .into_iter()
        .map(|times| median(times).as_secs_f64())
        .collect();
    let total = whole.last().copied().unwrap_or_default();
    let mut before = 0.0;
    let stage_ns = measurement
        .cuts
        .iter()
        .zip(&whole)
        .map(|((name, _), time)| {
            let share = (time - before) * 1e9 / events as f64;
            before = *time;
            (*name, share)
        })
        .collect();
    let payload_bytes: usize = stages.input().payloads.iter().map(Vec::len).sum();
    Ok(Figures {
        name: measurement.name,
        events_per_s: events as f64 / total,
        mb_per_s: payload_bytes as f64 / total / 1e6,
        compression: no_raw.received_bytes as f64 / no_raw.written_bytes as f64,
        peak_mib: peak_in_child(measurement)?,
        events,
        payloads: stages.input().payloads.len(),
        bytes_per_event: no_raw.received_bytes as f64 / events as f64,
        stage_ns,
    })
}

/// In a process of its own, whose memory nothing else has touched.
fn peak_in_child(measurement: &Measurement) -> Result<f64> {
    let program = std::env::current_exe()?;
    let output = Command::new(program)
        .args(["--peak-of", measurement.name])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let bytes: f64 = text
        .trim()
        .parse()
        .with_context(|| format!("no peak: {text:?}"))?;
    Ok(bytes / MIB)
}

fn peak_of(measurement: &Measurement) -> Result<u64> {
    let stages = stages(measurement)?;
    let before = memory::reset_peak()?;
    stages.run(measurement.handler)?;
    Ok(memory::peak()?.saturating_sub(before))
}
