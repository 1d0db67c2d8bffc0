//! Failed batches: those that the event source mapping discarded after its last retry.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_codec::envelope;
use marquee_event::{Date, parse_rfc3339};
use marquee_lake::receipt::Receipt;
use marquee_lake::unit::RecordId;
use marquee_lake::zone::{FAILED, FAILED_BY_LAMBDA};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::coverage::{SequenceRange, Uncovered, remove_covered};
use crate::error::AuditError;
use crate::object::READERS;
use crate::problem::Problem;

/// The fields of an object at the on-failure destination that are read here.
#[derive(Deserialize)]
struct FailureReport {
    #[serde(rename = "KinesisBatchInfo")]
    batch: BatchInfo,
    #[serde(default)]
    payload: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchInfo {
    shard_id: String,
    start_sequence_number: String,
    end_sequence_number: String,
    approximate_arrival_of_first_record: String,
    batch_size: u64,
}

/// A failed batch at the on-failure destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedBatch {
    /// The key of the object.
    pub key: String,
    /// The shard.
    pub shard_id: String,
    /// The sequence number of the first record.
    pub first_sequence_number: String,
    /// The sequence number of the last record.
    pub last_sequence_number: String,
    /// The number of records.
    pub records: u64,
    /// The number of open records: they are in no object that a receipt names.
    pub open: u64,
    /// Arrivals of the open records in UTC microseconds, each with its number of records.
    #[serde(skip)]
    pub(crate) open_arrivals: Vec<(i64, u64)>,
}

impl FailedBatch {
    /// Returns the number of open records that arrived on the date.
    pub fn open_on(&self, date: Date) -> u64 {
        let on_date = |(arrival, _): &&(i64, u64)| Date::of(*arrival) == date;
        let open = self.open_arrivals.iter().filter(on_date);
        open.map(|(_, records)| records).sum()
    }
}

/// Reads every failed batch, in the order of keys: under `failed/`, and under the keys of
/// Lambda. Returns also a problem for each object there that is not a failed batch.
///
/// A record is open unless it has been delivered again: its batch has a receipt, or the record
/// is in an object that a receipt names.
///
/// # Errors
/// If the lake cannot be read.
pub async fn failed_batches(
    store: &Arc<dyn ObjectStore>,
    receipts: &[Receipt],
) -> Result<(Vec<FailedBatch>, Vec<Problem>), AuditError> {
    let mut keys: Vec<Path> = Vec::new();
    for prefix in [FAILED, FAILED_BY_LAMBDA] {
        let mut objects = store.list(Some(&Path::from(prefix)));
        while let Some(object) = objects.try_next().await? {
            keys.push(object.location);
        }
    }
    keys.sort();
    let mut contents = futures::stream::iter(keys)
        .map(|key| async move {
            let content = store.get(&key).await?.bytes().await?;
            Ok::<_, object_store::Error>((key, content))
        })
        .buffered(READERS);
    let (mut batches, mut problems) = (Vec::new(), Vec::new());
    while let Some((key, content)) = contents.try_next().await? {
        match UnresolvedBatch::read(key.as_ref(), &content) {
            Ok(batch) => batches.push(batch),
            Err(cause) => problems.push(Problem::FailedUnreadable {
                key: key.to_string(),
                cause,
            }),
        }
    }
    let mut uncovered = Uncovered::default();
    for batch in batches.iter().filter(|batch| !batch.has_receipt(receipts)) {
        uncovered.ranges.push(batch.range.clone());
        uncovered
            .records
            .extend(batch.ids.iter().map(|(id, _)| *id));
    }
    remove_covered(store, receipts, &mut uncovered).await?;
    // A record of two failed batches counts once.
    let mut open = uncovered.records;
    let batches = batches
        .into_iter()
        .map(|batch| batch.resolve(&mut open, receipts))
        .collect();
    Ok((batches, problems))
}

/// A failed batch whose open records are not known yet.
struct UnresolvedBatch {
    key: String,
    range: SequenceRange,
    records: u64,
    first_arrived_at: i64,
    /// The records and their arrivals; empty if the object has only the number of records.
    ids: Vec<(RecordId, i64)>,
}

impl UnresolvedBatch {
    fn read(key: &str, content: &[u8]) -> Result<Self, String> {
        let report: FailureReport =
            serde_json::from_slice(content).map_err(|cause| cause.to_string())?;
        let batch = report.batch;
        let payload = report.payload.unwrap_or_default();
        // Without a readable payload, only the number of records is known.
        let ids = match envelope::records(payload.as_bytes()) {
            Ok(records) => records
                .iter()
                .map(|record| {
                    let id = RecordId::of(&record.shard_id, &record.sequence_number);
                    (id, record.arrived_at)
                })
                .collect(),
            Err(_) => Vec::new(),
        };
        let arrival = &batch.approximate_arrival_of_first_record;
        Ok(Self {
            key: key.to_owned(),
            records: batch.batch_size,
            first_arrived_at: parse_rfc3339(arrival)
                .ok_or_else(|| format!("the time of arrival {arrival:?} is not RFC 3339"))?,
            range: SequenceRange {
                shard_id: batch.shard_id,
                first: batch.start_sequence_number,
                last: batch.end_sequence_number,
            },
            ids,
        })
    }

    /// Returns whether a batch of the same records has a receipt.
    fn has_receipt(&self, receipts: &[Receipt]) -> bool {
        receipts.iter().any(|receipt| {
            receipt.shard_id == self.range.shard_id
                && receipt.first_sequence_number == self.range.first
                && receipt.last_sequence_number == self.range.last
                && receipt.records == self.records
        })
    }

    /// Returns the batch with its open records, and removes them from `uncovered`.
    fn resolve(self, uncovered: &mut HashSet<RecordId>, receipts: &[Receipt]) -> FailedBatch {
        let open_arrivals: Vec<(i64, u64)> = if self.has_receipt(receipts) {
            Vec::new()
        } else if self.ids.is_empty() {
            vec![(self.first_arrived_at, self.records)]
        } else {
            let ids = self.ids.iter();
            ids.filter(|(id, _)| uncovered.remove(id))
                .map(|(_, arrival)| (*arrival, 1))
                .collect()
        };
        FailedBatch {
            key: self.key,
            shard_id: self.range.shard_id,
            first_sequence_number: self.range.first,
            last_sequence_number: self.range.last,
            records: self.records,
            open: open_arrivals.iter().map(|(_, records)| records).sum(),
            open_arrivals,
        }
    }
}
