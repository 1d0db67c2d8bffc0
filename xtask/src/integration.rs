//! `cargo xtask integration`: the deployed pipeline on an emulator of AWS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::groups::programs;
use crate::infra::plugin_directory;
use crate::lambdas;
use crate::process::{Console, command, is_installed, root, target};
use crate::step::Step;
use crate::venv;

/// The directory of the driver and its requirements.
const DIRECTORY: &str = "tests/emulator";

#[derive(Args, Default)]
pub(crate) struct IntegrationArgs {
    /// Use a running emulator; without it, start one
    #[arg(long, value_name = "URL", conflicts_with = "aws")]
    endpoint: Option<String>,
    /// Deploy to the AWS account of the environment's credentials. Every resource has a
    /// name of its own and is destroyed at the end. Costs some cents
    #[arg(long)]
    aws: bool,
    /// Include Redshift Serverless, with --aws. Costs some dollars and takes 15 minutes
    #[arg(long, requires = "aws")]
    warehouse: bool,
}

pub(crate) fn run(args: &IntegrationArgs) -> Result<ExitCode> {
    let console = Console::Inherited;
    for mut build in programs()? {
        if let Some(code) = console.failure(&mut build)? {
            return Ok(code);
        }
    }
    collect(&console)?;
    Ok(drive(args, &console)?.unwrap_or(ExitCode::SUCCESS))
}

/// Returns the directory of the programs that take part.
fn collected() -> PathBuf {
    target().join("integration/programs")
}

/// Links the programs into a directory of their own, right after they were built: tests
/// that run beside the emulator put a producer without Kinesis in place of the one here.
pub(crate) fn collect(_: &Console) -> Result<Option<ExitCode>> {
    let mut programs = lambdas::binaries()?;
    programs.extend(["marquee", "marquee-producer", "examples/warehouse"].map(str::to_owned));
    for program in programs {
        let built = target().join("debug").join(&program);
        let link = collected().join(&program);
        if let Some(directory) = link.parent() {
            fs::create_dir_all(directory)
                .with_context(|| format!("cannot create {}", directory.display()))?;
        }
        if link.exists() {
            fs::remove_file(&link).with_context(|| format!("cannot remove {}", link.display()))?;
        }
        fs::hard_link(&built, &link)
            .or_else(|_| fs::copy(&built, &link).map(drop))
            .with_context(|| format!("cannot copy {}", built.display()))?;
    }
    Ok(None)
}

/// Returns the steps of `cargo xtask test`.
pub(crate) fn steps() -> Vec<Step> {
    vec![
        Step::act("state machines over stand-ins of the functions", dry_run),
        match is_installed("terraform") {
            true => Step::act("the pipeline on an emulator of AWS", |console| {
                drive(&IntegrationArgs::default(), console)
            }),
            false => Step::skip(
                "the pipeline on an emulator of AWS",
                "terraform is not installed",
            ),
        },
    ]
}

/// Runs the driver over the programs that were collected.
fn drive(args: &IntegrationArgs, console: &Console) -> Result<Option<ExitCode>> {
    if !is_installed("terraform") {
        bail!("terraform is not installed; install 1.9 or newer");
    }
    let mut driver = command(python(console)?, []);
    driver
        .arg(Path::new(DIRECTORY).join("run.py"))
        .arg("--directory")
        .arg(target().join("integration"))
        .arg("--built")
        .arg(collected());
    if let Some(plugins) = plugin_directory() {
        driver.env("TF_PLUGIN_DIR", plugins);
    }
    if let Some(endpoint) = &args.endpoint {
        driver.args(["--endpoint", endpoint]);
    }
    if args.aws {
        let packages = target().join("lambda");
        if !packages.join("transform/bootstrap.zip").is_file() {
            bail!(
                "{} holds no packages; build them with `cargo xtask package`",
                packages.display()
            );
        }
        driver.arg("--aws").arg("--packages").arg(packages);
        driver.args(args.warehouse.then_some("--warehouse"));
    }
    console.failure(&mut driver)
}

/// Runs the state machines in the emulator over stand-ins of the functions.
fn dry_run(console: &Console) -> Result<Option<ExitCode>> {
    let mut test = command(python(console)?, ["-m", "unittest", "test_dry_run"]);
    console.failure(test.current_dir(root().join(DIRECTORY)))
}

/// Returns the Python that has the emulator.
fn python(console: &Console) -> Result<PathBuf> {
    let requirements = root().join(DIRECTORY).join("requirements.txt");
    venv::python("integration-venv", &requirements, console)
}
