//! The zones, and the keys of their objects.

use std::fmt;

use marquee_event::{Date, MICROS_PER_DAY};
use object_store::path::Path;
use serde::{Deserialize, Serialize};

/// The number of digits of a Kinesis sequence number. Shorter numbers are padded, so that
/// keys sort like the numbers.
const SEQUENCE_DIGITS: usize = 56;
/// One hour in microseconds.
const HOUR_US: i64 = 3_600_000_000;

/// A zone that batches write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Zone {
    /// Every unit verbatim.
    Raw,
    /// Rejected units.
    Quarantine,
    /// Typed and enriched events.
    Processed,
}

impl Zone {
    /// Every zone.
    pub const ALL: [Self; 3] = [Self::Raw, Self::Quarantine, Self::Processed];

    /// Returns the first part of the zone's keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Quarantine => "quarantine",
            Self::Processed => "processed",
        }
    }

    /// Returns the common prefix of the zone's keys.
    pub fn prefix(self) -> String {
        format!("{}/events", self.name())
    }

    /// Returns the key of a batch's object.
    pub fn key(self, hour: &IngestHour, batch: &impl fmt::Display, digest: &str) -> String {
        format!(
            "{}/ingest_date={}/ingest_hour={:02}/{batch}-{digest}.parquet",
            self.prefix(),
            hour.date,
            hour.hour
        )
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The UTC date and hour under which a batch is filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngestHour {
    /// The date.
    pub date: Date,
    /// The hour, 0 to 23.
    pub hour: u8,
}

impl IngestHour {
    /// Returns the hour of an instant in UTC microseconds.
    pub fn of(micros: i64) -> Self {
        let of_day = micros.rem_euclid(MICROS_PER_DAY);
        Self {
            date: Date::of(micros),
            hour: (of_day / HOUR_US) as u8,
        }
    }
}

/// The name of a batch: its shard, and its first and last sequence numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchName {
    /// The shard, `shardId-…`.
    pub shard_id: String,
    /// The sequence number of the first record.
    pub first: String,
    /// The sequence number of the last record.
    pub last: String,
}

impl fmt::Display for BatchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            shard_id,
            first,
            last,
        } = self;
        write!(
            f,
            "{shard_id}-{first:0>SEQUENCE_DIGITS$}-{last:0>SEQUENCE_DIGITS$}"
        )
    }
}

/// Returns the key of a batch's receipt.
pub fn receipt_key(ingest_date: Date, batch: &str) -> String {
    format!("{RECEIPTS}/ingest_date={ingest_date}/{batch}.json")
}

/// Returns the directory of a run's files of a curated table. `event_date` is `None` for a
/// table that is not partitioned by date.
pub fn curated_directory(table: &str, event_date: Option<Date>, run: &str) -> String {
    match event_date {
        Some(date) => format!("{CURATED}/{table}/event_date={date}/run={run}"),
        None => format!("{CURATED}/{table}/run={run}"),
    }
}

/// Returns the key of a date's books as a table: a single file, which each audit
/// replaces.
pub fn audit_books_key(date: Date) -> String {
    format!("{AUDIT_BOOKS}/event_date={date}/part-0000.parquet")
}

/// Returns the key of an artifact of a date's run: its list of `covered` receipts, its
/// `checks`, its `audit`.
///
/// `kind` is the artifact's directory below the date, and `name` its name there, usually
/// that of the run.
pub fn run_artifact_key(event_date: Date, kind: &str, name: &str) -> Path {
    Path::from(format!("{DAYS}/event_date={event_date}/{kind}/{name}.json"))
}

/// Returns the key of the warehouse book of a date: the document that each load of the
/// date replaces.
pub fn warehouse_book_key(event_date: Date) -> Path {
    run_artifact_key(event_date, "audit", WAREHOUSE_BOOK)
}

/// The name of the warehouse book among a date's audits.
pub const WAREHOUSE_BOOK: &str = "warehouse";
/// The prefix of the table `audit_books`. Generations do not list its files, because the
/// books of a date change after it is published.
pub const AUDIT_BOOKS: &str = "curated/audit_books";
/// The prefix of all curated files.
pub const CURATED: &str = "curated";
/// The prefix of the documents and files that steps leave for each other.
pub const STAGING: &str = "staging";
/// The prefix of generations, and of the artifacts of their runs.
pub const DAYS: &str = "ledger/days";
/// The prefix of all receipts.
pub const RECEIPTS: &str = "ledger/receipts";
/// The prefix of the keys of the title catalog.
pub const TITLES: &str = "reference/titles";
/// The prefix of failed batches of the embedded event source mapping.
pub const FAILED: &str = "failed";
/// The prefix of failed batches of Lambda's event source mapping. Its destination in S3 has
/// no setting for a prefix, so these keys in the lake's S3 bucket are Lambda's own.
pub const FAILED_BY_LAMBDA: &str = "aws/lambda";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_documented_form() {
        let batch = BatchName {
            shard_id: "shardId-000000000001".into(),
            first: "7".into(),
            last: "49590338271490256608559692540925702759324208523137515618".into(),
        };
        let hour = IngestHour::of(1_769_890_500_250_000);
        assert_eq!(
            Zone::Processed.key(&hour, &batch, "d16e57"),
            "processed/events/ingest_date=2026-01-31/ingest_hour=20/\
             shardId-000000000001-00000000000000000000000000000000000000000000000000000007-\
             49590338271490256608559692540925702759324208523137515618-d16e57.parquet"
        );
        assert_eq!(
            receipt_key(hour.date, "b"),
            "ledger/receipts/ingest_date=2026-01-31/b.json"
        );
        assert_eq!(
            audit_books_key("2026-01-31".parse().unwrap()),
            "curated/audit_books/event_date=2026-01-31/part-0000.parquet"
        );
    }
}
