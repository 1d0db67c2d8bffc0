//! `cargo xtask integration`: the deployed pipeline on an emulator of AWS.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use crate::step::{command, failure, is_installed, root, target};
use crate::venv;

/// Where the driver and what it needs are.
const DIRECTORY: &str = "tests/emulator";
/// Builds the packages that a real account needs.
const LAMBDA_BUILD: &str = "cargo lambda build --release --output-format zip \
    -p marquee-lambda-transform -p marquee-lambda-daily -p marquee-lambda-marts -p marquee-lambda-alert";

#[derive(Args)]
pub(crate) struct IntegrationArgs {
    /// An emulator that runs already, instead of one of its own
    #[arg(long, value_name = "URL", conflicts_with = "aws")]
    endpoint: Option<String>,
    /// The AWS account of the environment's credentials. Everything made has a
    /// name of its own, and is destroyed in the end. It costs some cents
    #[arg(long)]
    aws: bool,
}

/// Runs the driver over the binaries that the tests were built with.
pub(crate) fn run(args: &IntegrationArgs) -> Result<ExitCode> {
    if !is_installed("terraform") {
        bail!("terraform is not installed; 1.9 or newer is needed");
    }
    let directory = target().join("integration");
    let requirements = root().join(DIRECTORY).join("requirements.txt");
    let python = venv::python("integration-venv", &requirements)?;
    let mut driver = command(python, []);
    driver
        .arg(Path::new(DIRECTORY).join("run.py"))
        .arg("--directory")
        .arg(&directory)
        .arg("--built")
        .arg(target().join("debug"));
    if let Some(endpoint) = &args.endpoint {
        driver.args(["--endpoint", endpoint]);
    }
    if args.aws {
        let packages = target().join("lambda");
        if !packages.join("transform/bootstrap.zip").is_file() {
            bail!(
                "{} holds no packages; this builds them: {LAMBDA_BUILD}",
                packages.display()
            );
        }
        driver.arg("--aws").arg("--packages").arg(packages);
    }
    Ok(failure(&mut driver)?.unwrap_or(ExitCode::SUCCESS))
}
