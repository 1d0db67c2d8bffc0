//! Environment variables of a function, read and validated once at start. One
//! error lists every problem.
//!
//! ```
//! use marquee_config::Variables;
//!
//! # fn read() -> Result<(String, i64), marquee_config::ConfigError> {
//! let mut variables = Variables::new(marquee_config::environment);
//! let bucket = variables.bucket();
//! let days = variables.number("MARQUEE_KEEP_DAYS", "days", 1..=365).unwrap_or(7);
//! variables.finish((bucket, days))
//! # }
//! # assert!(read().is_err());
//! ```

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// All problems of the environment.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(Vec<String>);

/// The lake of a function.
///
/// A lake is a whole bucket, not a prefix: on-failure destinations write to the root
/// of a bucket, and their objects belong to the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lake {
    /// `MARQUEE_BUCKET`: the bucket's name.
    pub bucket: String,
    /// `MARQUEE_S3_PATH_STYLE`: puts the bucket's name into the URL's path, as
    /// emulators of S3 require, instead of its host.
    pub path_style: bool,
}

impl Lake {
    /// Returns the lake's location for query engines: `s3://bucket`.
    pub fn location(&self) -> String {
        format!("s3://{}", self.bucket)
    }
}

/// The CloudWatch namespace and dimension of a function's metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// `MARQUEE_METRICS_NAMESPACE`; default `Marquee`.
    pub namespace: String,
    /// `MARQUEE_ENVIRONMENT`, a dimension of every metric; default `default`.
    pub environment: String,
    /// `MARQUEE_ALARMED_METRICS_ONLY`: publishes only the metrics that alarms evaluate;
    /// default `false`.
    pub alarmed_only: bool,
}

/// Returns an environment variable of the process, for [`Variables::new`].
pub fn environment(name: &str) -> Option<String> {
    Some(std::env::var_os(name)?.to_string_lossy().into_owned())
}

/// A reader of environment variables that collects all problems before it fails.
///
/// An empty variable counts as unset.
pub struct Variables<L> {
    lookup: L,
    problems: Vec<String>,
}

impl<L: Fn(&str) -> Option<String>> Variables<L> {
    /// Creates a reader; `lookup` returns the value of a variable.
    pub fn new(lookup: L) -> Self {
        Self {
            lookup,
            problems: Vec::new(),
        }
    }

