//! The command line.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use marquee_event::parse_rfc3339;
use marquee_producer::input::{Format, Span};
use marquee_producer::simulate::Simulation;
use marquee_producer::{
    AggregateSettings, Compression, PUT_UNIT_BYTES, RequestLimits, RetrySettings,
};

/// Sends the events of a streaming service to Kinesis or to an embedded stream.
///
/// Exit code: 0 when every event was acknowledged, 1 when any was given up,
/// 2 when what was asked for cannot be done (nothing was sent then),
/// 130 when interrupted (what was on its way is sent).
#[derive(Debug, Parser)]
#[command(name = "marquee-producer", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Invent a service and send what its viewers do.
    Simulate(SimulateArgs),
    /// Send a file: NDJSON of events, a watch log or MovieLens ratings.
    Send(SendArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// About how many events.
    #[arg(long, value_name = "N", default_value_t = Simulation::default().events)]
    pub(crate) events: u64,
    /// How many accounts.
    #[arg(long, value_name = "N", default_value_t = Simulation::default().users)]
    pub(crate) users: u32,
    /// How many titles the catalogue has.
    #[arg(long, value_name = "N", default_value_t = Simulation::default().titles)]
    pub(crate) titles: u32,
    /// How many days the events span.
    #[arg(long, value_name = "N", default_value_t = Simulation::default().days)]
    pub(crate) days: u32,
    /// Same seed, same bytes.
    #[arg(long, value_name = "N", default_value_t = Simulation::default().seed)]
    pub(crate) seed: u64,
    /// The first day, or an RFC 3339 instant [default: 2026-01-05].
    #[arg(long, value_name = "DATE", value_parser = start)]
    pub(crate) start: Option<i64>,
    /// The share of events that are broken, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = Simulation::default().bad_share)]
    pub(crate) bad: f64,
    /// The share of events that are sent twice, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = Simulation::default().duplicate_share)]
    pub(crate) duplicates: f64,
    /// The share of events that arrive hours late, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = Simulation::default().late_share)]
    pub(crate) late: f64,
    #[command(flatten)]
    pub(crate) delivery: DeliveryArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// The file, or - for the standard input. One without an event is refused.
    pub(crate) file: PathBuf,
    /// What the file holds [default: what its name or first line says].
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatArg>,
    /// The catalogue that MovieLens ratings refer to.
    #[arg(long, value_name = "MOVIES.CSV")]
    pub(crate) movies: Option<PathBuf>,
    /// Move the events' times evenly into this span, keeping their order: two
    /// dates (2026-01-01..2026-01-31) or RFC 3339 instants.
    #[arg(long, value_name = "START..END")]
    pub(crate) rebase: Option<Span>,
    /// Send NDJSON lines that are no JSON object as they are, for the pipeline
    /// to quarantine, instead of refusing the file.
    #[arg(long)]
    pub(crate) keep_bad: bool,
    #[command(flatten)]
    pub(crate) delivery: DeliveryArgs,
}

