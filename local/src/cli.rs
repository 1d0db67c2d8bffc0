//! The command line: its commands, and the exit codes of their errors.

use std::io::stderr;
use std::path::Path;
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::{Parser, Subcommand};
use marquee_console as console;
use tracing_subscriber::EnvFilter;

use crate::bad_input::BadInput;
use crate::{audit, cost, day, demo, hints, query, rebuild, replay, run, serve, warehouse};

/// Run the whole pipeline on one machine
#[derive(Debug, Parser)]
#[command(name = "marquee", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Run(run::RunArgs),
    Day(day::DayArgs),
    Backfill(day::BackfillArgs),
    Audit(audit::AuditArgs),
    Replay(replay::ReplayArgs),
    Rebuild(rebuild::RebuildArgs),
    Query(query::QueryArgs),
    Serve(serve::ServeArgs),
    Cost(cost::CostArgs),
    Warehouse(warehouse::WarehouseArgs),
}

impl Command {
    /// Returns the directory of the command's lake.
    fn lake(&self) -> &Path {
        match self {
            Self::Demo(args) => &args.lake,
            Self::Run(args) => &args.lake,
            Self::Day(args) => &args.options.lake,
            Self::Backfill(args) => &args.options.lake,
            Self::Audit(args) => &args.lake,
            Self::Replay(args) => &args.lake,
            Self::Rebuild(args) => &args.options.lake,
            Self::Query(args) => &args.lake,
            Self::Serve(args) => &args.lake,
            Self::Warehouse(args) => &args.lake,
            Self::Cost(_) => Path::new(hints::DEFAULT_LAKE),
        }
    }
}

impl Cli {
    /// Runs the command. The exit code is 0 for success, 1 for a failure and 2 for
    /// invalid input.
    pub fn run(self) -> ExitCode {
        let lake = self.command.lake().to_owned();
        match self.execute() {
            Ok(code) => code,
            Err(error) => {
                let text = hints::pasteable(&console::format_error(&error), &lake);
                console::note(format!("error: {text}"));
                ExitCode::from(if error.is::<BadInput>() { 2 } else { 1 })
            }
        }
    }

    fn execute(self) -> anyhow::Result<ExitCode> {
        // By default, log only warnings and errors; RUST_LOG overrides this.
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(stderr)
            .init();
        // At least two threads: an invocation keeps one busy, and another must handle
        // signals and progress.
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
