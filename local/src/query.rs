//! `marquee query`: SQL over a lake directory.

mod output;

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use marquee_console::{self as console, Output, directory_parser};
use marquee_marts::{Engine, MAX_STATEMENT_BYTES, MartsError, nearest_table};

use crate::bad_input::BadInput;
use crate::lake::existing_lake;

/// Query a lake in SQL
///
/// The tables raw_events, processed_events, quarantine and titles are organized by
/// arrival date. `marquee day` builds the curated tables: events, fact_session,
/// fact_view and those of sql/marts; audit_books contains every figure of each date's
/// last audit. --tables lists the tables, `DESCRIBE events` shows the columns of one.
/// A filter on ingest_date and ingest_hour, or on event_date, prunes the objects that
/// are read. Binary columns (raw_events.payload) are printed as text if they are
/// UTF-8, otherwise in hex after \x.
#[derive(Debug, clap::Args)]
pub struct QueryArgs {
    /// Run this query; `-` reads it from standard input
    #[arg(
        value_name = "SQL",
        required_unless_present_any = ["file", "tables"],
        conflicts_with = "file"
    )]
    pub sql: Option<String>,
    /// List the tables instead of running a query
    #[arg(long, conflicts_with_all = ["sql", "file"])]
    pub tables: bool,
    /// Read the query from this file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Read the lake in this directory
    #[arg(long, value_name = "DIR", value_parser = directory_parser(), default_value = "lake")]
    pub lake: PathBuf,
    /// Write the result in this format
    #[arg(long, value_enum, default_value_t = QueryFormat::Table)]
    pub format: QueryFormat,
    /// Show at most this many rows in a table (0: all); csv and json always contain
    /// all rows
    #[arg(long, value_name = "N", default_value_t = 1000,
        value_parser = console::count_in(0..=usize::MAX))]
    pub rows: usize,
}

/// The output format of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QueryFormat {
    /// Table for people, with the number of rows below
    Table,
    /// CSV with a header; NULL is an empty field
    Csv,
    /// One JSON object per line (NDJSON); NULL is null
    Json,
}

/// Runs the query and prints the result.
///
/// # Errors
/// [`BadInput`] for an invalid query, or a directory without a lake.
pub async fn execute(args: QueryArgs) -> anyhow::Result<ExitCode> {
    if args.tables {
        console::print(Engine::tables()?.join("\n") + "\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let sql = sql_text(&args)?;
    let mut out = Output::open();
    let written = write_result(&args, &sql, &mut out).await;
    out.finish(written).map_err(with_advice)?;
    Ok(ExitCode::SUCCESS)
}

async fn write_result(args: &QueryArgs, sql: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let engine = Engine::open(existing_lake(&args.lake)?).await?;
    let answer = engine.stream(sql).await?;
    match args.format {
        QueryFormat::Table => output::table(answer, args.rows, out).await?,
        QueryFormat::Csv => output::csv(answer, io::stdout().is_terminal(), out).await?,
        QueryFormat::Json => output::json(answer, out).await?,
    }
    out.flush()?;
    Ok(())
}

fn sql_text(args: &QueryArgs) -> anyhow::Result<String> {
    let (read, source) = match (args.file.as_deref(), args.sql.as_deref()) {
        (Some(file), _) if file != Path::new("-") => {
            let read = File::open(file).and_then(read_bounded);
            (read, file.display().to_string())
        }
        (Some(_), _) | (None, Some("-")) => {
            (read_bounded(io::stdin()), "standard input".to_owned())
        }
        (None, Some(sql)) => return Ok(sql.to_owned()),
        (None, None) => return Err(BadInput("give a query or --file".to_owned()).into()),
    };
    Ok(read.map_err(|error| BadInput(format!("cannot read the query from {source}: {error}")))?)
}

/// Reads a text of at most the size of a statement.
fn read_bounded(text: impl Read) -> io::Result<String> {
    let invalid = |cause: String| io::Error::new(ErrorKind::InvalidData, cause);
    let mut bytes = Vec::new();
    text.take(MAX_STATEMENT_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() > MAX_STATEMENT_BYTES {
        let cause = format!("it has more than {MAX_STATEMENT_BYTES} bytes; split it");
        return Err(invalid(cause));
    }
    String::from_utf8(bytes).map_err(|error| invalid(error.to_string()))
}

/// Converts errors that the user can fix to [`BadInput`], with a hint.
fn with_advice(error: anyhow::Error) -> anyhow::Error {
    let advice = match error.downcast_ref::<MartsError>() {
        Some(MartsError::Sql { message }) => match sql_advice(message) {
            Ok(advice) => advice,
            Err(error) => return error.into(),
        },
        Some(error) if error.is_user_error() => return BadInput(error.to_string()).into(),
        None if error.is::<output::UnsupportedFormat>() => {
            "--format json supports every type".to_owned()
        }
        None if error.is::<output::ExecutionError>() => return BadInput(error.to_string()).into(),
        _ => return error,
    };
    BadInput(format!("{}\nhint: {advice}", console::format_error(&error))).into()
}

/// Returns the hint for invalid SQL: the most similar table for an unknown one.
fn sql_advice(message: &str) -> Result<String, MartsError> {
    let unknown = message
        .split_once("table '")
        .and_then(|(_, rest)| rest.split_once("' not found"))
        .map(|(name, _)| name.rsplit('.').next().unwrap_or(name));
    let lists = "`marquee query --tables` lists the tables";
    let Some(unknown) = unknown else {
        return Ok(format!(
            "{lists}, `marquee query \"DESCRIBE events\"` shows the columns of one"
        ));
    };
    Ok(match nearest_table(unknown)? {
        Some(table) => format!("did you mean {table}? {lists}"),
        None => lists.to_owned(),
    })
}
