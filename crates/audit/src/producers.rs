//! The check that every producer number arrived.
//!
//! A unit counts on its own date of arrival. A batch that spans midnight therefore counts on
//! two dates, and a redelivered unit counts on the same date each time.
//!
//! The audit caches the producer numbers that arrived on a date in the ledger, as lists of
//! intervals. The name of a cached document is a digest of the receipts that can have numbers
//! of the date. The audit of a later date reads the cached documents instead of the objects
//! of all earlier dates.
//!
//! Producers are not authenticated, so a number is a claim:
//!
//! - A number far above all others does not raise the end of the producer's numbers
//!   ([`GAP_PER_NUMBER`]).
//! - A unit without a readable number explains a missing number of one producer only: that of
//!   the other units in its record, or the only producer in its shard.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use marquee_lake::LakeError;
use marquee_lake::digest;
use marquee_lake::document;
use marquee_lake::receipt::{Receipt, ReceiptKind};
use marquee_lake::rows::RowReader;
use marquee_lake::unit::{RecordId, UnitId, UnitIdentities};
use marquee_lake::zone::{Zone, run_artifact_key};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::acknowledged::acknowledged;
use crate::arrivals;
use crate::error::AuditError;
use crate::intervals::Intervals;
use crate::object::READERS;
use crate::producer_number::find_number;

/// The producer numbers in the units that arrived on one date.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DateNumbers {
    /// The version of the document: 3. Version 2 had no shards, version 1 assigned units to the
    /// dates of their receipts.
    version: u32,
    /// The numbers of each producer.
    producers: BTreeMap<String, Intervals>,
    /// The only producer with numbers in each shard; `None` if the shard has several.
    shards: BTreeMap<String, Option<String>>,
    /// Quarantined units without a readable number.
    unnumbered: Vec<UnnumberedUnits>,
}

/// Quarantined units without a readable number, of one hour, shard and producer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct UnnumberedUnits {
    /// The hour of their arrival, in hours since 1970-01-01.
    hour: i64,
    shard_id: String,
    /// The only producer of the other units in their records, if there is one.
    producer_id: Option<String>,
    units: u64,
}

const VERSION: u32 = 3;
const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// The maximum length of a gap for each number after it. A longer gap is implausible: the numbers
/// after it are not counted. One event therefore makes at most this many numbers missing.
const GAP_PER_NUMBER: u64 = 1_000;

/// The line of a producer in the ingest book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProducerLine {
    /// The highest plausible number that arrived by the end of the date.
    pub up_to: u64,
    /// The numbers from 1 to `up_to` that are in the lake.
    pub present: u64,
    /// The present numbers that arrived after the date.
    pub late: u64,
    /// The numbers from 1 to `up_to` that are neither in the lake nor acknowledged.
    pub missing: u64,
    /// The numbers from 1 to `up_to` that are not in the lake and that an operator has
    /// acknowledged.
    pub acknowledged: u64,
    /// The units without a readable number that can each explain one missing number.
    pub excused: u64,
    /// The numbers that arrived by the end of the date after an implausible gap.
    pub implausible: u64,
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
    let mut excuses = Excuses::default();
    let last_hour = (i64::from(date.days()) + 1) * 24;
    let newest = arrived.keys().next_back().copied();
    for (arrival, receipts) in arrived {
        let is_growing = newest == Some(arrival);
        let numbers = numbers_of_date(store, arrival, &receipts, is_growing).await?;
        excuses.add(&numbers, last_hour);
        for (producer, intervals) in numbers.producers {
            if arrival <= date {
                by_end.entry(producer.clone()).or_default().add(&intervals);
            }
            by_now.entry(producer).or_default().add(&intervals);
        }
    }
    let acknowledged = acknowledged(store).await?;
    let mut producers = ProducerLines {
        unnumbered: excuses.units,
        ..ProducerLines::default()
    };
    for (producer, by_end) in by_end {
        let by_now = by_now.get(&producer).unwrap_or(&by_end);
        let mut line = line_of(&by_end, by_now, acknowledged.get(&producer));
        line.excused = excuses.producers.get(&producer).copied().unwrap_or(0);
        producers.lines.insert(producer, line);
    }
    Ok(producers)
}

