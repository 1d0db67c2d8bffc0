//! `marquee audit`: the ingest book and the event book of a date, counted from the
//! lake's objects.

mod page;
mod warehouse;

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use marquee_audit::{self as audit, Audit, StreamCount};
use marquee_console::{self as console, directory_parser};
use marquee_event::Date;
use serde::Serialize;

use crate::bad_input::BadInput;
use crate::day::explain;
use crate::lake::existing_lake;
use crate::{arrivals, hints, streams};
use page::AuditPage;
use warehouse::WarehouseStatus;

/// Check that every event of a date is accounted for
///
/// Reads every object that the date's receipts and its generation list, and follows
/// every identity from its arrival to its current place. The warehouse's row counts
/// are those of its last load. Each problem is listed with its remedy, and the exit
/// code is then 1. The audit is stored in the lake; the table audit_books contains
/// it.
#[derive(Debug, clap::Args)]
pub struct AuditArgs {
    /// Audit this date, YYYY-MM-DD
    #[arg(value_name = "DATE")]
    pub date: Date,
    /// Read the lake in this directory
    #[arg(long, value_name = "DIR", value_parser = directory_parser(), default_value = "lake")]
    pub lake: PathBuf,
    /// Compare the records with the counts of this stream [default: the stream that
    /// `marquee run` reads, if it exists]
    #[arg(long, value_name = "DIR", value_parser = directory_parser())]
    pub stream: Option<PathBuf>,
    /// Write the audit in this format
    #[arg(long, value_enum, default_value_t = AuditFormat::Text)]
    pub format: AuditFormat,
}

/// The output format of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// Text for people
    Text,
    /// JSON with every figure, for programs
    Json,
}

/// An audit and the state of the warehouse, as printed and as JSON.
#[derive(Serialize)]
struct AuditBooks {
    #[serde(flatten)]
    audit: Audit,
    /// `None` before the date is published.
    warehouse: Option<WarehouseStatus>,
    /// The stream whose counts were compared, if there is one.
    stream: Option<PathBuf>,
}

/// Audits the date and prints the result.
///
/// # Errors
/// [`BadInput`] for an invalid lake, stream or date.
pub async fn execute(args: AuditArgs) -> anyhow::Result<ExitCode> {
    let store = existing_lake(&args.lake)?;
    let stream = stream_of(&args);
    let counted = match &stream {
        Some(dir) => Some(count_arrivals(dir, args.date)?),
        None => None,
    };
    let mut audit = audit::audit_date(&store, args.date, counted.as_ref())
        .await
        .map_err(|error| explain(error.into()))?;
    audit::write(&*store, &audit).await?;
    let warehouse = WarehouseStatus::read(&*store, &audit).await?;
    let problem = warehouse.as_ref().and_then(WarehouseStatus::problem);
    audit.balanced &= problem.is_none();
    let books = AuditBooks {
        audit,
        warehouse,
        stream,
    };
    match args.format {
        AuditFormat::Text => hints::print(
            AuditPage::new(&books, io::stdout().is_terminal()),
            &args.lake,
        )?,
        AuditFormat::Json => {
            let json = serde_json::to_string_pretty(&books)? + "\n";
            console::print(console::escape_control_in_json(&json))?;
        }
    }
    Ok(ExitCode::from(u8::from(!books.audit.balanced)))
}

fn stream_of(args: &AuditArgs) -> Option<PathBuf> {
    let found = streams::default_stream(&args.lake);
    let exists = streams::is_stream(&found);
    args.stream.clone().or(exists.then_some(found))
}

/// Counts the records that arrived in each shard of the stream on the date. Shards
/// that never received a record are missing.
fn count_arrivals(dir: &Path, date: Date) -> Result<StreamCount, BadInput> {
    let mut dates = arrivals::count(dir).map_err(|error| BadInput(error.to_string()))?;
    let shards: BTreeSet<String> = dates
        .values()
        .flat_map(StreamCount::keys)
        .cloned()
        .collect();
    let mut of_date = dates.remove(&date).unwrap_or_default();
    for shard in shards {
        of_date.entry(shard).or_default();
    }
    Ok(of_date)
}
