//! `cargo xtask test`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::groups;
use crate::infra;
use crate::integration;
use crate::peers;
use crate::postgresql;
use crate::process::{cargo, is_installed};
use crate::step::{Lane, Step, perform};

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
    let format = cargo(["fmt", "--all", "--check"]);
    let mut steps = vec![Step::program("format", format)];
    if !args.quick && !args.offline {
        steps.extend(postgresql::step());
    }
    let groups = groups::all(args.quick)?;
    for group in &groups {
        let name = format!("build and lint {}", group.name);
        steps.push(Step::program(name, group.build()?));
    }
    let has_emulator = !args.quick && !args.offline;
    if has_emulator {
        steps.push(Step::act("programs for the emulator", integration::collect));
    }
    let builds = steps.len();
    for group in &groups {
        let name = format!("test {}", group.name);
        steps.push(Step::tests(name, group.test()?));
    }
    if args.quick {
        return perform(steps, builds, Vec::new());
    }
    let mut others = Lane::default();
    others.steps.push(deny());
    others.steps.extend(infra::steps());
    others
        .steps
        .push(Step::act("the peers in Python", peers::test));
    let emulator = match has_emulator {
        true => integration::steps(),
        false => vec![Step::skip(
            "the pipeline on an emulator of AWS",
            "--offline leaves it out",
        )],
    };
    let emulator = Lane {
        steps: emulator,
        needs_builds: true,
    };
    perform(steps, builds, vec![others, emulator])
}

fn deny() -> Step {
    if is_installed("cargo-deny") {
        let checks = ["deny", "check", "bans", "licenses", "sources"];
        Step::program("dependencies", cargo(checks))
    } else {
        Step::skip("dependencies", "cargo-deny is not installed")
    }
}
