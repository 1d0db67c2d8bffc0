//! The check that every producer number arrived.
//!
//! A unit counts on its own date of arrival. A batch that spans midnight therefore counts on
//! two dates, and a redelivered unit counts on the same date each time.
//!
//! The audit caches the producer numbers that arrived on a date in the ledger, as lists of
//! intervals. The name of a cached document is a digest of the receipts that can have numbers
//! of the date. The audit of a later date reads the cached documents instead of the objects
//! of all earlier dates.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use marquee_lake::LakeError;
use marquee_lake::digest;
use marquee_lake::document;
use marquee_lake::receipt::{Receipt, ReceiptKind};
use marquee_lake::rows::RowReader;
use marquee_lake::unit::{UnitId, UnitIdentities};
use marquee_lake::zone::{Zone, run_artifact_key};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::arrivals;
use crate::error::AuditError;
use crate::intervals::Intervals;
use crate::object::READERS;
use crate::producer_number::find_number;

/// The producer numbers in the units that arrived on one date.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DateNumbers {
    /// The version of the document: 2. Version 1 assigned units to the dates of their receipts.
    version: u32,
    /// The numbers of each producer.
    producers: BTreeMap<String, Intervals>,
    /// Quarantined units without a readable number, by the hour of their arrival, in hours
    /// since 1970-01-01.
    unnumbered: BTreeMap<i64, u64>,
}

const VERSION: u32 = 2;
const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// The line of a producer in the ingest book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProducerLine {
    /// The highest number that arrived by the end of the date.
    pub up_to: u64,
    /// The numbers from 1 to `up_to` that are in the lake.
    pub present: u64,
    /// The present numbers that arrived after the date.
    pub late: u64,
    /// The numbers from 1 to `up_to` that are not in the lake.
    pub missing: u64,
    /// The longest gaps, as first and last missing number.
    pub gaps: Vec<(u64, u64)>,
}

/// The producer lines of a date.
#[derive(Debug, Default)]
pub(crate) struct ProducerLines {
    pub(crate) lines: BTreeMap<String, ProducerLine>,
    /// Units without a readable number that arrived by the end of the date, or in the hour
    /// after it. A producer may wait up to an hour before it sends a record, so a number below
    /// one that arrived before midnight can arrive within that hour.
    pub(crate) unnumbered: u64,
}

/// The maximum number of gaps in a line.
const MAX_GAPS: usize = 10;

/// Counts the numbers of every producer up to the end of `date`.
pub(crate) async fn count(
    store: &Arc<dyn ObjectStore>,
    date: Date,
    receipts: &[Receipt],
) -> Result<ProducerLines, AuditError> {
    let mut arrived: BTreeMap<Date, Vec<&Receipt>> = BTreeMap::new();
    for receipt in receipts {
        for date in arrivals::dates(receipt)? {
            arrived.entry(date).or_default().push(receipt);
        }
    }
    let mut by_end: BTreeMap<String, Intervals> = BTreeMap::new();
    let mut by_now: BTreeMap<String, Intervals> = BTreeMap::new();
    let mut producers = ProducerLines::default();
    let last_hour = (i64::from(date.days()) + 1) * 24;
    let newest = arrived.keys().next_back().copied();
    for (arrival, receipts) in arrived {
        let is_growing = newest == Some(arrival);
        let numbers = numbers_of_date(store, arrival, &receipts, is_growing).await?;
        for (producer, intervals) in numbers.producers {
            if arrival <= date {
                by_end.entry(producer.clone()).or_default().add(&intervals);
            }
            by_now.entry(producer).or_default().add(&intervals);
        }
        let hours = numbers.unnumbered.range(..=last_hour);
        producers.unnumbered += hours.map(|(_, units)| units).sum::<u64>();
    }
    for (producer, present) in by_end {
        let up_to = present.last();
        let all = by_now.get(&producer).unwrap_or(&present);
        let mut gaps = all.gaps(up_to);
        let missing: u64 = gaps.iter().map(|(from, to)| to - from + 1).sum();
        // A unit without a readable number makes a gap of one; real losses are mostly longer.
        gaps.sort_by_key(|(from, to)| Reverse(to - from));
        let line = ProducerLine {
            up_to,
            present: up_to - missing,
            late: (up_to - missing).saturating_sub(present.count()),
            missing,
            gaps: gaps.into_iter().take(MAX_GAPS).collect(),
        };
        producers.lines.insert(producer, line);
    }
    Ok(producers)
}

/// Returns the numbers that arrived on one date: from the cache in the ledger, or from the
/// objects of the receipts. Does not cache a date that is still growing.
async fn numbers_of_date(
    store: &Arc<dyn ObjectStore>,
    date: Date,
    receipts: &[&Receipt],
    is_growing: bool,
) -> Result<DateNumbers, AuditError> {
    let keys: Vec<String> = receipts.iter().map(|receipt| receipt.key()).collect();
    let name = digest::of(keys.join("\n").as_bytes());
    let key = run_artifact_key(date, "producers", &name);
    match document::read::<DateNumbers>(&**store, &key).await {
        Ok(numbers) if numbers.version == VERSION => return Ok(numbers),
        // An absent, older or malformed document is written again.
        Ok(_)
        | Err(LakeError::Malformed { .. })
        | Err(LakeError::Store(object_store::Error::NotFound { .. })) => {}
        Err(error) => return Err(error.into()),
    }
    let (numbers, is_complete) = read_objects(store, date, receipts).await?;
    // A missing object can be restored, so cache complete results only.
    if is_complete
        && !is_growing
        && let Err(error) = document::write(&**store, &key, &numbers).await
    {
        tracing::warn!(%error, key = %key, "cannot cache the producer numbers of a date");
    }
    Ok(numbers)
}

