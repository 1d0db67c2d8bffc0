//! Whether every number that a producer gave arrived.
//!
//! A unit counts on the date that it arrived on, whichever batch it came in, with
//! its number or without: a batch that spans midnight is divided between two
//! dates, and a unit that comes again is of the same one.
//!
//! What arrived on a date of each producer's numbers is kept in the ledger as a
//! list of intervals, under a name made from the receipts that may have some of
//! it: the audit of a later date reads the lists, and no object of the dates
//! before again.

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
use crate::numbers::number_in;
use crate::object::READERS;

/// The producers' numbers in the units that arrived on one date.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DateNumbers {
    /// The version of this form: 2. The first went by the receipts' dates.
    version: u32,
    /// The numbers of each producer.
    producers: BTreeMap<String, Intervals>,
    /// Quarantined units in which no number is to be found, by the hour of
    /// their arrival, in hours since 1970.
    unnumbered: BTreeMap<i64, u64>,
}

const VERSION: u32 = 2;
const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// A producer's line in the book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProducerLine {
    /// Its highest number by the end of the date.
    pub up_to: u64,
    /// How many of 1 to that number are in the lake.
    pub present: u64,
    /// Those of them that arrived after the date.
    pub late: u64,
    /// How many are nowhere.
    pub missing: u64,
    /// The longest gaps, from and to.
    pub gaps: Vec<(u64, u64)>,
}

/// The producers' page of a date.
#[derive(Debug, Default)]
pub(crate) struct Producers {
    pub(crate) lines: BTreeMap<String, ProducerLine>,
    /// Units without a number that arrived by the end of the date, or within
    /// the hour after it: records wait as long to be sent, so that a number
    /// before one that arrived may still be on its way at midnight.
    pub(crate) unnumbered: u64,
}

/// How many gaps a line names.
const GAPS: usize = 10;

/// Counts the numbers of every producer up to the end of `date`.
pub(crate) async fn count(
    store: &Arc<dyn ObjectStore>,
    date: Date,
    receipts: &[Receipt],
) -> Result<Producers, AuditError> {
    let mut arrived: BTreeMap<Date, Vec<&Receipt>> = BTreeMap::new();
    for receipt in receipts {
        for date in arrivals::dates(receipt) {
            arrived.entry(date).or_default().push(receipt);
        }
    }
    let mut by_end: BTreeMap<String, Intervals> = BTreeMap::new();
    let mut by_now: BTreeMap<String, Intervals> = BTreeMap::new();
    let mut producers = Producers::default();
    let last_hour = (i64::from(date.days()) + 1) * 24;
    let newest = arrived.keys().next_back().copied();
    for (arrival, receipts) in arrived {
        let is_growing = newest == Some(arrival);
        let numbers = of_date(store, arrival, &receipts, is_growing).await?;
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
        // A unit too broken to carry its number is a gap of one; losses are longer.
        gaps.sort_by_key(|(from, to)| Reverse(to - from));
        let line = ProducerLine {
            up_to,
            present: up_to - missing,
            late: (up_to - missing).saturating_sub(present.count()),
            missing,
            gaps: gaps.into_iter().take(GAPS).collect(),
        };
        producers.lines.insert(producer, line);
    }
    Ok(producers)
}

/// The numbers that arrived on one date: from the ledger, or else from the
/// objects of the receipts that may have some. A date that still grows is not
/// remembered.
async fn of_date(
    store: &Arc<dyn ObjectStore>,
    date: Date,
    receipts: &[&Receipt],
    is_growing: bool,
) -> Result<DateNumbers, AuditError> {
    let keys: Vec<String> = receipts.iter().map(|receipt| receipt.key()).collect();
    let name = digest::of(keys.join("\n").as_bytes());
    let key = run_artifact_key(date, "producers", &name);
    if let Ok(numbers) = document::read::<DateNumbers>(&**store, &key).await
        && numbers.version == VERSION
    {
        return Ok(numbers);
    }
    let (numbers, is_whole) = read(store, date, receipts).await?;
    // What is missing may be restored: only what is whole is remembered.
    if is_whole
        && !is_growing
        && let Err(error) = document::write(&**store, &key, &numbers).await
    {
        tracing::warn!(%error, "the numbers that arrived on a date are not remembered");
    }
    Ok(numbers)
}

/// The numbers of the date in the objects, and whether all objects could be read.
async fn read(
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
            let found = tokio::task::spawn_blocking(move || match zone {
                Zone::Processed => in_processed(&key, content, date, kind == ReceiptKind::Replay),
                _ => in_quarantine(&key, content, date),
            });
            // What cannot be read is a problem of the date that it is filed under.
            Ok(found.await.ok().and_then(Result::ok))
        })
        .buffered(READERS);
    let (mut all, mut is_whole) = (Found::default(), true);
    while let Some(found) = found.try_next().await? {
        match found {
            Some(found) => all.add(found),
            None => is_whole = false,
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
    Ok((numbers, is_whole))
}

/// What objects hold of a date.
#[derive(Default)]
struct Found {
    numbers: BTreeMap<String, Vec<u64>>,
    /// Units without a number, and the hour that each arrived in.
    unnumbered: BTreeMap<UnitId, i64>,
    /// Units that were in quarantine before, and are events now.
    replayed: HashSet<UnitId>,
}

impl Found {
    fn meet(&mut self, producer: &str, number: u64) {
        match self.numbers.get_mut(producer) {
            Some(numbers) => numbers.push(number),
            None => {
                self.numbers.insert(producer.to_owned(), vec![number]);
            }
        }
    }

    fn add(&mut self, other: Self) {
        for (producer, numbers) in other.numbers {
            self.numbers.entry(producer).or_default().extend(numbers);
        }
        self.unnumbered.extend(other.unnumbered);
        self.replayed.extend(other.replayed);
    }
}

fn in_processed(
    key: &str,
    content: bytes::Bytes,
    date: Date,
    is_replay: bool,
) -> Result<Found, LakeError> {
    let mut found = Found::default();
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
            if let (Some(id), Some(number)) = (id, number)
                && Date::of(*arrival) == date
                && let Ok(number) = u64::try_from(number)
            {
                found.meet(id, number);
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

fn in_quarantine(key: &str, content: bytes::Bytes, date: Date) -> Result<Found, LakeError> {
    let mut found = Found::default();
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
            match number_in(payloads.value(row)) {
                Some((producer, number)) => found.meet(&producer, number),
                None => {
                    let hour = arrivals.value(row).div_euclid(MICROS_PER_HOUR);
                    found.unnumbered.insert(identities.unit(row), hour);
                }
            }
        }
    }
    Ok(found)
}