/// Returns the line of a producer from the numbers that arrived by the end of the date, those
/// that arrived by now, and those that an operator has acknowledged.
fn line_of(
    by_end: &Intervals,
    by_now: &Intervals,
    acknowledged: Option<&Intervals>,
) -> ProducerLine {
    let plausible = by_now.plausible_end(GAP_PER_NUMBER);
    let up_to = by_end.last_up_to(plausible);
    let count = |gaps: &[(u64, u64)]| gaps.iter().map(|(from, to)| to - from + 1).sum::<u64>();
    let absent = count(&by_now.gaps(up_to));
    let mut known = by_now.clone();
    if let Some(acknowledged) = acknowledged {
        known.add(acknowledged);
    }
    let mut gaps = known.gaps(up_to);
    let missing = count(&gaps);
    // A unit without a readable number makes a gap of one; real losses are mostly longer.
    gaps.sort_by_key(|(from, to)| Reverse(to - from));
    let implausible = by_end.count_after(plausible);
    let by_end = by_end.count() - implausible;
    ProducerLine {
        up_to,
        present: up_to - absent,
        late: (up_to - absent).saturating_sub(by_end),
        missing,
        acknowledged: absent - missing,
        excused: 0,
        implausible,
        gaps: gaps.into_iter().take(MAX_GAPS).collect(),
    }
}

/// The units without a readable number, and the producers whose numbers they can explain.
#[derive(Default)]
struct Excuses {
    units: u64,
    producers: BTreeMap<String, u64>,
    /// The only producer in each shard on the dates so far.
    shards: BTreeMap<String, Option<String>>,
}

impl Excuses {
    /// Adds the units of the next date up to `last_hour`.
    fn add(&mut self, numbers: &DateNumbers, last_hour: i64) {
        for group in &numbers.unnumbered {
            if group.hour > last_hour {
                continue;
            }
            self.units += group.units;
            let of_shard = numbers.shards.get(&group.shard_id);
            let of_shard = of_shard.or_else(|| self.shards.get(&group.shard_id));
            let owner = group
                .producer_id
                .as_ref()
                .or(of_shard.and_then(Option::as_ref));
            if let Some(owner) = owner {
                *self.producers.entry(owner.clone()).or_default() += group.units;
            }
        }
        for (shard_id, producer) in &numbers.shards {
            let only = self.shards.entry(shard_id.clone());
            let only = only.or_insert_with(|| producer.clone());
            if only != producer {
                *only = None;
            }
        }
    }
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
    Ok((all.of_date(), is_complete))
}

/// The only producer with a number in a record or a shard; `None` if there are several.
type OnlyProducer = Option<Arc<str>>;

/// The producer numbers of a date that were found in objects.
#[derive(Default)]
struct FoundNumbers {
    numbers: BTreeMap<Arc<str>, Vec<u64>>,
    records: HashMap<RecordId, OnlyProducer>,
    shards: HashMap<String, OnlyProducer>,
    /// Quarantined units without a readable number.
    unnumbered: BTreeMap<UnitId, Unnumbered>,
    /// Units that a replay has turned into events.
    replayed: HashSet<UnitId>,
    /// The shard, the sequence number and the producer of the last number.
    last: Option<(String, String, Arc<str>)>,
}

/// A quarantined unit without a readable number.
struct Unnumbered {
    hour: i64,
    record: RecordId,
    shard_id: String,
}

impl FoundNumbers {
    /// Adds the number of a unit in a record.
    fn add(&mut self, producer: &str, number: u64, shard_id: &str, sequence_number: &str) {
        let is_like_last = self.last.as_ref().is_some_and(|(shard, sequence, last)| {
            sequence == sequence_number && shard == shard_id && **last == *producer
        });
        if !is_like_last {
            let known = self.numbers.get_key_value(producer);
            let producer = known.map_or_else(|| Arc::from(producer), |(known, _)| known.clone());
            let record = RecordId::of(shard_id, sequence_number);
            note_producer(&mut self.records, record, Some(producer.clone()));
            note_producer(
                &mut self.shards,
                shard_id.to_owned(),
                Some(producer.clone()),
            );
            let (shard_id, sequence_number) = (shard_id.to_owned(), sequence_number.to_owned());
            self.last = Some((shard_id, sequence_number, producer));
        }
        if let Some((_, _, producer)) = &self.last {
            let numbers = self.numbers.entry(producer.clone());
            numbers.or_default().push(number);
        }
    }

