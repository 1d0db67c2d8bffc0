//! Measures the time and the memory to build all marts of a date.
//!
//! ```text
//! cargo bench -p marquee-bench --features marts --bench marts -- [NAME] [--json]
//! cargo bench -p marquee-bench --features marts --bench marts -- --input DIR EVENTS
//! ```
//!
//! Each benchmark runs in its own process over files that another process wrote, so
//! that its memory is that of the marts. Two marts are built concurrently.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use marquee_bench::clock::ProcessCpu;
use marquee_bench::fact_tables::{self, DATE, RUN};
use marquee_bench::memory;
use marquee_event::Date;
use marquee_lake::generation::FileEntry;
use marquee_lake::staging::DateInputs;
use marquee_lake::title_catalog;
use marquee_marts::DateRun;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use serde::{Deserialize, Serialize};

/// The allocator of the `marquee` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [(&str, u64); 3] = [
    ("marts/1m", 1_000_000),
    ("marts/4m", 4_000_000),
    ("marts/16m", 16_000_000),
];
/// The number of marts that are built concurrently.
const CONCURRENT_MARTS: usize = 2;
/// The fastest of these rounds counts.
const ROUNDS: usize = 3;
const MIB: f64 = 1_048_576.0;
/// A file beside the facts with their names and sizes.
const FILES: &str = "facts.json";

#[derive(Debug, Serialize, Deserialize)]
struct MartsFigures {
    name: String,
    /// Elapsed seconds from the facts to every mart's file, in the fastest round.
    seconds: f64,
    /// CPU seconds of all threads, in the round with the least.
    cpu_s: f64,
    /// The peak resident memory above the memory at the start, in MiB.
    peak_mib: f64,
    events: u64,
    /// CPU seconds of each mart alone, the slowest first.
    marts: Vec<(String, f64)>,
}

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--input", lake, events] => make_input(Path::new(lake), events.parse()?)?,
        ["--measure", name, lake] => {
            let figures = measure(name, Path::new(lake))?;
            println!("{}", serde_json::to_string(&figures)?);
        }
        words => return report(words),
    }
    Ok(ExitCode::SUCCESS)
}

fn report(words: &[&str]) -> Result<ExitCode> {
    let json = words.contains(&"--json");
    let names: Vec<&&str> = words.iter().filter(|word| **word != "--json").collect();
    if let Some(flag) = names.iter().find(|name| name.starts_with('-')) {
        eprintln!("error: unknown flag {flag}; the flags are --json and --input DIR EVENTS");
        return Ok(ExitCode::from(2));
    }
    let wanted = |name: &str| names.is_empty() || names.iter().any(|part| name.contains(**part));
    let sizes: Vec<_> = SIZES.into_iter().filter(|(name, _)| wanted(name)).collect();
    if sizes.is_empty() {
        eprintln!("error: no benchmark's name contains {names:?}");
        return Ok(ExitCode::from(2));
    }
    for (name, events) in sizes {
        let lake = tempfile::tempdir()?;
        let path = lake
            .path()
            .to_str()
            .context("the temporary directory is not UTF-8")?;
        child(&["--input", path, &events.to_string()])?;
        let figures: MartsFigures = serde_json::from_str(&child(&["--measure", name, path])?)?;
        match json {
            true => println!("{}", serde_json::to_string(&figures)?),
            false => show(&figures),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(figures: &MartsFigures) {
    println!(
        "{:<10} {:>7.2} s {:>7.2} CPU s {:>7.0} MiB",
        figures.name, figures.seconds, figures.cpu_s, figures.peak_mib
    );
    for (mart, seconds) in &figures.marts {
        println!("    {mart:<22} {seconds:>7.3} s");
    }
}

/// Runs this program with those arguments and returns its output.
fn child(arguments: &[&str]) -> Result<String> {
    let output = Command::new(std::env::current_exe()?)
        .args(arguments)
        .output()?;
    if !output.status.success() {
        bail!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn make_input(lake: &Path, events: u64) -> Result<()> {
    std::fs::create_dir_all(lake)?;
    let files = fact_tables::write(lake, events)?;
    std::fs::write(lake.join(FILES), serde_json::to_vec(&files)?)?;
    let store = LocalFileSystem::new_with_prefix(lake)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(title_catalog::publish(&store, &fact_tables::titles()))?;
    Ok(())
}

fn measure(name: &str, lake: &Path) -> Result<MartsFigures> {
    let files: BTreeMap<String, Vec<FileEntry>> =
        serde_json::from_slice(&std::fs::read(lake.join(FILES))?)?;
    let events = files
        .get("events")
        .into_iter()
        .flatten()
        .map(|file| file.rows)
        .sum();
    let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(lake)?);
    let marts = marquee_sql::marts()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CONCURRENT_MARTS)
        .build()?;
    let date: Date = DATE.parse()?;
    let open = async || -> Result<Arc<DateRun>> {
        let inputs = DateInputs {
            run: RUN.to_owned(),
            title_catalog: title_catalog::current(store.as_ref()).await?,
            receipts: Vec::new(),
            tables: files
                .iter()
                .map(|(table, files)| (table.clone(), BTreeMap::from([(date, files.clone())])))
                .collect(),
            ..DateInputs::new(date)
        };
        Ok(Arc::new(DateRun::open(Arc::clone(&store), inputs).await?))
    };
    runtime.block_on(async {
        let before = memory::reset_peak()?;
        let (mut seconds, mut cpu_s) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..ROUNDS {
            let (start, cpu) = (Instant::now(), ProcessCpu::now()?);
            open()
                .await?
                .build_all(marts.clone(), CONCURRENT_MARTS)
                .await?;
            seconds = seconds.min(start.elapsed().as_secs_f64());
            cpu_s = cpu_s.min(ProcessCpu::since(cpu)?.total().as_secs_f64());
        }
        let peak = memory::peak()?.saturating_sub(before);
        let run = open().await?;
        let mut each = Vec::new();
        for mart in &marts {
            let start = ProcessCpu::now()?;
            run.build(mart).await?;
            let took = ProcessCpu::since(start)?.total();
            each.push((mart.name.clone(), took.as_secs_f64()));
        }
        each.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        Ok(MartsFigures {
            name: name.to_owned(),
            seconds,
            cpu_s,
            peak_mib: peak as f64 / MIB,
            events,
            marts: each,
        })
    })
}
