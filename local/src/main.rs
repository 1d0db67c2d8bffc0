//! The `marquee` binary: the whole pipeline on one machine.

use std::process::ExitCode;

use clap::Parser as _;
use marquee::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
