//! A batch of a replay: units of one shard and one arrival date.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::future::try_join_all;
use marquee_event::{Date, FormatVersion, format_utc};
use marquee_ingest::Transformed;
use marquee_ingest::batch::{Form, IdentifiedUnit, Verdict};
use marquee_ingest::raw::Identity;
use marquee_lake::digest;
use marquee_lake::receipt::{self, ObjectEntry, Receipt, ReceiptKind};
use marquee_lake::unit::compare_sequence_numbers;
use marquee_lake::zone::IngestHour;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::candidates::Candidate;
use crate::error::RepairError;

/// The maximum number of units in a batch.
const MAX_UNITS: usize = 50_000;

/// A unit that a replay writes.
#[derive(Debug)]
pub(super) struct ReplayedUnit<'c> {
    candidate: &'c Candidate,
    sub_sequence: i64,
    /// The partition key and the bytes of a line of an unpacked record; `None` if the unit is
    /// the candidate itself.
    line: Option<(String, Vec<u8>)>,
}

impl<'c> ReplayedUnit<'c> {
    pub(super) fn of(candidate: &'c Candidate, verdict: &Verdict<'_>) -> Self {
        Self {
            candidate,
            sub_sequence: verdict.sub_sequence,
            line: (candidate.form != Form::Line)
                .then(|| (verdict.partition_key.to_owned(), verdict.bytes.to_vec())),
        }
    }

    /// Returns the unit with its identity.
    pub(super) fn identified(&self) -> IdentifiedUnit<'_> {
        let candidate = self.candidate;
        let (partition_key, bytes) = match &self.line {
            Some((key, line)) => (key.as_str(), line.as_slice()),
            None => (
                candidate.partition_key.as_str(),
                candidate.payload.as_slice(),
            ),
        };
        IdentifiedUnit {
            identity: Identity {
                sub_sequence: self.sub_sequence,
                ..candidate.identified().identity
            },
            partition_key,
            form: Form::Line,
            bytes,
        }
    }

    /// Returns the date of arrival and the shard, which all units of a batch share.
    fn batch_key(&self) -> (Date, &'c str) {
        let candidate = self.candidate;
        (Date::of(candidate.arrived_at), &candidate.shard_id)
    }
}

/// Groups units into batches. `units` are in order of arrival, and the sort is stable, so
/// each batch is in order of arrival too.
pub(super) fn into_batches(mut units: Vec<ReplayedUnit<'_>>) -> Vec<Vec<ReplayedUnit<'_>>> {
    units.sort_by_key(ReplayedUnit::batch_key);
    let mut batches: Vec<Vec<ReplayedUnit<'_>>> = Vec::new();
    for unit in units {
        match batches.last_mut() {
            Some(batch)
                if batch.len() < MAX_UNITS
                    && batch
                        .first()
                        .is_some_and(|first| first.batch_key() == unit.batch_key()) =>
            {
                batch.push(unit);
            }
            _ => batches.push(vec![unit]),
        }
    }
    batches
}

/// Returns the time of processing that a batch's rows state: the arrival of its last unit,
/// so that the output is deterministic.
pub(super) fn processed_at(units: &[ReplayedUnit<'_>]) -> Result<i64, RepairError> {
    let last = units.last().ok_or(RepairError::EmptyBatch)?;
    Ok(last.candidate.arrived_at)
}

/// Writes the batch's objects and then its receipt.
pub(super) async fn write(
    store: &dyn ObjectStore,
    units: &[ReplayedUnit<'_>],
    transformed: Transformed,
    title_catalog: Option<String>,
) -> Result<Receipt, RepairError> {
    let (mut identities, mut records) = (String::new(), Vec::new());
    for unit in units {
        let Candidate {
            shard_id,
            sequence_number,
            ..
        } = unit.candidate;
        identities.push_str(&format!(
            "{shard_id} {sequence_number} {}\n",
            unit.sub_sequence
        ));
        records.push(unit.candidate.record());
    }
    records.sort_unstable();
    records.dedup();
    let batch = format!("replay-{}", digest::of(identities.as_bytes()));
    let last_arrived_at = processed_at(units)?;
    let first = units.first().ok_or(RepairError::EmptyBatch)?.candidate;
    let hour = IngestHour::of(first.arrived_at);
    let arrival_dates = BTreeMap::from([(hour.date, records.len() as u64)]);
    let (lowest, highest) = sequence_number_range(units)?;
    let objects = try_join_all(transformed.files.iter().map(|file| {
        let digest = digest::of(&file.content);
        let key = file.zone.key(&hour, &batch, &digest);
        let content: Bytes = file.content.clone();
        async move {
            let path = Path::from(key.as_str());
            store.put(&path, content.clone().into()).await?;
            Ok::<_, object_store::Error>(ObjectEntry {
                zone: file.zone,
                key,
                rows: file.rows,
                bytes: content.len() as u64,
                digest,
            })
        }
    }))
    .await?;
    let receipt = Receipt {
        version: 1,
        format_version: FormatVersion::CURRENT.number(),
        kind: ReceiptKind::Replay,
        batch,
        shard_id: first.shard_id.clone(),
        first_sequence_number: lowest.to_owned(),
        last_sequence_number: highest.to_owned(),
        ingest_date: hour.date,
        ingest_hour: hour.hour,
        first_arrived_at: rfc3339(first.arrived_at),
        last_arrived_at: rfc3339(last_arrived_at),
        arrival_dates,
        records: records.len() as u64,
        received: transformed.received,
        processed: transformed.processed,
        quarantined: transformed.rejected.values().sum(),
        received_bytes: transformed.received_bytes,
        reasons: transformed
            .rejected
            .iter()
            .map(|(reason, units)| (reason.name().to_owned(), *units))
            .collect(),
        event_dates: transformed.event_dates,
        title_catalog,
        objects,
    };
    receipt::create(store, &receipt).await?;
    Ok(receipt)
}

/// Returns the lowest and the highest sequence number. They are not those of the first and
/// the last unit: a higher sequence number can have an earlier arrival.
fn sequence_number_range<'c>(
    units: &[ReplayedUnit<'c>],
) -> Result<(&'c str, &'c str), RepairError> {
    let compare = |a: &&str, b: &&str| compare_sequence_numbers(a, b);
    let numbers = || {
        let candidates = units.iter().map(|unit| unit.candidate);
        candidates.map(|candidate| candidate.sequence_number.as_str())
    };
    let lowest = numbers().min_by(compare).ok_or(RepairError::EmptyBatch)?;
    let highest = numbers().max_by(compare).ok_or(RepairError::EmptyBatch)?;
    Ok((lowest, highest))
}

fn rfc3339(micros: i64) -> String {
    let mut text = Vec::new();
    format_utc(micros, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
