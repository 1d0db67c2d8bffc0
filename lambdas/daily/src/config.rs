//! The configuration, read from the environment and validated once at start-up.

use std::time::Duration;

use marquee_config::{ConfigError, Lake, Metrics, Variables};
use marquee_curation::steps::{AnomalySettings, Step, StepSettings};
use marquee_event::MICROS_PER_DAY;

const SECONDS_PER_DAY: u64 = 86_400;

/// The function's configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// `MARQUEE_BUCKET` and `MARQUEE_S3_PATH_STYLE`.
    pub(crate) lake: Lake,
    /// `MARQUEE_STEP`: the step that this function runs.
    pub(crate) step: Step,
    /// `MARQUEE_DATABASE`: the Glue database of the curated tables. Only `publish`
    /// requires it.
    pub(crate) database: String,
    /// `MARQUEE_RETENTION_DAYS`, `MARQUEE_BUCKET_ROWS` and `MARQUEE_PART_ROWS`
    /// (plan), `MARQUEE_MEMORY_MIB` (compact), `MARQUEE_KEEP_DAYS` (sweep),
    /// `MARQUEE_MAX_FUTURE_SECONDS` and `MARQUEE_MAX_AGE_DAYS` (replay, rebuild),
    /// `MARQUEE_ANOMALY_ALERTS`, `MARQUEE_ANOMALY_VOLUME_PERCENT`,
    /// `MARQUEE_ANOMALY_REJECTED_POINTS`, `MARQUEE_ANOMALY_VANISHED_PERCENT` and
    /// `MARQUEE_ANOMALY_MIN_EVENTS` (audit). The steps define the defaults.
    pub(crate) settings: StepSettings,
    /// `MARQUEE_METRICS_NAMESPACE`, `MARQUEE_ENVIRONMENT`,
    /// `MARQUEE_ALARMED_METRICS_ONLY`: the namespace, the dimension and the selection
    /// of metrics.
    pub(crate) metrics: Metrics,
}

impl Config {
    /// Reads the variables through `lookup`. An empty variable counts as missing.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut variables = Variables::new(lookup);
        let lake = variables.lake();
        let names = Step::ALL.map(Step::name).join(", ");
        variables.required("MARQUEE_STEP", &format!("one of {names}"));
        let step = variables.parsed("MARQUEE_STEP", &format!("one of {names}"));
        let database = match step {
            Some(Step::Publish) => variables.required(
                "MARQUEE_DATABASE",
                "the Glue database of the curated tables",
            ),
            _ => variables.text("MARQUEE_DATABASE").unwrap_or_default(),
        };
        let config = Self {
            lake,
            // A placeholder: without a valid step, `finish` returns an error.
            step: step.unwrap_or(Step::Plan),
            database,
            settings: settings(&mut variables),
            metrics: variables.metrics(),
        };
        variables.finish(config)
    }
}

fn settings<L: Fn(&str) -> Option<String>>(variables: &mut Variables<L>) -> StepSettings {
    let mut settings = StepSettings::default();
    if let Some(days) = variables.number("MARQUEE_RETENTION_DAYS", "days", 1..=36_500) {
        settings.plan.retention_days = u32::try_from(days).unwrap_or(u32::MAX);
    }
    if let Some(rows) = variables.number("MARQUEE_BUCKET_ROWS", "rows", 1..=i64::MAX) {
        settings.plan.bucket_rows = rows.unsigned_abs();
    }
    if let Some(rows) = variables.number("MARQUEE_PART_ROWS", "rows", 1..=i64::MAX) {
        settings.part.rows_of_date = rows.unsigned_abs();
        // A part has at least one chunk.
        let chunk_rows = &mut settings.compact.split_chunk_rows;
        *chunk_rows = (*chunk_rows).min(rows.unsigned_abs());
    }
    if let Some(mib) = variables.number("MARQUEE_MEMORY_MIB", "MiB", 16..=10_240) {
        settings.compact.memory_bytes = usize::try_from(mib << 20).unwrap_or(usize::MAX);
    }
    if let Some(days) = variables.number("MARQUEE_KEEP_DAYS", "days", 1..=36_500) {
        settings.keep = Duration::from_secs(days.unsigned_abs() * SECONDS_PER_DAY);
    }
    if let Some(seconds) = variables.number("MARQUEE_MAX_FUTURE_SECONDS", "seconds", 0..=31_536_000)
    {
        settings.transform.window.ahead_us = seconds * 1_000_000;
    }
    if let Some(days) = variables.number("MARQUEE_MAX_AGE_DAYS", "days", 1..=36_500) {
        settings.transform.window.behind_us = days * MICROS_PER_DAY;
    }
    read_anomalies(variables, &mut settings.anomalies);
    settings
}

