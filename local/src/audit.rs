//! `marquee audit`: the two books of a date, from the lake itself.

mod page;

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use marquee_day::Date;
use marquee_day::audit::{self, StreamCount};

use crate::arrivals;
use crate::bad_input::BadInput;
use crate::day::{existing_lake, explain};
use page::Page;

/// Show whether every event of a date is accounted for.
///
/// Every object that the date's receipts and its generation name is read, and
/// every identity followed from where it arrived to where it is now. What keeps
/// the books from balancing is named, with what to do about it; the exit code is
/// then 1.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The date, YYYY-MM-DD
    #[arg(value_name = "DATE")]
    pub date: Date,
    /// The lake's directory
    #[arg(long, value_name = "DIR", default_value = "lake")]
    pub lake: PathBuf,
    /// The stream, whose own count the records are held against [default: the
    /// one in the lake's directory, if there is one]
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

/// Audits the date on standard output.
///
/// # Errors
/// [`BadInput`] where the lake, the stream or the date is at fault.
pub async fn execute(args: Args) -> anyhow::Result<ExitCode> {
    let store = existing_lake(&args.lake)?;
    let stream = match stream_of(&args) {
        Some(dir) => Some(count(&dir, args.date)?),
        None => None,
    };
    let audit = audit::full(&store, &args.date.to_string(), stream.as_ref())
        .await
        .map_err(|error| explain(error.into()))?;
    audit::keep(&*store, &audit).await?;
    let mut out = io::stdout().lock();
    let written = match args.format {
        Format::Text => write!(out, "{}", Page::new(&audit, out.is_terminal())),
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&audit)?),
    };
    match written {
        // The reader has seen enough: `marquee audit … | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(ExitCode::from(u8::from(!audit.balanced)))
}

fn stream_of(args: &Args) -> Option<PathBuf> {
    let beside = args.lake.join("stream");
    let is_there = beside.join("stream.json").is_file();
    args.stream.clone().or(is_there.then_some(beside))
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
