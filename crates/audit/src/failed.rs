//! Batches that the event source mapping gave up.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_event::{Date, parse_rfc3339};
use marquee_ingest::envelope;
use marquee_lake::receipt::Receipt;
use marquee_lake::unit::RecordId;
use marquee_lake::zone::{FAILED, FAILED_BY_LAMBDA};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::coverage::{Stretch, Wanted, cover};
use crate::error::AuditError;
use crate::object::READERS;
use crate::problem::Problem;

/// What the on-failure destination writes of a batch: the parts that are read.
#[derive(Deserialize)]
struct Report {
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

/// A batch under `failed/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedBatch {
    /// Where it lies.
    pub key: String,
    /// The shard that it is of.
    pub shard_id: String,
    /// The sequence number of its first record.
    pub first_sequence_number: String,
    /// The sequence number of its last record.
    pub last_sequence_number: String,
    /// Its records.
    pub records: u64,
    /// Those of them that are in no receipted object.
    pub open: u64,
    /// Arrivals of the open ones (UTC microseconds), and how many each.
    #[serde(skip)]
    pub(crate) open_arrivals: Vec<(i64, u64)>,
}

impl FailedBatch {
    /// How many of its open records arrived on the date.
    pub fn open_on(&self, date: Date) -> u64 {
        let on_date = |(arrival, _): &&(i64, u64)| Date::of(*arrival) == date;
        let open = self.open_arrivals.iter().filter(on_date);
        open.map(|(_, records)| records).sum()
    }
}

/// Every batch under `failed/`, or where Lambda puts it, in the order of their
/// keys, and what cannot be read there. A batch that was delivered again since, and has its receipt or
/// its records in receipted objects, is not open.
///
/// # Errors
/// When the lake cannot be read.
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
        match Unresolved::read(key.as_ref(), &content) {
            Ok(batch) => batches.push(batch),
            Err(cause) => problems.push(Problem::FailedUnreadable {
                key: key.to_string(),
                cause,
            }),
        }
    }
    let mut wanted = Wanted::default();
    for batch in batches.iter().filter(|batch| !batch.is_in(receipts)) {
        wanted.stretches.push(batch.stretch.clone());
        wanted.records.extend(batch.ids.iter().map(|(id, _)| *id));
    }
    cover(store, receipts, &mut wanted).await?;
    // A record that was given up twice is counted once.
    let mut open = wanted.records;
    let batches = batches
        .into_iter()
        .map(|batch| batch.resolve(&mut open, receipts))
        .collect();
    Ok((batches, problems))
}

/// A failed batch, as it was read.
struct Unresolved {
    key: String,
    stretch: Stretch,
    records: u64,
    first_arrived_at: i64,
    /// Its records and their arrivals; none when it holds only their number.
    ids: Vec<(RecordId, i64)>,
}

impl Unresolved {
    fn read(key: &str, content: &[u8]) -> Result<Self, String> {
        let report: Report = serde_json::from_slice(content).map_err(|cause| cause.to_string())?;
        let batch = report.batch;
        let payload = report.payload.unwrap_or_default();
        // Without a payload, or with one that is no event, the number is all.
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
                .ok_or_else(|| format!("{arrival:?} is no arrival"))?,
            stretch: Stretch {
                shard_id: batch.shard_id,
                first: batch.start_sequence_number,
                last: batch.end_sequence_number,
            },
            ids,
        })
    }

    /// Whether the very batch has a receipt.
    fn is_in(&self, receipts: &[Receipt]) -> bool {
        receipts.iter().any(|receipt| {
            receipt.shard_id == self.stretch.shard_id
                && receipt.first_sequence_number == self.stretch.first
                && receipt.last_sequence_number == self.stretch.last
                && receipt.records == self.records
        })
    }

    /// Takes its open records out of `uncovered`.
    fn resolve(self, uncovered: &mut HashSet<RecordId>, receipts: &[Receipt]) -> FailedBatch {
        let open_arrivals: Vec<(i64, u64)> = if self.is_in(receipts) {
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
            shard_id: self.stretch.shard_id,
            first_sequence_number: self.stretch.first,
            last_sequence_number: self.stretch.last,
            records: self.records,
            open: open_arrivals.iter().map(|(_, records)| records).sum(),
            open_arrivals,
        }
    }
}
