//! The comparison of an object with its entry in a receipt or a generation.

use bytes::Bytes;
use marquee_lake::rows::{RowBatch, RowReader};
use marquee_lake::{LakeError, digest};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::AuditError;
use crate::problem::Problem;

/// The number of concurrent reads of objects.
pub(crate) const READERS: usize = 8;

/// An object as a receipt or a generation describes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExpectedObject<'a> {
    pub(crate) key: &'a str,
    pub(crate) named_by: &'a str,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) digest: &'a str,
}

impl ExpectedObject<'_> {
    /// Reads the object. If it is missing, reports a problem and returns `None`.
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

    /// Compares the content with the description, and passes its rows to `each`. Returns the
    /// number of rows. If the content cannot be read to the end, reports a problem and returns
    /// `None`.
    pub(crate) fn verify(
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
