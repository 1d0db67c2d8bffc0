//! What goes wrong with a day.

use marquee_lake::LakeError;
use marquee_lake::step::{Kind, StepError};
use marquee_lake::zone::STAGING;
use marquee_tables::encode::EncodeError;
use thiserror::Error;

use crate::audit::date_in;
use crate::catalog::CatalogError;

/// What goes wrong with a day. [`DayError::kind`] says what may pass when it is
/// tried again.
#[derive(Debug, Error)]
pub enum DayError {
    /// The lake could not be read or written, or holds what it should not.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A file could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A Parquet file could not be read or written.
    #[error("{key}: {cause}")]
    Parquet {
        /// Which.
        key: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Files for sorting beside memory could not be written or read.
    #[error("cannot use the directory for spilled runs: {0}")]
    Spill(std::io::Error),
    /// What an object holds is not what its receipt says.
    #[error("{key} holds {found} {what}, but its receipt says {expected}")]
    Differs {
        /// The object.
        key: String,
        /// What was counted.
        what: &'static str,
        /// What the receipt says.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// An object that a date is made from is gone: a processed one that a receipt
    /// names, one of the split, or a file of the last generation.
    #[error("{key} is gone, which a date is to be made from: {}", remedy(key))]
    Gone {
        /// The object.
        key: String,
    },
    /// Engines were not shown all of a date that is published.
    #[error(
        "{event_date} is published, but engines do not see all of it yet, and the next run \
         brings the catalogue forward: {cause}"
    )]
    Catalog {
        /// The date.
        event_date: String,
        /// Why.
        cause: CatalogError,
    },
    /// No date is that, or none that the lake has.
    #[error("{0}")]
    Date(String),
    /// A head of a file in `sql/`.
    #[error(transparent)]
    Head(#[from] marquee_sql::HeadError),
}

/// What to do where that object is gone.
fn remedy(key: &str) -> String {
    match key.starts_with(STAGING) {
        true => "the run that divided it is too old, and has to be planned again".to_owned(),
        false => format!(
            "`marquee rebuild {}` makes it anew from raw",
            date_in(key).unwrap_or("FROM..TO")
        ),
    }
}

impl DayError {
    /// Why that object could not be read: it is named where it is at fault itself.
    pub(crate) fn reading(key: &str, error: object_store::Error) -> Self {
        let key = key.to_owned();
        match Kind::of(&error) {
            Kind::Gone => Self::Gone { key },
            Kind::Damaged => Self::Parquet {
                key,
                cause: format!("it is shorter than it should be: {error}"),
            },
            _ => error.into(),
        }
    }

    /// Of which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Lake(error) => error.kind(),
            Self::Spill(_)
            | Self::Catalog {
                cause: CatalogError::Service { .. },
                ..
            } => Kind::Store,
            Self::Gone { .. } => Kind::Gone,
            Self::Parquet { .. } | Self::Differs { .. } => Kind::Damaged,
            Self::Date(_) => Kind::Input,
            Self::Encode(_)
            | Self::Head(_)
            | Self::Catalog {
                cause: CatalogError::Schema { .. },
                ..
            } => Kind::Failed,
        }
    }
}

impl From<DayError> for StepError {
    fn from(error: DayError) -> Self {
        Self::new(error.kind(), &error)
    }
}

impl From<std::io::Error> for DayError {
    fn from(error: std::io::Error) -> Self {
        Self::Spill(error)
    }
}

impl From<object_store::Error> for DayError {
    fn from(error: object_store::Error) -> Self {
        Self::Lake(error.into())
    }
}
