//! `cargo xtask package`: the Lambdas as they are deployed.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::step::{cargo, failure, root, target};
use crate::venv;

/// Every binary of `lambdas/`.
pub(crate) const BINARIES: [&str; 6] = ["transform", "daily", "marts", "alert", "load", "api"];

#[derive(Args)]
pub(crate) struct PackageArgs {
    /// Only these binaries
    #[arg(value_parser = BINARIES)]
    binaries: Vec<String>,
}

/// Builds for Lambda's processor and system, optimised and stripped, one zip each
/// in `target/lambda/{binary}/bootstrap.zip`, with the cargo-lambda that is pinned.
pub(crate) fn run(args: &PackageArgs) -> Result<ExitCode> {
    let python = venv::python("cargo-lambda", &root().join("xtask/requirements.txt"))?;
    let directory = python.parent().context("the environment has no programs")?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::iter::once(directory.to_owned()).chain(std::env::split_paths(&path));
    let mut build = cargo(["lambda", "build", "--release", "--output-format", "zip"]);
    build
        .env("PATH", std::env::join_paths(places)?)
        .env("CARGO_TARGET_DIR", target());
    let wanted: Vec<&str> = match args.binaries.is_empty() {
        true => BINARIES.to_vec(),
        false => args.binaries.iter().map(String::as_str).collect(),
    };
    for binary in &wanted {
        build.args(["--package", &format!("marquee-lambda-{binary}")]);
    }
    if let Some(code) = failure(&mut build)? {
        return Ok(code);
    }
    for binary in wanted {
        let zip = target().join("lambda").join(binary).join("bootstrap.zip");
        let size = zip
            .metadata()
            .with_context(|| format!("{} was not made", zip.display()))?
            .len();
        println!(
            "{:<60} {:>7.1} MiB",
            zip.display().to_string(),
            size as f64 / f64::from(1 << 20)
        );
    }
    Ok(ExitCode::SUCCESS)
}
