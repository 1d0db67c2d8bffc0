//! The quarantined units that a replay may process.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_event::Reason;
use marquee_ingest::batch::{Form, IdentifiedUnit};
use marquee_ingest::raw::Identity;
use marquee_lake::LakeError;
use marquee_lake::receipt::Receipt;
use marquee_lake::rows::RowReader;
use marquee_lake::unit::{RecordId, UnitId, UnitIdentities, compare_sequence_numbers};
use marquee_lake::zone::Zone;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::RepairError;

/// The number of concurrent reads of objects.
const READERS: usize = 8;

/// A unit in quarantine, or a whole record that counts as one unit.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) shard_id: String,
    pub(super) sequence_number: String,
    pub(super) sub_sequence: i32,
    pub(super) arrived_at: i64,
    pub(super) partition_key: String,
    pub(super) reason: String,
    pub(super) form: Form,
    pub(super) payload: Vec<u8>,
}

impl Candidate {
    pub(super) fn record(&self) -> RecordId {
        RecordId::of(&self.shard_id, &self.sequence_number)
    }

    /// Returns the identity under which the candidate is in quarantine.
    pub(super) fn unit(&self) -> UnitId {
        self.record().unit(self.sub_sequence)
    }

    /// Returns the identity of a unit of the candidate's record.
    ///
    /// # Errors
    /// [`RepairError::SubSequence`] if the index exceeds the column's type.
    pub(super) fn unit_at(&self, sub_sequence: i64) -> Result<UnitId, RepairError> {
        match i32::try_from(sub_sequence) {
            Ok(sub_sequence) => Ok(self.record().unit(sub_sequence)),
            Err(_) => Err(RepairError::SubSequence {
                shard_id: self.shard_id.clone(),
                sequence_number: self.sequence_number.clone(),
                sub_sequence,
            }),
        }
    }

    pub(super) fn identified(&self) -> IdentifiedUnit<'_> {
        IdentifiedUnit {
            identity: Identity {
                shard_id: &self.shard_id,
                sequence_number: &self.sequence_number,
                sub_sequence: self.sub_sequence.into(),
                arrived_at: self.arrived_at,
            },
            partition_key: &self.partition_key,
            form: self.form,
            bytes: &self.payload,
        }
    }
}

/// Reads the units in the receipts' quarantine objects that were rejected for `reason`, or
/// for any reason. Returns each identity once, in the order of arrival and identity.
pub(super) async fn read(
    store: &Arc<dyn ObjectStore>,
    receipts: &[&Receipt],
    reason: Option<Reason>,
) -> Result<Vec<Candidate>, RepairError> {
    let keys: Vec<&str> = receipts
        .iter()
        .flat_map(|receipt| &receipt.objects)
        .filter(|object| object.zone == Zone::Quarantine)
        .map(|object| object.key.as_str())
        .collect();
    let mut contents = futures::stream::iter(keys)
        .map(|key| async move {
            let found = match store.get(&Path::from(key)).await {
                Err(object_store::Error::NotFound { .. }) => {
                    let key = key.to_owned();
                    return Err(LakeError::Gone { key }.into());
                }
                found => found?,
            };
            Ok::<_, RepairError>((key, found.bytes().await?))
        })
        .buffered(READERS);
    let (mut candidates, mut seen) = (Vec::new(), HashSet::new());
    while let Some((key, content)) = contents.try_next().await? {
        read_rows(key, content, reason, &mut |candidate: Candidate| {
            if seen.insert(candidate.unit()) {
                candidates.push(candidate);
            }
        })?;
    }
    candidates.sort_by(|a, b| {
        (a.arrived_at, &a.shard_id)
            .cmp(&(b.arrived_at, &b.shard_id))
            .then_with(|| compare_sequence_numbers(&a.sequence_number, &b.sequence_number))
            .then_with(|| a.sub_sequence.cmp(&b.sub_sequence))
    });
    Ok(candidates)
}

const COLUMNS: [&str; 7] = [
    "shard_id",
    "sequence_number",
    "sub_sequence",
    "partition_key",
    "arrived_at",
    "reason",
    "payload",
];

fn read_rows(
    key: &str,
    content: bytes::Bytes,
    reason: Option<Reason>,
    take: &mut impl FnMut(Candidate),
) -> Result<(), LakeError> {
    let whole = [Reason::UndecodableRecord, Reason::RecordTooLarge].map(Reason::name);
    for batch in RowReader::open(key, content, &COLUMNS)? {
        let batch = batch?;
        let identities = UnitIdentities::of(&batch)?;
        let keys = batch.text("partition_key")?;
        let arrivals = batch.timestamp("arrived_at")?;
        let reasons = batch.text("reason")?;
        let payloads = batch.binary("payload")?;
        for row in 0..batch.num_rows() {
            let rejected_for = reasons.value(row);
            if reason.is_some_and(|reason| reason.name() != rejected_for) {
                continue;
            }
            take(Candidate {
                shard_id: identities.shard_id(row).to_owned(),
                sequence_number: identities.sequence_number(row).to_owned(),
                sub_sequence: identities.sub_sequence(row),
                arrived_at: arrivals.value(row),
                partition_key: keys.value(row).to_owned(),
                reason: rejected_for.to_owned(),
                form: match whole.contains(&rejected_for) {
                    true => Form::Record,
                    false => Form::Line,
                },
                payload: payloads.value(row).to_vec(),
            });
        }
    }
    Ok(())
}
