//! Errors of reading and writing a lake.

use marquee_encode::EncodeError;
use marquee_event::TitleError;
use marquee_event::date::date_in;
use thiserror::Error;

use crate::rows::RowsError;
use crate::step::StepErrorKind;
use crate::zone::STAGING;

/// An error of reading or writing a lake. [`LakeError::kind`] tells whether a retry may
/// help.
#[derive(Debug, Error)]
pub enum LakeError {
    /// The object store failed.
    #[error("object store: {0}")]
    Store(object_store::Error),
    /// The content of an object is not what its key implies.
    #[error("cannot read {key}: {cause}")]
    Malformed {
        /// The key of the object.
        key: String,
        /// The fault.
        cause: String,
    },
    /// An object is not a Parquet file, or not one of the expected table.
    #[error("cannot read {key}: {source}")]
    Parquet {
        /// The key of the object.
        key: String,
        /// The fault.
        #[source]
        source: RowsError,
    },
    /// An input object of a date is missing: a processed object that a receipt lists, an
    /// object of the split, or a file of a generation.
    #[error("input object {key} is missing; {}", remedy(key))]
    Gone {
        /// The key of the object.
        key: String,
    },
    /// A row of a title catalog is invalid.
    #[error("row {row} of the title catalog: {cause}")]
    TitleCatalog {
        /// The row, from 1.
        row: usize,
        /// The invalid field and its rule.
        cause: TitleError,
    },
    /// A title catalog has a title twice.
    #[error(
        "row {row} of the title catalog: title {title_id:?} occurs twice; remove one of its rows"
    )]
    DuplicateTitle {
        /// The row of the second occurrence, from 1.
        row: usize,
        /// The id of the title.
        title_id: String,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Returns the remedy for a missing object.
fn remedy(key: &str) -> String {
    match key.starts_with(STAGING) {
        true => "the plan that wrote it is too old; plan the date again".to_owned(),
        false => format!(
            "run `marquee rebuild {}` to restore it from raw",
            date_in(key).unwrap_or("FROM..TO")
        ),
    }
}

impl LakeError {
    /// Converts an error of reading the object at `key`. Names the object if it is at
    /// fault: missing, or shorter than the ledger states.
    pub fn reading(key: &str, error: object_store::Error) -> Self {
        match StepErrorKind::of(&error) {
            StepErrorKind::Gone => Self::Gone {
                key: key.to_owned(),
            },
            StepErrorKind::Damaged => Self::parquet(key, RowsError::Short(error)),
            _ => error.into(),
        }
    }

    /// Creates the error of an object with invalid content.
    pub fn parquet(key: &str, source: impl Into<RowsError>) -> Self {
        Self::Parquet {
            key: key.to_owned(),
            source: source.into(),
        }
    }
}

// Not `#[from]`, which would also make it a source: the message contains it already.
impl From<object_store::Error> for LakeError {
    fn from(error: object_store::Error) -> Self {
        Self::Store(error)
    }
}
