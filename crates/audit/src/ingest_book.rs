//! The ingest book: the account of everything that arrived on one date.
//!
//! It counts in two ways:
//!
//! - by batch, from the receipts of the ingest date: received = processed + quarantined;
//! - by identity, from all records and units that arrived on the date, in any batch: the
//!   stream's records = seen + blank + failed, and quarantined = replayed + open.
//!
//! Coverage is decided by identity, never by a range of sequence numbers, because the batches
//! of a shard interleave.

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
use crate::scan::{ReceiptRole, ScanResult};

/// The stream's own count of the records that arrived on a date, by shard. The count of an
/// absent shard is unknown.
pub type StreamCount = BTreeMap<String, u64>;

/// The account of everything that arrived on one date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IngestBook {
    /// Batches of the stream with this ingest date.
    pub batches: u64,
    /// Batches of replays with this ingest date.
    pub replays: u64,
    /// Kinesis records of the stream's batches.
    pub records: u64,
    /// Units of these records.
    pub received: u64,
    /// Units that are valid events.
    pub processed: u64,
    /// Units that were rejected.
    pub quarantined: u64,
    /// Rejected units by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Rows in the objects of batches and replays, by zone.
    pub rows: BTreeMap<Zone, u64>,
    /// Units that arrived on the date, by identity.
    pub units: UnitLine,
    /// Records that arrived on the date, by shard.
    pub shards: BTreeMap<String, ShardLine>,
    /// Units of the stream's batches, by ingest hour.
    pub hours: BTreeMap<u8, HourLine>,
    /// The producer numbers up to the end of the date, by producer.
    pub producers: BTreeMap<String, ProducerLine>,
    /// Quarantined units without a readable producer number, up to the end of the date. Each
    /// can explain one missing number.
    pub unnumbered: u64,
    /// Failed batches with open records of the date.
    pub failed: Vec<FailedBatch>,
    /// Objects of the ingest date that no receipt names and nothing needs.
    pub garbage: Garbage,
}

/// The units that arrived on the date, counted by identity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct UnitLine {
    /// Rows of processed and quarantine objects.
    pub rows: u64,
    /// Rows whose identity another row of the same zone has, for example because a retry cut
    /// the batches differently.
    pub redelivered: u64,
    /// Distinct identities.
    pub distinct: u64,
    /// Identities in processed, including replayed ones.
    pub processed: u64,
    /// Identities in quarantine.
    pub quarantined: u64,
    /// Identities in quarantine that a replay has turned into events.
    pub replayed: u64,
    /// Identities in quarantine only.
    pub open: u64,
}

/// The records of a shard that arrived on the date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ShardLine {
    /// The stream's own count; `None` if it is unknown.
    pub stream: Option<u64>,
    /// Records with units in objects that receipts name.
    pub seen: u64,
    /// Records without units, such as empty ones, from the receipts.
    pub blank: u64,
    /// Open records of failed batches.
    pub failed: u64,
    /// Blank records that two overlapping batches may both count, or that may be of another
    /// date because their receipt has no arrival dates. Blank records have no identity that
    /// could decide it.
    pub doubtful: u64,
}

impl ShardLine {
    fn accounted(&self) -> u64 {
        self.seen + self.blank + self.failed
    }

    /// Returns the stream's count if the line does not account for it.
    fn unbalanced_count(&self) -> Option<u64> {
        let max = self.accounted();
        self.stream
            .filter(|stream| !(max - self.doubtful..=max).contains(stream))
    }
}

/// The units of the batches of one ingest hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct HourLine {
    /// All units.
    pub received: u64,
    /// Valid events.
    pub processed: u64,
    /// Rejected units.
    pub quarantined: u64,
}

/// A builder of an [`IngestBook`], receipt by receipt.
#[derive(Default)]
pub(crate) struct IngestBookBuilder {
    book: IngestBook,
    records: BTreeMap<String, Vec<RecordId>>,
    processed: Vec<UnitId>,
    quarantined: Vec<UnitId>,
    /// The highest last sequence number of the batches so far, by shard.
    ends: BTreeMap<String, String>,
}

impl IngestBookBuilder {
    /// Adds a receipt and the contents of its objects. Receipts must come in the order of
    /// their first records.
    pub(crate) fn add(&mut self, receipt: &Receipt, role: ReceiptRole, scan: &mut ScanResult) {
        for (shard_id, mut records) in std::mem::take(&mut scan.records) {
            self.records
                .entry(shard_id)
                .or_default()
                .append(&mut records);
        }
        self.processed.append(&mut scan.processed);
        self.quarantined.append(&mut scan.quarantined);
        if role.filed {
            self.add_batch(receipt, scan);
        }
        if role.filed || role.arrived {
            self.add_blank(receipt, role, scan.blank);
        }
    }

    /// Adds the counts of a batch of the ingest date.
    fn add_batch(&mut self, receipt: &Receipt, scan: &ScanResult) {
        let book = &mut self.book;
        for (zone, rows) in &scan.rows {
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

    /// Adds the blank records of a batch, which have no identity.
    fn add_blank(&mut self, receipt: &Receipt, role: ReceiptRole, blank: u64) {
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

    /// Closes the book, and reports the sums that do not agree.
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
            if let Some(stream) = line.unbalanced_count() {
                problems.push(Problem::ShardDiffers {
                    shard_id: shard_id.clone(),
                    stream,
                    accounted: line.accounted(),
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
