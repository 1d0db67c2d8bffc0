//! What became of what was given.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::PutRecord;

/// A number of events, the records they went in, and what these weigh.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events.
    pub events: u64,
    /// Records; 0 for events that never came into one.
    pub records: u64,
    /// Bytes: of records with their partition keys, or of events that never
    /// came into one.
    pub bytes: u64,
    /// PUT units of 25 KB, as Kinesis bills them.
    pub put_units: u64,
}

impl Tally {
    /// One record's.
    pub fn of(record: &PutRecord) -> Self {
        Self {
            events: record.events.into(),
            records: 1,
            bytes: record.size() as u64,
            put_units: record.put_units(),
        }
    }

    /// That of an event that is in no record.
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

/// How far a producer is, to be read while it works.
#[derive(Debug, Default)]
pub struct Progress {
    given: AtomicU64,
    acknowledged: AtomicU64,
    given_up: AtomicU64,
}

impl Progress {
    /// Events taken from the caller.
    pub fn given(&self) -> u64 {
        self.given.load(Ordering::Relaxed)
    }

    /// Events that are durable in the target.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Events that will not be.
    pub fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed)
    }

    /// Shows what the summary has come to.
    pub(crate) fn show(&self, summary: &Summary) {
        self.given.store(summary.given, Ordering::Relaxed);
        self.acknowledged
            .store(summary.acknowledged.events, Ordering::Relaxed);
        self.given_up
            .store(summary.given_up().events, Ordering::Relaxed);
    }
}

/// What became of everything a producer was given. In the end
/// `given = acknowledged + given up`, in events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Events given.
    pub given: u64,
    /// What the target has.
    pub acknowledged: Tally,
    /// What it has not, by reason.
    pub given_up_by_reason: BTreeMap<String, Tally>,
    /// Records that had to be put again, once for each time.
    pub retries: u64,
    /// From the start to the end.
    pub elapsed: Duration,
    /// The error after which no more was put.
    pub stopped_by: Option<String>,
}

impl Summary {
    /// All that was given up, whatever the reason.
    pub fn given_up(&self) -> Tally {
        self.given_up_by_reason
            .values()
            .fold(Tally::default(), |mut sum, tally| {
                sum += *tally;
                sum
            })
    }

    /// Whether everything given is durable.
    pub fn is_complete(&self) -> bool {
        self.given == self.acknowledged.events
    }

    pub(crate) fn give_up(&mut self, reason: &str, tally: Tally) {
        if tally.events == 0 {
            return;
        }
        match self.given_up_by_reason.get_mut(reason) {
            Some(sum) => *sum += tally,
            None => {
                self.given_up_by_reason.insert(reason.to_owned(), tally);
            }
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given_up = self.given_up();
        let seconds = self.elapsed.as_secs_f64();
        let rate = if seconds > 0.0 {
            self.acknowledged.events as f64 / seconds
        } else {
            0.0
        };
        writeln!(f, "events given         {:>14}", grouped(self.given))?;
        writeln!(
            f,
            "events acknowledged  {:>14}",
            grouped(self.acknowledged.events)
        )?;
        writeln!(f, "events given up      {:>14}", grouped(given_up.events))?;
        for (reason, tally) in &self.given_up_by_reason {
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
        writeln!(f, "records put again    {:>14}", grouped(self.retries))?;
        write!(
            f,
            "events a second      {:>14}   in {seconds:.1} s",
            grouped(rate as u64)
        )
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0, 12, 123, 1_234, 1_234_567].map(grouped),
            ["0", "12", "123", "1,234", "1,234,567"]
        );
    }

    #[test]
    fn reasons_add_up() {
        let mut summary = Summary {
            given: 3,
            ..Summary::default()
        };
        summary.give_up("too large", Tally::of_event(10));
        summary.give_up("too large", Tally::of_event(5));
        summary.give_up("nothing", Tally::default());
        assert_eq!(
            summary.given_up(),
            Tally {
                events: 2,
                bytes: 15,
                ..Tally::default()
            }
        );
        assert_eq!(summary.given_up_by_reason.len(), 1);
        assert!(!summary.is_complete());
        assert!(summary.to_string().contains("too large: 2"));
    }
}
