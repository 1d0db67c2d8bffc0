//! Coverage: units and records of failed batches and orphans that are also in objects that a
//! receipt names.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use marquee_lake::LakeError;
use marquee_lake::receipt::Receipt;
use marquee_lake::rows::RowReader;
use marquee_lake::unit::{
    IDENTITY_COLUMNS, RecordId, UnitId, UnitIdentities, compare_sequence_numbers,
};
use marquee_lake::zone::Zone;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::AuditError;
use crate::object::READERS;

/// A range of sequence numbers of a shard, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SequenceRange {
    pub(crate) shard_id: String,
    pub(crate) first: String,
    pub(crate) last: String,
}

impl SequenceRange {
    /// Extends the range to include the number.
    pub(crate) fn extend(&mut self, sequence_number: &str) {
        if compare_sequence_numbers(sequence_number, &self.first) == Ordering::Less {
            sequence_number.clone_into(&mut self.first);
        }
        if compare_sequence_numbers(sequence_number, &self.last) == Ordering::Greater {
            sequence_number.clone_into(&mut self.last);
        }
    }

    /// Returns whether the receipt can have records of the range. An overlap does not prove
    /// that it has, because the batches of a shard interleave.
    fn overlaps(&self, receipt: &Receipt) -> bool {
        receipt.shard_id == self.shard_id
            && compare_sequence_numbers(&receipt.first_sequence_number, &self.last).is_le()
            && compare_sequence_numbers(&self.first, &receipt.last_sequence_number).is_le()
    }
}

/// Records and units that were not found in an object that a receipt names.
#[derive(Debug, Default)]
pub(crate) struct Uncovered {
    /// The ranges that contain all of them.
    pub(crate) ranges: Vec<SequenceRange>,
    pub(crate) records: HashSet<RecordId>,
    pub(crate) units: HashSet<UnitId>,
}

impl Uncovered {
    /// Removes the records and units of an object.
    fn remove(&mut self, key: &str, content: Bytes) -> Result<(), LakeError> {
        for batch in RowReader::open(key, content, &IDENTITY_COLUMNS)? {
            let batch = batch?;
            let identities = UnitIdentities::of(&batch)?;
            for row in 0..batch.num_rows() {
                self.records.remove(&identities.record(row));
                self.units.remove(&identities.unit(row));
            }
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.units.is_empty()
    }
}

/// Removes from `uncovered` the records and units in the processed and quarantine objects
/// that receipts name. Missing and damaged objects cover nothing; the audits of their dates
/// report them.
pub(crate) async fn remove_covered(
    store: &Arc<dyn ObjectStore>,
    receipts: &[Receipt],
    uncovered: &mut Uncovered,
) -> Result<(), AuditError> {
    if uncovered.is_empty() {
        return Ok(());
    }
    let keys: Vec<&str> = receipts
        .iter()
        .filter(|receipt| uncovered.ranges.iter().any(|range| range.overlaps(receipt)))
        .flat_map(|receipt| &receipt.objects)
        .filter(|object| object.zone != Zone::Raw)
        .map(|object| object.key.as_str())
        .collect();
    let mut contents = futures::stream::iter(keys)
        .map(|key| async move {
            match store.get(&Path::from(key)).await {
                Ok(found) => Ok(Some((key, found.bytes().await?))),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .buffered(READERS);
    while let Some(found) = contents.try_next().await? {
        let Some((key, content)) = found else {
            continue;
        };
        if let Err(error) = uncovered.remove(key, content) {
            tracing::debug!(%error, "a damaged object covers nothing");
        }
    }
    Ok(())
}
