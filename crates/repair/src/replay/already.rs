//! Which units of quarantined records the lake has already.

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

/// How many objects are read at a time.
const READERS: usize = 8;

/// Units of the candidates' records.
#[derive(Debug, Default)]
pub(super) struct Already {
    /// Those that are events by now.
    pub(super) processed: HashSet<UnitId>,
    /// Those that are in quarantine, the candidates among them.
    pub(super) quarantined: HashSet<UnitId>,
}

/// The receipts whose stretch of a shard meets that of one of `receipts`, other
/// than the very one.
fn overlapping<'r>(
    receipts: &'r [&Receipt],
    all: &'r [Receipt],
) -> impl Iterator<Item = &'r Receipt> {
    let compare = compare_sequence_numbers;
    let mut of_shard: HashMap<&str, (&str, Vec<&Receipt>)> = HashMap::new();
    for receipt in receipts {
        let last = receipt.last_sequence_number.as_str();
        let (end, of_shard) = of_shard.entry(&receipt.shard_id).or_default();
        if compare(end, last).is_lt() {
            *end = last;
        }
        of_shard.push(receipt);
    }
    all.iter().filter(move |other| {
        let Some((end, receipts)) = of_shard.get(other.shard_id.as_str()) else {
            return false;
        };
        // Most receipts are of other dates, and lie behind or before all of them.
        compare(&other.first_sequence_number, end).is_le()
            && receipts.iter().any(|one| {
                one.batch != other.batch
                    && compare(&one.first_sequence_number, &other.last_sequence_number).is_le()
                    && compare(&other.first_sequence_number, &one.last_sequence_number).is_le()
            })
    })
}

/// Looks into the objects of all receipts that may have units of the records: the
/// replays of them, and batches that a retry cut otherwise. The batch itself that
/// refused a unit does not have it as an event.
pub(super) async fn find(
    store: &Arc<dyn ObjectStore>,
    receipts: &[&Receipt],
    all: &[Receipt],
    candidates: &[Candidate],
) -> Result<Already, RepairError> {
    let records: HashSet<RecordId> = candidates.iter().map(Candidate::record).collect();
    let mut already = Already::default();
    for candidate in candidates {
        let unit = candidate.unit(candidate.sub_sequence);
        already.quarantined.insert(unit);
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
                // A replay whose object is lost is made again.
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
                        Zone::Processed => already.processed.insert(unit),
                        _ => already.quarantined.insert(unit),
                    };
                }
            }
        }
    }
    Ok(already)
}