    fn merge(&mut self, other: Self) {
        for (producer, numbers) in other.numbers {
            self.numbers.entry(producer).or_default().extend(numbers);
        }
        for (record, producer) in other.records {
            note_producer(&mut self.records, record, producer);
        }
        for (shard_id, producer) in other.shards {
            note_producer(&mut self.shards, shard_id, producer);
        }
        self.unnumbered.extend(other.unnumbered);
        self.replayed.extend(other.replayed);
    }

    /// Returns the document of the date.
    fn of_date(self) -> DateNumbers {
        let mut groups: BTreeMap<(i64, String, OnlyProducer), u64> = BTreeMap::new();
        for (unit, unnumbered) in self.unnumbered {
            if !self.replayed.contains(&unit) {
                let producer = self.records.get(&unnumbered.record).cloned().flatten();
                let group = (unnumbered.hour, unnumbered.shard_id, producer);
                *groups.entry(group).or_default() += 1;
            }
        }
        let text = |producer: Arc<str>| producer.as_ref().to_owned();
        DateNumbers {
            version: VERSION,
            producers: self
                .numbers
                .into_iter()
                .map(|(producer, numbers)| (text(producer), Intervals::of(numbers)))
                .collect(),
            shards: self
                .shards
                .into_iter()
                .map(|(shard_id, producer)| (shard_id, producer.map(text)))
                .collect(),
            unnumbered: groups
                .into_iter()
                .map(|((hour, shard_id, producer), units)| UnnumberedUnits {
                    hour,
                    shard_id,
                    producer_id: producer.map(text),
                    units,
                })
                .collect(),
        }
    }
}

/// Notes that a record or a shard has a number of the producer.
fn note_producer<K: Eq + Hash>(
    producers: &mut HashMap<K, OnlyProducer>,
    key: K,
    producer: OnlyProducer,
) {
    match producers.entry(key) {
        Entry::Vacant(entry) => {
            entry.insert(producer);
        }
        Entry::Occupied(mut entry) if *entry.get() != producer => {
            entry.insert(None);
        }
        Entry::Occupied(_) => {}
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
    for batch in RowReader::open(key, content, &columns)? {
        let batch = batch?;
        let arrivals = batch.timestamp("arrived_at")?.values();
        let ids = batch.text("producer_id")?;
        let numbers = batch.long("producer_seq")?;
        let identities = UnitIdentities::of(&batch)?;
        let rows = ids.iter().zip(numbers).zip(arrivals).enumerate();
        for (row, ((id, number), arrival)) in rows {
            if Date::of(*arrival) != date {
                continue;
            }
            match (id, number.map(u64::try_from)) {
                (Some(id), Some(Ok(number))) => {
                    let shard_id = identities.shard_id(row);
                    found.add(id, number, shard_id, identities.sequence_number(row));
                }
                (None, None) => {}
                _ => {
                    return Err(LakeError::Malformed {
                        key: key.to_owned(),
                        cause: format!("a row has the producer {id:?} and the number {number:?}"),
                    });
                }
            }
            if is_replay {
                found.replayed.insert(identities.unit(row));
            }
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
                Some((producer, number)) => {
                    let shard_id = identities.shard_id(row);
                    found.add(&producer, number, shard_id, identities.sequence_number(row));
                }
                None => {
                    let unnumbered = Unnumbered {
                        hour: arrivals.value(row).div_euclid(MICROS_PER_HOUR),
                        record: identities.record(row),
                        shard_id: identities.shard_id(row).to_owned(),
                    };
                    found.unnumbered.insert(identities.unit(row), unnumbered);
                }
            }
        }
    }
    Ok(found)
}
