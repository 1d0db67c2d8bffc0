//! The settings of a demo's simulation, packing and batching.

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

use super::DemoArgs;
use crate::bad_input::BadInput;

/// The settings that determine the objects of a demo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DemoSettings {
    pub(super) events: u64,
    pub(super) users: u32,
    pub(super) days: u32,
    pub(super) seed: u64,
    /// The stream's shards: one for each of at least two cores.
    pub(super) shards: NonZeroU32,
    /// The number of aggregates that are filled concurrently: one per shard (the keys
    /// of the first two buckets map to different shards). At the default four events
    /// per second, more aggregates would only contain fewer events.
    buckets: NonZeroU16,
    /// The linger time of an aggregate, in simulated time.
    linger_ms: u32,
    /// The mapping's batching window: the longest that Lambda allows, because few
    /// events per second would otherwise make many small objects.
    pub(super) window_s: u32,
}

impl DemoSettings {
    /// Returns the settings of the command line.
    ///
    /// # Errors
    /// Names the invalid option.
    pub(super) fn new(args: &DemoArgs) -> Result<Self, BadInput> {
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
        let invalid = |error: SimulationError| BadInput(error.to_string());
        settings.simulation().validate().map_err(invalid)?;
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

    /// Returns the id of the producer that numbers the events.
    pub(super) fn producer_id(&self) -> String {
        format!("demo-{}", self.seed)
    }

    /// Returns the simulated time span as text.
    pub(super) fn span_text(&self) -> String {
        match self.days {
            1 => "a day".to_owned(),
            days => format!("{} days", HumanCount(days.into())),
        }
    }

    /// Returns the producer's aggregation settings, in simulated time.
    pub(super) fn aggregate(&self) -> AggregateSettings {
        AggregateSettings {
            buckets: self.buckets,
            linger_ms: self.linger_ms.into(),
            max_record_bytes: RequestLimits::default().max_record_bytes,
            stamp_arrival: true,
            ..AggregateSettings::default()
        }
    }

    /// Returns the settings of `marquee day`, with two concurrent dates.
    pub(super) fn driver_settings(&self) -> DriverSettings {
        DriverSettings {
            plan: plan::PlanSettings::default(),
            compact: CompactSettings::default(),
            jobs: 2,
        }
    }

    /// Returns Lambda's defaults with the demo's batching window.
    pub(super) fn mapping(&self) -> MappingSettings {
        MappingSettings {
            window_ms: u64::from(self.window_s) * 1000,
            ..MappingSettings::default()
        }
    }
}

/// Formats the settings as command line options.
impl fmt::Display for DemoSettings {
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

    fn args(events: u64, users: u32) -> DemoArgs {
        DemoArgs {
            events,
            users,
            days: 1,
            seed: 7,
            lake: "lake".into(),
            warehouse: false,
        }
    }

    /// Returns the settings of a small demo.
    pub(in crate::demo) fn settings(events: u64) -> DemoSettings {
        DemoSettings::new(&args(events, 50)).unwrap()
    }

    #[test]
    fn settings_are_validated() {
        let error = DemoSettings::new(&args(100, 0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid number of users 0: it must be from 1 to 10000000"
        );
    }

    #[test]
    fn settings_are_read_back() {
        let text = serde_json::to_string(&settings(100)).unwrap();
        assert_eq!(
            serde_json::from_str::<DemoSettings>(&text).unwrap(),
            settings(100)
        );
    }
}
