//! `marquee day` and `marquee backfill`: curate processed events into published,
//! audited tables.

mod nothing_due;
mod page;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use marquee_audit::AuditError;
use marquee_compaction::CompactSettings;
use marquee_console::{self as console, directory_parser};
use marquee_curation::driver::{DateOutcome, Driver, DriverSettings};
use marquee_curation::plan::{self, Definitions, Selection};
use marquee_curation::{CurationError, sweep};
use marquee_event::{Date, DateRange};
use marquee_lake::LakeError;
use marquee_marts::{LakeSql, LakeSqlSettings};
use marquee_repair::RepairError;
use marquee_table_catalog::EmbeddedTableCatalog;
use marquee_table_catalog::ProjectionError;
use object_store::ObjectStore;

use crate::bad_input::BadInput;
use crate::lake::existing_lake;
use page::DayPage;

const SECONDS_PER_DAY: u64 = 86_400;

/// The number of queries of a date that run concurrently.
const CONCURRENT_QUERIES: usize = 2;

/// The maximum of `--jobs`: more cores than any machine has.
const MAX_JOBS: u64 = 1_024;
/// The maximum of `--bucket-rows`: more rows than any date has.
const MAX_BUCKET_ROWS: u64 = 1_000_000_000_000;
/// The maximum of `--memory`: one tebibyte.
const MAX_MEMORY_MIB: u64 = 1 << 20;

/// The maximum of `--keep`: a hundred years.
const MAX_KEEP_DAYS: u64 = 36_500;

/// Build the curated tables of all due dates, or of one date
///
/// A date is due if its tables lack events that have arrived, if an earlier date that
/// its tables read has changed, or if it has become the newest date. Each date is
/// compacted, checked, published atomically and audited. The exit code is 1 if a check
/// or the event book held a date back, a date failed, or an audit found a problem. The
/// other dates are published nevertheless.
#[derive(Debug, clap::Args)]
pub struct DayArgs {
    /// Curate this date, YYYY-MM-DD [default: all due dates]
    #[arg(value_name = "DATE")]
    pub date: Option<Date>,
    /// The options of curation.
    #[command(flatten)]
    pub options: DayOptions,
}

/// Build the curated tables of a range of dates
///
/// Dates that are up to date are skipped, so an interrupted backfill continues when
/// it is run again.
#[derive(Debug, clap::Args)]
pub struct BackfillArgs {
    /// Curate the dates from FROM to TO, both inclusive, YYYY-MM-DD..YYYY-MM-DD
    #[arg(value_name = "FROM..TO")]
    pub span: DateRange,
    /// The options of curation.
    #[command(flatten)]
    pub options: DayOptions,
}

/// The options of `marquee day`, `marquee backfill` and `marquee rebuild`.
#[derive(Debug, Clone, clap::Args)]
pub struct DayOptions {
    /// Read and write the lake in this directory
    #[arg(long, value_name = "DIR", value_parser = directory_parser(), default_value = "lake")]
    pub lake: PathBuf,
    /// Compact this many dates concurrently
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one(MAX_JOBS))]
    pub jobs: u64,
    /// Split a larger date into buckets of users with about this many rows each
    #[arg(long, value_name = "N", default_value_t = plan::PlanSettings::default().bucket_rows,
        value_parser = at_least_one(MAX_BUCKET_ROWS))]
    pub bucket_rows: u64,
    /// Use at most this much memory for sorting, in MiB; further rows are spilled to
    /// disk
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = at_least_one(MAX_MEMORY_MIB))]
    pub memory: u64,
    /// Delete files that no current generation needs after this many days, at least 1
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = at_least_one(MAX_KEEP_DAYS))]
    pub keep: u64,
}

impl DayOptions {
    pub(crate) fn settings(&self) -> DriverSettings {
        DriverSettings {
            plan: plan::PlanSettings {
                bucket_rows: self.bucket_rows,
                ..plan::PlanSettings::default()
            },
            compact: CompactSettings {
                memory_bytes: usize::try_from(self.memory << 20).unwrap_or(usize::MAX),
                ..CompactSettings::default()
            },
            jobs: usize::try_from(self.jobs).unwrap_or(usize::MAX),
        }
    }
}

