//! The command line options of the event source mapping.

use std::str::FromStr;

use marquee_console as console;
use marquee_event_source_mapping::{
    Backoff, Consumer, ConsumerError, MAX_BATCH_SIZE, MappingSettings,
};

/// The settings of the event source mapping, with Lambda's names and limits.
#[derive(Debug, Clone, clap::Args)]
pub struct MappingOptions {
    /// Resume from, and store, the checkpoint of this consumer
    #[arg(long, value_name = "NAME", default_value = "transform", value_parser = consumer)]
    pub consumer: String,
    /// Put at most this many records into a batch
    #[arg(long, value_name = "N", default_value_t = MAX_BATCH_SIZE,
        value_parser = console::count_in(1..=MAX_BATCH_SIZE))]
    pub batch_size: usize,
    /// Let a batch span at most this many seconds of arrivals (0: no limit)
    #[arg(long, value_name = "SECONDS", default_value_t = 0,
        value_parser = console::count_in(0..=300_u64))]
    pub batch_window_s: u64,
    /// Retry failed records this many times, or `unlimited`
    #[arg(long, value_name = "N", default_value = "5")]
    pub max_retries: OptionalLimit,
    /// Give up failed records older than this many seconds by the stream's clock, or
    /// `unlimited`
    #[arg(long, value_name = "SECONDS", default_value = "unlimited")]
    pub max_age_s: OptionalLimit,
    /// Split a failed batch to isolate the failing record
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set,
        num_args = 0..=1, default_missing_value = "true")]
    pub bisect: bool,
}

impl MappingOptions {
    /// Returns the mapping's settings.
    pub fn settings(self) -> MappingSettings {
        MappingSettings {
            consumer: self.consumer,
            batch_size: self.batch_size,
            window_ms: self.batch_window_s * 1000,
            max_retries: self.max_retries.0,
            max_record_age_ms: self.max_age_s.0.map(|seconds| u64::from(seconds) * 1000),
            bisect: self.bisect,
            backoff: Backoff::default(),
        }
    }
}

fn consumer(name: &str) -> Result<String, ConsumerError> {
    Consumer::check_name(name).map(|()| name.to_owned())
}

/// A number or `unlimited`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionalLimit(Option<u32>);

impl FromStr for OptionalLimit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "unlimited" => Ok(Self(None)),
            _ => console::count_in(0..=u32::MAX)(text)
                .map(|limit| Self(Some(limit)))
                .map_err(|_| "give a number or `unlimited`"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: MappingOptions,
    }

    fn settings(line: &[&str]) -> Result<MappingSettings, clap::Error> {
        let line = Line::try_parse_from([&["run"], line].concat())?;
        Ok(line.options.settings())
    }

    #[test]
    fn defaults_are_those_of_the_settings() {
        assert_eq!(settings(&[]).unwrap(), MappingSettings::default());
    }

    #[test]
    fn options_are_parsed() {
        let line = "--batch-size 7 --batch-window-s 2 --max-retries unlimited --max-age-s 60 --bisect false";
        let line: Vec<_> = line.split(' ').collect();
        assert_eq!(
            settings(&line).unwrap(),
            MappingSettings {
                batch_size: 7,
                window_ms: 2000,
                max_retries: None,
                max_record_age_ms: Some(60_000),
                bisect: false,
                ..MappingSettings::default()
            }
        );
        assert!(settings(&["--bisect"]).unwrap().bisect);
        let line = ["--batch-size", "1e3", "--max-retries", "1_000"];
        let written = settings(&line).unwrap();
        assert_eq!(
            (written.batch_size, written.max_retries),
            (1_000, Some(1_000))
        );
    }

    #[test]
    fn options_are_limited() {
        for line in [
            ["--batch-size", "0"],
            ["--batch-size", "10001"],
            ["--batch-window-s", "301"],
            ["--max-retries", "-1"],
            ["--max-age-s", "soon"],
            ["--consumer", "../x"],
        ] {
            assert_eq!(settings(&line).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }
}
