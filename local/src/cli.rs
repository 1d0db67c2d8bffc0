//! The command line: its commands, and the exit codes of their errors.

use std::io::{IsTerminal as _, stderr};
use std::path::Path;
use std::process::ExitCode;
use std::thread::{self, available_parallelism};

use clap::{Parser, Subcommand};
use marquee_console as console;
use marquee_marts::STACK_BYTES;
use tracing_subscriber::EnvFilter;

use crate::bad_input::BadInput;
use crate::{
    acknowledge, audit, cost, day, demo, hints, query, rebuild, replay, run, serve, warehouse,
};

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
    Acknowledge(acknowledge::AcknowledgeArgs),
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
            Self::Acknowledge(args) => &args.lake,
            Self::Replay(args) => &args.lake,
            Self::Rebuild(args) => &args.options.lake,
            Self::Query(args) => &args.lake,
            Self::Serve(args) => &args.lake,
            Self::Warehouse(args) => &args.lake,
            Self::Cost(_) => Path::new(hints::DEFAULT_LAKE),
        }
    }

    async fn execute(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Demo(args) => demo::execute(args).await,
            Self::Run(args) => run::execute(args).await,
            Self::Day(args) => day::execute(args).await,
            Self::Backfill(args) => day::backfill(args).await,
            Self::Audit(args) => audit::execute(args).await,
            Self::Acknowledge(args) => acknowledge::execute(args).await,
            Self::Replay(args) => replay::execute(args).await,
            Self::Rebuild(args) => rebuild::execute(args).await,
            Self::Query(args) => query::execute(args).await,
            Self::Serve(args) => serve::execute(args).await,
            Self::Cost(args) => cost::execute(&args),
            Self::Warehouse(args) => warehouse::execute(args).await,
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
            .with_ansi(stderr().is_terminal())
            .with_writer(stderr)
            .init();
        match self.command {
            command @ Command::Query(_) => on_large_stacks(command),
            command => runtime().build()?.block_on(command.execute()),
        }
    }
}

/// Returns the builder of the runtime, with at least two threads: an invocation keeps one
/// busy, and another must handle signals and progress.
fn runtime() -> tokio::runtime::Builder {
    let workers = available_parallelism().map_or(2, |cores| cores.get().max(2));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(workers).enable_all();
    runtime
}

/// Runs a command whose recursion is as deep as the SQL of its user: on threads with a large
/// stack. The system's pages of a stack count only once they are used.
fn on_large_stacks(command: Command) -> anyhow::Result<ExitCode> {
    let runtime = runtime().thread_stack_size(STACK_BYTES).build()?;
    let run = move || runtime.block_on(command.execute());
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(run)?;
    match thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
