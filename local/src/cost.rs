//! `marquee cost`: what a month costs on AWS.

mod page;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::ValueEnum;
use marquee_console as console;
use marquee_cost::{Estimate, Mode, Packing, Retention, Workload, by_component};

use crate::bad_input::BadInput;
use page::Page;

/// Say what a month costs on AWS, by component and for a million events.
///
/// Arithmetic over AWS's prices in us-east-1 and what was measured; docs/COST.md
/// says over which, and works examples out by hand. Nothing is asked of AWS.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Events that arrive in a day: 86400000, or 86.4e6
    #[arg(long, value_name = "N")]
    pub events_per_day: f64,
    /// Bytes of an event's JSON
    #[arg(long, value_name = "BYTES", default_value_t = defaults().avg_bytes)]
    pub avg_bytes: f64,
    /// The share of events that is refused, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = defaults().rejected)]
    pub refused: f64,
    /// The busiest second over the mean one
    #[arg(long, value_name = "TIMES", default_value_t = defaults().peak)]
    pub peak: f64,
    /// What the answer is written as
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    stream: StreamArgs,
    #[command(flatten)]
    lake: LakeArgs,
}

/// The stream, and how producers fill it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Stream")]
struct StreamArgs {
    /// How the stream is paid for
    #[arg(long, value_enum, default_value_t = Stream::Provisioned)]
    stream: Stream,
    /// Its shards [default: as many as the busiest second needs]
    #[arg(long, value_name = "N")]
    shards: Option<u32>,
    /// How long it keeps records, 24 to 168
    #[arg(long, value_name = "HOURS", default_value_t = defaults().stream_hours)]
    stream_hours: f64,
    /// One event a record
    #[arg(long)]
    no_aggregate: bool,
    /// Records as they are, without zstd
    #[arg(long)]
    no_compression: bool,
    /// How many processes send, each with records of its own
    #[arg(long, value_name = "N", default_value_t = defaults().packing.producers)]
    producers: f64,
    /// How many records each fills at a time
    #[arg(long, value_name = "K", default_value_t = defaults().packing.buckets)]
    buckets: f64,
    /// How long the first event of a record waits for others
    #[arg(long, value_name = "MS", default_value_t = defaults().packing.linger_s * 1e3)]
    linger_ms: f64,
}

/// From the stream on.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Lake")]
struct LakeArgs {
    /// How long a batch waits to be filled, at most 300
    #[arg(long, value_name = "S", default_value_t = defaults().window_s)]
    window_s: f64,
    /// Leave out the raw zone
    #[arg(long)]
    no_raw: bool,
    /// How many dates are made in a day: the one before, and those that late
    /// events came for
    #[arg(long, value_name = "N", default_value_t = defaults().dates_per_day)]
    dates_per_day: f64,
    /// How long raw is kept
    #[arg(long, value_name = "DAYS", default_value_t = defaults().retention.raw)]
    raw_days: f64,
    /// After how long raw moves to S3 Standard-IA; 0 for never
    #[arg(long, value_name = "DAYS", default_value_t = defaults().retention.raw_cold_after)]
    raw_cold_after_days: f64,
    /// How long processed is kept
    #[arg(long, value_name = "DAYS", default_value_t = defaults().retention.processed)]
    processed_days: f64,
    /// How long quarantine is kept
    #[arg(long, value_name = "DAYS", default_value_t = defaults().retention.quarantine)]
    quarantine_days: f64,
    /// How many days of curated tables there are
    #[arg(long, value_name = "DAYS", default_value_t = defaults().retention.curated)]
    curated_days: f64,
    /// How long logs are kept
    #[arg(long, value_name = "DAYS", default_value_t = defaults().retention.logs)]
    log_days: f64,
    /// Metrics of our own
    #[arg(long, value_name = "N", default_value_t = defaults().metrics)]
    metrics: f64,
    /// Metrics that alarms look at
    #[arg(long, value_name = "N", default_value_t = defaults().alarms)]
    alarms: f64,
    /// Dashboards
    #[arg(long, value_name = "N", default_value_t = defaults().dashboards)]
    dashboards: f64,
    /// Terabytes that people's queries read in Athena
    #[arg(long, value_name = "TB", default_value_t = defaults().athena_tb)]
    athena_tb: f64,
}

/// How the stream is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stream {
    /// By shards and PUT payload units
    Provisioned,
    /// By the hour and by gigabytes
    OnDemand,
}

/// What an estimate is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading
    Text,
    /// Every figure, for programs
    Json,
    /// The lines as a table for a page
    Markdown,
}

fn defaults() -> Workload {
    Workload::new(1.0)
}

impl Args {
    fn workload(&self) -> Workload {
        let Self { stream, lake, .. } = self;
        Workload {
            avg_bytes: self.avg_bytes,
            rejected: self.refused,
            peak: self.peak,
            mode: match stream.stream {
                Stream::Provisioned => Mode::Provisioned,
                Stream::OnDemand => Mode::OnDemand,
            },
            shards: stream.shards,
            stream_hours: stream.stream_hours,
            packing: Packing {
                aggregate: !stream.no_aggregate,
                compress: !stream.no_compression,
                producers: stream.producers,
                buckets: stream.buckets,
                linger_s: stream.linger_ms / 1e3,
            },
            window_s: lake.window_s,
            raw: !lake.no_raw,
            dates_per_day: lake.dates_per_day,
            retention: Retention {
                raw: lake.raw_days,
                raw_cold_after: lake.raw_cold_after_days,
                processed: lake.processed_days,
                quarantine: lake.quarantine_days,
                curated: lake.curated_days,
                logs: lake.log_days,
            },
            metrics: lake.metrics,
            alarms: lake.alarms,
            dashboards: lake.dashboards,
            athena_tb: lake.athena_tb,
            ..Workload::new(self.events_per_day)
        }
    }
}

/// Estimates a month on standard output.
///
/// # Errors
/// [`BadInput`] where a figure is one that no month has.
pub fn execute(args: &Args) -> anyhow::Result<ExitCode> {
    let estimate = Estimate::of(&args.workload()).map_err(|error| BadInput(error.to_string()))?;
    match args.format {
        Format::Text => console::print(Page::new(&estimate, io::stdout().is_terminal()))?,
        Format::Json => console::print(serde_json::to_string_pretty(&estimate)? + "\n")?,
        Format::Markdown => console::print(by_component(&estimate))?,
    }
    Ok(ExitCode::SUCCESS)
}
