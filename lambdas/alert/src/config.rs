//! The configuration, read from the environment and validated once at start-up.

use std::time::Duration;

use marquee_alert::AlertSettings;
use marquee_config::{ConfigError, Lake, Variables};

/// The default time, in minutes, during which an incident is not reported again.
const WINDOW_MINUTES: i64 = 60;
const SECONDS_PER_MINUTE: u64 = 60;

/// The function's configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// `MARQUEE_BUCKET` and `MARQUEE_S3_PATH_STYLE`.
    pub(crate) lake: Lake,
    /// `MARQUEE_TOPIC_ARN`: the topic that alerts are published to.
    pub(crate) topic_arn: String,
    /// `MARQUEE_ALERT_WINDOW_MINUTES` (default 60), and `MARQUEE_RUNBOOK_URL`.
    /// Without the URL, messages name the runbook without a link.
    pub(crate) settings: AlertSettings,
}

impl Config {
    /// Reads the variables through `lookup`. An empty variable counts as missing.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut variables = Variables::new(lookup);
        let lake = variables.lake();
        let topic_arn = variables.required("MARQUEE_TOPIC_ARN", "the ARN of the alerts' topic");
        if !topic_arn.is_empty() && !is_topic(&topic_arn) {
            variables.problem(format!(
                "MARQUEE_TOPIC_ARN={topic_arn:?} is not the ARN of an SNS topic, arn:aws:sns:REGION:ACCOUNT:NAME"
            ));
        }
        let minutes = variables
            .number("MARQUEE_ALERT_WINDOW_MINUTES", "minutes", 0..=10_080)
            .unwrap_or(WINDOW_MINUTES);
        let runbook_url = variables.text("MARQUEE_RUNBOOK_URL");
        if let Some(url) = &runbook_url
            && !["https://", "http://"]
                .iter()
                .any(|scheme| url.starts_with(scheme))
        {
            variables.problem(format!(
                "MARQUEE_RUNBOOK_URL={url:?} is not a link that begins with https://"
            ));
        }
        let settings = AlertSettings {
            window: Duration::from_secs(minutes.unsigned_abs() * SECONDS_PER_MINUTE),
            runbook_url,
        };
        variables.finish(Self {
            lake,
            topic_arn,
            settings,
        })
    }
}

/// Returns true for the ARN of a topic: `arn:aws:sns:us-east-1:123456789012:alerts`.
fn is_topic(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    matches!(parts[..], ["arn", _, "sns", _, _, name] if !name.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alerts";

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            let set = variables.iter().find(|(known, _)| *known == name);
            set.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_bucket_and_a_topic_are_enough() {
        let config = read(&[("MARQUEE_BUCKET", "lake"), ("MARQUEE_TOPIC_ARN", TOPIC)]).unwrap();
        assert_eq!(config.lake.location(), "s3://lake");
        assert_eq!(config.topic_arn, TOPIC);
        assert_eq!(config.settings.window, Duration::from_secs(3_600));
        assert_eq!(config.settings.runbook_url, None);
    }

    #[test]
    fn everything_can_be_set() {
        let url = "https://example.com/docs/OPERATIONS.md";
        let config = read(&[
            ("MARQUEE_BUCKET", "lake"),
            ("MARQUEE_S3_PATH_STYLE", "true"),
            ("MARQUEE_TOPIC_ARN", TOPIC),
            ("MARQUEE_ALERT_WINDOW_MINUTES", "0"),
            ("MARQUEE_RUNBOOK_URL", url),
        ])
        .unwrap();
        assert_eq!(config.lake.location(), "s3://lake");
        assert!(config.lake.path_style);
        assert_eq!(config.settings.window, Duration::ZERO);
        assert_eq!(config.settings.runbook_url.as_deref(), Some(url));
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let error = read(&[
            ("MARQUEE_TOPIC_ARN", "alerts"),
            ("MARQUEE_ALERT_WINDOW_MINUTES", "-1"),
            ("MARQUEE_RUNBOOK_URL", "docs/OPERATIONS.md"),
        ])
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment is not usable: \
             MARQUEE_BUCKET is missing (the name of the lake's bucket); \
             MARQUEE_TOPIC_ARN=\"alerts\" is not the ARN of an SNS topic, arn:aws:sns:REGION:ACCOUNT:NAME; \
             MARQUEE_ALERT_WINDOW_MINUTES=\"-1\" is not a whole number of minutes from 0 to 10080; \
             MARQUEE_RUNBOOK_URL=\"docs/OPERATIONS.md\" is not a link that begins with https://"
        );
        let error = read(&[("MARQUEE_BUCKET", "lake")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment is not usable: \
             MARQUEE_TOPIC_ARN is missing (the ARN of the alerts' topic)"
        );
    }
}
