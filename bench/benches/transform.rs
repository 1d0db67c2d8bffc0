//! Measures the speed of the transform on one core, and the cost of each stage.
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

/// Batches are megabytes in size. This allocator keeps their pages instead of
/// returning them to the kernel and requesting them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 7;
const PROFILE_ROUNDS: usize = 40;
const MIB: f64 = 1_048_576.0;

#[derive(Debug, Clone, Copy)]
struct Benchmark {
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

const BENCHMARKS: [Benchmark; 3] = [
    Benchmark {
        name: "transform/plain",
        packing: Packing::Plain,
        events: 120_000,
        handler: Cut::Handler,
        cuts: STAGES,
    },
    Benchmark {
        name: "transform/plain_no_raw",
        packing: Packing::Plain,
        events: 120_000,
        handler: Cut::HandlerNoRaw,
        cuts: STAGES_NO_RAW,
    },
    Benchmark {
        name: "transform/kpl_zstd",
        packing: Packing::KplZstd,
        events: 400_000,
        handler: Cut::Handler,
        cuts: STAGES,
    },
];

#[derive(Debug, Serialize)]
struct TransformFigures {
    name: &'static str,
    /// Events per CPU second, from payload to receipt.
    events_per_s: f64,
    /// Megabytes (10⁶ bytes) of payload per CPU second.
    mb_per_s: f64,
    /// Bytes of the events' JSON divided by bytes of processed Parquet.
    compression: f64,
    /// The handler's peak memory in addition to its payload, in MiB.
    peak_mib: f64,
    events: u64,
    payloads: usize,
    bytes_per_event: f64,
    /// Nanoseconds per event, by stage.
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
            "--bench" => {} // passed by cargo
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
                eprintln!(
                    "error: unknown flag {other}; the flags are --json, --peer-input DIR and \
                     --profile NAME/STAGE"
                );
                return Ok(ExitCode::from(2));
            }
            name => filter = Some(name.to_owned()),
        }
    }
    let wanted = |name: &str| filter.as_deref().is_none_or(|filter| name.contains(filter));
    if !BENCHMARKS.iter().any(|benchmark| wanted(benchmark.name)) {
        eprintln!(
            "error: no benchmark's name contains {:?}",
            filter.unwrap_or_default()
        );
        return Ok(ExitCode::from(2));
    }
    if !json {
        println!(
            "{:<24} {:>12} {:>8} {:>12} {:>9}   ns/event, by stage",
            "one core", "events/s", "MB/s", "compression", "peak MiB"
        );
    }
    for benchmark in BENCHMARKS.iter().filter(|benchmark| wanted(benchmark.name)) {
        let figures = measure(benchmark)?;
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

/// Runs the transform up to one stage many times, for a profiler.
fn profile(name: &str) -> Result<()> {
    let (name, stage) = name
        .rsplit_once('/')
        .context("--profile takes NAME/STAGE")?;
    let benchmark = find(name)?;
    let cut = benchmark.cuts.iter().find(|(name, _)| *name == stage);
    let (_, cut) = cut.with_context(|| format!("{name} has no stage {stage}"))?;
    let stages = stages(benchmark)?;
    let mut times = Vec::new();
    for _ in 0..PROFILE_ROUNDS {
        let start = Instant::now();
        stages.run(*cut)?;
        times.push(start.elapsed());
    }
    let events = stages.input().events as f64;
    let least = times.iter().min().context("no round was measured")?;
    println!(
        "{:.0} ns/event, the best of {PROFILE_ROUNDS} rounds",
        least.as_secs_f64() * 1e9 / events
    );
    Ok(())
}

fn find(name: &str) -> Result<&'static Benchmark> {
    let found = BENCHMARKS.iter().find(|benchmark| benchmark.name == name);
    found.with_context(|| format!("unknown benchmark {name}"))
}

fn stages(benchmark: &Benchmark) -> Result<Stages> {
    Stages::new(input(
        &simulation(benchmark.events, 0.002),
        benchmark.packing,
    )?)
}

/// Measures all cuts in turn in every round, so that a slow phase of the machine
/// affects them equally.
fn measure(benchmark: &Benchmark) -> Result<TransformFigures> {
    let stages = stages(benchmark)?;
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); benchmark.cuts.len()];
    for round in 0..=ROUNDS {
        for ((_, cut), times) in benchmark.cuts.iter().zip(&mut times) {
            let start = thread_cpu()?;
            stages.run(*cut)?;
            let took = thread_cpu()? - start;
            if round > 0 {
                times.push(took);
            }
        }
    }
    let report = stages.run(benchmark.handler)?;
    let events = stages.input().events;
    if report.received < events {
        bail!(
            "the handler received {} units of {events} events",
            report.received
        );
    }
    let no_raw = stages.run(Cut::HandlerNoRaw)?;
    let whole: Vec<f64> = times
        .into_iter()
        .map(|times| Ok(median(times)?.as_secs_f64()))
        .collect::<Result<_>>()?;
    let total = *whole.last().context("a benchmark has no cuts")?;
    let mut before = 0.0;
    let stage_ns = benchmark
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
    Ok(TransformFigures {
        name: benchmark.name,
        events_per_s: events as f64 / total,
        mb_per_s: payload_bytes as f64 / total / 1e6,
        compression: no_raw.received_bytes as f64 / no_raw.written_bytes as f64,
        peak_mib: peak_in_child(benchmark)?,
        events,
        payloads: stages.input().payloads.len(),
        bytes_per_event: no_raw.received_bytes as f64 / events as f64,
        stage_ns,
    })
}

/// Measures the peak memory in a new process, whose memory nothing else has used.
fn peak_in_child(benchmark: &Benchmark) -> Result<f64> {
    let program = std::env::current_exe()?;
    let output = Command::new(program)
        .args(["--peak-of", benchmark.name])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let bytes: f64 = text
        .trim()
        .parse()
        .with_context(|| format!("the child process printed no peak: {text:?}"))?;
    Ok(bytes / MIB)
}

fn peak_of(benchmark: &Benchmark) -> Result<u64> {
    let stages = stages(benchmark)?;
    let before = memory::reset_peak()?;
    stages.run(benchmark.handler)?;
    Ok(memory::peak()?.saturating_sub(before))
}
