//! A deterministic simulator of a streaming service.
//!
//! [`Simulation`] holds the options. [`Simulation::generate`] yields the events in
//! the order of their arrival, and [`Simulation::title_catalog`] returns their titles.
//! The same options give the same bytes on every machine.
//!
//! The modules in a good order of reading:
//!
//! - `rng`: the source of random choices.
//! - `title_catalog` and `taste`: the titles and their popularity.
//! - `households` and `markets`: the accounts, and the hours at which they watch.
//! - `schedule`: the start of each viewing session.
//! - `script` and `playback`: the actions in a session.
//! - `arrival` and `defect`: the delays, duplicates and defects of events.
//! - `events`: the merge of all sessions into one ordered sequence.

mod arrival;
mod defect;
mod events;
mod households;
mod markets;
mod names;
mod playback;
pub(crate) mod rng;
mod schedule;
mod script;
mod search;
mod session;
mod taste;
#[cfg(test)]
mod tests;
mod title_catalog;
mod world;

use marquee_event::{MICROS_PER_DAY, Title};
use thiserror::Error;

pub use events::SimulatedEvents;

use title_catalog::TitleCatalog;

/// 2000-01-01T00:00:00Z.
const EARLIEST_START: i64 = 946_684_800_000_000;
/// 2100-01-01T00:00:00Z.
const LATEST_START: i64 = 4_102_444_800_000_000;

/// The options of a simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// The seed of all random choices. The same seed and options give the same bytes.
    pub seed: u64,
    /// The number of accounts, 1 to 10 million.
    pub users: u32,
    /// The number of titles in the catalog, each episode counted, 1 to 1 million.
    pub titles: u32,
    /// The start in UTC microseconds, within the years 2000 to 2099. No event happens
    /// before it.
    pub start: i64,
    /// The number of days of 24 hours, 1 to 3,660. No event happens after them; late
    /// events may arrive after them.
    pub days: u32,
    /// The approximate number of events to send, duplicates included, 1 to 10 billion.
    /// The number of sessions is scaled to it: the error is below 3 % at a million
    /// events, but can reach 50 % at a few thousand.
    pub events: u64,
    /// The share of malformed events, 0 to 1.
    pub bad_share: f64,
    /// The share of events that arrive twice, 0 to 1.
    pub duplicate_share: f64,
    /// The share of sessions, and about that of events, that happen offline and arrive
    /// hours later, 0 to 1.
    pub late_share: f64,
}

impl Default for Simulation {
    /// Returns a simulation of a million events of 10,000 accounts in three days, from
    /// Monday, 5 January 2026.
    fn default() -> Self {
        Self {
            seed: 1,
            users: 10_000,
            titles: 2_000,
            start: 1_767_571_200_000_000,
            days: 3,
            events: 1_000_000,
            bad_share: 0.002,
            duplicate_share: 0.005,
            late_share: 0.01,
        }
    }
}

/// An invalid option of a simulation.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SimulationError {
    /// A number out of range.
    #[error("invalid number of {of} {value}: it must be from {min} to {max}")]
    Number {
        /// The counted things.
        of: &'static str,
        /// The minimum.
        min: u64,
        /// The maximum.
        max: u64,
        /// The invalid value.
        value: u64,
    },
    /// A share out of range.
    #[error("invalid share of {of} events {value}: it must be from 0 to 1")]
    Share {
        /// The kind of events.
        of: &'static str,
        /// The invalid value.
        value: f64,
    },
    /// A start out of range.
    #[error("invalid start {value} (UTC microseconds): it must be in the years 2000 to 2099")]
    Start {
        /// The invalid value in UTC microseconds.
        value: i64,
    },
}

impl Simulation {
    /// Validates the options.
    ///
    /// # Errors
    /// [`SimulationError`] for the first invalid option.
    pub fn validate(&self) -> Result<(), SimulationError> {
        for (of, value, min, max) in [
            ("users", u64::from(self.users), 1, 10_000_000),
            ("titles", u64::from(self.titles), 1, 1_000_000),
            ("days", u64::from(self.days), 1, 3_660),
            ("events", self.events, 1, 10_000_000_000),
        ] {
            if !(min..=max).contains(&value) {
                return Err(SimulationError::Number {
                    of,
                    min,
                    max,
                    value,
                });
            }
        }
        for (of, value) in [
            ("bad", self.bad_share),
            ("duplicated", self.duplicate_share),
            ("late", self.late_share),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(SimulationError::Share { of, value });
            }
        }
        if !(EARLIEST_START..LATEST_START).contains(&self.start) {
            return Err(SimulationError::Start { value: self.start });
        }
        Ok(())
    }

    /// Returns the title catalog, with `titles` rows.
    pub fn title_catalog(&self) -> Vec<Title> {
        TitleCatalog::new(self).titles
    }

    /// Returns the events in the order of arrival; none if the options are invalid. The
    /// set-up takes time proportional to the number of accounts.
    pub fn generate(&self) -> SimulatedEvents {
        if self.validate().is_ok() {
            return SimulatedEvents::new(self);
        }
        SimulatedEvents::new(&Self {
            users: 0,
            titles: 0,
            days: 0,
            events: 0,
            ..Self::default()
        })
    }

    /// Returns the approximate number of events of [`Simulation::generate`], for a
    /// progress bar.
    pub fn expected_events(&self) -> u64 {
        self.events
    }

    /// Returns the end in UTC microseconds, exclusive.
    fn end(&self) -> i64 {
        self.start
            .saturating_add(i64::from(self.days).saturating_mul(MICROS_PER_DAY))
    }
}
