//! Orphans: objects in the zones that no receipt names.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures::TryStreamExt;
use marquee_event::Date;
use marquee_lake::LakeError;
use marquee_lake::receipt::Receipt;
use marquee_lake::rows::RowReader;
use marquee_lake::unit::{IDENTITY_COLUMNS, UnitId, UnitIdentities};
use marquee_lake::zone::Zone;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::Serialize;

use crate::coverage::{SequenceRange, Uncovered, remove_covered};
use crate::error::AuditError;
use crate::problem::Problem;

/// Orphans that nothing needs: receipts name other objects with all their units. An
/// interrupted or repeated invocation of the transform leaves them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Garbage {
    /// The number of objects.
    pub objects: u64,
    /// Bytes of these objects.
    pub bytes: u64,
}

struct Orphan {
    key: String,
    bytes: u64,
    units: HashSet<UnitId>,
}

/// Finds the orphans of an ingest date. An orphan is a problem if it has units that are in no
/// object that a receipt names. The others are garbage.
pub(crate) async fn find(
    store: &Arc<dyn ObjectStore>,
    date: Date,
    receipts: &[Receipt],
    problems: &mut Vec<Problem>,
) -> Result<Garbage, AuditError> {
    let named: HashSet<&str> = receipts
        .iter()
        .flat_map(|receipt| &receipt.objects)
        .map(|object| object.key.as_str())
        .collect();
    let mut uncovered = Uncovered::default();
    let mut orphans = Vec::new();
    for zone in Zone::ALL {
        let prefix = Path::from(format!("{}/ingest_date={date}", zone.prefix()));
        let mut keys: Vec<Path> = store
            .list(Some(&prefix))
            .map_ok(|object| object.location)
            .try_collect()
            .await?;
        keys.retain(|key| !named.contains(key.as_ref()));
        keys.sort();
        for key in keys {
            let content = store.get(&key).await?.bytes().await?;
            match Orphan::read(key.as_ref(), content, &mut uncovered.ranges) {
                Ok(orphan) => {
                    uncovered.units.extend(&orphan.units);
                    orphans.push(orphan);
                }
                Err(error) => problems.push(Problem::Unreadable {
                    key: key.to_string(),
                    named_by: None,
                    cause: format!("{error}; no receipt names the object"),
                }),
            }
        }
    }
    remove_covered(store, receipts, &mut uncovered).await?;
    let mut garbage = Garbage::default();
    for orphan in orphans {
        let uncovered_units = orphan.units.intersection(&uncovered.units).count();
        if uncovered_units == 0 {
            garbage.objects += 1;
            garbage.bytes += orphan.bytes;
        } else {
            problems.push(Problem::Orphan {
                key: orphan.key,
                uncovered: uncovered_units as u64,
                units: orphan.units.len() as u64,
            });
        }
    }
    Ok(garbage)
}

impl Orphan {
    fn read(
        key: &str,
        content: bytes::Bytes,
        ranges: &mut Vec<SequenceRange>,
    ) -> Result<Self, LakeError> {
        let mut orphan = Self {
            key: key.to_owned(),
            bytes: content.len() as u64,
            units: HashSet::new(),
        };
        let mut shards: BTreeMap<String, SequenceRange> = BTreeMap::new();
        for batch in RowReader::open(key, content, &IDENTITY_COLUMNS)? {
            let batch = batch?;
            let identities = UnitIdentities::of(&batch)?;
            for row in 0..batch.num_rows() {
                orphan.units.insert(identities.unit(row));
                let number = identities.sequence_number(row);
                let shard_id = identities.shard_id(row);
                match shards.get_mut(shard_id) {
                    Some(range) => range.extend(number),
                    None => {
                        let range = SequenceRange {
                            shard_id: shard_id.to_owned(),
                            first: number.to_owned(),
                            last: number.to_owned(),
                        };
                        shards.insert(shard_id.to_owned(), range);
                    }
                }
            }
        }
        ranges.extend(shards.into_values());
        Ok(orphan)
    }
}
