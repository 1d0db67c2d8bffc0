//! `marquee warehouse`: a lake's published dates in a warehouse on this machine.
//!
//! The statements are those that Redshift is given, and so is the way of a load:
//! `crates/warehouse` runs both. What runs the statements is the stand-in for
//! Redshift over a PostgreSQL that this starts, with its data beside the zones, in
//! `LAKE/warehouse`.

mod embedded;
mod page;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use marquee_event::Date;
use marquee_warehouse::load::{LoadReport, LoadStatus};

pub use embedded::{Embedded, is_there};

/// Load a lake's published dates into a warehouse on this machine, and ask it.
///
/// Needs PostgreSQL (Debian: `apt-get install postgresql`), which runs what Redshift
/// would be given, in LAKE/warehouse. docs/WAREHOUSE.md says what that proves.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    /// The lake's directory
    #[arg(long, value_name = "DIR", default_value = "lake", global = true)]
    lake: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring tables and views to what sql/redshift says
    ///
    /// A load does so by itself. Tables that are missing are made, columns that one
    /// gained are added, numbered files are applied once; anything else is refused.
    Migrate,
    /// Load a date, or every published date
    ///
    /// What is there already is not loaded again. The exit code is 1 if a load
    /// failed, or the warehouse's rows are not the generation's.
    Load {
        /// The date, YYYY-MM-DD [default: all that are published]
        #[arg(value_name = "DATE")]
        date: Option<Date>,
    },
    /// Ask the warehouse a question in SQL, which changes nothing
    ///
    /// Tables and views are in the schema marquee: `SELECT * FROM
    /// marquee.search_funnel`.
    Query {
        /// The question
        #[arg(value_name = "SQL")]
        sql: String,
    },
}

/// Does what was asked, and prints what came of it.
///
/// # Errors
/// [`BadInput`](crate::bad_input::BadInput) where the lake's name, the date or the question is at fault, or
/// there is no PostgreSQL.
pub async fn execute(args: Args) -> anyhow::Result<ExitCode> {
    let warehouse = Embedded::open(&args.lake).await?;
    match args.command {
        Command::Migrate => {
            let changes = warehouse.migrate().await?;
            page::migrated(&changes)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Load { date } => {
            let loads = warehouse.load(date).await?;
            page::loaded(&loads)?;
            Ok(ExitCode::from(u8::from(!loads.iter().all(Loaded::is_well))))
        }
        Command::Query { sql } => {
            page::answer(&warehouse.ask(&sql).await?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What came of the load of a date.
#[derive(Debug)]
pub struct Loaded {
    /// The date.
    pub event_date: Date,
    /// Its generation.
    pub generation: u32,
    /// How many tables it has.
    pub tables: usize,
    /// How many rows they have.
    pub rows: u64,
    /// What the load answered in the end.
    pub report: LoadReport,
}

impl Loaded {
    /// Whether everything is there, and counted.
    pub fn is_well(&self) -> bool {
        self.report.status == LoadStatus::Loaded
    }
}

/// Loads every date of a demo's lake, and prints what came of it; whether all of
/// it is well.
///
/// # Errors
/// As [`execute`].
pub async fn after_demo(lake: &std::path::Path, program: &str) -> anyhow::Result<bool> {
    let warehouse = Embedded::open(lake).await?;
    let loads = warehouse.load(None).await?;
    page::demo(&loads, lake, program)?;
    Ok(loads.iter().all(Loaded::is_well))
}
