//! The `marquee` binary: the whole pipeline on one machine.

use std::process::ExitCode;

use clap::Parser as _;
use marquee::cli::Cli;

/// Batches come and go by the megabyte; this allocator keeps their pages instead
/// of asking the kernel for them anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    Cli::parse().run()
}
