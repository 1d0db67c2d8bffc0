//! The command line: which commands there are, and what becomes of their errors.

use std::io::stderr;
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::{Parser, Subcommand};
use marquee_console as console;
use tracing_subscriber::EnvFilter;

use crate::bad_input::BadInput;
use crate::{audit, cost, day, demo, query, rebuild, replay, run, serve, warehouse};

/// The whole pipeline on one machine.
#[derive(Debug, Parser)]
#[command(name = "marquee", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Run(run::Args),
    Day(day::Args),
    Backfill(day::BackfillArgs),
    Audit(audit::Args),
    Replay(replay::Args),
    Rebuild(rebuild::Args),
    Query(query::Args),
    Serve(serve::Args),
    Cost(cost::Args),
    Warehouse(warehouse::Args),
}

impl Cli {
    /// Runs the command and says how it went: 0 well, 1 not well, 2 bad input.
    pub fn run(self) -> ExitCode {
        match self.execute() {
            Ok(code) => code,
            Err(error) => {
                console::note(format!("error: {}", console::format_error(&error)));
                ExitCode::from(if error.is::<BadInput>() { 2 } else { 1 })
            }
        }
    }

    fn execute(self) -> anyhow::Result<ExitCode> {
        // What went wrong and was dealt with; RUST_LOG asks for more or less.
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(stderr)
            .init();
        // Two at least: a shard's invocation keeps its thread busy, and another
        // must see to the signals and the progress meanwhile.
        let workers = available_parallelism().map_or(2, |cores| cores.get().max(2));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .enable_all()
            .build()?;
        runtime.block_on(async {
            match self.command {
                Command::Demo(args) => demo::execute(args).await,
                Command::Run(args) => run::execute(args).await,
                Command::Day(args) => day::execute(args).await,
                Command::Backfill(args) => day::backfill(args).await,
                Command::Audit(args) => audit::execute(args).await,
                Command::Replay(args) => replay::execute(args).await,
                Command::Rebuild(args) => rebuild::execute(args).await,
                Command::Query(args) => query::execute(args).await,
                Command::Serve(args) => serve::execute(args).await,
                Command::Cost(args) => cost::execute(&args),
                Command::Warehouse(args) => warehouse::execute(args).await,
            }
        })
    }
}
