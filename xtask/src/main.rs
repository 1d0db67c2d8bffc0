//! The developer's commands: `cargo xtask test`, `doctor`, `bench`, `package`,
//! `integration`.

mod bench;
mod doctor;
mod groups;
mod ignored;
mod infra;
mod integration;
mod lambdas;
mod package;
mod peers;
mod postgresql;
mod process;
mod step;
mod test;
mod venv;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Check, measure, package and deploy Marquee",
    after_help = "`cargo xtask COMMAND --help` explains a command and its options.",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every check: format, lints, tests, design rules, Terraform, an emulator of AWS
    ///
    /// Stops at the first step that fails. Prints a line for each step, with the reason
    /// for a step that is skipped; lists ignored tests with their reasons; and ends with
    /// `all is well`. Python packages, the state machine validator and, as root on
    /// Debian, PostgreSQL are installed on first use. `cargo xtask doctor` says what this
    /// machine lacks.
    Test(test::TestArgs),
    /// Report what this machine lacks, what needs it, and how to get it
    ///
    /// Exits with 1 if something is missing without which nothing can be built. Installs
    /// nothing and needs no network.
    Doctor,
    /// Measure the transform, compaction and the marts, and the same work in Python tools
    ///
    /// Builds with the release profile, which takes minutes the first time. Use an idle
    /// machine. The peers need Python 3.11; without it they are skipped.
    Bench(bench::BenchArgs),
    /// Build the Lambda functions for deployment, one zip each
    ///
    /// Writes target/lambda/BINARY/bootstrap.zip, which infra/ uploads. Installs the
    /// pinned cargo-lambda in the target folder.
    Package(package::PackageArgs),
    /// Deploy to an emulator of AWS, send events, and verify the result
    ///
    /// Needs Terraform 1.9 and Python 3.11. docs/EMULATOR.md lists what it verifies.
    Integration(integration::IntegrationArgs),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Test(args) => test::run(&args),
        Command::Doctor => Ok(doctor::run()),
        Command::Bench(args) => bench::run(&args),
        Command::Package(args) => package::run(&args),
        Command::Integration(args) => integration::run(&args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
