//! File sources of events.
//!
//! The whole file is validated before the source yields its first event, so an
//! invalid line never leaves a file partly sent. NDJSON is read twice: once to
//! validate, once to send. Tables are read into memory, because their events are sent in
//! the order of time: at most 48 bytes per row of MovieLens ratings, and 80 bytes per
//! row of a watch log.

mod detect;
mod movielens;
mod ndjson;
mod rebase;
mod row;
mod spool;
mod table;
mod titles;
mod watch_log;

use std::io;
use std::path::{Path, PathBuf};

use marquee_event::{Title, WriteError};

use crate::OutgoingEvent;

pub use detect::InputFormat;
pub use rebase::{ParseTimeRangeError, TimeRange};

/// The settings for reading a file.
#[derive(Debug, Clone, Default)]
pub struct InputSettings {
    /// The file's format; `None` detects it by the file's name or first line.
    pub format: Option<InputFormat>,
    /// The title catalog of MovieLens ratings, `movies.csv`.
    pub movies: Option<PathBuf>,
    /// The titles of a watch log with their runtimes: a title catalog in NDJSON, or CSV
    /// with the columns `show_name, runtime_minutes`.
    pub titles: Option<PathBuf>,
    /// The time range to move the events to.
    pub rebase: Option<TimeRange>,
    /// True to send NDJSON lines that are not JSON objects, instead of rejecting the
    /// file.
    pub keep_bad: bool,
}

/// A validated file, ready to yield its events.
pub struct Input {
    /// The file's format.
    pub format: InputFormat,
    /// The events. Each arrives at its event time or, if that is earlier than an
    /// arrival before it, together with that one.
    pub events: Box<dyn Iterator<Item = Result<OutgoingEvent, SourceError>> + Send>,
    /// The number of events.
    pub count: u64,
    /// True if the events have times for a virtual clock.
    pub timed: bool,
    /// The titles of the events, if the file names them.
    pub title_catalog: Option<Vec<Title>>,
}

/// An error of a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file system operation failed.
    #[error("cannot {action} {name}: {source}")]
    Io {
        /// The operation, as a verb.
        action: &'static str,
        /// The file's name.
        name: String,
        /// The operating system's error.
        source: io::Error,
    },
    /// The file holds no event.
    #[error("nothing to send: {name} holds no event")]
    Empty {
        /// The file's name.
        name: String,
    },
    /// The file of titles holds no title.
    #[error(
        "{name} holds no title: it must be a title catalog in NDJSON, or CSV with the columns \
         show_name, runtime_minutes"
    )]
    NoTitle {
        /// The file's name.
        name: String,
    },
    /// Titles were given for a file that is not a watch log.
    #[error(
        "--titles applies only to a watch log, but {name} is {format}; omit --titles, or set \
         --format watch-log"
    )]
    TitlesWithoutWatchLog {
        /// The file's name.
        name: String,
        /// The file's format.
        format: InputFormat,
    },
    /// A line is invalid.
    #[error("{name}, line {line}: {problem}")]
    Line {
        /// The file's name.
        name: String,
        /// The line number, from 1.
        line: u64,
        /// The problem and the expected content.
        problem: String,
    },
    /// A column is missing.
    #[error("{name} has no column {missing}: its first line must name the columns {expected}")]
    Columns {
        /// The file's name.
        name: String,
        /// The first missing column.
        missing: String,
        /// All required columns.
        expected: String,
    },
    /// The format cannot be detected.
    #[error(
        "cannot detect the format of {name}: it starts neither with a JSON object nor with the \
         columns of a watch log (user_id, show_name, watch_duration_minutes, watch_date) or of \
         MovieLens ratings (userId, movieId, rating, timestamp); set --format"
    )]
    UnknownFormat {
        /// The file's name.
        name: String,
    },
    /// The file changed between validation and sending.
    #[error("{name} changed while it was sent, at line {line}")]
    Changed {
        /// The file's name.
        name: String,
        /// The line number, from 1.
        line: u64,
    },
    /// A show of the watch log has no title in the catalog that was made for it. This is a
    /// defect of the program.
    #[error(
        "show {name:?} has no title in the catalog of the watch log; this is a defect of the program"
    )]
    UnknownShow {
        /// The show's name.
        name: String,
    },
    /// An event has no JSON form. This is a defect of the program.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl SourceError {
    fn io(action: &'static str, name: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            name: name.to_owned(),
            source,
        }
    }

    fn line(name: &str, line: u64, problem: impl Into<String>) -> Self {
        Self::Line {
            name: name.to_owned(),
            line,
            problem: problem.into(),
        }
    }
}

/// Formats the problem of a value.
fn unexpected_value(column: &str, value: &str, expected: &str) -> String {
    let shown: String = value.chars().take(60).collect();
    format!("{column} is {shown:?}, but must be {expected}")
}

/// Opens and validates a file, or standard input for `-`.
///
/// # Errors
/// The first [`SourceError`] in the file; [`SourceError::Empty`] if it holds no event.
pub fn open(path: &Path, settings: &InputSettings) -> Result<Input, SourceError> {
    let mut file = if path == Path::new("-") {
        spool::standard_input()?
    } else {
        spool::file(path)?
    };
    let format = match settings.format {
        Some(format) => format,
        None => detect::detect(&mut file, path)?,
    };
    let name = file.name.clone();
    if settings.titles.is_some() && format != InputFormat::WatchLog {
        return Err(SourceError::TitlesWithoutWatchLog { name, format });
    }
    let input = match format {
        InputFormat::Ndjson => ndjson::open(file, settings.rebase, settings.keep_bad),
        InputFormat::WatchLog => {
            let titles = settings.titles.as_deref().map(spool::file).transpose()?;
            watch_log::open(file, titles, settings.rebase)
        }
        InputFormat::Movielens => {
            let movies = settings.movies.as_deref().map(spool::file).transpose()?;
            movielens::open(file, movies, settings.rebase)
        }
    }?;
    match input.count {
        0 => Err(SourceError::Empty { name }),
        _ => Ok(input),
    }
}
