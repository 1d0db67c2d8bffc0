//! `cargo xtask bench`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::peers;
use crate::step::{cargo, failure};

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Only the measurements whose name contains this, and no peers
    name: Option<String>,
    /// One JSON object a measurement instead of a table
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &BenchArgs) -> Result<ExitCode> {
    let mut measure = cargo(["bench", "-p", "marquee-bench", "--bench", "transform", "--"]);
    measure.args(&args.name).args(args.json.then_some("--json"));
    if let Some(code) = failure(&mut measure)? {
        return Ok(code);
    }
    match args.name {
        Some(_) => Ok(ExitCode::SUCCESS),
        None => peers::run(args.json),
    }
}
