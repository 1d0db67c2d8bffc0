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

pub(crate) fn run(args: &BenchArgs) -> Result<ExitCode> {
    let mut measure = transform();
    measure.args(&args.name).args(args.json.then_some("--json"));
    if let Some(code) = failure(&mut measure)? {
        return Ok(code);
    }
    match args.name {
        Some(_) => Ok(ExitCode::SUCCESS),
        None => peers::run(args.json),
    }
}
