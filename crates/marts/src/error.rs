//! Errors of queries, marts and checks.

use std::error::Error;
use std::io;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use marquee_lake::LakeError;
use marquee_lake::step::{StepError, StepErrorKind};

use crate::session::{CATALOG, SCHEMA};

/// An error of opening a lake or of running SQL over it.
#[derive(Debug, thiserror::Error)]
pub enum MartsError {
    /// A receipt, a generation or the title catalog's pointer cannot be read.
    #[error("cannot read the lake's ledger: {0}")]
    Ledger(LakeError),
    /// A receipt or a generation names an object outside its table's partitions.
    #[error("invalid object key {key:?} in the ledger: {why}")]
    Key {
        /// The object's key.
        key: String,
        /// The fault of the key.
        why: String,
    },
    /// The statement does not only read.
    #[error(
        "{statement} is not allowed, the lake is read-only: \
         use SELECT, WITH, VALUES, EXPLAIN, SHOW or DESCRIBE"
    )]
    ReadOnly {
        /// The first word of the statement.
        statement: String,
    },
    /// The statement exceeds a bound on its size.
    #[error(
        "the statement has {size} {unit}, at most {limit} are allowed; split it, or read \
         values from a table"
    )]
    TooLong {
        /// The size of the statement.
        size: usize,
        /// The unit of the sizes.
        unit: &'static str,
        /// The maximum.
        limit: usize,
    },
    /// The statement does not parse, or does not match the tables.
    #[error("invalid SQL: {message}")]
    Sql {
        /// The fault, after its line and column if these are known.
        message: String,
    },
    /// A file of `sql/marts` or `sql/checks` has an invalid head.
    #[error("invalid SQL file: {0}")]
    Head(marquee_sql::HeadError),
    /// A mart or a check failed.
    #[error("{file}: {cause}")]
    File {
        /// The path of its file, relative to the project's root.
        file: String,
        /// The cause.
        cause: Box<Self>,
    },
    /// The content of a file differs from its digest in the ledger.
    #[error("{key} is damaged, its content differs from its digest in the ledger: {message}")]
    Damaged {
        /// The file's key.
        key: String,
        /// The error of its reader.
        message: String,
    },
    /// An object of the ledger is missing or broken, or the object store or the machine
    /// failed.
    #[error("the query failed: {message}")]
    Failed {
        /// The kind of the failure.
        kind: StepErrorKind,
        /// The cause.
        message: String,
    },
}

impl MartsError {
    pub(crate) fn sql(message: impl Into<String>) -> Self {
        Self::Sql {
            message: message.into(),
        }
    }

    /// Adds the file of the mart.
    pub(crate) fn in_mart(self, name: &str) -> Self {
        self.in_file(format!("sql/marts/{name}.sql"))
    }

    /// Adds the file of the check.
    pub(crate) fn in_check(self, name: &str) -> Self {
        self.in_file(format!("sql/checks/{name}.sql"))
    }

    /// Returns the kind of the error, which decides whether a retry can help.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Ledger(error) => error.kind(),
            Self::Key { .. } | Self::Damaged { .. } => StepErrorKind::Damaged,
            Self::ReadOnly { .. } | Self::TooLong { .. } | Self::Sql { .. } | Self::Head(_) => {
                StepErrorKind::Failed
            }
            Self::File { cause, .. } => cause.kind(),
            Self::Failed { kind, .. } => *kind,
        }
    }

    fn in_file(self, file: String) -> Self {
        Self::File {
            file,
            cause: Box::new(self),
        }
    }

    /// Returns `true` for an error of the user, such as invalid SQL, and `false` for an
    /// error of the lake.
    pub fn is_user_error(&self) -> bool {
        matches!(
            self,
            Self::ReadOnly { .. } | Self::TooLong { .. } | Self::Sql { .. }
        )
    }
}

impl From<MartsError> for StepError {
    fn from(error: MartsError) -> Self {
        Self::new(error.kind(), &error)
    }
}

impl From<LakeError> for MartsError {
    fn from(error: LakeError) -> Self {
        Self::Ledger(error)
    }
}

impl From<marquee_sql::HeadError> for MartsError {
    fn from(error: marquee_sql::HeadError) -> Self {
        Self::Head(error)
    }
}

impl From<DataFusionError> for MartsError {
    fn from(error: DataFusionError) -> Self {
        let message = one_line(&error);
        match failure_kind(&error) {
            Some(kind) => Self::Failed { kind, message },
            None => Self::Sql { message },
        }
    }
}

/// Returns the kind of the failure; `None` for a fault of the SQL.
fn failure_kind(error: &DataFusionError) -> Option<StepErrorKind> {
    if let Some(error) = store_error(error) {
        return Some(StepErrorKind::of(error));
    }
    match error.find_root() {
        DataFusionError::IoError(_) => Some(StepErrorKind::Store),
        DataFusionError::ParquetError(_) => Some(StepErrorKind::Damaged),
        DataFusionError::ArrowError(error, _) => match &**error {
            ArrowError::ParquetError(_) => Some(StepErrorKind::Damaged),
            ArrowError::IoError(..) => Some(StepErrorKind::Store),
            _ => None,
        },
        DataFusionError::ExecutionJoin(_)
        | DataFusionError::ResourcesExhausted(_)
        | DataFusionError::External(_)
        | DataFusionError::Internal(_) => Some(StepErrorKind::Failed),
        _ => None,
    }
}

