//! The workload: event rate, settings and retention.

use serde::Serialize;

use crate::measured;
use crate::prices::{DAYS, HOURS};

/// The billing mode of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// By shards and PUT payload units.
    Provisioned,
    /// By hours and gigabytes, each record rounded up to 1 KB.
    OnDemand,
}

/// A deployment with settings of its own: a file of infra/envs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// `envs/dev.tfvars`.
    Dev,
    /// `envs/prod.tfvars`.
    Prod,
}

/// Returns the dates that `runs` evenly spaced runs for the current day process, per day.
///
/// A run finds half a date on average. The runs of the first hour also process the whole
/// previous date.
fn dates_of_current_day(runs: f64) -> f64 {
    runs * 0.5 + runs / 24.0
}

/// The packing of events into records by the producers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Packing {
    /// `true` for aggregates of many events (KPL), `false` for one event per record.
    pub aggregate: bool,
    /// `true` for compressed records (zstd).
    pub compress: bool,
    /// The number of producer processes. Each fills its own records.
    pub producers: f64,
    /// The number of records that a process fills concurrently.
    pub buckets: f64,
    /// The time that the first event of a record waits for others, in seconds.
    pub linger_s: f64,
}

/// The retention of each zone's objects, in days.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Retention {
    /// The raw zone, if it is written.
    pub raw: f64,
    /// The age at which raw moves to S3 Standard-IA; 0 for never.
    pub raw_cold_after: f64,
    /// The processed zone.
    pub processed: f64,
    /// The quarantine zone.
    pub quarantine: f64,
    /// The curated zone. It never expires; the estimate counts this number of days.
    pub curated: f64,
    /// Logs.
    pub logs: f64,
}

/// A workload and the settings of Marquee for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Workload {
    /// The number of events per day.
    pub events_per_day: f64,
    /// The mean size of an event's JSON in bytes.
    pub avg_bytes: f64,
    /// The share of rejected events, 0 to 1.
    #[serde(rename = "refused")]
    pub rejected: f64,
    /// The peak rate relative to the mean rate. A provisioned stream has shards for the
    /// peak.
    pub peak: f64,
    /// The billing mode of the stream.
    pub mode: Mode,
    /// The shards of a provisioned stream; `None` for the number that the peak needs.
    pub shards: Option<u32>,
    /// The retention of the stream in hours.
    pub stream_hours: f64,
    /// The packing of events into records.
    pub packing: Packing,
    /// The batching window in seconds; Lambda allows at most 300.
    pub window_s: f64,
    /// `true` if the raw zone is written.
    pub raw: bool,
    /// The number of dates that the runs of a day process: the previous day, and dates
    /// with late events.
    pub dates_per_day: f64,
    /// The number of scheduled executions per day.
    pub executions_per_day: f64,
    /// The memory of the transform in MB.
    pub transform_mb: f64,
    /// The memory of the large steps of the daily pipeline in MB.
    pub day_mb: f64,
    /// The retention of data and logs.
    #[serde(rename = "kept")]
    pub retention: Retention,
    /// The number of custom metrics.
    pub metrics: f64,
    /// The number of metrics that alarms evaluate, counted per alarm: three of each
    /// function, and those of infra/alarms.tf.
    pub alarms: f64,
    /// The number of dashboards.
    pub dashboards: f64,
    /// The data that Athena queries scan per month, in TB.
    pub athena_tb: f64,
}

