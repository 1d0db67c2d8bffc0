//! Measures the cost of compacting a date and how it grows with the number of events,
//! from processed Parquet objects to sorted events, sessions and views.
//!
//! ```text
//! cargo bench -p marquee-bench --bench compact -- [NAME] [--json] [--input DIR] [--memory MIB] [--buckets N]
//! ```
//!
//! `--input` keeps the simulated dates in `DIR`, one directory each (`compact-1m`,
//! …), for further runs and for the peers' scripts. `--memory` bounds the memory for
//! rows; further rows are spilled. `--buckets` splits the date first.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use marquee_bench::compaction::{self, CompactionResult};
use serde::Serialize;

/// The allocator of the transform's benchmark.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MEASUREMENTS: [(&str, u64); 3] = [
    ("compact/1m", 1_000_000),
    ("compact/4m", 4_000_000),
    ("compact/16m", 16_000_000),
];
const MIB: f64 = 1_048_576.0;

#[derive(Debug, Serialize)]
struct CompactFigures {
    name: &'static str,
    seconds: f64,
    cpu_s: f64,
    user_s: f64,
    peak_mib: f64,
    /// Bytes of peak memory per row.
    bytes_per_row: f64,
    rows: u64,
    out_bytes: u64,
}

#[derive(Debug, Default)]
struct CompactArguments {
    json: bool,
    name: Option<String>,
    input: Option<PathBuf>,
    /// In bytes; unbounded by default.
    memory: Option<usize>,
    /// 1 by default.
    buckets: Option<u32>,
    /// Write the input of this many events and exit.
    make: Option<u64>,
    /// Compact the input, print the result and exit.
    run: bool,
}

fn main() -> Result<ExitCode> {
    let arguments = match arguments()? {
        Ok(arguments) => arguments,
        Err(flag) => {
            eprintln!(
                "error: unknown flag {flag}; the flags are --json, --input DIR, --memory MIB and --buckets N"
            );
            return Ok(ExitCode::from(2));
        }
    };
    if let (Some(events), Some(input)) = (arguments.make, &arguments.input) {
        compaction::write_input(input, events)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let (true, Some(input)) = (arguments.run, &arguments.input) {
        let result = compaction::compact(
            input,
            arguments.memory.unwrap_or(usize::MAX),
            arguments.buckets.unwrap_or(1),
        )?;
        println!("{}", serde_json::to_string(&result)?);
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = arguments.name.as_deref().unwrap_or_default();
    let mut measurements = MEASUREMENTS
        .into_iter()
        .filter(|(name, _)| name.contains(wanted))
        .peekable();
    if measurements.peek().is_none() {
        eprintln!("error: no benchmark's name contains {wanted:?}");
        return Ok(ExitCode::from(2));
    }
    if !arguments.json {
        println!(
            "{:<14} {:>11} {:>9} {:>9} {:>9} {:>12} {:>10} {:>12} {:>14}",
            "one core",
            "events",
            "seconds",
            "CPU s",
            "user s",
            "events/CPU s",
            "peak MiB",
            "peak B/event",
            "written B/event"
        );
    }
    for (name, events) in measurements {
        let figures = measure(name, events, &arguments)?;
        if arguments.json {
            println!("{}", serde_json::to_string(&figures)?);
        } else {
            let rows = figures.rows as f64;
            println!(
                "{name:<14} {:>11} {:>9.2} {:>9.2} {:>9.2} {:>12.0} {:>10.0} {:>12.1} {:>14.1}",
                figures.rows,
                figures.seconds,
                figures.cpu_s,
                figures.user_s,
                rows / figures.cpu_s,
                figures.peak_mib,
                figures.bytes_per_row,
                figures.out_bytes as f64 / rows
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Parses the command line; the inner error is an unknown flag.
fn arguments() -> Result<std::result::Result<CompactArguments, String>> {
    let mut arguments = CompactArguments::default();
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || {
            given
                .next()
                .with_context(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--json" => arguments.json = true,
            "--bench" => {} // passed by cargo
            "--input" => arguments.input = Some(PathBuf::from(value()?)),
            "--memory" => arguments.memory = Some(value()?.parse::<usize>()? << 20),
            "--buckets" => arguments.buckets = Some(value()?.parse()?),
            "--make" => arguments.make = Some(value()?.parse()?),
            "--run" => arguments.run = true,
            other if other.starts_with('-') => return Ok(Err(other.to_owned())),
            name => arguments.name = Some(name.to_owned()),
        }
    }
    Ok(Ok(arguments))
}

/// Runs each benchmark in its own process, so that its peak memory is its own.
fn measure(
    name: &'static str,
    events: u64,
    arguments: &CompactArguments,
) -> Result<CompactFigures> {
    let temporary = tempfile::tempdir()?;
    let directory = match &arguments.input {
        Some(kept) => kept.join(name.replace('/', "-")),
        None => temporary.path().to_owned(),
    };
    if !directory.join("objects.json").is_file() {
        let events = events.to_string();
        child(&directory, &["--make", &events])?;
    }
    let mut run = vec!["--run".to_owned()];
    if let Some(bytes) = arguments.memory {
        run.extend(["--memory".to_owned(), (bytes >> 20).to_string()]);
    }
    if let Some(buckets) = arguments.buckets {
        run.extend(["--buckets".to_owned(), buckets.to_string()]);
    }
    let run: Vec<&str> = run.iter().map(String::as_str).collect();
    let text = child(&directory, &run)?;
    let result: CompactionResult = serde_json::from_str(text.trim())?;
    Ok(CompactFigures {
        name,
        seconds: result.seconds,
        cpu_s: result.cpu_s,
        user_s: result.user_s,
        peak_mib: result.peak_mib,
        bytes_per_row: result.peak_mib * MIB / result.rows as f64,
        rows: result.rows,
        out_bytes: result.out_bytes,
    })
}

fn child(directory: &Path, arguments: &[&str]) -> Result<String> {
    let program = std::env::current_exe()?;
    let output = Command::new(program)
        .arg("--input")
        .arg(directory)
        .args(arguments)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("{arguments:?} ended with {}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}
