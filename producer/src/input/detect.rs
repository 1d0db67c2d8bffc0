//! Detection of a file's format by its name or its first line.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde_json::{Map, Value};

use super::{SourceError, movielens, spool::SpooledFile, table, watch_log};

/// The number of bytes to search for the first line; more than any header has.
const FIRST_LINE_BYTES: u64 = 64 * 1024;

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFormat {
    /// NDJSON: an event as a JSON object on each line.
    Ndjson,
    /// CSV with the columns `user_id, show_name, watch_duration_minutes, watch_date`, or
    /// a JSON object with these fields on each line.
    WatchLog,
    /// CSV with the columns `userId, movieId, rating, timestamp`.
    Movielens,
}

impl fmt::Display for InputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ndjson => "NDJSON of events",
            Self::WatchLog => "a watch log",
            Self::Movielens => "a file of MovieLens ratings",
        })
    }
}

/// Detects the format by the file's extension and its first line that is not blank.
/// Rewinds the file.
pub(super) fn detect(file: &mut SpooledFile, path: &Path) -> Result<InputFormat, SourceError> {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    let is_json = ["ndjson", "jsonl", "json"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known));
    let first = first_line(file)?;
    file.rewind()?;
    let Some(first) = first else {
        let name = file.name.clone();
        return Err(SourceError::Empty { name });
    };
    if is_json || first.starts_with('{') {
        return Ok(if is_watch_log_row(&first) {
            InputFormat::WatchLog
        } else {
            InputFormat::Ndjson
        });
    }
    let columns: Vec<String> = first.split(',').map(table::column_name).collect();
    let has_all = |wanted: &[&str]| {
        wanted
            .iter()
            .all(|name| columns.iter().any(|column| column == name))
    };
    let has_any = |wanted: &[&str]| {
        wanted
            .iter()
            .any(|name| columns.iter().any(|column| column == name))
    };
    for has in [&has_all as &dyn Fn(&[&str]) -> bool, &has_any] {
        // If only some columns match, the reader reports the first missing one.
        if has(&watch_log::COLUMNS) {
            return Ok(InputFormat::WatchLog);
        }
        if has(&movielens::RATING_COLUMNS) {
            return Ok(InputFormat::Movielens);
        }
    }
    Err(SourceError::UnknownFormat {
        name: file.name.clone(),
    })
}

/// Returns whether a JSON object is a row of a watch log, not an event.
fn is_watch_log_row(line: &str) -> bool {
    let object: Map<String, Value> = serde_json::from_str(line).unwrap_or_default();
    let has = |field: &str| object.contains_key(field);
    has("show_name") && has("watch_duration_minutes") && !has("event_type")
}

/// Returns the first line that is not blank; `None` if all are.
pub(super) fn first_line(file: &mut SpooledFile) -> Result<Option<String>, SourceError> {
    let mut reader = BufReader::new((&file.file).take(FIRST_LINE_BYTES));
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(SourceError::io("read", &file.name))?;
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_start_matches('\u{feff}').trim();
        if !text.is_empty() {
            return Ok(Some(text.to_owned()));
        }
        if read == 0 {
            // The limit, not the file's end, may have ended the search.
            let is_end = reader.get_ref().limit() > 0;
            return Ok((!is_end).then(String::new));
        }
    }
}
