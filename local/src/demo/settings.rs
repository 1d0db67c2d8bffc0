//! What a demo simulates, and how its events are packed and batched.

use std::fmt;
use std::num::{NonZeroU16, NonZeroU32};

use indicatif::HumanCount;
use marquee_compaction::CompactSettings;
use marquee_curation::driver::DriverSettings;
use marquee_curation::plan;
use marquee_event_source_mapping::MappingSettings;
use marquee_producer::simulate::{Simulation, SimulationError};
use marquee_producer::{AggregateSettings, RequestLimits};
use serde::{Deserialize, Serialize};

use super::Args;
use crate::bad_input::BadInput;

/// Everything that decides which objects a demo makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) events: u64,
    pub(super) users: u32,
    pub(super) days: u32,
    pub(super) seed: u64,
    /// The stream's shards: one for each of the two cores a laptop has at least.
    pub(super) shards: NonZeroU32,
    /// Aggregates that fill at a time: one a shard (the first two buckets' keys
    /// lie in different shards). At the default four events a second more of
    /// them would only be emptier.
    buckets: NonZeroU16,
    /// How long an aggregate waits to be filled, on the simulation's clock.
    linger_ms: u32,
    /// The mapping's batching window: Lambda's longest, as few events a second
    /// should not make many small objects.
    pub(super) window_s: u32,
}

impl Settings {
    /// The settings that the command line asks for.
    ///
    /// # Errors
    /// Which option is at fault.
    pub(super) fn new(args: &Args) -> Result<Self, BadInput> {
        let settings = Self {
            events: args.events,
            users: args.users,
            days: args.days,
            seed: args.seed,
            shards: NonZeroU32::MIN.saturating_add(1),
            buckets: NonZeroU16::MIN.saturating_add(1),
            linger_ms: 5_000,
            window_s: 300,
        };
        let refused = |error: SimulationError| BadInput(error.to_string());
        settings.simulation().validate().map_err(refused)?;
        Ok(settings)
    }

    pub(super) fn simulation(&self) -> Simulation {
        Simulation {
            seed: self.seed,
            users: self.users,
            days: self.days,
            events: self.events,
            ..Simulation::default()
        }
    }

    /// The name under which the events are numbered.
    pub(super) fn producer_id(&self) -> String {
        format!("demo-{}", self.seed)
    }

    /// The days, as people say it.
    pub(super) fn span(&self) -> String {
        match self.days {
            1 => "a day".to_owned(),
            days => format!("{} days", HumanCount(days.into())),
        }
    }

    /// As the producer does it, on the simulation's clock.
    pub(super) fn aggregate(&self) -> AggregateSettings {
        AggregateSettings {
            buckets: self.buckets,
            linger_ms: self.linger_ms.into(),
            max_record_bytes: RequestLimits::default().max_record_bytes,
            stamp_arrival: true,
            ..AggregateSettings::default()
        }
    }

    /// As `marquee day` makes days, two at a time.
    pub(super) fn driver_settings(&self) -> DriverSettings {
        DriverSettings {
            plan: plan::PlanSettings::default(),
            compact: CompactSettings::default(),
            jobs: 2,
        }
    }

    /// Lambda's, but for the window.
    pub(super) fn mapping(&self) -> MappingSettings {
        MappingSettings {
            window_ms: u64::from(self.window_s) * 1000,
            ..MappingSettings::default()
        }
    }
}

/// As options of the command line.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            events,
            users,
            days,
            seed,
            ..
        } = self;
        write!(
            f,
            "--events {events} --users {users} --days {days} --seed {seed}"
        )
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn args(events: u64, users: u32) -> Args {
        Args {
            events,
            users,
            days: 1,
            seed: 7,
            lake: "lake".into(),
            warehouse: false,
        }
    }

    /// A small demo's.
    pub(in crate::demo) fn settings(events: u64) -> Settings {
        Settings::new(&args(events, 50)).unwrap()
    }

    #[test]
    fn are_checked() {
        let refused = Settings::new(&args(100, 0)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "invalid number of users 0: it must be from 1 to 10000000"
        );
    }

    #[test]
    fn are_read_back() {
        let text = serde_json::to_string(&settings(100)).unwrap();
        assert_eq!(
            serde_json::from_str::<Settings>(&text).unwrap(),
            settings(100)
        );
    }
}