/// Reads the numbers of the date from the objects. Returns also whether all objects could be
/// read.
async fn read_objects(
    store: &Arc<dyn ObjectStore>,
    date: Date,
    receipts: &[&Receipt],
) -> Result<(DateNumbers, bool), AuditError> {
    let objects = receipts.iter().flat_map(|receipt| {
        let entries = receipt.objects.iter();
        entries.map(|entry| (receipt.kind, entry.zone, entry.key.clone()))
    });
    let mut found = futures::stream::iter(objects)
        .filter(|(_, zone, _)| std::future::ready(*zone != Zone::Raw))
        .map(|(kind, zone, key)| async move {
            let content = match store.get(&Path::from(key.as_str())).await {
                Ok(found) => found.bytes().await?,
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(AuditError::from(error)),
            };
            let task_key = key.clone();
            let found = tokio::task::spawn_blocking(move || match zone {
                Zone::Processed => read_processed(&key, content, date, kind == ReceiptKind::Replay),
                _ => read_quarantine(&key, content, date),
            });
            let found = found.await.map_err(|source| AuditError::Interrupted {
                key: task_key,
                source,
            })?;
            match found {
                Ok(found) => Ok(Some(found)),
                // The audit of the object's ingest date reports an unreadable object.
                Err(LakeError::Parquet { .. }) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
        .buffered(READERS);
    let (mut all, mut is_complete) = (FoundNumbers::default(), true);
    while let Some(found) = found.try_next().await? {
        match found {
            Some(found) => all.merge(found),
            None => is_complete = false,
        }
    }
    let mut numbers = DateNumbers {
        version: VERSION,
        ..DateNumbers::default()
    };
    for (producer, found) in all.numbers {
        numbers.producers.insert(producer, Intervals::of(found));
    }
    for (unit, hour) in all.unnumbered {
        if !all.replayed.contains(&unit) {
            *numbers.unnumbered.entry(hour).or_default() += 1;
        }
    }
    Ok((numbers, is_complete))
}

/// The producer numbers of a date that were found in objects.
#[derive(Default)]
struct FoundNumbers {
    numbers: BTreeMap<String, Vec<u64>>,
    /// Quarantined units without a readable number, with the hours of their arrivals.
    unnumbered: BTreeMap<UnitId, i64>,
    /// Units that a replay has turned into events.
    replayed: HashSet<UnitId>,
}

impl FoundNumbers {
    fn add(&mut self, producer: &str, number: u64) {
        match self.numbers.get_mut(producer) {
            Some(numbers) => numbers.push(number),
            None => {
                self.numbers.insert(producer.to_owned(), vec![number]);
            }
        }
    }

    fn merge(&mut self, other: Self) {
        for (producer, numbers) in other.numbers {
            self.numbers.entry(producer).or_default().extend(numbers);
        }
        self.unnumbered.extend(other.unnumbered);
        self.replayed.extend(other.replayed);
    }
}

fn read_processed(
    key: &str,
    content: bytes::Bytes,
    date: Date,
    is_replay: bool,
) -> Result<FoundNumbers, LakeError> {
    let mut found = FoundNumbers::default();
    let columns = [
        "arrived_at",
        "producer_id",
        "producer_seq",
        "shard_id",
        "sequence_number",
        "sub_sequence",
    ];
    let columns = if is_replay {
        &columns[..]
    } else {
        &columns[..3]
    };
    for batch in RowReader::open(key, content, columns)? {
        let batch = batch?;
        let arrivals = batch.timestamp("arrived_at")?.values();
        let ids = batch.text("producer_id")?;
        let numbers = batch.long("producer_seq")?;
        for ((id, number), arrival) in ids.iter().zip(numbers).zip(arrivals) {
            if Date::of(*arrival) != date {
                continue;
            }
            match (id, number.map(u64::try_from)) {
                (Some(id), Some(Ok(number))) => found.add(id, number),
                (None, None) => {}
                _ => {
                    return Err(LakeError::Malformed {
                        key: key.to_owned(),
                        cause: format!("a row has the producer {id:?} and the number {number:?}"),
                    });
                }
            }
        }
        if is_replay {
            let identities = UnitIdentities::of(&batch)?;
            let of_date = arrivals.iter().map(|arrival| Date::of(*arrival) == date);
            let rows = of_date.enumerate().filter(|(_, of_date)| *of_date);
            let units = rows.map(|(row, _)| identities.unit(row));
            found.replayed.extend(units);
        }
    }
    Ok(found)
}

fn read_quarantine(
    key: &str,
    content: bytes::Bytes,
    date: Date,
) -> Result<FoundNumbers, LakeError> {
    let mut found = FoundNumbers::default();
    let columns = [
        "shard_id",
        "sequence_number",
        "sub_sequence",
        "arrived_at",
        "payload",
    ];
    for batch in RowReader::open(key, content, &columns)? {
        let batch = batch?;
        let identities = UnitIdentities::of(&batch)?;
        let arrivals = batch.timestamp("arrived_at")?;
        let payloads = batch.binary("payload")?;
        let is_of_date = |row: &usize| Date::of(arrivals.value(*row)) == date;
        for row in (0..batch.num_rows()).filter(is_of_date) {
            match find_number(payloads.value(row)) {
                Some((producer, number)) => found.add(&producer, number),
                None => {
                    let hour = arrivals.value(row).div_euclid(MICROS_PER_HOUR);
                    found.unnumbered.insert(identities.unit(row), hour);
                }
            }
        }
    }
    Ok(found)
}