    /// Returns the value of an optional variable.
    pub fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// Returns the value of a required variable. If it is unset, records a problem
    /// with `description`, a noun phrase, and returns an empty text.
    pub fn required(&mut self, name: &str, description: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.problem(format!("{name} is missing ({description})"));
            String::new()
        })
    }

    /// Parses an optional variable. If its value is invalid, records a problem with
    /// `expected`, a noun phrase for the valid values.
    pub fn parsed<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let value = self.text(name)?;
        let parsed = value.parse().ok();
        if parsed.is_none() {
            self.problem(format!("{name}={value:?} is not {expected}"));
        }
        parsed
    }

    /// Parses an optional whole number within `allowed`; `unit` is its unit in the
    /// plural.
    pub fn number(&mut self, name: &str, unit: &str, allowed: RangeInclusive<i64>) -> Option<i64> {
        let value = self.text(name)?;
        let number = value.parse().ok().filter(|number| allowed.contains(number));
        if number.is_none() {
            let (min, max) = (allowed.start(), allowed.end());
            self.problem(format!(
                "{name}={value:?} is not a whole number of {unit} from {min} to {max}"
            ));
        }
        number
    }

    /// Parses an optional boolean; returns `default` if it is unset.
    pub fn switch(&mut self, name: &str, default: bool) -> bool {
        match self.text(name).as_deref() {
            None => default,
            Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(other) => {
                self.problem(format!("{name}={other:?} is neither true nor false"));
                default
            }
        }
    }

    /// Reads `MARQUEE_BUCKET`.
    pub fn bucket(&mut self) -> String {
        let name = self.required("MARQUEE_BUCKET", "the name of the lake's bucket");
        if name.contains('/') && !name.starts_with("arn:") {
            self.problem(format!(
                "MARQUEE_BUCKET={name:?} is not a bucket's name (without `s3://` and without a path)"
            ));
        }
        name
    }

    /// Reads `MARQUEE_BUCKET` and `MARQUEE_S3_PATH_STYLE`.
    pub fn lake(&mut self) -> Lake {
        Lake {
            bucket: self.bucket(),
            path_style: self.switch("MARQUEE_S3_PATH_STYLE", false),
        }
    }

    /// Reads `MARQUEE_METRICS_NAMESPACE`, `MARQUEE_ENVIRONMENT` and
    /// `MARQUEE_ALARMED_METRICS_ONLY`.
    pub fn metrics(&mut self) -> Metrics {
        let alarmed_only = self.switch("MARQUEE_ALARMED_METRICS_ONLY", false);
        let text = |name, default: &str| self.text(name).unwrap_or_else(|| default.to_owned());
        Metrics {
            namespace: text("MARQUEE_METRICS_NAMESPACE", "Marquee"),
            environment: text("MARQUEE_ENVIRONMENT", "default"),
            alarmed_only,
        }
    }

    /// Records a problem, a clause, that the caller has found.
    pub fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// Returns `config` if there are no problems.
    ///
    /// # Errors
    /// Returns all recorded problems.
    pub fn finish<C>(self, config: C) -> Result<C, ConfigError> {
        match self.problems {
            problems if problems.is_empty() => Ok(config),
            problems => Err(ConfigError(problems)),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment is not usable: {}", self.0.join("; "))
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn variables(known: &[(&str, &str)]) -> Variables<impl Fn(&str) -> Option<String> + use<>> {
        let known: Vec<(String, String)> = known
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Variables::new(move |name| {
            let found = known.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        })
    }

    #[test]
    fn a_bucket_is_enough_for_a_lake() {
        let mut read = variables(&[("MARQUEE_BUCKET", "lake")]);
        let lake = read.lake();
        assert!(!lake.path_style);
        assert_eq!(read.finish(lake.location()).unwrap(), "s3://lake");
        let mut read = variables(&[
            ("MARQUEE_BUCKET", "lake"),
            ("MARQUEE_S3_PATH_STYLE", "true"),
        ]);
        let lake = read.lake();
        assert!(lake.path_style);
        assert_eq!(read.finish(lake.location()).unwrap(), "s3://lake");
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let mut read = variables(&[
            ("MARQUEE_S3_PATH_STYLE", "yes please"),
            ("SECONDS", "soon"),
            ("DAYS", "99999999999999999999"),
            ("PLACE", "somewhere"),
        ]);
        read.lake();
        assert_eq!(read.number("SECONDS", "seconds", 0..=60), None);
        assert_eq!(read.number("DAYS", "days", 1..=7), None);
        assert_eq!(read.parsed::<u8>("PLACE", "a place from 0 to 255"), None);
        assert_eq!(
            read.finish(()).unwrap_err().to_string(),
            "the environment is not usable: \
             MARQUEE_BUCKET is missing (the name of the lake's bucket); \
             MARQUEE_S3_PATH_STYLE=\"yes please\" is neither true nor false; \
             SECONDS=\"soon\" is not a whole number of seconds from 0 to 60; \
             DAYS=\"99999999999999999999\" is not a whole number of days from 1 to 7; \
             PLACE=\"somewhere\" is not a place from 0 to 255"
        );
    }

    #[test]
    fn metrics_have_defaults() {
        let read = |known: &[(&str, &str)]| {
            let Metrics {
                namespace,
                environment,
                alarmed_only,
            } = variables(known).metrics();
            format!("{namespace} {environment} {alarmed_only}")
        };
        assert_eq!(read(&[]), "Marquee default false");
        let set = [
            ("MARQUEE_METRICS_NAMESPACE", "Elsewhere"),
            ("MARQUEE_ENVIRONMENT", "dev"),
            ("MARQUEE_ALARMED_METRICS_ONLY", "true"),
        ];
        assert_eq!(read(&set), "Elsewhere dev true");
    }

    #[test]
    fn a_bucket_is_a_name() {
        for bucket in ["s3://lake", "lake/raw"] {
            let mut read = variables(&[("MARQUEE_BUCKET", bucket)]);
            read.bucket();
            let error = read.finish(()).unwrap_err().to_string();
            assert!(error.contains("is not a bucket's name"), "{error}");
        }
    }

    #[test]
    fn valid_values_are_read() {
        let mut read = variables(&[("N", "7"), ("ON", "1"), ("OFF", "false")]);
        assert_eq!(read.number("N", "days", 1..=7), Some(7));
        assert_eq!(read.number("M", "days", 1..=7), None);
        assert!(read.switch("ON", false) && !read.switch("OFF", true));
        assert!(read.switch("UNSET", true));
        assert!(read.finish(()).is_ok());
    }
}
