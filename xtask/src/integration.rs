//! `cargo xtask integration`: the deployed pipeline on an emulator of AWS.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use crate::infra::plugin_directory;
use crate::step::{Step, command, failure, is_installed, root, target};
use crate::test::programs;
use crate::venv;

/// Where the driver and what it needs are.
const DIRECTORY: &str = "tests/emulator";

#[derive(Args, Default)]
pub(crate) struct IntegrationArgs {
    /// An emulator that runs already, instead of one of its own
    #[arg(long, value_name = "URL", conflicts_with = "aws")]
    endpoint: Option<String>,
    /// The AWS account of the environment's credentials. Everything made has a
    /// name of its own, and is destroyed in the end. It costs some cents
    #[arg(long)]
    aws: bool,
    /// With Redshift Serverless, on `--aws`: some dollars, and a quarter of an hour
    #[arg(long, requires = "aws")]
    warehouse: bool,
}

pub(crate) fn run(args: &IntegrationArgs) -> Result<ExitCode> {
    Ok(drive(args)?.unwrap_or(ExitCode::SUCCESS))
}

/// The steps of `cargo xtask test`.
pub(crate) fn steps() -> Vec<Step> {
    vec![
        Step::act("state machines over stand-ins of the functions", dry_run),
        match is_installed("terraform") {
            true => Step::act("everything on an emulator of AWS", || {
                drive(&IntegrationArgs::default())
            }),
            false => Step::Skip("everything on an emulator", "terraform is not installed"),
        },
    ]
}

/// Runs the driver over the programs as the tests build them.
fn drive(args: &IntegrationArgs) -> Result<Option<ExitCode>> {
    if !is_installed("terraform") {
        bail!("terraform is not installed; 1.9 or newer is needed");
    }
    for mut build in programs() {
        if let Some(code) = failure(&mut build)? {
            return Ok(Some(code));
        }
    }
    let mut driver = command(python()?, []);
    driver
        .arg(Path::new(DIRECTORY).join("run.py"))
        .arg("--directory")
        .arg(target().join("integration"))
        .arg("--built")
        .arg(target().join("debug"));
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
                "{} holds no packages; `cargo xtask package` builds them",
                packages.display()
            );
        }
        driver.arg("--aws").arg("--packages").arg(packages);
        driver.args(args.warehouse.then_some("--warehouse"));
    }
    failure(&mut driver)
}

/// Runs the state machines in the emulator, their functions being stand-ins.
fn dry_run() -> Result<Option<ExitCode>> {
    let mut test = command(python()?, ["-m", "unittest", "test_dry_run"]);
    failure(test.current_dir(root().join(DIRECTORY)))
}

/// The Python that has the emulator.
fn python() -> Result<PathBuf> {
    let requirements = root().join(DIRECTORY).join("requirements.txt");
    venv::python("integration-venv", &requirements)
}
