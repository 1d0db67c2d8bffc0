//! What goes wrong with a lake.

use marquee_event::TitleError;
use marquee_event::date::date_in;
use marquee_tables::encode::EncodeError;
use thiserror::Error;

use crate::rows::RowsError;
use crate::step::StepErrorKind;
use crate::zone::STAGING;

/// What goes wrong with a lake. [`LakeError::kind`] says what may pass when it is
/// tried again.
#[derive(Debug, Error)]
pub enum LakeError {
    /// The object store did not do what it was asked.
    #[error("object store: {0}")]
    Store(object_store::Error),
    /// An object is there, but is not what its key says.
    #[error("{key} cannot be read: {cause}")]
    Malformed {
        /// The object's key.
        key: String,
        /// What is wrong with it.
        cause: String,
    },
    /// An object is no Parquet file, or not one of the table that it should be.
    #[error("{key} cannot be read: {source}")]
    Parquet {
        /// The object's key.
        key: String,
        /// What is wrong with it.
        #[source]
        source: RowsError,
    },
    /// An object that a date is made from is absent: a processed object that a receipt
    /// names, an object of the split, or a file of the last generation.
    #[error("{key} is gone, which a date is to be made from: {}", remedy(key))]
    Gone {
        /// The object's key.
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
        /// The row of the second one, from 1.
        row: usize,
        /// The title.
        title_id: String,
    },
    /// A file could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Returns what to do about an absent object.
fn remedy(key: &str) -> String {
    match key.starts_with(STAGING) {
        true => "the run that divided it is too old, and has to be planned again".to_owned(),
        false => format!(
            "`marquee rebuild {}` makes it anew from raw",
            date_in(key).unwrap_or("FROM..TO")
        ),
    }
}

impl LakeError {
    /// Names the object at `key` in a failure to read it, where the object is at fault:
    /// absent, or shorter than the ledger says.
    pub fn reading(key: &str, error: object_store::Error) -> Self {
        match StepErrorKind::of(&error) {
            StepErrorKind::Gone => Self::Gone {
                key: key.to_owned(),
            },
            StepErrorKind::Damaged => Self::parquet(key, RowsError::Short(error)),
            _ => error.into(),
        }
    }

    /// Names the object in a fault of its content.
    pub fn parquet(key: &str, source: impl Into<RowsError>) -> Self {
        Self::Parquet {
            key: key.to_owned(),
            source: source.into(),
        }
    }
}

// Not by `#[from]`, which would make it a source too: it is in the sentence.
impl From<object_store::Error> for LakeError {
    fn from(error: object_store::Error) -> Self {
        Self::Store(error)
    }
}
