//! `marquee query`: SQL over a lake directory.

mod output;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use marquee_console::{self as console, Output};
use marquee_marts::{Engine, MartsError};

use crate::bad_input::BadInput;

/// Ask a lake a question in SQL.
///
/// The tables are raw_events, processed_events, quarantine and titles, which lie
/// by arrival, and the curated ones, which `marquee day` makes: events,
/// fact_session, fact_view, and those of sql/marts; audit_books has every figure of
/// each date's last audit. SHOW TABLES lists them, DESCRIBE TABLE shows one's
/// columns. A filter on ingest_date and ingest_hour, or
/// on event_date, opens only the objects it concerns. Bytes (raw_events.payload) are shown as text where
/// they are UTF-8, else in hex after \x.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The question; `-` reads it from standard input
    #[arg(
        value_name = "SQL",
        required_unless_present = "file",
        conflicts_with = "file"
    )]
    pub sql: Option<String>,
    /// A file that holds the question; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The lake's directory
    #[arg(long, value_name = "DIR", default_value = "lake")]
    pub lake: PathBuf,
    /// What the answer is written as
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// How many rows a table shows (0: all); csv and json always hold all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub rows: usize,
}

/// What an answer is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading; numbers to the right, the number of rows below
    Table,
    /// With a header; NULL is an empty field
    Csv,
    /// One JSON object a line (NDJSON); NULL is null
    Json,
}

/// Answers the question on standard output.
///
/// # Errors
/// [`BadInput`] where the question, or the lake's name, is at fault.
pub async fn execute(args: Args) -> anyhow::Result<ExitCode> {
    let sql = question(&args)?;
    let mut out = Output::open();
    let answered = answer(&args, &sql, &mut out).await;
    out.finish(answered).map_err(with_advice)?;
    Ok(ExitCode::SUCCESS)
}

async fn answer(args: &Args, sql: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let engine = Engine::open_dir(&args.lake).await?;
    let answer = engine.stream(sql).await?;
    match args.format {
        Format::Table => output::table(answer, args.rows, out).await?,
        Format::Csv => output::csv(answer, out).await?,
        Format::Json => output::json(answer, out).await?,
    }
    out.flush()?;
    Ok(())
}

fn question(args: &Args) -> anyhow::Result<String> {
    let (read, place) = match (args.file.as_deref(), args.sql.as_deref()) {
        (Some(file), _) if file != Path::new("-") => {
            (fs::read_to_string(file), file.display().to_string())
        }
        (Some(_), _) | (None, Some("-")) => {
            (io::read_to_string(io::stdin()), "standard input".to_owned())
        }
        (None, sql) => return Ok(sql.unwrap_or_default().to_owned()),
    };
    Ok(read.map_err(|error| BadInput(format!("the question in {place} cannot be read: {error}")))?)
}

/// Makes an error that the asker can mend bad input, and says how.
fn with_advice(error: anyhow::Error) -> anyhow::Error {
    let advice = match error.downcast_ref::<MartsError>() {
        Some(MartsError::NotALake { .. }) => {
            "`marquee demo` and `marquee run` make one, --lake DIR names it".to_owned()
        }
        Some(MartsError::Sql { .. }) => format!(
            "the tables are {}, and DESCRIBE shows the columns of one",
            Engine::tables().unwrap_or_default().join(", ")
        ),
        Some(asked) if asked.is_user_error() => return BadInput(error.to_string()).into(),
        None if error.is::<output::Unprintable>() => "--format json holds every type".to_owned(),
        None if error.is::<output::Unanswerable>() => return BadInput(error.to_string()).into(),
        _ => return error,
    };
    BadInput(format!("{}\nhint: {advice}", console::format_error(&error))).into()
}
