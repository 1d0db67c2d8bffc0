//! `marquee warehouse`: loads a lake's published dates into a local warehouse.
//!
//! `crates/warehouse` runs the same statements and the same load procedure as for
//! Redshift. A local PostgreSQL server executes the statements through a fake of the
//! Data API; its data is beside the zones, in `LAKE/warehouse`.

mod embedded;
mod page;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use marquee_console::directory_parser;
use marquee_event::Date;
use marquee_warehouse::load::{LoadReport, LoadStatus};

pub use embedded::{LocalWarehouse, check_postgresql};

/// Load a lake's published dates into a local warehouse, and query it
///
/// Requires PostgreSQL (Debian: `apt-get install postgresql`), which executes
/// Redshift's statements in LAKE/warehouse. docs/WAREHOUSE.md explains what this
/// tests.
#[derive(Debug, clap::Args)]
pub struct WarehouseArgs {
    #[command(subcommand)]
    command: Command,
    /// Read the lake in this directory
    #[arg(long, value_name = "DIR", value_parser = directory_parser(), default_value = "lake", global = true)]
    pub lake: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Migrate tables and views to sql/redshift
    ///
    /// A load also migrates. Creates missing tables, adds new columns, applies each
    /// numbered file once, and fails for any other difference.
    Migrate,
    /// Load a date, or every published date
    ///
    /// Tables that have the generation are not loaded again. The exit code is 1 if a
    /// load failed or the row counts differ from the generation's.
    Load {
        /// Load this date, YYYY-MM-DD [default: all published dates]
        #[arg(value_name = "DATE")]
        date: Option<Date>,
    },
    /// Query the warehouse in SQL, read-only
    ///
    /// Tables and views are in the schema marquee:
    /// `SELECT * FROM marquee.search_funnel`.
    Query {
        /// Run this query
        #[arg(value_name = "SQL")]
        sql: String,
    },
}

/// Runs the command and prints the result.
pub async fn execute(args: WarehouseArgs) -> anyhow::Result<ExitCode> {
    let warehouse = LocalWarehouse::open(&args.lake).await?;
    match args.command {
        Command::Migrate => {
            let changes = warehouse.migrate().await?;
            page::migrated(&changes)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Load { date } => {
            let loads = warehouse.load(date).await?;
            page::loaded(&loads, &args.lake)?;
            Ok(ExitCode::from(u8::from(
                !loads.iter().all(DateLoad::is_success),
            )))
        }
        Command::Query { sql } => {
            page::answer(&warehouse.query(&sql).await?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The result of loading a date.
#[derive(Debug)]
pub struct DateLoad {
    /// The date.
    pub event_date: Date,
    /// The generation of the date.
    pub generation: u32,
    /// The number of its tables.
    pub tables: usize,
    /// The number of their rows.
    pub rows: u64,
    /// The final report of the load.
    pub report: LoadReport,
}

impl DateLoad {
    /// Returns true if every table is loaded and the row counts match.
    pub fn is_success(&self) -> bool {
        self.report.status == LoadStatus::Loaded
    }
}

/// Loads every date of a demo's lake and prints the result. Returns true if all loads
/// succeeded.
///
/// # Errors
/// As [`execute`].
pub async fn after_demo(lake: &Path) -> anyhow::Result<bool> {
    let warehouse = LocalWarehouse::open(lake).await?;
    let loads = warehouse.load(None).await?;
    page::demo(&loads, lake)?;
    Ok(loads.iter().all(DateLoad::is_success))
}
