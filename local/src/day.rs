//! `marquee day` and `marquee backfill`: from processed events to published,
//! audited tables.

mod page;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::builder::RangedU64ValueParser;
use marquee_audit::AuditError;
use marquee_compaction::CompactSettings;
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
use object_store::local::LocalFileSystem;

use crate::bad_input::BadInput;
use page::Page;

const SECONDS_PER_DAY: u64 = 86_400;

/// The number of queries of a date that run concurrently.
const CONCURRENT_QUERIES: usize = 2;

/// More than any machine has cores.
const MAX_JOBS: u64 = 1_024;
/// More than any date has.
const MAX_BUCKET_ROWS: u64 = 1_000_000_000_000;
/// A tebibyte.
const MAX_MEMORY_MIB: u64 = 1 << 20;

/// Make the curated tables of the dates that are due, or of one date.
///
/// A date is due when events of it arrived that its tables do not have yet, or
/// when an earlier date that they look back at has changed. Each date is
/// compacted, checked, published as a whole and audited. The exit code is 1 if a
/// date was held back by a check or by its book, or could not be made, or its
/// audit does not balance; the others are made all the same.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The date, YYYY-MM-DD [default: all that are due]
    #[arg(value_name = "DATE")]
    pub date: Option<Date>,
    /// How they are made.
    #[command(flatten)]
    pub options: Options,
}

/// Make the curated tables of a span of dates.
///
/// Dates that are up to date are left alone, so a backfill that was broken off
/// goes on when it is run again.
#[derive(Debug, clap::Args)]
pub struct BackfillArgs {
    /// The first and the last date, YYYY-MM-DD..YYYY-MM-DD
    #[arg(value_name = "FROM..TO")]
    pub span: DateRange,
    /// How they are made.
    #[command(flatten)]
    pub options: Options,
}

/// How dates are made.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// The lake's directory
    #[arg(long, value_name = "DIR", default_value = "lake")]
    pub lake: PathBuf,
    /// How many dates are compacted side by side
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one(MAX_JOBS))]
    pub jobs: u64,
    /// Rows of a bucket of users, about; a date of more is divided
    #[arg(long, value_name = "N", default_value_t = plan::PlanSettings::default().bucket_rows,
        value_parser = at_least_one(MAX_BUCKET_ROWS))]
    pub bucket_rows: u64,
    /// Memory for sorting, in MiB; beyond it runs are spilled to disk
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = at_least_one(MAX_MEMORY_MIB))]
    pub memory: u64,
    /// How many days files stay that no current generation needs
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    pub keep: u64,
}

impl Options {
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

fn at_least_one(most: u64) -> RangedU64ValueParser {
    RangedU64ValueParser::new().range(1..=most)
}

/// Makes the date, or what is due, and prints what came of it.
///
/// # Errors
/// [`BadInput`] where the lake's name or the date is at fault.
pub async fn execute(args: Args) -> anyhow::Result<ExitCode> {
    let selection = match args.date {
        Some(date) => Selection::Within {
            from: date,
            to: date,
        },
        None => Selection::Due,
    };
    make(&args.options, &selection).await
}

/// Makes the span's dates, and prints what came of it.
///
/// # Errors
/// As [`execute`].
pub async fn backfill(args: BackfillArgs) -> anyhow::Result<ExitCode> {
    let DateRange { from, to } = args.span;
    make(&args.options, &Selection::Within { from, to }).await
}

/// Makes the selection's dates, and prints what came of it.
pub(crate) async fn make(options: &Options, selection: &Selection) -> anyhow::Result<ExitCode> {
    let store = existing_lake(&options.lake)?;
    let page = Page::new(selection);
    let driver = driver(Arc::clone(&store), options.settings())?;
    let made = driver
        .run(selection, &|event| page.show(&event))
        .await
        .map_err(|error| explain(error.into()))?;
    let keep = Duration::from_secs(options.keep.saturating_mul(SECONDS_PER_DAY));
    let swept = sweep::sweep(&*store, SystemTime::now(), keep).await?;
    let audits = driver.audit(&BTreeMap::new()).await?;
    page.finish(&made, &audits, swept)?;
    let is_well = made.values().all(DateOutcome::is_well) && audits.iter().all(|a| a.balanced);
    Ok(ExitCode::from(u8::from(!is_well)))
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

/// The lake in `dir`.
///
/// # Errors
/// [`BadInput`] where there is none.
pub(crate) fn existing_lake(dir: &Path) -> anyhow::Result<Arc<dyn ObjectStore>> {
    if !dir.join(marquee_lake::zone::RECEIPTS).is_dir() {
        return Err(BadInput(format!(
            "{} is no lake, as it has no {}: `marquee demo` and `marquee run` make one, \
             --lake DIR names it",
            dir.display(),
            marquee_lake::zone::RECEIPTS
        ))
        .into());
    }
    Ok(Arc::new(LocalFileSystem::new_with_prefix(dir)?))
}

/// Makes an error that the asker can mend bad input.
pub(crate) fn explain(error: anyhow::Error) -> anyhow::Error {
    match is_bad_input(&error) {
        true => BadInput(error.to_string()).into(),
        false => error,
    }
}

/// Returns whether the error is about what was asked for: dates that the lake does not
/// have, or an object that a rebuild makes.
fn is_bad_input(error: &anyhow::Error) -> bool {
    let of_lake = if let Some(error) = error.downcast_ref::<CurationError>() {
        match error {
            CurationError::NoEvents { .. } | CurationError::ReceiptDate(_) => return true,
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