/// Returns a parser of whole numbers from 1 to `max`.
fn at_least_one(
    max: u64,
) -> impl Fn(&str) -> Result<u64, console::ParseNumberError> + Clone + Send + Sync + 'static {
    console::count_in(1..=max)
}

/// Curates the date or all due dates, and prints the result.
///
/// # Errors
/// [`BadInput`] for a directory without a lake, or a date without events.
pub async fn execute(args: DayArgs) -> anyhow::Result<ExitCode> {
    let selection = match args.date {
        Some(date) => Selection::Within {
            from: date,
            to: date,
        },
        None => Selection::Due,
    };
    make_dates(&args.options, &selection).await
}

/// Curates the dates of a range and prints the result.
///
/// # Errors
/// As [`execute`].
pub async fn backfill(args: BackfillArgs) -> anyhow::Result<ExitCode> {
    let DateRange { from, to } = args.span;
    make_dates(&args.options, &Selection::Within { from, to }).await
}

/// Curates the selected dates and prints the result.
pub(crate) async fn make_dates(
    options: &DayOptions,
    selection: &Selection,
) -> anyhow::Result<ExitCode> {
    let store = existing_lake(&options.lake)?;
    let page = DayPage::new(&options.lake);
    let driver = driver(Arc::clone(&store), options.settings())?;
    let outcomes = driver
        .run(selection, &|event| page.show(&event))
        .await
        .map_err(|error| explain(error.into()))?;
    let keep = Duration::from_secs(options.keep.saturating_mul(SECONDS_PER_DAY));
    let swept = sweep::sweep(&*store, SystemTime::now(), keep).await?;
    let audits = driver.audit(&BTreeMap::new()).await?;
    let nothing_done = match (outcomes.is_empty(), selection) {
        (false, _) => None,
        (true, Selection::Due) => Some(nothing_due::reason(&*store).await?),
        (true, _) => Some("all requested dates are up to date".to_owned()),
    };
    page.finish(&outcomes, nothing_done, &audits, swept)?;
    let is_success =
        outcomes.values().all(DateOutcome::is_success) && audits.iter().all(|a| a.balanced);
    Ok(ExitCode::from(u8::from(!is_success)))
}

/// Creates the driver of the lake in `store`.
///
/// # Errors
/// When the head of a file in `sql/` is malformed.
pub(crate) fn driver(
    store: Arc<dyn ObjectStore>,
    settings: DriverSettings,
) -> anyhow::Result<Driver> {
    let table_catalog = Arc::new(EmbeddedTableCatalog::new(Arc::clone(&store)));
    let sql = LakeSql::new(
        Arc::clone(&store),
        LakeSqlSettings {
            concurrency: CONCURRENT_QUERIES,
            memory_bytes: None,
        },
    )?;
    let definitions = Definitions::built_in()?;
    Ok(Driver::new(
        store,
        table_catalog,
        Arc::new(sql),
        definitions,
        settings,
    ))
}

/// Converts errors that the user can fix to [`BadInput`].
pub(crate) fn explain(error: anyhow::Error) -> anyhow::Error {
    match is_bad_input(&error) {
        true => BadInput(error.to_string()).into(),
        false => error,
    }
}

/// Returns true if the user can fix the error: dates without events, or a missing
/// object that a rebuild restores.
fn is_bad_input(error: &anyhow::Error) -> bool {
    let of_lake = if let Some(error) = error.downcast_ref::<CurationError>() {
        match error {
            CurationError::NoEvents { .. } => return true,
            CurationError::Lake(error)
            | CurationError::Projection(ProjectionError::Lake(error)) => Some(error),
            _ => None,
        }
    } else if let Some(error) = error.downcast_ref::<AuditError>() {
        match error {
            AuditError::Nothing(_) => return true,
            AuditError::Lake(error) => Some(error),
            _ => None,
        }
    } else {
        match error.downcast_ref::<RepairError>() {
            Some(RepairError::Lake(error)) => Some(error),
            _ => None,
        }
    };
    matches!(of_lake, Some(LakeError::Gone { .. }))
}
