//! Holding an object against what is said of it.

use bytes::Bytes;
use marquee_lake::rows::{RowBatch, RowReader};
use marquee_lake::{LakeError, digest};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::AuditError;
use crate::problem::Problem;

/// The number of objects that are read at a time.
pub(crate) const READERS: usize = 8;

/// What a receipt or a generation says of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim<'a> {
    pub(crate) key: &'a str,
    pub(crate) named_by: &'a str,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) digest: &'a str,
}

impl Claim<'_> {
    /// The object's bytes; `None`, and a problem, when it is not there.
    pub(crate) async fn fetch(
        &self,
        store: &dyn ObjectStore,
        problems: &mut Vec<Problem>,
    ) -> Result<Option<Bytes>, AuditError> {
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
    pub(crate) fn examine(
        &self,
        content: Bytes,
        columns: &[&str],
        problems: &mut Vec<Problem>,
        each: impl FnMut(&RowBatch) -> Result<(), LakeError>,
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
        let rows = match self.read(content, columns, each) {
            Ok(rows) => rows,
            Err(error) => {
                let cause = match error {
                    LakeError::Parquet { source, .. } => source.to_string(),
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

    fn read(
        &self,
        content: Bytes,
        columns: &[&str],
        mut each: impl FnMut(&RowBatch) -> Result<(), LakeError>,
    ) -> Result<u64, LakeError> {
        let reader = RowReader::open(self.key, content, columns)?;
        let rows = reader.rows();
        for batch in reader {
            each(&batch?)?;
        }
        Ok(rows)
    }
}