impl Workload {
    /// Creates a workload with the settings of infra/'s defaults.
    pub fn new(events_per_day: f64) -> Self {
        Self {
            events_per_day,
            avg_bytes: measured::EVENT_BYTES,
            rejected: 0.002,
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
            executions_per_day: 1.0,
            transform_mb: 1_769.0,
            day_mb: 3_008.0,
            retention: Retention {
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

    /// Creates a workload with the settings of an environment.
    pub fn of_environment(events_per_day: f64, environment: Environment) -> Self {
        let base = Self::new(events_per_day);
        match environment {
            Environment::Dev => Self {
                stream_hours: 24.0,
                window_s: 30.0,
                retention: Retention {
                    raw: 30.0,
                    raw_cold_after: 0.0,
                    processed: 14.0,
                    quarantine: 30.0,
                    logs: 14.0,
                    ..base.retention
                },
                metrics: 6.0,
                alarms: 13.0,
                dashboards: 0.0,
                ..base.with_current_day_runs(48.0)
            },
            Environment::Prod => Self {
                mode: Mode::OnDemand,
                window_s: 300.0,
                ..base.with_current_day_runs(24.0)
            },
        }
    }

    /// Adds `runs` scheduled runs a day for the current day.
    #[must_use]
    pub fn with_current_day_runs(self, runs: f64) -> Self {
        Self {
            dates_per_day: self.dates_per_day + dates_of_current_day(runs),
            executions_per_day: self.executions_per_day + runs,
            ..self
        }
    }

    /// Returns the number of events per month.
    pub fn events(&self) -> f64 {
        self.events_per_day * DAYS
    }

    /// Returns the mean number of events per second.
    pub fn per_second(&self) -> f64 {
        self.events_per_day / 86_400.0
    }

    /// Returns the seconds of a month.
    pub(crate) fn seconds() -> f64 {
        HOURS * 3_600.0
    }

    /// Validates the range of every figure.
    ///
    /// # Errors
    /// Returns [`BadWorkload`] with the first invalid figure.
    pub fn check(&self) -> Result<(), BadWorkload> {
        let Self {
            packing, retention, ..
        } = self;
        const MAX_DAYS: f64 = 36_500.0;
        let ranges = [
            ("events per day", self.events_per_day, 1.0, 1e12),
            ("event size in bytes", self.avg_bytes, 50.0, 1_048_576.0),
            ("share of rejected events", self.rejected, 0.0, 1.0),
            ("ratio of peak to mean", self.peak, 1.0, 1_000.0),
            ("stream retention in hours", self.stream_hours, 24.0, 168.0),
            ("producers", packing.producers, 1.0, 1e6),
            ("producer buckets", packing.buckets, 1.0, 65_535.0),
            ("linger in seconds", packing.linger_s, 0.0, 3_600.0),
            ("batching window in seconds", self.window_s, 0.0, 300.0),
            ("dates per day", self.dates_per_day, 1.0, 400.0),
            ("executions per day", self.executions_per_day, 1.0, 1_440.0),
            ("transform memory in MB", self.transform_mb, 128.0, 10_240.0),
            ("daily steps' memory in MB", self.day_mb, 128.0, 10_240.0),
            ("raw retention in days", retention.raw, 1.0, MAX_DAYS),
            (
                "days until raw moves to Standard-IA",
                retention.raw_cold_after,
                0.0,
                MAX_DAYS,
            ),
            ("log retention in days", retention.logs, 1.0, MAX_DAYS),
            (
                "processed retention in days",
                retention.processed,
                1.0,
                MAX_DAYS,
            ),
            (
                "quarantine retention in days",
                retention.quarantine,
                1.0,
                MAX_DAYS,
            ),
            (
                "curated retention in days",
                retention.curated,
                1.0,
                MAX_DAYS,
            ),
            ("metrics", self.metrics, 0.0, 10_000.0),
            ("alarms", self.alarms, 0.0, 5_000.0),
            ("dashboards", self.dashboards, 0.0, 500.0),
            ("Athena queries in TB", self.athena_tb, 0.0, 1e6),
        ];
        for (figure, value, min, max) in ranges {
            // `contains` is false for NaN, so this rejects NaN too.
            if !(min..=max).contains(&value) {
                return Err(BadWorkload::OutOfRange {
                    figure,
                    value,
                    min,
                    max,
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

/// An invalid workload.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadWorkload {
    /// A figure is out of range.
    #[error("{figure}: {value} is not between {min} and {max}")]
    OutOfRange {
        /// The name of the figure.
        figure: &'static str,
        /// The value.
        value: f64,
        /// The minimum.
        min: f64,
        /// The maximum.
        max: f64,
    },
    /// The workload sets the number of shards of an on-demand stream.
    #[error("an on-demand stream has no number of shards: omit it or use a provisioned stream")]
    ShardsOnDemand,
    /// The peak rate needs more shards.
    #[error("{given} shards are too few for the peak rate: set at least {needed} or omit them")]
    TooFewShards {
        /// The number of shards of the workload.
        given: u32,
        /// The number of shards that the peak needs.
        needed: f64,
    },
}
