//! Holding an object against what is said of it.

use bytes::Bytes;
use marquee_lake::digest;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::problem::Problem;
use crate::error::DayError;
use crate::units::{self, Batch};

/// What a receipt or a generation says of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) key: &'a str,
    pub(super) named_by: &'a str,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) digest: &'a str,
}

impl Claim<'_> {
    /// The object's bytes; `None`, and a problem, when it is not there.
    pub(super) async fn fetch(
        &self,
        store: &dyn ObjectStore,
        problems: &mut Vec<Problem>,
    ) -> Result<Option<Bytes>, DayError> {
        match store.get(&Path::from(self.key)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => {
                problems.push(Problem::MissingObject {
                    key: self.key.to_owned(),
                    named_by: self.named_by.to_owned(),
                });
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Holds the content against the claim, and hands its rows to `each`. How
    /// many rows there are; `None` when it cannot be read to its end.
    pub(super) fn examine(
        &self,
        content: Bytes,
        columns: &[&str],
        problems: &mut Vec<Problem>,
        each: impl FnMut(&Batch<'_>) -> Result<(), DayError>,
    ) -> Option<u64> {
        let key = || self.key.to_owned();
        let named_by = || self.named_by.to_owned();
        if digest::of(&content) != self.digest {
            problems.push(Problem::ContentDiffers {
                key: key(),
                named_by: named_by(),
                expected_bytes: self.bytes,
                found_bytes: content.len() as u64,
            });
        }
        let rows = match units::read(self.key, content, columns, each) {
            Ok(rows) => rows,
            Err(error) => {
                let cause = match error {
                    DayError::Parquet { cause, .. } => cause,
                    other => other.to_string(),
                };
                problems.push(Problem::Unreadable {
                    key: key(),
                    named_by: Some(named_by()),
                    cause,
                });
                return None;
            }
        };
        if rows != self.rows {
            problems.push(Problem::RowsDiffer {
                key: key(),
                named_by: named_by(),
                expected: self.rows,
                found: rows,
            });
        }
        Some(rows)
    }
}
