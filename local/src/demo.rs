//! `marquee demo`: simulates a few days of a service, processes the events into a
//! lake, and prints a report.
//!
//! ```text
//! simulation ─▶ stream ─▶ mapping ─▶ transform ─▶ lake ─▶ survey ─▶ curation ─▶ report
//! ```
//!
//! The demo uses the components of the other commands: the producer packs the events,
//! and the stream, the event source mapping and the transform are those of
//! `marquee run`. The stream's clock is the simulated time. The same settings
//! therefore produce the same objects, byte for byte, and running an interrupted demo
//! again completes it.
//!
//! - [`settings`] holds the settings of the simulation; [`lake_dir`] claims the
//!   directory.
//! - [`produce`] fills the stream while [`flow`] processes it.
//! - [`ledger`] adds up the receipts. [`survey`] reads the lake's objects, with
//!   [`producer_gaps`] for the producer numbers and [`latency`] for the
//!   latency of each event. [`curation`] curates the dates and queries their tables.
//!   [`books`] compares all counts.
//! - [`report`] is the result; [`page`] prints it.

mod books;
mod curation;
mod flow;
mod lake_dir;
mod latency;
mod ledger;
mod page;
mod produce;
mod producer_gaps;
mod progress;
mod report;
mod rows;
mod settings;
mod survey;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use marquee_console::{self as console, directory_parser};
use marquee_lake::title_catalog;
use marquee_producer::simulate::Simulation;

use crate::arrivals;
use crate::hints;
use crate::lake::open_or_create_lake;
use crate::warehouse;
use books::DemoBooks;
use curation::Curation;
use lake_dir::DemoLakeDir;
use ledger::LedgerTotals;
use page::DemoPage;
use progress::DemoProgress;
use report::DemoReport;
use settings::DemoSettings;
use survey::Survey;

/// Simulate a streaming service and process its events into a lake
///
/// Prints a report and writes it to DIR/report.json. The same options produce the
/// same lake, byte for byte. An interrupted demo continues when it is run again. The
/// exit code is 1 if an event is not accounted for.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Simulate about this many events
    #[arg(long, value_name = "N", default_value_t = Simulation::default().events,
        value_parser = console::parse_count)]
    pub events: u64,
    /// Simulate this many viewers
    #[arg(long, value_name = "N", default_value_t = Simulation::default().users,
        value_parser = console::count_in(0..=u32::MAX))]
    pub users: u32,
    /// Simulate this many days
    #[arg(long, value_name = "N", default_value_t = Simulation::default().days,
        value_parser = console::count_in(0..=u32::MAX))]
    pub days: u32,
    /// Seed the random numbers; the same seed produces the same objects
    #[arg(long, value_name = "N", default_value_t = Simulation::default().seed,
        value_parser = console::parse_count)]
    pub seed: u64,
    /// Write the lake to this directory, which is created if it is missing
    #[arg(long, value_name = "DIR", value_parser = directory_parser(), default_value = "lake")]
    pub lake: PathBuf,
    /// Also load the dates into a local warehouse; requires PostgreSQL
    #[arg(long)]
    pub warehouse: bool,
}

/// Runs the demo and prints its report.
///
/// # Errors
/// [`BadInput`](crate::bad_input::BadInput) for invalid options or a directory with
/// other contents. Then nothing is written.
pub async fn execute(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    if args.warehouse {
        warehouse::check_postgresql()?;
    }
    let settings = DemoSettings::new(&args)?;
    let lake_dir = DemoLakeDir::claim(&args.lake, &settings)?;
    let store = open_or_create_lake(&args.lake)?;

    let titles = settings.simulation().title_catalog();
    title_catalog::publish(&*store, &titles)
        .await
        .context("cannot publish the title catalog")?;
    let stream = lake_dir.new_stream(&titles)?;
    let progress = DemoProgress::start(&settings);
    let flow = flow::run(&settings, &stream, store.clone(), progress.clone()).await?;
    progress.show_survey();
    let ledger = LedgerTotals::read(&*store).await?;
    let survey = Survey::read(store.clone(), &settings, &flow).await;
    progress.show_curation();
    let arrivals = arrivals::count(&stream)?;
    let curation = Curation::run(store, settings.driver_settings(), &arrivals).await;
    progress.finish();

    let books = DemoBooks::compare(&flow, &ledger, survey.as_ref(), curation.as_ref());
    let report = DemoReport {
        lake: args.lake,
        took: began.elapsed(),
        settings,
        flow,
        ledger,
        survey: survey.unwrap_or_default(),
        curation: curation.unwrap_or_default(),
        books,
    };
    lake_dir.write_report(&report.to_json()?)?;
    let program = hints::program();
    let page = DemoPage::new(&report, io::stdout().is_terminal(), &program);
    console::print(&page)?;
    let mut is_success = report.books.balanced();
    if args.warehouse {
        is_success &= warehouse::after_demo(&report.lake).await?;
    }
    Ok(ExitCode::from(u8::from(!is_success)))
}
