//! The `marquee` binary, which runs the whole pipeline on one machine.

use std::process::ExitCode;

use clap::Parser as _;
use marquee::cli::Cli;

/// Batches are megabytes in size. This allocator keeps their pages instead of
/// returning them to the kernel and requesting them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    Cli::parse().run()
}