/// Where events go, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Delivery")]
pub(crate) struct DeliveryArgs {
    /// Where to: kinesis:STREAM, local:DIR, or - to print the events.
    #[arg(long, value_name = "TARGET")]
    pub(crate) to: Destination,
    /// Where to write the titles that belong to the events
    /// [default: titles.ndjson in the directory of a local stream].
    #[arg(long, value_name = "FILE")]
    pub(crate) catalogue: Option<PathBuf>,
    /// The producer's name in the audit [default: sim-SEED, or a random one for a file].
    #[arg(long, value_name = "ID")]
    pub(crate) producer_id: Option<String>,
    /// Shards of a new local stream [default: 4]; of a Kinesis stream, to pace
    /// by [default: as many as are open].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) shards: Option<u32>,
    /// Events a second at most [default: as fast as the target takes them].
    #[arg(long, value_name = "EVENTS_PER_S", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rate: Option<u64>,
    /// When events arrive in a local stream.
    #[arg(long, value_enum, default_value_t = Arrive::EventTime)]
    pub(crate) arrive: Arrive,
    /// One event a record, keyed by user, for consumers that know no KPL aggregation.
    #[arg(long)]
    pub(crate) no_aggregate: bool,
    /// How records are compressed.
    #[arg(long, value_enum, default_value_t = CompressionArg::Zstd)]
    pub(crate) compression: CompressionArg,
    /// How many buckets users are dealt to, each an aggregate of its own.
    #[arg(long, value_name = "K", default_value_t = AggregateSettings::default().buckets, value_parser = buckets)]
    pub(crate) buckets: NonZeroU16,
    /// What an aggregate aims to weigh, compressed; 25600 is a PUT unit.
    #[arg(long, value_name = "BYTES", default_value_t = PUT_UNIT_BYTES)]
    pub(crate) aggregate_bytes: usize,
    /// How long an aggregate waits to be filled [default: 1000; 60000 of the
    /// events' own time with --arrive event-time].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(0..=86_400_000))]
    pub(crate) linger_ms: Option<u32>,
    /// Records a request.
    #[arg(long, value_name = "N", default_value_t = RequestLimits::default().max_records)]
    pub(crate) max_records: usize,
    /// Bytes a request.
    #[arg(long, value_name = "BYTES", default_value_t = RequestLimits::default().max_bytes)]
    pub(crate) max_batch_bytes: usize,
    /// Bytes a record.
    #[arg(long, value_name = "BYTES", default_value_t = RequestLimits::default().max_record_bytes)]
    pub(crate) max_record_bytes: usize,
    /// How often a record is put before it is given up.
    #[arg(long, value_name = "N", default_value_t = RetrySettings::default().max_attempts, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_attempts: u32,
    /// After how many seconds of trying a record is given up.
    #[arg(long, value_name = "S", default_value_t = RetrySettings::default().max_elapsed.as_secs())]
    pub(crate) max_elapsed_s: u64,
}

/// Where events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A Kinesis data stream.
    Kinesis(String),
    /// An embedded stream in a directory.
    Local(PathBuf),
    /// The standard output, as NDJSON.
    Print,
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("kinesis", stream)) if !stream.is_empty() => Ok(Self::Kinesis(stream.to_owned())),
            Some(("local", dir)) if !dir.is_empty() => Ok(Self::Local(dir.into())),
            None if text == "-" => Ok(Self::Print),
            _ => Err("a target is kinesis:STREAM, local:DIR or -".to_owned()),
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FormatArg {
    /// Events, a JSON object a line.
    Ndjson,
    /// CSV: user_id, show_name, watch_duration_minutes, watch_date.
    WatchLog,
    /// CSV: userId, movieId, rating, timestamp.
    Movielens,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Ndjson => Self::Ndjson,
            FormatArg::WatchLog => Self::WatchLog,
            FormatArg::Movielens => Self::Movielens,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arrive {
    /// When they are sent.
    Now,
    /// When they happen (a simulation: when it lets them arrive).
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

/// How many buckets, of which there must be one.
fn buckets(text: &str) -> Result<NonZeroU16, String> {
    text.parse().map_err(|_| {
        format!(
            "a number of buckets is {} to {}",
            NonZeroU16::MIN,
            NonZeroU16::MAX
        )
    })
}

/// A date's midnight or an instant, UTC microseconds.
fn start(text: &str) -> Result<i64, String> {
    parse_rfc3339(text)
        .or_else(|| parse_rfc3339(&format!("{text}T00:00:00Z")))
        .ok_or_else(|| "a start is a date (2026-01-05) or an RFC 3339 instant".to_owned())
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
    fn destinations() {
        assert_eq!(
            "kinesis:a:b".parse(),
            Ok(Destination::Kinesis("a:b".into()))
        );
        assert_eq!(
            "local:/tmp/x".parse(),
            Ok(Destination::Local("/tmp/x".into()))
        );
        assert_eq!("-".parse(), Ok(Destination::Print));
        for bad in ["", "kinesis:", "local:", "sqs:x", "stream"] {
            assert!(bad.parse::<Destination>().is_err(), "{bad}");
        }
    }

    #[test]
    fn starts() {
        assert_eq!(start("2026-01-05"), Ok(1_767_571_200_000_000));
        assert_eq!(start("2026-01-05T01:00:00+01:00"), start("2026-01-05"));
        assert!(start("monday").is_err());
    }
}
