//! The ingest book: what became of what arrived on one date.
//!
//! Two ways of counting stand side by side. By batch, as the receipts filed
//! under the date say: received = processed + quarantined. By identity, of what
//! arrived on the date, whichever receipt has it: the stream's records = seen +
//! failed, and quarantined = replayed + open. Coverage is by identity and
//! receipt, never by range: batches of a shard interleave.

use std::collections::BTreeMap;

use marquee_event::Date;
use marquee_lake::receipt::{Receipt, ReceiptKind};
use marquee_lake::unit::{RecordId, UnitId, compare_sequence_numbers};
use marquee_lake::zone::Zone;
use serde::Serialize;

use crate::failed::FailedBatch;
use crate::orphans::Garbage;
use crate::problem::Problem;
use crate::producers::ProducerLine;
use crate::scan::{Role, Scanned};

/// How many records of each shard arrived on a date, by the stream's own count.
/// A shard that is not in it has not been counted.
pub type StreamCount = BTreeMap<String, u64>;

/// What became of what arrived on one date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IngestBook {
    /// Receipts of batches of the stream filed under the date.
    pub batches: u64,
    /// Receipts of replays filed under the date.
    pub replays: u64,
    /// Kinesis records of the batches.
    pub records: u64,
    /// Units that they were taken apart into.
    pub received: u64,
    /// Units that are events.
    pub processed: u64,
    /// Units that are not.
    pub quarantined: u64,
    /// These by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Rows found in the objects of batches and replays, by zone.
    pub rows: BTreeMap<Zone, u64>,
    /// What arrived on the date, by identity.
    pub units: UnitLine,
    /// Records that arrived on the date, by shard.
    pub shards: BTreeMap<String, ShardLine>,
    /// Units of the batches, by the hour that they are filed under.
    pub hours: BTreeMap<u8, HourLine>,
    /// Producers' numbers up to the end of the date.
    pub producers: BTreeMap<String, ProducerLine>,
    /// Units too broken to carry a number, up to the end of the date: they
    /// excuse as many missing ones.
    pub unnumbered: u64,
    /// Batches that the mapping gave up with records of the date that are open.
    pub failed: Vec<FailedBatch>,
    /// Objects under the date that no receipt names and nothing needs.
    pub garbage: Garbage,
}

/// Units that arrived on the date, by identity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct UnitLine {
    /// Rows of processed and quarantine objects.
    pub rows: u64,
    /// Rows whose identity comes again in the same zone: a retry cut the
    /// batches otherwise.
    pub redelivered: u64,
    /// Identities.
    pub distinct: u64,
    /// Identities that are events, those replayed among them.
    pub processed: u64,
    /// Identities in quarantine.
    pub quarantined: u64,
    /// Those of them that are events now.
    pub replayed: u64,
    /// Those of them that are not.
    pub open: u64,
}

/// Records of a shard that arrived on the date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ShardLine {
    /// By the stream's own count; `None` when it is not known.
    pub stream: Option<u64>,
    /// Records with units in receipted objects.
    pub seen: u64,
    /// Records that no unit comes from, such as empty ones, as receipts say.
    pub blank: u64,
    /// Records that were given up and are open.
    pub failed: u64,
    /// Of `blank`, those that may be counted again by a batch that overlaps, or
    /// be of another date where a receipt does not say: they have no identity to
    /// tell by.
    pub doubtful: u64,
}

impl ShardLine {
    fn is_balanced(&self) -> bool {
        let most = self.seen + self.blank + self.failed;
        self.stream
            .is_none_or(|stream| (most - self.doubtful..=most).contains(&stream))
    }
}

/// Units of the batches filed under one hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct HourLine {
    /// Units.
    pub received: u64,
    /// Those that are events.
    pub processed: u64,
    /// Those that are not.
    pub quarantined: u64,
}

/// The book as it fills.
#[derive(Default)]
pub(crate) struct Filling {
    book: IngestBook,
    records: BTreeMap<String, Vec<RecordId>>,
    processed: Vec<UnitId>,
    quarantined: Vec<UnitId>,
    /// The highest end of the batches so far, by shard.
    ends: BTreeMap<String, String>,
}

impl Filling {
    /// Enters what a receipt's objects hold.
    pub(crate) fn enter(&mut self, receipt: &Receipt, role: Role, scanned: &mut Scanned) {
        for (shard_id, mut records) in std::mem::take(&mut scanned.records) {
            self.records
                .entry(shard_id)
                .or_default()
                .append(&mut records);
        }
        self.processed.append(&mut scanned.processed);
        self.quarantined.append(&mut scanned.quarantined);
        if role.filed {
            self.enter_filed(receipt, scanned);
        }
        if role.filed || role.arrived {
            self.enter_blank(receipt, role, scanned.blank);
        }
    }

