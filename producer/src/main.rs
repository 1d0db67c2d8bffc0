//! `marquee-producer`: sends the events of a simulated streaming service or of a file.

mod cli;
mod progress;
mod run;
mod signals;

use std::process::ExitCode;

use clap::Parser as _;
use marquee_console as console;

/// The exit code for invalid arguments or input; nothing was sent.
const EXIT_BAD_INPUT: u8 = 2;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run::run(cli)),
        Err(error) => Err(error.into()),
    };
    result.unwrap_or_else(|error| {
        console::note(format!("error: {}", console::format_error(&error)));
        ExitCode::from(EXIT_BAD_INPUT)
    })
}
