//! The developer's commands: `cargo xtask test`, `bench`, `package`, `integration`.

mod bench;
mod infra;
mod integration;
mod package;
mod peers;
mod postgresql;
mod step;
mod test;
mod tests_run;
mod venv;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The developer's commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check everything: format, lints, tests, the design's rules, licences
    Test(test::TestArgs),
    /// Measure the transform, and the same job in Python tools
    Bench(bench::BenchArgs),
    /// Build the Lambdas as they are deployed, a zip each
    Package(package::PackageArgs),
    /// Deploy everything to an emulator of AWS, and hold it to what it promises
    Integration(integration::IntegrationArgs),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Test(args) => test::run(&args),
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