/// Searches the chain of sources for an error of the object store.
fn store_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e object_store::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // `io::Error::source` skips the wrapped error and returns the source of it.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// Formats the root cause in one line, after its position in the SQL if known.
fn one_line(error: &DataFusionError) -> String {
    let root = error.find_root();
    let (text, position) = match root {
        DataFusionError::SQL(parser, _) => {
            let text = match &**parser {
                ParserError::ParserError(text) | ParserError::TokenizerError(text) => text.clone(),
                ParserError::RecursionLimitExceeded => "the nesting is too deep".to_owned(),
            };
            split_position(text)
        }
        _ => {
            let start = error
                .diagnostic()
                .and_then(|diagnostic| diagnostic.span)
                .map(|span| (span.start.line, span.start.column));
            let mut message = root.message().into_owned();
            // A suggestion makes the list of all columns superfluous.
            if message.contains("Did you mean")
                && let Some(at) = message.find("\nValid fields are ")
            {
                message.truncate(at);
            }
            (message, start)
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

/// Splits the parser's ` at Line: 1, Column: 8` from the end of its message.
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
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use datafusion::parquet::errors::ParquetError;
    use object_store::GetRange;

    use super::*;

    fn slow() -> object_store::Error {
        object_store::Error::Generic {
            store: "S3",
            source: "GetObject was answered with 503 SlowDown".into(),
        }
    }

    fn missing() -> object_store::Error {
        object_store::Error::NotFound {
            path: "curated/events/a.parquet".to_owned(),
            source: "GetObject was answered with 404 NoSuchKey".into(),
        }
    }

    /// Returns the error of a read past the end of a truncated file.
    fn past_the_end() -> object_store::Error {
        object_store::Error::Generic {
            store: "S3",
            source: Box::new(GetRange::Offset(9).as_range(7).unwrap_err()),
        }
    }

    /// Returns the error that a state machine receives from a mart.
    fn step_error(error: impl Into<DataFusionError>) -> StepError {
        MartsError::from(error.into()).in_mart("retention").into()
    }

    #[test]
    fn a_store_error_is_recognised_through_every_reader() {
        let through = |error: fn() -> object_store::Error| -> [DataFusionError; 5] {
            [
                error().into(),
                ParquetError::from(error()).into(),
                io::Error::from(error()).into(),
                ArrowError::from_external_error(Box::new(error())).into(),
                DataFusionError::Shared(Arc::new(
                    DataFusionError::from(ParquetError::External(Box::new(io::Error::from(
                        error(),
                    ))))
                    .context("reading"),
                )),
            ]
        };
        for error in through(slow) {
            let error = step_error(error);
            assert_eq!(error.kind(), StepErrorKind::Store, "{error}");
            assert!(error.to_string().contains("503 SlowDown"), "{error}");
        }
        for error in through(past_the_end) {
            let error = step_error(error);
            assert_eq!(error.kind(), StepErrorKind::Damaged, "{error}");
        }
        for error in through(missing) {
            let error = step_error(error);
            assert_eq!(error.kind(), StepErrorKind::Gone, "{error}");
            assert!(
                error.to_string().contains("curated/events/a.parquet"),
                "{error}"
            );
        }
    }

    #[test]
    fn errors_of_other_origin_have_their_own_kind() {
        let eof = || ParquetError::EOF("eof decoding".to_owned());
        let spill = io::Error::other("a spilled file cannot be read");
        let memory = DataFusionError::ResourcesExhausted("more memory".to_owned());
        let overflow = ArrowError::ArithmeticOverflow("1 + 1".to_owned());
        for (error, kind) in [
            (eof().into(), StepErrorKind::Damaged),
            (ArrowError::from(eof()).into(), StepErrorKind::Damaged),
            (spill.into(), StepErrorKind::Store),
            (memory, StepErrorKind::Failed),
            (overflow.into(), StepErrorKind::Failed),
        ] {
            let error: DataFusionError = error;
            let error = step_error(error);
            assert_eq!(error.kind(), kind, "{error}");
        }
    }

    #[test]
    fn an_error_contains_its_cause_once() {
        let error = MartsError::from(LakeError::from(slow()));
        let lake = LakeError::from(slow()).to_string();
        assert_eq!(
            error.to_string(),
            format!("cannot read the lake's ledger: {lake}")
        );
        assert!(lake.contains("GetObject was answered with 503 SlowDown"));
        // The message has the cause, so a report that appends the sources repeats nothing.
        assert!(error.source().is_none());
        assert!(LakeError::from(slow()).source().is_none());
    }

    #[test]
    fn the_parsers_position_is_split_from_its_message() {
        let (text, at) = split_position("Expected: x, found: y at Line: 2, Column: 13".to_owned());
        assert_eq!(
            (text.as_str(), at),
            ("Expected: x, found: y", Some((2, 13)))
        );
        assert_eq!(split_position("no position".to_owned()).1, None);
    }
}
