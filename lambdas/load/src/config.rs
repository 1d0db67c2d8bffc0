//! The configuration, read from the environment and validated once at start-up.

use std::time::Duration;

use marquee_config::{ConfigError, Lake, Variables};

/// The default timeout of a statement.
const TIMEOUT: Duration = Duration::from_secs(1_800);

/// The function's configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// `MARQUEE_BUCKET` and `MARQUEE_S3_PATH_STYLE`.
    pub(crate) lake: Lake,
    /// `MARQUEE_WORKGROUP`: the Redshift Serverless workgroup.
    pub(crate) workgroup: String,
    /// `MARQUEE_WAREHOUSE_DATABASE`: its database.
    pub(crate) database: String,
    /// `MARQUEE_SECRET_ARN`: the secret with the database's credentials.
    pub(crate) secret: String,
    /// `MARQUEE_COPY_ROLE_ARN`: the role with which COPY reads the lake.
    pub(crate) copy_role: String,
    /// `MARQUEE_STATEMENT_SECONDS` (default 1800): the timeout of a statement.
    pub(crate) timeout: Duration,
}

impl Config {
    /// Reads the variables through `lookup`. An empty variable counts as missing.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut variables = Variables::new(lookup);
        let config = Self {
            lake: variables.lake(),
            workgroup: variables.required(
                "MARQUEE_WORKGROUP",
                "the name of the Redshift Serverless workgroup",
            ),
            database: variables.required("MARQUEE_WAREHOUSE_DATABASE", "the workgroup's database"),
            secret: arn(&mut variables, "MARQUEE_SECRET_ARN", "secretsmanager"),
            copy_role: arn(&mut variables, "MARQUEE_COPY_ROLE_ARN", "iam"),
            timeout: variables
                .number("MARQUEE_STATEMENT_SECONDS", "seconds", 1..=86_400)
                .map_or(TIMEOUT, |seconds| {
                    Duration::from_secs(seconds.unsigned_abs())
                }),
        };
        variables.finish(config)
    }
}

/// Reads the ARN of a resource of that service.
fn arn<L: Fn(&str) -> Option<String>>(
    variables: &mut Variables<L>,
    name: &str,
    service: &str,
) -> String {
    let value = variables.required(name, &format!("an ARN, arn:aws:{service}:…"));
    let mut parts = value.split(':');
    let is_arn = parts.next() == Some("arn") && parts.nth(1) == Some(service);
    if !value.is_empty() && !is_arn {
        variables.problem(format!("{name}={value:?} is not an ARN of {service}"));
    }
    value
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
    fn everything_can_be_set() {
        let config = read(&[
            ("MARQUEE_BUCKET", "lake"),
            ("MARQUEE_WORKGROUP", "marquee"),
            ("MARQUEE_WAREHOUSE_DATABASE", "marquee"),
            (
                "MARQUEE_SECRET_ARN",
                "arn:aws:secretsmanager:eu-west-1:1:secret:a",
            ),
            ("MARQUEE_COPY_ROLE_ARN", "arn:aws:iam::1:role/copy"),
            ("MARQUEE_STATEMENT_SECONDS", "60"),
        ])
        .unwrap();
        assert_eq!(config.lake.location(), "s3://lake");
        assert_eq!(config.timeout, Duration::from_secs(60));
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let error = read(&[
            ("MARQUEE_BUCKET", "lake"),
            ("MARQUEE_SECRET_ARN", "marquee"),
            ("MARQUEE_COPY_ROLE_ARN", "arn:aws:s3:::lake"),
            ("MARQUEE_STATEMENT_SECONDS", "0"),
        ])
        .unwrap_err()
        .to_string();
        for problem in [
            "MARQUEE_WORKGROUP is missing",
            "MARQUEE_WAREHOUSE_DATABASE is missing",
            "MARQUEE_SECRET_ARN=\"marquee\" is not an ARN of secretsmanager",
            "MARQUEE_COPY_ROLE_ARN=\"arn:aws:s3:::lake\" is not an ARN of iam",
            "MARQUEE_STATEMENT_SECONDS=\"0\" is not a whole number of seconds from 1 to 86400",
        ] {
            assert!(error.contains(problem), "{error}");
        }
    }
}
