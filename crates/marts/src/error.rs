//! What can go wrong, in one sentence each.

use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use marquee_lake::LakeError;

use crate::session::{CATALOG, SCHEMA};

/// Why a lake was not opened or a question not answered.
#[derive(Debug, thiserror::Error)]
pub enum MartsError {
    /// The directory is not there, or holds nothing of a lake.
    #[error("{directory} is not a lake: {why}")]
    NotALake {
        /// As it was given.
        directory: String,
        /// What is missing.
        why: String,
    },
    /// A receipt, or the catalogue's pointer, cannot be read.
    #[error("the lake's ledger cannot be read: {0}")]
    Ledger(#[from] LakeError),
    /// A receipt or a generation names an object where none of its kind can lie.
    #[error("the ledger names {key:?}, which is no key of the lake: {why}")]
    Key {
        /// The object's key.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// The statement would change something.
    #[error(
        "{statement} is refused, the lake is only read: \
         ask with SELECT, WITH, VALUES, EXPLAIN, SHOW or DESCRIBE"
    )]
    ReadOnly {
        /// Its first word.
        statement: String,
    },
    /// The statement cannot be understood, or cannot be answered over these
    /// tables; begins with the line and the column where these are known.
    #[error("bad SQL: {message}")]
    Sql {
        /// What is wrong and where.
        message: String,
    },
    /// A date that is to be made is none.
    #[error("{0:?} is no date, which is written YYYY-MM-DD")]
    Date(String),
    /// A file of `sql/` has a head that cannot be understood.
    #[error("sql/marts: {0}")]
    Head(#[from] marquee_sql::HeadError),
    /// A file of `sql/` cannot be run.
    #[error("{file}: {cause}")]
    File {
        /// Where it lies, from the project's root.
        file: String,
        /// What is wrong.
        cause: Box<Self>,
    },
    /// An object that the ledger names is missing or broken, or the machine gave up.
    #[error("the query failed: {message}")]
    Failed {
        /// What failed.
        message: String,
    },
}

impl MartsError {
    pub(crate) fn sql(message: impl Into<String>) -> Self {
        Self::Sql {
            message: message.into(),
        }
    }

    /// The same, with the file of `sql/marts` that is at fault.
    pub(crate) fn in_mart(self, name: &str) -> Self {
        self.in_file(format!("sql/marts/{name}.sql"))
    }

    /// The same, with the file of `sql/checks` that is at fault.
    pub(crate) fn in_check(self, name: &str) -> Self {
        self.in_file(format!("sql/checks/{name}.sql"))
    }

    fn in_file(self, file: String) -> Self {
        Self::File {
            file,
            cause: Box::new(self),
        }
    }

    /// Whether another question, or another lake, would help: the asker's
    /// error rather than the lake's.
    pub fn is_askers(&self) -> bool {
        matches!(
            self,
            Self::NotALake { .. } | Self::ReadOnly { .. } | Self::Sql { .. }
        )
    }
}

impl From<DataFusionError> for MartsError {
    fn from(error: DataFusionError) -> Self {
        let message = sentence(&error);
        match error.find_root() {
            DataFusionError::ObjectStore(_)
            | DataFusionError::ParquetError(_)
            | DataFusionError::IoError(_)
            | DataFusionError::ExecutionJoin(_)
            | DataFusionError::ResourcesExhausted(_)
            | DataFusionError::External(_)
            | DataFusionError::Internal(_) => Self::Failed { message },
            _ => Self::Sql { message },
        }
    }
}

/// The root of `error` in one line, its position in the SQL first.
fn sentence(error: &DataFusionError) -> String {
    let root = error.find_root();
    let (text, position) = match root {
        DataFusionError::SQL(parser, _) => {
            let text = match &**parser {
                ParserError::ParserError(text) | ParserError::TokenizerError(text) => text.clone(),
                ParserError::RecursionLimitExceeded => "it is nested too deeply".to_owned(),
            };
            split_position(text)
        }
        _ => {
            let start = error
                .diagnostic()
                .and_then(|diagnostic| diagnostic.span)
                .map(|span| (span.start.line, span.start.column));
            (root.message().into_owned(), start)
        }
    };
    let text = text
        .split(DataFusionError::BACK_TRACE_SEP)
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(&format!("{CATALOG}.{SCHEMA}."), "");
    match position {
        Some((line, column)) => format!("line {line}, column {column}: {text}"),
        None => text,
    }
}

/// Takes the parser's ` at Line: 1, Column: 8` off the end of its message.
fn split_position(text: String) -> (String, Option<(u64, u64)>) {
    let position = text.rsplit_once(" at Line: ").and_then(|(before, after)| {
        let (line, column) = after.split_once(", Column: ")?;
        Some((
            before.to_owned(),
            (line.trim().parse().ok()?, column.trim().parse().ok()?),
        ))
    });
    match position {
        Some((before, at)) => (before, Some(at)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::split_position;

    #[test]
    fn the_parsers_position_is_taken_off_its_message() {
        let (text, at) = split_position("Expected: x, found: y at Line: 2, Column: 13".to_owned());
        assert_eq!(
            (text.as_str(), at),
            ("Expected: x, found: y", Some((2, 13)))
        );
        assert_eq!(split_position("no position".to_owned()).1, None);
    }
}
