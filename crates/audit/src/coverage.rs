//! Whether units and records that no receipt accounts for by name are in
//! objects that one does name.

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

/// Part of a shard, from one sequence number to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) shard_id: String,
    pub(crate) first: String,
    pub(crate) last: String,
}

impl Stretch {
    /// Makes the stretch reach to that number too.
    pub(crate) fn reach(&mut self, sequence_number: &str) {
        if compare_sequence_numbers(sequence_number, &self.first) == Ordering::Less {
            sequence_number.clone_into(&mut self.first);
        }
        if compare_sequence_numbers(sequence_number, &self.last) == Ordering::Greater {
            sequence_number.clone_into(&mut self.last);
        }
    }

    /// Whether the receipt may have records of it. A receipt's numbers tell
    /// that it may not, never that it does: batches interleave.
    fn may_be_in(&self, receipt: &Receipt) -> bool {
        receipt.shard_id == self.shard_id
            && compare_sequence_numbers(&receipt.first_sequence_number, &self.last).is_le()
            && compare_sequence_numbers(&self.first, &receipt.last_sequence_number).is_le()
    }
}

/// What is looked for.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) stretches: Vec<Stretch>,
    pub(crate) records: HashSet<RecordId>,
    pub(crate) units: HashSet<UnitId>,
}

impl Wanted {
    /// Removes the records and units that an object holds.
    fn take(&mut self, key: &str, content: Bytes) -> Result<(), LakeError> {
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

/// Takes from `wanted` what is in the processed and quarantine objects that
/// receipts name; what is left is uncovered. Objects that are missing or damaged
/// cover nothing.
pub(crate) async fn cover(
    store: &Arc<dyn ObjectStore>,
    receipts: &[Receipt],
    wanted: &mut Wanted,
) -> Result<(), AuditError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let keys: Vec<&str> = receipts
        .iter()
        .filter(|receipt| {
            wanted
                .stretches
                .iter()
                .any(|stretch| stretch.may_be_in(receipt))
        })
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
        if let Err(error) = wanted.take(key, content) {
            tracing::debug!(%error, "a damaged object covers nothing");
        }
    }
    Ok(())
}
