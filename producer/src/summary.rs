//! Accounting: the outcome of every accepted event.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::HumanCount;

use crate::PutRecord;

/// A count of events and of the records that hold them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of events.
    pub events: u64,
    /// The number of records; 0 for events that no record holds.
    pub records: u64,
    /// The size in bytes: of records with their partition keys, or of events that no
    /// record holds.
    pub bytes: u64,
    /// The number of PUT units of 25 KB, as Kinesis bills them.
    pub put_units: u64,
}

impl Tally {
    /// Counts one record.
    pub fn of(record: &PutRecord) -> Self {
        Self {
            events: record.events.into(),
            records: 1,
            bytes: record.size() as u64,
            put_units: record.put_units(),
        }
    }

    /// Counts one event that no record holds.
    pub fn of_event(bytes: usize) -> Self {
        Self {
            events: 1,
            bytes: bytes as u64,
            ..Self::default()
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.records += other.records;
        self.bytes += other.bytes;
        self.put_units += other.put_units;
    }
}

impl<'a> FromIterator<&'a PutRecord> for Tally {
    fn from_iter<I: IntoIterator<Item = &'a PutRecord>>(records: I) -> Self {
        records
            .into_iter()
            .fold(Self::default(), |mut sum, record| {
                sum += Self::of(record);
                sum
            })
    }
}

/// The progress of a producer, readable while it runs.
#[derive(Debug, Default)]
pub struct SendProgress {
    accepted: AtomicU64,
    acknowledged: AtomicU64,
    failed: AtomicU64,
}

impl SendProgress {
    /// Returns the number of events accepted from the caller.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Returns the number of events that are durable in the target.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Returns the number of events that failed permanently.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Copies the summary's current counts.
    pub(crate) fn update(&self, summary: &SendSummary) {
        self.accepted.store(summary.accepted, Ordering::Relaxed);
        self.acknowledged
            .store(summary.acknowledged.events, Ordering::Relaxed);
        self.failed
            .store(summary.failed().events, Ordering::Relaxed);
    }
}

/// The outcome of all events of a producer. After it has finished,
/// `accepted = acknowledged + failed`, in events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendSummary {
    /// The number of events accepted from the caller.
    pub accepted: u64,
    /// The events that are durable in the target.
    pub acknowledged: Tally,
    /// The events that failed permanently, by reason.
    pub failed_by_reason: BTreeMap<String, Tally>,
    /// The number of record retries.
    pub retries: u64,
    /// The time from start to end.
    pub elapsed: Duration,
    /// The error after which the producer stopped sending.
    pub stopped_by: Option<String>,
}

impl SendSummary {
    /// Returns the sum over all reasons of failure.
    pub fn failed(&self) -> Tally {
        self.failed_by_reason
            .values()
            .fold(Tally::default(), |mut sum, tally| {
                sum += *tally;
                sum
            })
    }

    /// Returns whether every accepted event is durable.
    pub fn is_complete(&self) -> bool {
        self.accepted == self.acknowledged.events
    }

    pub(crate) fn add_failure(&mut self, reason: &str, tally: Tally) {
        if tally.events == 0 {
            return;
        }
        match self.failed_by_reason.get_mut(reason) {
            Some(sum) => *sum += tally,
            None => {
                self.failed_by_reason.insert(reason.to_owned(), tally);
            }
        }
    }
}

impl fmt::Display for SendSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.failed();
        let seconds = self.elapsed.as_secs_f64();
        let rate = if seconds > 0.0 {
            self.acknowledged.events as f64 / seconds
        } else {
            0.0
        };
        writeln!(f, "events accepted      {:>14}", grouped(self.accepted))?;
        writeln!(
            f,
            "events acknowledged  {:>14}",
            grouped(self.acknowledged.events)
        )?;
        writeln!(f, "events failed        {:>14}", grouped(failed.events))?;
        for (reason, tally) in &self.failed_by_reason {
            writeln!(f, "  {reason}: {}", grouped(tally.events))?;
        }
        writeln!(
            f,
            "records              {:>14}",
            grouped(self.acknowledged.records)
        )?;
        writeln!(
            f,
            "bytes                {:>14}",
            grouped(self.acknowledged.bytes)
        )?;
        writeln!(
            f,
            "PUT units of 25 KB   {:>14}",
            grouped(self.acknowledged.put_units)
        )?;
        writeln!(f, "record retries       {:>14}", grouped(self.retries))?;
        write!(
            f,
            "events per second    {:>14}   in {seconds:.1} s",
            grouped(rate as u64)
        )
    }
}

/// Formats a number with thousands separators: `1,234,567`.
fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_thousands_separators() {
        assert_eq!(
            [0, 12, 123, 1_234, 1_234_567].map(grouped),
            ["0", "12", "123", "1,234", "1,234,567"]
        );
    }

    #[test]
    fn failures_add_up_over_reasons() {
        let mut summary = SendSummary {
            accepted: 3,
            ..SendSummary::default()
        };
        summary.add_failure("too large", Tally::of_event(10));
        summary.add_failure("too large", Tally::of_event(5));
        summary.add_failure("nothing", Tally::default());
        assert_eq!(
            summary.failed(),
            Tally {
                events: 2,
                bytes: 15,
                ..Tally::default()
            }
        );
        assert_eq!(summary.failed_by_reason.len(), 1);
        assert!(!summary.is_complete());
        assert!(summary.to_string().contains("too large: 2"));
    }
}
