//! Files as sources of events.
//!
//! A file is checked from its first to its last line before its first event is
//! given, so that a bad line in the middle sends nothing. NDJSON is read twice,
//! once to check; tables (CSV) are read into memory once, some 24 bytes a row,
//! because their rows are given in the order of time, which need not be theirs.

mod detect;
mod movielens;
mod ndjson;
mod rebase;
mod row;
mod spool;
mod table;
mod watch_log;

use std::io;
use std::path::{Path, PathBuf};

use marquee_event::Title;

use crate::Outgoing;

pub use detect::Format;
pub use rebase::{BadSpan, Span};

/// How a file is to be read.
#[derive(Debug, Clone, Default)]
pub struct InputSettings {
    /// What the file holds; `None` = what its name or first line says.
    pub format: Option<Format>,
    /// The catalogue that MovieLens ratings refer to, `movies.csv`.
    pub movies: Option<PathBuf>,
    /// Where on the time line to move the events.
    pub rebase: Option<Span>,
    /// Whether NDJSON lines that are not a JSON object are given as they are,
    /// instead of being an error.
    pub keep_bad: bool,
}

/// A file, checked and ready to give its events.
pub struct Input {
    /// What it holds.
    pub format: Format,
    /// The events, each arriving at its own time.
    pub events: Box<dyn Iterator<Item = Result<Outgoing, SourceError>> + Send>,
    /// How many events it will give.
    pub count: u64,
    /// Whether its events have times, so that a virtual clock can go by them.
    pub timed: bool,
    /// The titles it speaks of, where it names them.
    pub catalogue: Option<Vec<Title>>,
}

/// Why a source cannot give its events: one sentence, for the person who chose it.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file system refused.
    #[error("cannot {action} {name}: {cause}")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        name: String,
        /// What the system said.
        cause: io::Error,
    },
    /// There is no event in it.
    #[error("{name} holds no event, so there is nothing to send")]
    Empty {
        /// The file.
        name: String,
    },
    /// A line is not what it should be.
    #[error("{name}, line {line}: {problem}")]
    Line {
        /// The file.
        name: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong and what is expected.
        problem: String,
    },
    /// The header lacks a column.
    #[error("{name} has no column {missing}: its first line must name the columns {expected}")]
    Columns {
        /// The file.
        name: String,
        /// The first column that is not there.
        missing: String,
        /// All that are needed.
        expected: String,
    },
    /// Neither the file's name nor its first line says what it holds.
    #[error(
        "cannot tell what {name} holds: it begins neither with a JSON object nor with the columns of a watch log \
         (user_id, show_name, watch_duration_minutes, watch_date) or of MovieLens ratings \
         (userId, movieId, rating, timestamp); if you know, say --format"
    )]
    UnknownFormat {
        /// The file.
        name: String,
    },
    /// The file changed while it was being sent.
    #[error("{name} changed while it was being sent, at line {line}")]
    Changed {
        /// The file.
        name: String,
        /// The line, from 1.
        line: u64,
    },
}

impl SourceError {
    fn io(action: &'static str, name: &str) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::Io {
            action,
            name: name.to_owned(),
            cause,
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

/// Opens and checks a file, or the standard input for `-`.
///
/// # Errors
/// The first thing that is wrong with it; [`SourceError::Empty`], whatever its
/// format, where there is no event in it.
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
    let input = match format {
        Format::Ndjson => ndjson::open(file, settings.rebase, settings.keep_bad),
        Format::WatchLog => watch_log::open(file, settings.rebase),
        Format::Movielens => {
            let movies = settings.movies.as_deref().map(spool::file).transpose()?;
            movielens::open(file, movies, settings.rebase)
        }
    }?;
    match input.count {
        0 => Err(SourceError::Empty { name }),
        _ => Ok(input),
    }
}
