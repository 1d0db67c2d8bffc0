//! The command line.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use marquee_console::{check_directory, count_in, parse_count, parse_number};
use marquee_event::parse_rfc3339;
use marquee_producer::input::{InputFormat, TimeRange};
use marquee_producer::sample::{DateForm, SampleFormat, WatchLogSample};
use marquee_producer::simulate::Simulation;
use marquee_producer::{
    AggregateSettings, Compression, PUT_UNIT_BYTES, RequestLimits, RetrySettings,
};

/// Send the events of a streaming service to Kinesis or to an embedded stream.
///
/// Exit codes: 0 if every event was acknowledged, 1 if any event failed, 2 if the
/// arguments or the input are invalid (nothing was sent), 130 if interrupted (events
/// already accepted were sent).
#[derive(Debug, Parser)]
#[command(name = "marquee-producer", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Simulate a streaming service and send its events.
    Simulate(SimulateArgs),
    /// Send a file of events: NDJSON, a watch log or MovieLens ratings.
    Send(SendArgs),
    /// Write a sample file for `send`.
    #[command(subcommand)]
    Sample(SampleCommand),
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Simulate about N events, duplicates included; exactly N below 1000. Numbers can be
    /// written as 1000000, 1_000_000 or 1e6.
    #[arg(long, value_name = "N", default_value_t = Simulation::default().events, value_parser = parse_count)]
    pub(crate) events: u64,
    /// Simulate N accounts.
    #[arg(long, value_name = "N", default_value_t = Simulation::default().users, value_parser = count_in(0..=u32::MAX))]
    pub(crate) users: u32,
    /// Create a title catalog of N titles.
    #[arg(long, value_name = "N", default_value_t = Simulation::default().titles, value_parser = count_in(0..=u32::MAX))]
    pub(crate) titles: u32,
    /// Spread the events over N days.
    #[arg(long, value_name = "N", default_value_t = Simulation::default().days, value_parser = count_in(0..=u32::MAX))]
    pub(crate) days: u32,
    /// Seed the random choices. The same seed and options give the same bytes.
    #[arg(long, value_name = "N", default_value_t = Simulation::default().seed, value_parser = parse_count)]
    pub(crate) seed: u64,
    /// Start at this date or RFC 3339 instant, in UTC [default: 2026-01-05].
    #[arg(long, value_name = "DATE", value_parser = start)]
    pub(crate) start: Option<i64>,
    /// Make a share of the events malformed, from 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = Simulation::default().bad_share, value_parser = parse_number)]
    pub(crate) bad: f64,
    /// Send a share of the events twice, from 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = Simulation::default().duplicate_share, value_parser = parse_number)]
    pub(crate) duplicates: f64,
    /// Let a share of the events arrive hours late, from 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = Simulation::default().late_share, value_parser = parse_number)]
    pub(crate) late: f64,
    #[command(flatten)]
    pub(crate) delivery: DeliveryArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// Send this file, or standard input for `-`. It must hold at least one event.
    pub(crate) file: PathBuf,
    /// Read the file in this format [default: detected by the file's name and first line].
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatArg>,
    /// Read the title catalog of MovieLens ratings from this file.
    #[arg(long, value_name = "MOVIES.CSV")]
    pub(crate) movies: Option<PathBuf>,
    /// Read the runtimes of a watch log's shows from this file: a title catalog in
    /// NDJSON, or CSV with the columns show_name, runtime_minutes [default: estimate each
    /// show's runtime from its own durations].
    #[arg(long, value_name = "FILE")]
    pub(crate) titles: Option<PathBuf>,
    /// Move the events' times linearly into this time range: two dates
    /// (2026-01-01..2026-01-31) or two RFC 3339 instants, both ends inclusive
    /// [default: keep the times].
    #[arg(long, value_name = "START..END")]
    pub(crate) rebase: Option<TimeRange>,
    /// Send NDJSON lines that are not JSON objects, for the pipeline to quarantine,
    /// instead of rejecting the file.
    #[arg(long)]
    pub(crate) keep_bad: bool,
    #[command(flatten)]
    pub(crate) delivery: DeliveryArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SampleCommand {
    /// Write a watch log with invented shows and users.
    WatchLog(SampleArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SampleArgs {
    /// Write N rows.
    #[arg(long, value_name = "N", default_value_t = WatchLogSample::default().rows, value_parser = parse_count)]
    pub(crate) rows: u64,
    /// Seed the random choices. The same seed and options give the same bytes.
    #[arg(long, value_name = "N", default_value_t = WatchLogSample::default().seed, value_parser = parse_count)]
    pub(crate) seed: u64,
    /// Let N users watch [default: one for every 20 rows].
    #[arg(long, value_name = "N", value_parser = count_in(0..=u32::MAX))]
    pub(crate) users: Option<u32>,
    /// Spread the rows over N days.
    #[arg(long, value_name = "N", default_value_t = WatchLogSample::default().days, value_parser = count_in(0..=u32::MAX))]
    pub(crate) days: u32,
    /// Start at this date [default: 2026-01-05].
    #[arg(long, value_name = "DATE", value_parser = start_date)]
    pub(crate) start: Option<i64>,
    /// Write watch_date in this form.
    #[arg(long, value_enum, default_value_t = DateFormArg::Date)]
    pub(crate) date_format: DateFormArg,
    /// Write the rows in this format.
    #[arg(long, value_enum, default_value_t = SampleFormatArg::Csv)]
    pub(crate) format: SampleFormatArg,
    /// Write to this file [default: standard output].
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum DateFormArg {
    /// 2026-01-05
    Date,
    /// 2026-01-05 20:15:00, in UTC
    Space,
    /// 2026-01-05T20:15:00Z
    Utc,
    /// 2026-01-05T21:15:00+01:00
    Offset,
    /// One of these in each row
    Mixed,
}

impl From<DateFormArg> for DateForm {
    fn from(form: DateFormArg) -> Self {
        match form {
            DateFormArg::Date => Self::Date,
            DateFormArg::Space => Self::Space,
            DateFormArg::Utc => Self::Utc,
            DateFormArg::Offset => Self::Offset,
            DateFormArg::Mixed => Self::Mixed,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SampleFormatArg {
    /// CSV with a header
    Csv,
    /// A JSON object on each line
    Json,
}

impl From<SampleFormatArg> for SampleFormat {
    fn from(format: SampleFormatArg) -> Self {
        match format {
            SampleFormatArg::Csv => Self::Csv,
            SampleFormatArg::Json => Self::Json,
        }
    }
}

/// The target and the options of delivery.
#[derive(Debug, Args)]
#[command(next_help_heading = "Delivery")]
pub(crate) struct DeliveryArgs {
    /// Send to kinesis:STREAM or local:DIR, or print the events for `-`.
    #[arg(long, value_name = "TARGET")]
    pub(crate) to: TargetArg,
    /// Write the title catalog to this file [default: titles.ndjson in the directory of
    /// a local stream].
    #[arg(long = "catalogue", value_name = "FILE")]
    pub(crate) title_catalog: Option<PathBuf>,
    /// Identify the producer in events and audits by this id of 1 to 128 bytes
    /// [default: sim-SEED, or a random id for a file].
    #[arg(long, value_name = "ID")]
    pub(crate) producer_id: Option<String>,
    /// Create a local stream with N shards [default: 4], or limit the rate to that of N
    /// shards of a Kinesis stream [default: its number of open shards].
    #[arg(long, value_name = "N", value_parser = count_in(1_u32..=10_000))]
    pub(crate) shards: Option<u32>,
    /// Limit the rate to this many events per second [default: no limit].
    #[arg(long, value_name = "EVENTS_PER_S", value_parser = count_in(1..=u64::MAX))]
    pub(crate) rate: Option<u64>,
    /// Set the arrival time of events in a local stream.
    #[arg(long, value_enum, default_value_t = ArrivalTime::EventTime)]
    pub(crate) arrive: ArrivalTime,
    /// Put one event in each record, with the user's id as the partition key, for
    /// consumers that do not support KPL aggregation.
    #[arg(long)]
    pub(crate) no_aggregate: bool,
    /// Compress records with this algorithm.
    #[arg(long, value_enum, default_value_t = CompressionArg::Zstd)]
    pub(crate) compression: CompressionArg,
    /// Distribute users over K buckets, each with an aggregate of its own.
    #[arg(long, value_name = "K", default_value_t = AggregateSettings::default().buckets, value_parser = buckets)]
    pub(crate) buckets: NonZeroU16,
    /// Fill aggregates up to this compressed size in bytes. A PUT unit has 25600 bytes.
    #[arg(long, value_name = "BYTES", default_value_t = PUT_UNIT_BYTES, value_parser = count_in(0..=usize::MAX))]
    pub(crate) aggregate_bytes: usize,
    /// Close an aggregate this many milliseconds after its first event [default: 1000;
    /// 60000 of the events' own time with --arrive event-time].
    #[arg(long, value_name = "MS", value_parser = count_in(0_u32..=86_400_000))]
    pub(crate) linger_ms: Option<u32>,
    /// Limit a request to N records.
    #[arg(long, value_name = "N", default_value_t = RequestLimits::default().max_records, value_parser = count_in(0..=usize::MAX))]
    pub(crate) max_records: usize,
    /// Limit the size of a request, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = RequestLimits::default().max_bytes, value_parser = count_in(0..=usize::MAX))]
    pub(crate) max_batch_bytes: usize,
    /// Limit the size of a record, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = RequestLimits::default().max_record_bytes, value_parser = count_in(0..=usize::MAX))]
    pub(crate) max_record_bytes: usize,
    /// Limit the attempts to put a record, the first one included.
    #[arg(long, value_name = "N", default_value_t = RetrySettings::default().max_attempts, value_parser = count_in(1..=u32::MAX))]
    pub(crate) max_attempts: u32,
    /// Limit the time for all attempts to put a record, in seconds.
    #[arg(long, value_name = "S", default_value_t = RetrySettings::default().max_elapsed.as_secs(), value_parser = parse_count)]
    pub(crate) max_elapsed_s: u64,
}

/// The target of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TargetArg {
    /// A Kinesis data stream.
    Kinesis(String),
    /// An embedded stream in a directory.
    Local(PathBuf),
    /// Standard output, as NDJSON.
    Print,
}

impl FromStr for TargetArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("kinesis", stream)) if !stream.is_empty() => Ok(Self::Kinesis(stream.to_owned())),
            Some(("local", dir)) if !dir.is_empty() => check_directory(dir.into()).map(Self::Local),
            None if text == "-" => Ok(Self::Print),
            _ => Err("expected kinesis:STREAM, local:DIR or -".to_owned()),
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FormatArg {
    /// NDJSON: an event as a JSON object on each line.
    Ndjson,
    /// CSV or JSON lines: user_id, show_name, watch_duration_minutes, watch_date.
    WatchLog,
    /// CSV: userId, movieId, rating, timestamp.
    Movielens,
}

impl From<FormatArg> for InputFormat {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Ndjson => Self::Ndjson,
            FormatArg::WatchLog => Self::WatchLog,
            FormatArg::Movielens => Self::Movielens,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArrivalTime {
    /// The time at which the event is sent.
    Now,
    /// The event's time, or the simulated arrival time.
    EventTime,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum CompressionArg {
    Zstd,
    Gzip,
    None,
}

impl From<CompressionArg> for Compression {
    fn from(compression: CompressionArg) -> Self {
        match compression {
            CompressionArg::Zstd => Self::Zstd,
            CompressionArg::Gzip => Self::Gzip,
            CompressionArg::None => Self::None,
        }
    }
}

/// Parses a number of buckets.
fn buckets(text: &str) -> Result<NonZeroU16, String> {
    count_in(1..=u16::MAX)(text)
        .ok()
        .and_then(NonZeroU16::new)
        .ok_or_else(|| format!("expected a number from 1 to {}", u16::MAX))
}

/// Parses a date as its midnight, or an instant; UTC microseconds.
fn start(text: &str) -> Result<i64, String> {
    parse_rfc3339(text)
        .or_else(|| parse_rfc3339(&format!("{text}T00:00:00Z")))
        .ok_or_else(|| "expected a date (2026-01-05) or an RFC 3339 instant".to_owned())
}

/// Parses a date as its midnight; UTC microseconds.
fn start_date(text: &str) -> Result<i64, String> {
    let midnight = start(text)
        .ok()
        .filter(|_| text.len() == "2026-01-05".len());
    midnight.ok_or_else(|| "expected a date (2026-01-05)".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn targets_are_parsed() {
        assert_eq!("kinesis:a:b".parse(), Ok(TargetArg::Kinesis("a:b".into())));
        assert_eq!(
            "local:/tmp/x".parse(),
            Ok(TargetArg::Local("/tmp/x".into()))
        );
        assert_eq!("-".parse(), Ok(TargetArg::Print));
        for bad in [
            "",
            "kinesis:",
            "local:",
            "sqs:x",
            "stream",
            "s3://b",
            "local:s3://b",
        ] {
            assert!(bad.parse::<TargetArg>().is_err(), "{bad}");
        }
    }

    #[test]
    fn starts_are_parsed() {
        assert_eq!(start("2026-01-05"), Ok(1_767_571_200_000_000));
        assert_eq!(start("2026-01-05T01:00:00+01:00"), start("2026-01-05"));
        assert!(start("monday").is_err());
    }
}
