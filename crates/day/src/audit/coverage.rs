//! Whether units and records that no receipt accounts for by name are in
//! objects that one does name.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_lake::receipt::Receipt;
use marquee_lake::zone::Zone;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::READERS;
use crate::error::DayError;
use crate::units::{self, IDENTITY, RecordId, UnitId, compare_sequence_numbers};

/// Part of a shard, from one sequence number to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) shard_id: String,
    pub(super) first: String,
    pub(super) last: String,
}

impl Stretch {
    /// Makes the stretch reach to that number too.
    pub(super) fn reach(&mut self, sequence_number: &str) {
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
pub(super) struct Wanted {
    pub(super) stretches: Vec<Stretch>,
    pub(super) records: HashSet<RecordId>,
    pub(super) units: HashSet<UnitId>,
}

impl Wanted {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.units.is_empty()
    }
}

/// Takes from `wanted` what is in the processed and quarantine objects that
/// receipts name; what is left is uncovered. Objects that are missing or damaged
/// cover nothing.
pub(super) async fn cover(
    store: &Arc<dyn ObjectStore>,
    receipts: &[Receipt],
    wanted: &mut Wanted,
) -> Result<(), DayError> {
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
        let read = units::read(key, content, &IDENTITY, |batch| {
            let identities = batch.identities()?;
            for row in 0..batch.rows() {
                let record = identities.record(row);
                wanted.records.remove(&record);
                wanted
                    .units
                    .remove(&record.unit(identities.sub_sequences.value(row)));
            }
            Ok(())
        });
        if let Err(error) = read {
            tracing::debug!(%error, "a damaged object covers nothing");
        }
    }
    Ok(())
}