    fn enter_filed(&mut self, receipt: &Receipt, scanned: &Scanned) {
        let book = &mut self.book;
        for (zone, rows) in &scanned.rows {
            *book.rows.entry(*zone).or_default() += rows;
        }
        if receipt.kind == ReceiptKind::Replay {
            book.replays += 1;
            return;
        }
        book.batches += 1;
        book.records += receipt.records;
        book.received += receipt.received;
        book.processed += receipt.processed;
        book.quarantined += receipt.quarantined;
        for (reason, units) in &receipt.reasons {
            *book.reasons.entry(reason.clone()).or_default() += units;
        }
        let hour = book.hours.entry(receipt.ingest_hour).or_default();
        hour.received += receipt.received;
        hour.processed += receipt.processed;
        hour.quarantined += receipt.quarantined;
    }

    /// Enters records without an identity to be met by. Receipts come in the
    /// order of their batches' first records.
    fn enter_blank(&mut self, receipt: &Receipt, role: Role, blank: u64) {
        if receipt.kind == ReceiptKind::Replay {
            return;
        }
        let last = &receipt.last_sequence_number;
        let end = self.ends.get(&receipt.shard_id);
        let compare = compare_sequence_numbers;
        let overlaps = end.is_some_and(|end| compare(&receipt.first_sequence_number, end).is_le());
        if end.is_none_or(|end| compare(end, last).is_lt()) {
            self.ends.insert(receipt.shard_id.clone(), last.clone());
        }
        let date_of = |instant: &str| instant.get(..10).map(str::to_owned);
        let is_dated = !receipt.arrival_dates.is_empty()
            || role.filed
                && date_of(&receipt.first_arrived_at) == date_of(&receipt.last_arrived_at);
        if blank > 0 {
            let line = self
                .book
                .shards
                .entry(receipt.shard_id.clone())
                .or_default();
            line.blank += blank;
            if overlaps || !is_dated {
                line.doubtful += blank;
            }
        }
    }

    /// Adds the book up.
    pub(crate) fn close(
        self,
        date: Date,
        stream: Option<&StreamCount>,
        failed: &[FailedBatch],
        problems: &mut Vec<Problem>,
    ) -> IngestBook {
        let Self {
            mut book,
            records,
            processed,
            quarantined,
            ..
        } = self;
        for (shard_id, mut records) in records {
            records.sort_unstable();
            records.dedup();
            book.shards.entry(shard_id).or_default().seen = records.len() as u64;
        }
        for batch in failed {
            let open = batch.open_on(date);
            if open > 0 {
                let line = book.shards.entry(batch.shard_id.clone()).or_default();
                line.failed += open;
                problems.push(Problem::FailedOpen {
                    key: batch.key.clone(),
                    shard_id: batch.shard_id.clone(),
                    records: open,
                });
                book.failed.push(batch.clone());
            }
        }
        for (shard_id, records) in stream.into_iter().flatten() {
            let line = book.shards.entry(shard_id.clone()).or_default();
            line.stream = Some(*records);
        }
        for (shard_id, line) in &book.shards {
            if !line.is_balanced() {
                problems.push(Problem::ShardDiffers {
                    shard_id: shard_id.clone(),
                    stream: line.stream.unwrap_or(0),
                    accounted: line.seen + line.blank + line.failed,
                });
            }
        }
        book.units = UnitLine::of(processed, quarantined);
        if book.received != book.processed + book.quarantined {
            problems.push(Problem::Unbalanced {
                date,
                sum: format!(
                    "{} units received, but {} processed and {} quarantined",
                    book.received, book.processed, book.quarantined
                ),
            });
        }
        book
    }
}

impl UnitLine {
    fn of(mut processed: Vec<UnitId>, mut quarantined: Vec<UnitId>) -> Self {
        let rows = (processed.len() + quarantined.len()) as u64;
        for units in [&mut processed, &mut quarantined] {
            units.sort_unstable();
            units.dedup();
        }
        let replayed = quarantined
            .iter()
            .filter(|unit| processed.binary_search(unit).is_ok())
            .count() as u64;
        let (processed, quarantined) = (processed.len() as u64, quarantined.len() as u64);
        Self {
            rows,
            redelivered: rows - processed - quarantined,
            distinct: processed + quarantined - replayed,
            processed,
            quarantined,
            replayed,
            open: quarantined - replayed,
        }
    }
}
