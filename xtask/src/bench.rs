//! `cargo xtask bench`.

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::peers;
use crate::process::{cargo, failure, target};

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Measure only what has this in its name, and run no peers
    name: Option<String>,
    /// Print one JSON object for each measurement instead of a table
    #[arg(long)]
    json: bool,
}

/// The benchmarks, as the first part of their measurements' names.
const MEASURED: [&str; 3] = ["transform", "compact", "marts"];

/// The CPU that cargo-lambda builds for on x86-64; every Lambda has it.
const LAMBDA_CPU: &str = "haswell";

/// Returns the program that measures the transform, built as cargo-lambda builds the
/// deployed function. The caller adds arguments.
pub(crate) fn transform() -> Command {
    let mut measure = cargo(["bench", "-p", "marquee-bench", "--bench", "transform", "--"]);
    if cfg!(target_arch = "x86_64") {
        measure
            .env("RUSTFLAGS", format!("-C target-cpu={LAMBDA_CPU}"))
            .env("CARGO_TARGET_DIR", target().join("lambda-cpu"));
    }
    measure
}

/// Returns the program that measures a step of curation. The caller adds arguments.
fn curation(bench: &str) -> Command {
    let mut measure = cargo(["bench", "-p", "marquee-bench"]);
    if bench == "marts" {
        // DataFusion takes ten minutes with the release profile, and its inner loops
        // are in Arrow. The figures in docs/adr are measured with these settings.
        measure.args(["--features", "marts"]);
        measure.env("CARGO_PROFILE_BENCH_LTO", "off");
        measure.env("CARGO_PROFILE_BENCH_CODEGEN_UNITS", "16");
        measure.env("CARGO_TARGET_DIR", target().join("marts-bench"));
    }
    measure.args(["--bench", bench, "--"]);
    measure
}

/// Returns the program that compacts a date. The caller adds arguments.
pub(crate) fn compact() -> Command {
    curation("compact")
}

pub(crate) fn run(args: &BenchArgs) -> Result<ExitCode> {
    let name = args.name.as_deref();
    let named = |bench: &&str| name.is_none_or(|name| name.starts_with(*bench));
    let mut benches: Vec<&str> = MEASURED.into_iter().filter(named).collect();
    if benches.is_empty() {
        // A part of a measurement's name, as in `kpl`.
        benches.push("transform");
    }
    for bench in benches {
        let mut measure = match bench {
            "transform" => transform(),
            bench => curation(bench),
        };
        measure.args(&args.name).args(args.json.then_some("--json"));
        if let Some(code) = failure(&mut measure)? {
            return Ok(code);
        }
    }
    match args.name {
        Some(_) => Ok(ExitCode::SUCCESS),
        None => peers::run(args.json),
    }
}
