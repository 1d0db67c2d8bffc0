//! The zones and the names of what lies in them.

use std::fmt;

use marquee_event::Date;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

/// Digits of a Kinesis sequence number; shorter ones are padded so that keys
/// sort as the numbers do.
const SEQUENCE_DIGITS: usize = 56;
/// Microseconds of an hour.
const HOUR_US: i64 = 3_600_000_000;

/// A zone that batches write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Zone {
    /// Every unit as it came.
    Raw,
    /// Units that are no events.
    Quarantine,
    /// Events, typed and enriched.
    Processed,
}

impl Zone {
    /// Every zone.
    pub const ALL: [Self; 3] = [Self::Raw, Self::Quarantine, Self::Processed];

    /// The first part of its keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Quarantine => "quarantine",
            Self::Processed => "processed",
        }
    }

    /// What all its keys begin with.
    pub fn prefix(self) -> String {
        format!("{}/events", self.name())
    }

    /// The key of a batch's object.
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

/// The hour of arrival that a batch is filed under, UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestHour {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// 0 to 23.
    pub hour: u8,
}

impl IngestHour {
    /// The hour that holds that instant (UTC microseconds).
    pub fn of(micros: i64) -> Self {
        let of_day = micros.rem_euclid(24 * HOUR_US);
        Self {
            date: Date::of(micros).to_string(),
            hour: (of_day / HOUR_US) as u8,
        }
    }
}

/// What a batch is called: its shard, and its first and last sequence number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchName {
    /// The shard, `shardId-…`.
    pub shard_id: String,
    /// The sequence number of its first record.
    pub first: String,
    /// The sequence number of its last record.
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

/// The key of a batch's receipt.
pub fn receipt_key(ingest_date: &str, batch: &str) -> String {
    format!("{RECEIPTS}/ingest_date={ingest_date}/{batch}.json")
}

/// The directory of a curated table's files of one run; of one date, unless the
/// table has none.
pub fn curated_directory(table: &str, event_date: Option<Date>, run: &str) -> String {
    match event_date {
        Some(date) => format!("{CURATED}/{table}/event_date={date}/run={run}"),
        None => format!("{CURATED}/{table}/run={run}"),
    }
}

/// The key of a date's books as a table: its one file, which each audit replaces.
pub fn audit_books_key(date: Date) -> String {
    format!("{AUDIT_BOOKS}/event_date={date}/part-0000.parquet")
}

/// Returns the key of an artifact of a date's run: its list of `covered` receipts, its
/// `checks`, its `audit`.
///
/// `kind` is the artifact's directory below the date, and `name` its name there,
/// mostly the run.
pub fn run_artifact_key(event_date: Date, kind: &str, name: &str) -> Path {
    Path::from(format!("{DAYS}/event_date={event_date}/{kind}/{name}.json"))
}

/// Returns the key of the warehouse's book of a date: the document that each load of
/// the date replaces.
pub fn warehouse_book_key(event_date: Date) -> Path {
    run_artifact_key(event_date, "audit", WAREHOUSE_BOOK)
}

/// The name of the warehouse's book among a date's audits.
pub const WAREHOUSE_BOOK: &str = "warehouse";
/// What the keys of the table `audit_books` begin with. No generation names them,
/// since a date's books go on changing after it is published.
pub const AUDIT_BOOKS: &str = "curated/audit_books";
/// What all curated files' keys begin with.
pub const CURATED: &str = "curated";
/// What a run keeps between two of its steps.
pub const STAGING: &str = "staging";
/// What the keys of generations, and of what belongs to them, begin with.
pub const DAYS: &str = "ledger/days";
/// What all receipts' keys begin with.
pub const RECEIPTS: &str = "ledger/receipts";
/// The prefix of the keys of the title catalog.
pub const TITLES: &str = "reference/titles";
/// Batches that the embedded event source mapping gave up.
pub const FAILED: &str = "failed";
/// Batches that Lambda's event source mapping gave up: its destination in S3 takes
/// no prefix, so that it is the lake's bucket, and these keys are Lambda's own.
pub const FAILED_BY_LAMBDA: &str = "aws/lambda";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_designs() {
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
            receipt_key("2026-01-31", "b"),
            "ledger/receipts/ingest_date=2026-01-31/b.json"
        );
        assert_eq!(
            audit_books_key("2026-01-31".parse().unwrap()),
            "curated/audit_books/event_date=2026-01-31/part-0000.parquet"
        );
    }
}
