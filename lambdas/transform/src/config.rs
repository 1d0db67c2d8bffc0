//! The function's environment, read and checked once, at the start.

use std::fmt;
use std::ops::RangeInclusive;

use marquee_ingest::Settings;
use object_store::path::Path;

/// What the environment says.
#[derive(Debug)]
pub(crate) struct Config {
    /// `MARQUEE_BUCKET`: the bucket of the lake.
    pub(crate) bucket: String,
    /// `MARQUEE_PREFIX`: where in the bucket the lake begins; else at its root.
    pub(crate) prefix: Path,
    /// `MARQUEE_S3_PATH_STYLE`: the bucket's name goes into the path, as
    /// stand-ins for S3 want it; else into the host.
    pub(crate) path_style: bool,
    /// `MARQUEE_MAX_FUTURE_SECONDS` and `MARQUEE_MAX_AGE_DAYS`: how far an
    /// event's time may lie ahead of its arrival, and behind; else the
    /// transform's own bounds.
    pub(crate) settings: Settings,
}

/// Everything that is wrong with the environment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConfigError(Vec<String>);

impl Config {
    /// Reads the variables that `lookup` knows; an empty one is as good as
    /// none.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader {
            lookup,
            problems: Vec::new(),
        };
        let mut settings = Settings::default();
        if let Some(seconds) =
            reader.number("MARQUEE_MAX_FUTURE_SECONDS", "seconds", 0..=31_536_000)
        {
            settings.window.ahead_us = seconds * 1_000_000;
        }
        if let Some(days) = reader.number("MARQUEE_MAX_AGE_DAYS", "days", 1..=36_500) {
            settings.window.behind_us = days * 86_400_000_000;
        }
        let config = Self {
            bucket: reader.bucket(),
            prefix: reader.prefix(),
            path_style: reader.switch("MARQUEE_S3_PATH_STYLE"),
            settings,
        };
        match reader.problems {
            problems if problems.is_empty() => Ok(config),
            problems => Err(ConfigError(problems)),
        }
    }
}

/// Collects the problems, so that one start shows them all.
struct Reader<L> {
    lookup: L,
    problems: Vec<String>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    fn value(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    fn bucket(&mut self) -> String {
        let name = self.value("MARQUEE_BUCKET").unwrap_or_default();
        if name.is_empty() {
            self.problems
                .push("MARQUEE_BUCKET is missing (the name of the lake's bucket)".into());
        } else if name.contains('/') && !name.starts_with("arn:") {
            self.problems.push(format!(
                "MARQUEE_BUCKET={name:?} is not a bucket's name (without `s3://` and without a path, which is MARQUEE_PREFIX)"
            ));
        }
        name
    }

    fn prefix(&mut self) -> Path {
        let prefix = self.value("MARQUEE_PREFIX").unwrap_or_default();
        match Path::parse(&prefix) {
            Ok(path) => path,
            Err(_) => {
                self.problems.push(format!(
                    "MARQUEE_PREFIX={prefix:?} is not a path like `team/lake`"
                ));
                Path::ROOT
            }
        }
    }

    fn number(&mut self, name: &str, unit: &str, allowed: RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(name)?;
        let number = value.parse().ok().filter(|number| allowed.contains(number));
        if number.is_none() {
            let (least, most) = (allowed.start(), allowed.end());
            self.problems.push(format!(
                "{name}={value:?} is not a whole number of {unit} from {least} to {most}"
            ));
        }
        number
    }

    fn switch(&mut self, name: &str) -> bool {
        match self.value(name).as_deref() {
            None | Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(other) => {
                self.problems
                    .push(format!("{name}={other:?} is neither true nor false"));
                false
            }
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

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            let set = variables.iter().find(|(known, _)| *known == name);
            set.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_bucket_is_enough() {
        let config = read(&[("MARQUEE_BUCKET", "lake"), ("MARQUEE_PREFIX", "")]).unwrap();
        assert_eq!(config.bucket, "lake");
        assert_eq!(config.prefix, Path::ROOT);
        assert!(!config.path_style);
        assert_eq!(config.settings.window, Settings::default().window);
    }

    #[test]
    fn everything_can_be_set() {
        let config = read(&[
            ("MARQUEE_BUCKET", "lake"),
            ("MARQUEE_PREFIX", "/team/lake/"),
            ("MARQUEE_MAX_FUTURE_SECONDS", "60"),
            ("MARQUEE_MAX_AGE_DAYS", "7"),
            ("MARQUEE_S3_PATH_STYLE", "true"),
        ])
        .unwrap();
        assert_eq!(config.prefix, Path::from("team/lake"));
        assert!(config.path_style);
        assert_eq!(config.settings.window.ahead_us, 60_000_000);
        assert_eq!(config.settings.window.behind_us, 7 * 86_400_000_000);
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let error = read(&[
            ("MARQUEE_PREFIX", "a//b"),
            ("MARQUEE_MAX_FUTURE_SECONDS", "soon"),
            ("MARQUEE_MAX_AGE_DAYS", "99999999999999999999"),
            ("MARQUEE_S3_PATH_STYLE", "yes please"),
        ])
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment is not usable: \
             MARQUEE_MAX_FUTURE_SECONDS=\"soon\" is not a whole number of seconds from 0 to 31536000; \
             MARQUEE_MAX_AGE_DAYS=\"99999999999999999999\" is not a whole number of days from 1 to 36500; \
             MARQUEE_BUCKET is missing (the name of the lake's bucket); \
             MARQUEE_PREFIX=\"a//b\" is not a path like `team/lake`; \
             MARQUEE_S3_PATH_STYLE=\"yes please\" is neither true nor false"
        );
        for bucket in ["s3://lake", "lake/raw"] {
            let error = read(&[("MARQUEE_BUCKET", bucket)]).unwrap_err();
            assert!(
                error.to_string().contains("is not a bucket's name"),
                "{error}"
            );
        }
    }
}
