//! The units of quarantined records that the lake already has.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_lake::receipt::Receipt;
use marquee_lake::rows::RowReader;
use marquee_lake::unit::{
    IDENTITY_COLUMNS, RecordId, UnitId, UnitIdentities, compare_sequence_numbers,
};
use marquee_lake::zone::Zone;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::candidates::Candidate;
use crate::error::RepairError;

/// The number of concurrent reads of objects.
const READERS: usize = 8;

/// The units of the candidates' records that the lake has.
#[derive(Debug, Default)]
pub(super) struct KnownUnits {
    /// Units in the processed zone.
    pub(super) processed: HashSet<UnitId>,
    /// Units in quarantine, including the candidates.
    pub(super) quarantined: HashSet<UnitId>,
}

/// Returns the receipts whose range of sequence numbers overlaps that of a different batch in
/// `receipts`.
fn overlapping<'r>(
    receipts: &'r [&Receipt],
    all: &'r [Receipt],
) -> impl Iterator<Item = &'r Receipt> {
    let compare = compare_sequence_numbers;
    let mut shards: HashMap<&str, (&str, Vec<&Receipt>)> = HashMap::new();
    for receipt in receipts {
        let last = receipt.last_sequence_number.as_str();
        let (end, in_shard) = shards.entry(&receipt.shard_id).or_default();
        if compare(end, last).is_lt() {
            *end = last;
        }
        in_shard.push(receipt);
    }
    all.iter().filter(move |other| {
        let Some((end, receipts)) = shards.get(other.shard_id.as_str()) else {
            return false;
        };
        // The comparison with the end skips most receipts of later dates cheaply.
        compare(&other.first_sequence_number, end).is_le()
            && receipts.iter().any(|one| {
                one.batch != other.batch
                    && compare(&one.first_sequence_number, &other.last_sequence_number).is_le()
                    && compare(&other.first_sequence_number, &one.last_sequence_number).is_le()
            })
    })
}

/// Finds the units of the candidates' records in the objects of all receipts that may have
/// them: replays of the records, and batches with other boundaries, which a retry wrote. The
/// batch that rejected a unit is not read, because it has no event of that unit.
pub(super) async fn find(
    store: &Arc<dyn ObjectStore>,
    receipts: &[&Receipt],
    all: &[Receipt],
    candidates: &[Candidate],
) -> Result<KnownUnits, RepairError> {
    let records: HashSet<RecordId> = candidates.iter().map(Candidate::record).collect();
    let mut known = KnownUnits::default();
    for candidate in candidates {
        known.quarantined.insert(candidate.unit());
    }
    let objects: Vec<(Zone, &str)> = overlapping(receipts, all)
        .flat_map(|receipt| &receipt.objects)
        .filter(|object| object.zone != Zone::Raw)
        .map(|object| (object.zone, object.key.as_str()))
        .collect();
    let mut contents = futures::stream::iter(objects)
        .map(|(zone, key)| async move {
            match store.get(&Path::from(key)).await {
                Ok(found) => Ok(Some((zone, key, found.bytes().await?))),
                // The units of a lost object are unknown, so they are replayed again.
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(RepairError::from(error)),
            }
        })
        .buffered(READERS);
    while let Some(found) = contents.try_next().await? {
        let Some((zone, key, content)) = found else {
            continue;
        };
        for batch in RowReader::open(key, content, &IDENTITY_COLUMNS)? {
            let batch = batch?;
            let identities = UnitIdentities::of(&batch)?;
            for row in 0..batch.num_rows() {
                let record = identities.record(row);
                if records.contains(&record) {
                    let unit = record.unit(identities.sub_sequence(row));
                    match zone {
                        Zone::Processed => known.processed.insert(unit),
                        _ => known.quarantined.insert(unit),
                    };
                }
            }
        }
    }
    Ok(known)
}
