//! The function's environment, read and checked once, at the start.

use marquee_config::{ConfigError, Lake, Metrics, Variables};
use marquee_marts::steps::Step;

/// What queries hold in memory, when nothing else is said.
const MEMORY_MIB: i64 = 1536;

/// What the environment says.
#[derive(Debug)]
pub(crate) struct Config {
    /// `MARQUEE_BUCKET`, `MARQUEE_S3_PATH_STYLE`: the lake.
    pub(crate) lake: Lake,
    /// `MARQUEE_STEP`: which step this function is.
    pub(crate) step: Step,
    /// `MARQUEE_MEMORY_MIB`, else 1536: what queries hold in memory.
    pub(crate) memory_bytes: usize,
    /// `MARQUEE_METRICS_NAMESPACE`, `MARQUEE_ENVIRONMENT`: where metrics are filed.
    pub(crate) metrics: Metrics,
}

impl Config {
    /// Reads the variables that `lookup` knows.
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
            // Without one the environment is refused.
            step: step.unwrap_or(Step::Check),
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
        assert_eq!(read("check").unwrap().step, Step::Check);
        assert_eq!(read("marts").unwrap().step, Step::Marts);
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
