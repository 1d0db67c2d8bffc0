//! An invented streaming service, from a seed.
//!
//! [`Simulation`] holds the options; [`Simulation::run`] gives its events in
//! the order they arrive, [`Simulation::catalogue`] the titles they speak of.
//! The same options give the same bytes, on any machine.
//!
//! Read the modules in this order: `dice` (where chance comes from),
//! `catalogue` and `taste` (what there is to watch), `population` and `habits`
//! (who watches, and when), `plan` (who sits down when), `sitting` and
//! `watching` (what they do), `arrival` and `spoil` (what becomes of it on the
//! way), `run` (all of it, in order).

mod arrival;
mod catalogue;
mod dice;
mod habits;
mod names;
mod plan;
mod population;
mod run;
mod search;
mod session;
mod sitting;
mod spoil;
mod taste;
#[cfg(test)]
mod tests;
mod watching;
mod world;

use marquee_event::Title;
use thiserror::Error;

pub use run::Run;

use catalogue::Catalogue;

const DAY_US: i64 = 86_400_000_000;
/// 2000-01-01T00:00:00Z.
const EARLIEST_START: i64 = 946_684_800_000_000;
/// 2100-01-01T00:00:00Z.
const LATEST_START: i64 = 4_102_444_800_000_000;

/// What is simulated: a population of viewers over a span of days.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// What all chances follow from: same seed (and options), same bytes.
    pub seed: u64,
    /// How many accounts there are, 1 to 10 million.
    pub users: u32,
    /// How many titles the catalogue has, episodes counted singly, 1 to 1 million.
    pub titles: u32,
    /// When it begins, UTC microseconds, within the years 2000 to 2099. No event
    /// happens before.
    pub start: i64,
    /// How many days of 24 hours it spans, 1 to 3,660. No event happens after;
    /// late ones may arrive after.
    pub days: u32,
    /// About how many events it sends in all, those sent twice counted twice, up
    /// to 10 billion. Sittings are made to match it, so the number comes out
    /// within 3 % at a million, but half as many again at a few thousand.
    pub events: u64,
    /// The share of events that are broken, 0 to 1.
    pub bad_share: f64,
    /// The share of events that arrive a second time, 0 to 1.
    pub duplicate_share: f64,
    /// The share of sittings (and so, about, of events) that happen offline and
    /// arrive hours later, 0 to 1.
    pub late_share: f64,
}

impl Default for Simulation {
    /// Three days of a service with 10,000 accounts from Monday, 5 January 2026
    /// on, a million events.
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

/// Options that cannot be simulated.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SimulationError {
    /// A number that must not be 0, or is past what one simulation can hold.
    #[error("the number of {what} must be {least} to {most}, not {given}")]
    Number {
        /// What is counted.
        what: &'static str,
        /// The least that is allowed.
        least: u64,
        /// The most that is allowed.
        most: u64,
        /// What was given.
        given: u64,
    },
    /// A share that is not one.
    #[error("the share of {what} events must be 0 to 1, not {given}")]
    Share {
        /// Which events.
        what: &'static str,
        /// What was given.
        given: f64,
    },
    /// A start in another century.
    #[error("the start must be within the years 2000 to 2099, not {given} µs from the epoch")]
    Start {
        /// What was given, UTC microseconds.
        given: i64,
    },
}

impl Simulation {
    /// Checks the options.
    pub fn validate(&self) -> Result<(), SimulationError> {
        for (what, given, least, most) in [
            ("users", u64::from(self.users), 1, 10_000_000),
            ("titles", u64::from(self.titles), 1, 1_000_000),
            ("days", u64::from(self.days), 1, 3_660),
            ("events", self.events, 0, 10_000_000_000),
        ] {
            if !(least..=most).contains(&given) {
                return Err(SimulationError::Number {
                    what,
                    least,
                    most,
                    given,
                });
            }
        }
        for (what, given) in [
            ("bad", self.bad_share),
            ("duplicated", self.duplicate_share),
            ("late", self.late_share),
        ] {
            if !(0.0..=1.0).contains(&given) {
                return Err(SimulationError::Share { what, given });
            }
        }
        if !(EARLIEST_START..LATEST_START).contains(&self.start) {
            return Err(SimulationError::Start { given: self.start });
        }
        Ok(())
    }

    /// The titles that its events speak of, `titles` rows.
    pub fn catalogue(&self) -> Vec<Title> {
        Catalogue::new(self).titles
    }

    /// Its events, in order of arrival; none if the options are not valid. Sets
    /// the world up first, which takes a moment for a large population.
    pub fn run(&self) -> Run {
        if self.validate().is_ok() {
            return Run::new(self);
        }
        Run::new(&Self {
            users: 0,
            titles: 0,
            days: 0,
            events: 0,
            ..Self::default()
        })
    }

    /// About how many items [`Simulation::run`] gives, for a progress bar.
    pub fn expected_events(&self) -> u64 {
        self.events
    }

    /// When nothing happens any more, UTC microseconds.
    fn ends(&self) -> i64 {
        self.start
            .saturating_add(i64::from(self.days).saturating_mul(DAY_US))
    }
}
