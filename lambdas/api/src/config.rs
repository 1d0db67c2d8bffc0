//! The configuration, read from the environment and validated once at start-up.

use std::time::Duration;

use marquee_config::{ConfigError, Lake, Variables};

/// The default time, in seconds, between checks for a newer published state.
const REFRESH_SECONDS: i64 = 60;

/// The function's configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// `MARQUEE_BUCKET` and `MARQUEE_S3_PATH_STYLE`.
    pub(crate) lake: Lake,
    /// `MARQUEE_REFRESH_SECONDS` (default 60): the time between checks for a newer
    /// published state.
    pub(crate) refresh: Duration,
}

impl Config {
    /// Reads the variables through `lookup`. An empty variable counts as missing.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut variables = Variables::new(lookup);
        let lake = variables.lake();
        let seconds = variables
            .number("MARQUEE_REFRESH_SECONDS", "seconds", 1..=3_600)
            .unwrap_or(REFRESH_SECONDS);
        variables.finish(Self {
            lake,
            refresh: Duration::from_secs(seconds.unsigned_abs()),
        })
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
        assert_eq!(config.refresh, Duration::from_secs(60));
    }

    #[test]
    fn the_refresh_interval_is_a_bounded_setting() {
        let with = |seconds| {
            read(&[
                ("MARQUEE_BUCKET", "lake"),
                ("MARQUEE_REFRESH_SECONDS", seconds),
            ])
        };
        assert_eq!(with("5").unwrap().refresh, Duration::from_secs(5));
        assert_eq!(
            with("0").unwrap_err().to_string(),
            "the environment is not usable: MARQUEE_REFRESH_SECONDS=\"0\" is not a whole \
             number of seconds from 1 to 3600"
        );
    }
}
