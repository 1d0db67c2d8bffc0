//! `marquee demo`: a few days of a service, simulated, run into a lake, and
//! reported on.
//!
//! ```text
//! simulation ─▶ stream ─▶ mapping ─▶ transform ─▶ lake ─▶ survey ─▶ days ─▶ report
//! ```
//!
//! Nothing on the way to the lake is made for the demo: what packs the events
//! is the producer's, the stream, the mapping and the transform are those of
//! `marquee run`. The stream's clock is the simulation's, so the same settings
//! give the same objects, byte for byte, and a demo that was broken off is
//! finished by running it again.
//!
//! - [`settings`] is what is simulated, [`place`] the directory it goes to.
//! - [`produce`] fills the stream, [`flow`] works it off meanwhile.
//! - [`ledger`] adds up what the receipts say, [`survey`] asks the lake itself,
//!   with [`roll_call`] for the producer's numbers and [`latency`] for the time
//!   each event took; [`curation`] makes the days' tables and asks them;
//!   [`books`] holds all of them against each other.
//! - [`report`] is what came of it, [`page`] what a person reads.

mod answer;
mod books;
mod curation;
mod flow;
mod latency;
mod ledger;
mod page;
mod place;
mod produce;
mod progress;
mod report;
mod roll_call;
mod settings;
mod survey;

use std::env;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use marquee_console as console;
use marquee_lake::catalogue;
use marquee_producer::simulate::Simulation;

use crate::arrivals;
use crate::run::open_lake;
use crate::warehouse;
use books::Books;
use curation::Curation;
use ledger::Ledger;
use page::Page;
use place::Place;
use progress::Progress;
use report::Report;
use settings::Settings;
use survey::Survey;

/// Simulate a service, and run all its events into a lake.
///
/// Ends with a report, which DIR/report.json holds too. The same options give
/// the same lake, byte for byte; a demo that was broken off goes on when it is
/// run again. The exit code is 1 if the books do not balance.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// About how many events
    #[arg(long, value_name = "N", default_value_t = Simulation::default().events)]
    pub events: u64,
    /// How many viewers
    #[arg(long, value_name = "N", default_value_t = Simulation::default().users)]
    pub users: u32,
    /// How many days the events span
    #[arg(long, value_name = "N", default_value_t = Simulation::default().days)]
    pub days: u32,
    /// What all chances follow from: same seed, same objects
    #[arg(long, value_name = "N", default_value_t = Simulation::default().seed)]
    pub seed: u64,
    /// The lake's directory; made if it is not there
    #[arg(long, value_name = "DIR", default_value = "lake")]
    pub lake: PathBuf,
    /// Load the days into a warehouse on this machine, too; needs PostgreSQL
    #[arg(long)]
    pub warehouse: bool,
}

/// Runs the demo, and prints its report.
///
/// # Errors
/// [`BadInput`](crate::bad_input::BadInput) where the options, or what the
/// directory holds, are at fault; then nothing was written.
pub async fn execute(args: Args) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    if args.warehouse {
        warehouse::is_there()?;
    }
    let settings = Settings::new(&args)?;
    let place = Place::claim(&args.lake, &settings)?;
    let store = open_lake(&args.lake)?;

    let titles = settings.simulation().title_catalog();
    catalogue::publish(&*store, &titles)
        .await
        .context("cannot publish the catalogue")?;
    let stream = place.new_stream(&titles)?;
    let progress = Progress::start(&settings);
    let flow = flow::run(&settings, &stream, store.clone(), progress.clone()).await?;
    progress.surveying();
    let ledger = Ledger::read(&*store).await?;
    let survey = Survey::of(store.clone(), &settings, &flow).await;
    progress.curating();
    let arrivals = arrivals::count(&stream)?;
    let curation = Curation::of(store, settings.driver_settings(), &arrivals).await;
    progress.finish();

    let books = Books::of(&flow, &ledger, survey.as_ref(), curation.as_ref());
    let report = Report {
        lake: args.lake,
        took: began.elapsed(),
        settings,
        flow,
        ledger,
        survey: survey.unwrap_or_default(),
        curation: curation.unwrap_or_default(),
        books,
    };
    place.keep_report(&report.to_json()?)?;
    let program = program();
    let page = Page::new(&report, io::stdout().is_terminal(), &program);
    console::print(&page)?;
    let mut is_well = report.books.balanced();
    if args.warehouse {
        is_well &= warehouse::after_demo(&report.lake, &program).await?;
    }
    Ok(ExitCode::from(u8::from(!is_well)))
}

/// What the reader typed to call this program, and would type again.
fn program() -> String {
    // Set by `cargo run` and `cargo demo`, which put nothing on the path.
    if env::var_os("CARGO_MANIFEST_DIR").is_some() {
        return "cargo run -q -p marquee --".to_owned();
    }
    env::args().next().unwrap_or_else(|| "marquee".to_owned())
}
