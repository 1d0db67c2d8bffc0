//! `cargo xtask bench`.

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::peers;
use crate::step::{cargo, failure, target};

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Only the measurements whose name contains this, and no peers
    name: Option<String>,
    /// One JSON object a measurement instead of a table
    #[arg(long)]
    json: bool,
}

/// What is measured, as the first part of its names.
const MEASURED: [&str; 3] = ["transform", "compact", "marts"];

/// The CPU that cargo-lambda builds for on x86-64, which every Lambda has.
const LAMBDA_CPU: &str = "haswell";

/// The program that measures the transform, built as cargo-lambda builds what
/// is shipped; arguments follow.
pub(crate) fn transform() -> Command {
    let mut measure = cargo(["bench", "-p", "marquee-bench", "--bench", "transform", "--"]);
    if cfg!(target_arch = "x86_64") {
        measure
            .env("RUSTFLAGS", format!("-C target-cpu={LAMBDA_CPU}"))
            .env("CARGO_TARGET_DIR", target().join("lambda-cpu"));
    }
    measure
}

/// A program that measures something of the day; arguments follow.
fn of_the_day(bench: &str) -> Command {
    let mut measure = cargo(["bench", "-p", "marquee-bench"]);
    if bench == "marts" {
        // DataFusion takes ten minutes to be built like what is shipped, and its
        // inner loops are in Arrow; this is as it is measured in docs/adr.
        measure.args(["--features", "marts"]);
        measure.env("CARGO_PROFILE_BENCH_LTO", "off");
        measure.env("CARGO_PROFILE_BENCH_CODEGEN_UNITS", "16");
        measure.env("CARGO_TARGET_DIR", target().join("marts-bench"));
    }
    measure.args(["--bench", bench, "--"]);
    measure
}

/// The program that compacts a day; arguments follow.
pub(crate) fn compact() -> Command {
    of_the_day("compact")
}

pub(crate) fn run(args: &BenchArgs) -> Result<ExitCode> {
    let name = args.name.as_deref();
    let named = |bench: &&str| name.is_none_or(|name| name.starts_with(*bench));
    let mut benches: Vec<&str> = MEASURED.into_iter().filter(named).collect();
    if benches.is_empty() {
        // A part of a name, as it always was: `kpl`.
        benches.push("transform");
    }
    for bench in benches {
        let mut measure = match bench {
            "transform" => transform(),
            bench => of_the_day(bench),
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
