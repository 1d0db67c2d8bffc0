//! The configuration, read from the environment and validated once at start-up.

use marquee_config::{ConfigError, Lake, Metrics, Variables};
use marquee_event::MICROS_PER_DAY;
use marquee_ingest::TransformSettings;

/// The function's configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// `MARQUEE_BUCKET` and `MARQUEE_S3_PATH_STYLE`.
    pub(crate) lake: Lake,
    /// `MARQUEE_RAW` (true or false): whether to write the raw zone.
    /// `MARQUEE_MAX_FUTURE_SECONDS` and `MARQUEE_MAX_AGE_DAYS`: how far an event's
    /// time may lie after and before its arrival. The transform defines the defaults.
    pub(crate) settings: TransformSettings,
    /// `MARQUEE_METRICS_NAMESPACE`, `MARQUEE_ENVIRONMENT`,
    /// `MARQUEE_ALARMED_METRICS_ONLY`: the namespace, the dimension and the selection
    /// of metrics.
    pub(crate) metrics: Metrics,
}

impl Config {
    /// Reads the variables through `lookup`. An empty variable counts as missing.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut variables = Variables::new(lookup);
        let mut settings = TransformSettings::default();
        settings.raw = variables.switch("MARQUEE_RAW", settings.raw);
        if let Some(seconds) =
            variables.number("MARQUEE_MAX_FUTURE_SECONDS", "seconds", 0..=31_536_000)
        {
            settings.window.ahead_us = seconds * 1_000_000;
        }
        if let Some(days) = variables.number("MARQUEE_MAX_AGE_DAYS", "days", 1..=36_500) {
            settings.window.behind_us = days * MICROS_PER_DAY;
        }
        let config = Self {
            lake: variables.lake(),
            settings,
            metrics: variables.metrics(),
        };
        variables.finish(config)
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
    fn a_bucket_is_enough() {
        let config = read(&[("MARQUEE_BUCKET", "lake")]).unwrap();
        assert_eq!(config.lake.location(), "s3://lake");
        assert!(config.settings.raw);
        assert_eq!(config.settings.window, TransformSettings::default().window);
    }

    #[test]
    fn everything_can_be_set() {
        let config = read(&[
            ("MARQUEE_BUCKET", "lake"),
            ("MARQUEE_RAW", "false"),
            ("MARQUEE_MAX_FUTURE_SECONDS", "60"),
            ("MARQUEE_MAX_AGE_DAYS", "7"),
            ("MARQUEE_METRICS_NAMESPACE", "Elsewhere"),
            ("MARQUEE_ENVIRONMENT", "dev"),
        ])
        .unwrap();
        assert!(!config.settings.raw);
        assert_eq!(config.settings.window.ahead_us, 60_000_000);
        assert_eq!(config.settings.window.behind_us, 7 * MICROS_PER_DAY);
        assert_eq!(config.metrics.namespace, "Elsewhere");
        assert_eq!(config.metrics.environment, "dev");
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let error = read(&[
            ("MARQUEE_RAW", "sometimes"),
            ("MARQUEE_MAX_FUTURE_SECONDS", "soon"),
            ("MARQUEE_MAX_AGE_DAYS", "0"),
        ])
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment is not usable: \
             MARQUEE_RAW=\"sometimes\" is neither true nor false; \
             MARQUEE_MAX_FUTURE_SECONDS=\"soon\" is not a whole number of seconds from 0 to 31536000; \
             MARQUEE_MAX_AGE_DAYS=\"0\" is not a whole number of days from 1 to 36500; \
             MARQUEE_BUCKET is missing (the name of the lake's bucket)"
        );
    }
}
