//! `cargo xtask test`.

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::Result;
use clap::Args;

use crate::infra;
use crate::integration;
use crate::peers;
use crate::postgresql;
use crate::step::{Step, cargo, is_installed};

/// The crates on DataFusion. Together they ask of their dependencies what
/// `cargo demo` asks, so that DataFusion is built once for all.
pub(crate) const DATAFUSION: [&str; 3] = ["marquee", "marquee-marts", "marquee-lambda-marts"];
/// The others that need the AWS SDK, whatever features are on.
pub(crate) const SDK: [&str; 6] = [
    "marquee-aws",
    "marquee-lambda-alert",
    "marquee-lambda-api",
    "marquee-lambda-daily",
    "marquee-lambda-load",
    "marquee-lambda-transform",
];
/// The crate that needs it with its default features.
const SDK_BY_FEATURE: &str = "marquee-producer";
/// With which its own tests of the Kinesis target are built.
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
    let mut steps = vec![Step::run("format", cargo(["fmt", "--all", "--check"]))];
    for (name, mut clippy) in groups("clippy", quick) {
        clippy.args(["--all-targets", "--", "-D", "warnings"]);
        steps.push(Step::run(format!("lints {name}"), clippy));
    }
    if !quick && !args.offline {
        steps.extend(postgresql::step());
    }
    for (name, test) in groups("test", quick) {
        steps.push(Step::tests(format!("tests {name}"), test));
    }
    steps.push(Step::run("the design's rules", cargo(["test", "-p", TIDY])));
    if !quick {
        steps.push(Step::act("the peers in Python", peers::test));
        steps.push(deny());
        steps.extend(infra::steps());
        match args.offline {
            true => steps.push(Step::Skip("the emulator of AWS", "--offline leaves it out")),
            false => steps.extend(integration::steps()),
        }
    }
    perform(steps)
}

/// `cargo task` for each group of crates that is built together.
fn groups(task: &str, quick: bool) -> Vec<(&'static str, Command)> {
    // The default features are off because the producer's is the SDK.
    let mut pure = cargo([task, "--workspace", "--no-default-features"]);
    for package in DATAFUSION.into_iter().chain(SDK) {
        pure.args(["--exclude", package]);
    }
    if task == "test" {
        // The design's rules are a step of their own.
        pure.args(["--exclude", TIDY]);
    }
    let mut groups = vec![
        ("without DataFusion", pure),
        ("on DataFusion", of(task, DATAFUSION)),
    ];
    if !quick {
        groups.push(("on the AWS SDK", sdk(task)));
    }
    groups
}

fn sdk(task: &str) -> Command {
    let mut sdk = of(task, SDK.into_iter().chain([SDK_BY_FEATURE]));
    sdk.args(["--features", SDK_MOCKS]);
    sdk
}

/// What builds every program that takes part in a run on an emulator, as the
/// tests build it.
pub(crate) fn programs() -> [Command; 2] {
    [of("test", DATAFUSION), sdk("test")].map(|mut build| {
        build.args(["--no-run", "--quiet"]);
        build
    })
}

fn of(task: &str, packages: impl IntoIterator<Item = &'static str>) -> Command {
    let mut cargo = cargo([task]);
    for package in packages {
        cargo.args(["-p", package]);
    }
    cargo
}

fn deny() -> Step {
    if is_installed("cargo-deny") {
        let checks = ["deny", "check", "bans", "licenses", "sources"];
        Step::run("dependencies", cargo(checks))
    } else {
        Step::Skip("dependencies", "cargo-deny is not installed")
    }
}

fn perform(steps: Vec<Step>) -> Result<ExitCode> {
    let count = steps.len();
    for (number, step) in (1..).zip(steps) {
        match step {
            Step::Skip(name, why) => println!("[{number}/{count}] {name}: skipped, {why}"),
            Step::Run(name, run) => {
                println!("[{number}/{count}] {name}: {}", run.words());
                let begun = Instant::now();
                let (failed, skipped) = run.run()?;
                for test in &skipped {
                    println!("[{number}/{count}] {name}: skipped {test}");
                }
                if let Some(code) = failed {
                    println!("[{number}/{count}] {name}: FAILED");
                    return Ok(code);
                }
                println!("[{number}/{count}] {name}: ok, {:.0?}", begun.elapsed());
            }
        }
    }
    println!("all is well");
    Ok(ExitCode::SUCCESS)
}
