//! `marquee audit`: the two books of a date, from the lake itself.

mod page;
mod warehouse;

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use marquee_audit::{self as audit, Audit, StreamCount};
use marquee_console as console;
use marquee_event::Date;
use serde::Serialize;

use crate::bad_input::BadInput;
use crate::day::{existing_lake, explain};
use crate::{arrivals, streams};
use page::Page;
use warehouse::Warehouse;

/// Show whether every event of a date is accounted for.
///
/// Every object that the date's receipts and its generation name is read, and
/// every identity followed from where it arrived to where it is now; the
/// warehouse's rows are those that its last load counted. What keeps the books
/// from balancing is named, with what to do about it; the exit code is then 1.
/// What was counted is kept in the lake, where the table audit_books shows it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The date, YYYY-MM-DD
    #[arg(value_name = "DATE")]
    pub date: Date,
    /// The lake's directory
    #[arg(long, value_name = "DIR", default_value = "lake")]
    pub lake: PathBuf,
    /// The stream, whose own count the records are held against [default: the
    /// one that `marquee run` takes, if there is one]
    #[arg(long, value_name = "DIR")]
    pub stream: Option<PathBuf>,
    /// What the audit is written as
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// What an audit is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading
    Text,
    /// Every figure, for programs
    Json,
}

/// Both books of a date, and the warehouse's line.
#[derive(Serialize)]
struct Books {
    #[serde(flatten)]
    audit: Audit,
    /// `None` before the date is published.
    warehouse: Option<Warehouse>,
    /// The stream that counted itself, where there is one.
    stream: Option<PathBuf>,
}

/// Audits the date on standard output.
///
/// # Errors
/// [`BadInput`] where the lake, the stream or the date is at fault.
pub async fn execute(args: Args) -> anyhow::Result<ExitCode> {
    let store = existing_lake(&args.lake)?;
    let stream = stream_of(&args);
    let counted = match &stream {
        Some(dir) => Some(count(dir, args.date)?),
        None => None,
    };
    let mut audit = audit::full(&store, args.date, counted.as_ref())
        .await
        .map_err(|error| explain(error.into()))?;
    audit::keep(&*store, &audit).await?;
    let warehouse = Warehouse::of(&*store, &audit).await?;
    let problem = warehouse.as_ref().and_then(Warehouse::problem);
    audit.balanced &= problem.is_none();
    let books = Books {
        audit,
        warehouse,
        stream,
    };
    match args.format {
        Format::Text => console::print(Page::new(&books, io::stdout().is_terminal()))?,
        Format::Json => console::print(serde_json::to_string_pretty(&books)? + "\n")?,
    }
    Ok(ExitCode::from(u8::from(!books.audit.balanced)))
}

fn stream_of(args: &Args) -> Option<PathBuf> {
    let found = streams::of_lake(&args.lake);
    let is_there = streams::is_stream(&found);
    args.stream.clone().or(is_there.then_some(found))
}

/// What arrived in each of the stream's shards on the date. Shards that no record
/// ever arrived in are not among them.
fn count(dir: &Path, date: Date) -> Result<StreamCount, BadInput> {
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
