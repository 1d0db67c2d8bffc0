//! `cargo xtask test`.

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::infra;
use crate::integration;
use crate::lambdas;
use crate::peers;
use crate::postgresql;
use crate::process::{cargo, is_installed};
use crate::step::{Phase, Step, perform};

/// The crates on DataFusion. Together they ask of their dependencies what
/// `cargo demo` asks, so that DataFusion is built once for all.
const DATAFUSION: [&str; 3] = ["marquee", "marquee-marts", "marquee-lambda-marts"];
/// The adapter that needs the AWS SDK with any features, as every other Lambda does.
const SDK: &str = "marquee-aws";
/// The crate that needs it with its default features.
const SDK_BY_FEATURE: &str = "marquee-producer";
/// The feature for its tests of the Kinesis target.
const SDK_MOCKS: &str = "marquee-producer/kinesis-mocks";
const TIDY: &str = "marquee-tidy";

#[derive(Args)]
pub(crate) struct TestArgs {
    /// Leave out what needs the AWS SDK, Terraform, npm and cargo-deny
    #[arg(long)]
    quick: bool,
    /// Install nothing, and leave out the emulator of AWS
    #[arg(long)]
    offline: bool,
}

pub(crate) fn run(args: &TestArgs) -> Result<ExitCode> {
    let quick = args.quick;
    let mut builds = Phase::default();
    let format = cargo(["fmt", "--all", "--check"]);
    builds.main.push(Step::program("format", format));
    for (name, mut clippy) in groups("clippy", quick)? {
        clippy.args(["--all-targets", "--", "-D", "warnings"]);
        builds
            .main
            .push(Step::program(format!("lints {name}"), clippy));
    }
    if !quick && !args.offline {
        builds.main.extend(postgresql::step());
    }
    for (name, test) in groups("test", quick)? {
        builds.main.push(Step::tests(format!("tests {name}"), test));
    }
    let tidy = cargo(["test", "-p", TIDY]);
    builds.main.push(Step::program("the design's rules", tidy));
    if quick {
        return perform(vec![builds]);
    }
    builds.beside.push(deny());
    builds.beside.extend(infra::steps());
    builds
        .beside
        .push(Step::act("the peers in Python", peers::test));
    let mut deployment = Phase::default();
    match args.offline {
        true => deployment.main.push(Step::skip(
            "the pipeline on an emulator of AWS",
            "--offline leaves it out",
        )),
        false => deployment.main.extend(integration::steps()),
    }
    perform(vec![builds, deployment])
}

/// Returns `cargo task` for each group of crates that is built together.
fn groups(task: &str, quick: bool) -> Result<Vec<(&'static str, Command)>> {
    // Default features are off because the producer's is the SDK.
    let mut pure = cargo([task, "--workspace", "--no-default-features"]);
    for package in DATAFUSION
        .into_iter()
        .map(str::to_owned)
        .chain(sdk_crates()?)
    {
        pure.args(["--exclude", &package]);
    }
    if task == "test" {
        // The design's rules are a step of their own.
        pure.args(["--exclude", TIDY]);
    }
    let mut groups = vec![
        ("without DataFusion", pure),
        ("on DataFusion", datafusion(task)),
    ];
    if !quick {
        groups.push(("on the AWS SDK", sdk(task)?));
    }
    Ok(groups)
}

/// Returns the commands that build every program of a run on an emulator, as the tests
/// build it.
pub(crate) fn programs() -> Result<[Command; 2]> {
    Ok([datafusion("test"), sdk("test")?].map(|mut build| {
        build.args(["--no-run", "--quiet"]);
        build
    }))
}

fn datafusion(task: &str) -> Command {
    of(task, DATAFUSION.map(str::to_owned))
}

fn sdk(task: &str) -> Result<Command> {
    let mut sdk = of(task, sdk_crates()?);
    sdk.args(["-p", SDK_BY_FEATURE, "--features", SDK_MOCKS]);
    Ok(sdk)
}

/// Returns the adapter of the SDK and the Lambdas that are not on DataFusion.
fn sdk_crates() -> Result<Vec<String>> {
    let lambdas = lambdas::binaries()?.into_iter();
    let packages = lambdas.map(|binary| lambdas::package(&binary));
    let packages = packages.filter(|package| !DATAFUSION.contains(&package.as_str()));
    Ok(std::iter::once(SDK.to_owned()).chain(packages).collect())
}

fn of(task: &str, packages: impl IntoIterator<Item = String>) -> Command {
    let mut cargo = cargo([task]);
    for package in packages {
        cargo.args(["-p", &package]);
    }
    cargo
}

fn deny() -> Step {
    if is_installed("cargo-deny") {
        let checks = ["deny", "check", "bans", "licenses", "sources"];
        Step::program("dependencies", cargo(checks))
    } else {
        Step::skip("dependencies", "cargo-deny is not installed")
    }
}
