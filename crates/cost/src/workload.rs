//! What is asked about.

use serde::Serialize;

use crate::measured;
use crate::prices::{DAYS, HOURS};

/// How a stream is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// By shards and PUT payload units.
    Provisioned,
    /// By the hour and by gigabytes, each record rounded up to 1 KB.
    OnDemand,
}

/// How producers pack events into records.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Packing {
    /// Many events a record (KPL), or one.
    pub aggregate: bool,
    /// Whether records are compressed (zstd).
    pub compress: bool,
    /// How many processes send, each with records of its own.
    pub producers: f64,
    /// How many records a process fills at a time.
    pub buckets: f64,
    /// How long the first event of a record waits for others, in seconds.
    pub linger_s: f64,
}

/// How many days a zone's objects are kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Kept {
    /// Every unit as it came; without meaning where the raw zone is left out.
    pub raw: f64,
    /// After how many days raw moves to S3 Standard-IA; 0 for never.
    pub raw_cold_after: f64,
    /// The events, typed.
    pub processed: f64,
    /// What was refused.
    pub quarantine: f64,
    /// What is published. It never expires: so many days of it there are by then.
    pub curated: f64,
    /// Logs.
    pub logs: f64,
}

/// A service, and how Marquee is set up for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Workload {
    /// Events that arrive in a day.
    pub events_per_day: f64,
    /// Bytes of an event's JSON.
    pub avg_bytes: f64,
    /// The share of events that is refused.
    pub refused: f64,
    /// The busiest second over the mean one: a provisioned stream has shards for
    /// it.
    pub peak: f64,
    /// How the stream is paid for.
    pub mode: Mode,
    /// A provisioned stream's shards; `None` for as many as the peak needs.
    pub shards: Option<u32>,
    /// How long the stream keeps records, in hours.
    pub stream_hours: f64,
    /// How events are packed.
    pub packing: Packing,
    /// How long a batch waits to be filled, in seconds; Lambda has at most 300.
    pub window_s: f64,
    /// Whether the raw zone is written.
    pub raw: bool,
    /// How many dates a day's runs make: the day before, and those that late
    /// events came for.
    pub dates_per_day: f64,
    /// Memory of the transform, in MB.
    pub transform_mb: f64,
    /// Memory of the day's large steps, in MB.
    pub day_mb: f64,
    /// How long data is kept.
    pub kept: Kept,
    /// Metrics of our own.
    pub metrics: f64,
    /// Metrics that alarms look at, once for each alarm: three of each function, and
    /// those of infra/alarms.tf.
    pub alarms: f64,
    /// Dashboards.
    pub dashboards: f64,
    /// Terabytes that people's queries read in a month.
    pub athena_tb: f64,
}

impl Workload {
    /// A service of so many events a day, set up as infra/ does it unless told
    /// otherwise.
    pub fn new(events_per_day: f64) -> Self {
        Self {
            events_per_day,
            avg_bytes: measured::EVENT_BYTES,
            refused: 0.002,
            peak: 3.0,
            mode: Mode::Provisioned,
            shards: None,
            stream_hours: 168.0,
            packing: Packing {
                aggregate: true,
                compress: true,
                producers: 1.0,
                buckets: 32.0,
                linger_s: 1.0,
            },
            window_s: 60.0,
            raw: true,
            dates_per_day: 4.0,
            transform_mb: 1_769.0,
            day_mb: 3_008.0,
            kept: Kept {
                raw: 400.0,
                raw_cold_after: 60.0,
                processed: 180.0,
                quarantine: 400.0,
                curated: 400.0,
                logs: 90.0,
            },
            metrics: 40.0,
            alarms: 79.0,
            dashboards: 1.0,
            athena_tb: 0.0,
        }
    }

    /// Events of a month.
    pub fn events(&self) -> f64 {
        self.events_per_day * DAYS
    }

    /// Events of the mean second.
    pub fn per_second(&self) -> f64 {
        self.events_per_day / 86_400.0
    }

    /// Seconds of a month.
    pub(crate) fn seconds() -> f64 {
        HOURS * 3_600.0
    }

    /// Whether every figure is one that a month could have.
    ///
    /// # Errors
    /// [`BadWorkload`] names the first that is not.
    pub fn check(&self) -> Result<(), BadWorkload> {
        let Self { packing, kept, .. } = self;
        let within = [
            ("events a day", self.events_per_day, 1.0, 1e12),
            ("bytes of an event", self.avg_bytes, 50.0, 1_048_576.0),
            ("the share of refused events", self.refused, 0.0, 1.0),
            ("the peak over the mean", self.peak, 1.0, 1_000.0),
            ("hours in the stream", self.stream_hours, 24.0, 168.0),
            ("producers", packing.producers, 1.0, 1e6),
            ("buckets", packing.buckets, 1.0, 65_535.0),
            ("seconds of linger", packing.linger_s, 0.0, 3_600.0),
            ("seconds of a batch's window", self.window_s, 0.0, 300.0),
            ("dates a day", self.dates_per_day, 1.0, 400.0),
            ("MB of the transform", self.transform_mb, 128.0, 10_240.0),
            ("MB of the day's steps", self.day_mb, 128.0, 10_240.0),
            ("days of raw", kept.raw, 1.0, 36_500.0),
            ("days until raw is cold", kept.raw_cold_after, 0.0, 36_500.0),
            ("days of logs", kept.logs, 1.0, 36_500.0),
            ("days of processed", kept.processed, 1.0, 36_500.0),
            ("days of quarantine", kept.quarantine, 1.0, 36_500.0),
            ("days of curated", kept.curated, 1.0, 36_500.0),
            ("metrics", self.metrics, 0.0, 10_000.0),
            ("alarms", self.alarms, 0.0, 5_000.0),
            ("dashboards", self.dashboards, 0.0, 500.0),
            ("terabytes of queries", self.athena_tb, 0.0, 1e6),
        ];
        for (what, value, least, most) in within {
            // Written so that what is no number is refused as well.
            if !(least..=most).contains(&value) {
                return Err(BadWorkload::OutOfRange {
                    what,
                    value,
                    least,
                    most,
                });
            }
        }
        self.check_shards()
    }

    fn check_shards(&self) -> Result<(), BadWorkload> {
        let Some(given) = self.shards else {
            return Ok(());
        };
        if self.mode == Mode::OnDemand {
            return Err(BadWorkload::ShardsOnDemand);
        }
        let needed = crate::stream::shards_for_peak(self, &crate::Records::of(self));
        if f64::from(given) < needed {
            return Err(BadWorkload::TooFewShards { given, needed });
        }
        Ok(())
    }
}

/// A figure that no month has.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadWorkload {
    /// A figure is outside its range.
    #[error("{what}: {value} is not between {least} and {most}")]
    OutOfRange {
        /// Which figure.
        what: &'static str,
        /// What was given.
        value: f64,
        /// The least that it may be.
        least: f64,
        /// The most that it may be.
        most: f64,
    },
    /// An on-demand stream has no shards of its own.
    #[error("an on-demand stream takes no number of shards: leave it out, or ask for provisioned")]
    ShardsOnDemand,
    /// The shards do not carry the peak.
    #[error("{given} shards do not carry the peak, which needs {needed}: give as many, or none")]
    TooFewShards {
        /// What was given.
        given: u32,
        /// What the peak needs.
        needed: f64,
    },
}
