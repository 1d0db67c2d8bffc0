//! The configuration, read from the environment and validated once at start-up.

use marquee_config::{ConfigError, Lake, Metrics, Variables};
use marquee_curation::steps::SqlStep;

/// The default memory for queries, in MiB.
const MEMORY_MIB: i64 = 1536;

/// The function's configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// `MARQUEE_BUCKET` and `MARQUEE_S3_PATH_STYLE`.
    pub(crate) lake: Lake,
    /// `MARQUEE_STEP`: the step that this function runs.
    pub(crate) step: SqlStep,
    /// `MARQUEE_MEMORY_MIB` (default 1536): the memory for queries.
    pub(crate) memory_bytes: usize,
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
        variables.required("MARQUEE_STEP", "check or marts");
        let step = variables.parsed("MARQUEE_STEP", "check or marts");
        let mib = variables
            .number("MARQUEE_MEMORY_MIB", "MiB", 16..=10_240)
            .unwrap_or(MEMORY_MIB);
        let config = Self {
            lake,
            memory_bytes: usize::try_from(mib << 20).unwrap_or(usize::MAX),
            // A placeholder: without a valid step, `finish` returns an error.
            step: step.unwrap_or(SqlStep::Check),
            metrics: variables.metrics(),
        };
        variables.finish(config)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_a_bound() {
        let read = |mib: &'static str| {
            let config = Config::read(move |name| match name {
                "MARQUEE_BUCKET" => Some("lake".to_owned()),
                "MARQUEE_STEP" => Some("marts".to_owned()),
                "MARQUEE_MEMORY_MIB" => Some(mib.to_owned()),
                _ => None,
            });
            config.map(|config| config.memory_bytes)
        };
        assert_eq!(read("").unwrap(), 1536 << 20);
        assert_eq!(read("1804").unwrap(), 1804 << 20);
        let error = read("much").unwrap_err().to_string();
        assert!(error.contains("MARQUEE_MEMORY_MIB=\"much\""), "{error}");
    }

    #[test]
    fn the_step_is_one_of_two() {
        let read = |step: &'static str| {
            Config::read(move |name| match name {
                "MARQUEE_BUCKET" => Some("lake".to_owned()),
                "MARQUEE_STEP" => Some(step.to_owned()),
                _ => None,
            })
        };
        assert_eq!(read("check").unwrap().step, SqlStep::Check);
        assert_eq!(read("marts").unwrap().step, SqlStep::Marts);
        assert_eq!(
            read("plan").unwrap_err().to_string(),
            "the environment is not usable: MARQUEE_STEP=\"plan\" is not check or marts"
        );
        assert_eq!(
            read("").unwrap_err().to_string(),
            "the environment is not usable: MARQUEE_STEP is missing (check or marts)"
        );
    }
}
