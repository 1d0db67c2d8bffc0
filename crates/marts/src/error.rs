//! What can go wrong, in one sentence each.

use std::error::Error;
use std::io;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use marquee_lake::LakeError;
use marquee_lake::step::{StepError, StepErrorKind};

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
    Ledger(LakeError),
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
    /// A file of `sql/` has a head that cannot be understood.
    #[error("sql/marts: {0}")]
    Head(marquee_sql::HeadError),
    /// A file of `sql/` cannot be run.
    #[error("{file}: {cause}")]
    File {
        /// Where it lies, from the project's root.
        file: String,
        /// What is wrong.
        cause: Box<Self>,
    },
    /// A file has other bytes than those that the ledger names.
    #[error("{key} is not what the ledger says of it: {message}")]
    Damaged {
        /// The file.
        key: String,
        /// What its reader said.
        message: String,
    },
    /// An object that the ledger names is missing or broken, or the store or the
    /// machine gave up.
    #[error("the query failed: {message}")]
    Failed {
        /// Which of these it is.
        kind: StepErrorKind,
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

    /// Of which kind it is.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Ledger(error) => error.kind(),
            Self::NotALake { .. } => StepErrorKind::Input,
            Self::Key { .. } | Self::Damaged { .. } => StepErrorKind::Damaged,
            Self::ReadOnly { .. } | Self::Sql { .. } | Self::Head(_) => StepErrorKind::Failed,
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

    /// Whether another question, or another lake, would help: the asker's
    /// error rather than the lake's.
    pub fn is_askers(&self) -> bool {
        matches!(
            self,
            Self::NotALake { .. } | Self::ReadOnly { .. } | Self::Sql { .. }
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
        let message = sentence(&error);
        match failed(&error) {
            Some(kind) => Self::Failed { kind, message },
            None => Self::Sql { message },
        }
    }
}

/// Of which kind the failure is; `None` where the SQL is at fault.
fn failed(error: &DataFusionError) -> Option<StepErrorKind> {
    if let Some(error) = of_the_store(error) {
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

/// The object store's error that `error` comes from, through whatever readers.
fn of_the_store<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e object_store::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // The source of an `io::Error` is that of what it holds.
        let held = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match held {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    None
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

    /// What is read of a file that was cut off.
    fn beyond() -> object_store::Error {
        object_store::Error::Generic {
            store: "S3",
            source: Box::new(GetRange::Offset(9).as_range(7).unwrap_err()),
        }
    }

    /// What a state machine is told of it, as a mart's failure.
    fn told(error: impl Into<DataFusionError>) -> StepError {
        MartsError::from(error.into()).in_mart("retention").into()
    }

    #[test]
    fn a_store_that_fails_is_told_through_every_reader() {
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
            let told = told(error);
            assert_eq!(told.kind(), StepErrorKind::Store, "{told}");
            assert!(told.to_string().contains("503 SlowDown"), "{told}");
        }
        for error in through(beyond) {
            let told = told(error);
            assert_eq!(told.kind(), StepErrorKind::Damaged, "{told}");
        }
        for error in through(missing) {
            let told = told(error);
            assert_eq!(told.kind(), StepErrorKind::Gone, "{told}");
            assert!(
                told.to_string().contains("curated/events/a.parquet"),
                "{told}"
            );
        }
    }

    #[test]
    fn what_is_no_stores_error_is_told_apart() {
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
            let told = told(error);
            assert_eq!(told.kind(), kind, "{told}");
        }
    }

    #[test]
    fn an_error_says_its_cause_once() {
        let error = MartsError::from(LakeError::from(slow()));
        assert_eq!(
            error.to_string(),
            "the lake's ledger cannot be read: object store: Generic S3 error: \
             GetObject was answered with 503 SlowDown"
        );
        // Who prints the sources of an error behind it prints nothing more.
        assert!(error.source().is_none());
        let LakeError::Store(_) = LakeError::from(slow()) else {
            panic!("it is the store's");
        };
        assert!(LakeError::from(slow()).source().is_none());
    }

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
