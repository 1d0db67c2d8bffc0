//! What a file holds, by its name or its first line.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use super::{SourceError, movielens, spool::Spooled, table, watch_log};

/// More than any header has.
const FIRST_LINE_BYTES: u64 = 64 * 1024;

/// What a file can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Events, a JSON object a line.
    Ndjson,
    /// CSV with the columns `user_id, show_name, watch_duration_minutes, watch_date`.
    WatchLog,
    /// CSV with the columns `userId, movieId, rating, timestamp`.
    Movielens,
}

/// Decides by the name's ending where that is enough, else by the first line
/// that is not blank. Leaves the file at its beginning.
pub(super) fn detect(file: &mut Spooled, path: &Path) -> Result<Format, SourceError> {
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    if ["ndjson", "jsonl", "json"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
    {
        return Ok(Format::Ndjson);
    }
    let first = first_line(file)?;
    file.rewind()?;
    let Some(first) = first else {
        let name = file.name.clone();
        return Err(SourceError::Empty { name });
    };
    if first.starts_with('{') {
        return Ok(Format::Ndjson);
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
        // With some of the columns only, reading it will say which one is missing.
        if has(&watch_log::COLUMNS) {
            return Ok(Format::WatchLog);
        }
        if has(&movielens::RATING_COLUMNS) {
            return Ok(Format::Movielens);
        }
    }
    Err(SourceError::UnknownFormat {
        name: file.name.clone(),
    })
}

/// The first line that is not blank; `None` where all are.
fn first_line(file: &mut Spooled) -> Result<Option<String>, SourceError> {
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
            // Unless only what was looked at is blank.
            let is_end = reader.get_ref().limit() > 0;
            return Ok((!is_end).then(String::new));
        }
    }
}