fn read_anomalies<L: Fn(&str) -> Option<String>>(
    variables: &mut Variables<L>,
    anomalies: &mut AnomalySettings,
) {
    anomalies.enabled = variables.switch("MARQUEE_ANOMALY_ALERTS", anomalies.enabled);
    for (name, unit, threshold) in [
        (
            "MARQUEE_ANOMALY_VOLUME_PERCENT",
            "percent",
            &mut anomalies.volume_percent,
        ),
        (
            "MARQUEE_ANOMALY_REJECTED_POINTS",
            "percentage points",
            &mut anomalies.rejected_points,
        ),
        (
            "MARQUEE_ANOMALY_VANISHED_PERCENT",
            "percent",
            &mut anomalies.vanished_percent,
        ),
    ] {
        if let Some(value) = variables.number(name, unit, 0..=10_000) {
            *threshold = u32::try_from(value).unwrap_or(u32::MAX);
        }
    }
    if let Some(events) = variables.number("MARQUEE_ANOMALY_MIN_EVENTS", "events", 1..=i64::MAX) {
        anomalies.min_events = events.unsigned_abs();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            let set = variables.iter().find(|(known, _)| *known == name);
            set.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_step_and_a_bucket_are_enough() {
        let config = read(&[("MARQUEE_BUCKET", "lake"), ("MARQUEE_STEP", "plan")]).unwrap();
        assert_eq!(config.step, Step::Plan);
        assert_eq!(config.settings.keep, StepSettings::default().keep);
        assert_eq!(config.metrics.namespace, "Marquee");
    }

    #[test]
    fn everything_can_be_set() {
        let config = read(&[
            ("MARQUEE_BUCKET", "lake"),
            ("MARQUEE_STEP", "publish"),
            ("MARQUEE_DATABASE", "marquee_dev"),
            ("MARQUEE_RETENTION_DAYS", "30"),
            ("MARQUEE_BUCKET_ROWS", "1000"),
            ("MARQUEE_PART_ROWS", "3000"),
            ("MARQUEE_MEMORY_MIB", "512"),
            ("MARQUEE_KEEP_DAYS", "2"),
            ("MARQUEE_MAX_FUTURE_SECONDS", "60"),
            ("MARQUEE_MAX_AGE_DAYS", "7"),
            ("MARQUEE_ANOMALY_ALERTS", "false"),
            ("MARQUEE_ANOMALY_VOLUME_PERCENT", "80"),
            ("MARQUEE_ANOMALY_REJECTED_POINTS", "3"),
            ("MARQUEE_ANOMALY_VANISHED_PERCENT", "5"),
            ("MARQUEE_ANOMALY_MIN_EVENTS", "200"),
            ("MARQUEE_METRICS_NAMESPACE", "Elsewhere"),
            ("MARQUEE_ENVIRONMENT", "dev"),
        ])
        .unwrap();
        assert_eq!(config.database, "marquee_dev");
        assert_eq!(config.settings.plan.retention_days, 30);
        assert_eq!(config.settings.plan.bucket_rows, 1000);
        assert_eq!(config.settings.part.rows_of_date, 3000);
        assert_eq!(config.settings.compact.split_chunk_rows, 3000);
        assert_eq!(config.settings.compact.memory_bytes, 512 << 20);
        assert_eq!(config.settings.keep, Duration::from_secs(2 * 86_400));
        assert_eq!(config.settings.transform.window.ahead_us, 60_000_000);
        assert_eq!(
            config.settings.transform.window.behind_us,
            7 * MICROS_PER_DAY
        );
        let anomalies = AnomalySettings {
            enabled: false,
            volume_percent: 80,
            rejected_points: 3,
            vanished_percent: 5,
            min_events: 200,
        };
        assert_eq!(config.settings.anomalies, anomalies);
        assert_eq!(config.metrics.namespace, "Elsewhere");
        assert_eq!(config.metrics.environment, "dev");
    }

    #[test]
    fn a_large_part_does_not_change_the_chunk_size() {
        let config = read(&[
            ("MARQUEE_BUCKET", "lake"),
            ("MARQUEE_STEP", "plan"),
            ("MARQUEE_PART_ROWS", "100000000"),
        ])
        .unwrap();
        assert_eq!(config.settings.part.rows_of_date, 100_000_000);
        assert_eq!(
            config.settings.compact.split_chunk_rows,
            StepSettings::default().compact.split_chunk_rows
        );
    }

    #[test]
    fn invalid_variables_are_reported() {
        let error = |variables: &[(&str, &str)]| read(variables).unwrap_err().to_string();
        let none = error(&[("MARQUEE_BUCKET", "lake")]);
        assert!(
            none.contains("MARQUEE_STEP is missing (one of plan, split, compact,"),
            "{none}"
        );
        let other = error(&[("MARQUEE_BUCKET", "lake"), ("MARQUEE_STEP", "dance")]);
        assert!(
            other.contains("MARQUEE_STEP=\"dance\" is not one of plan, split"),
            "{other}"
        );
        for days in ["0", "-1", "36501"] {
            let kept = error(&[
                ("MARQUEE_BUCKET", "lake"),
                ("MARQUEE_STEP", "sweep"),
                ("MARQUEE_KEEP_DAYS", days),
            ]);
            assert!(kept.contains("MARQUEE_KEEP_DAYS"), "{kept}");
        }
        let bare = error(&[("MARQUEE_BUCKET", "lake"), ("MARQUEE_STEP", "publish")]);
        assert_eq!(
            bare,
            "the environment is not usable: MARQUEE_DATABASE is missing \
             (the Glue database of the curated tables)"
        );
    }
}
