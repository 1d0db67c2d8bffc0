//! `marquee cost`: estimates the monthly cost on AWS.

mod page;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::ValueEnum;
use marquee_console as console;
use marquee_cost::{Environment, Estimate, Mode, Packing, Retention, Workload, by_component};

use crate::bad_input::BadInput;
use page::CostPage;

/// Estimate the monthly cost on AWS, by component and per million events
///
/// Calculates with AWS's prices in us-east-1 and measured figures; docs/COST.md lists
/// them and computes examples by hand. Calls no AWS service.
#[derive(Debug, clap::Args)]
pub struct CostArgs {
    /// Estimate this many events per day, such as 86400000 or 86.4e6
    #[arg(long, value_name = "N", value_parser = console::parse_number)]
    pub events_per_day: f64,
    /// Use the settings of infra/envs/dev.tfvars or prod.tfvars where no option sets them
    /// [default: those of infra/variables.tf]
    #[arg(long, value_enum)]
    environment: Option<EnvironmentName>,
    /// Assume this mean size of an event's JSON, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = defaults().avg_bytes, value_parser = console::parse_number)]
    pub avg_bytes: f64,
    /// Assume that this share of the events is rejected, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = defaults().rejected, value_parser = console::parse_number)]
    pub rejected: f64,
    /// Assume that the busiest second has this multiple of the mean number of events
    #[arg(long, value_name = "TIMES", default_value_t = defaults().peak, value_parser = console::parse_number)]
    pub peak: f64,
    /// Write the estimate in this format
    #[arg(long, value_enum, default_value_t = CostFormat::Text)]
    pub format: CostFormat,
    #[command(flatten)]
    stream: StreamArgs,
    #[command(flatten)]
    lake: LakeArgs,
}

/// Options of the stream and of its producers.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Stream")]
struct StreamArgs {
    /// Estimate a stream in this capacity mode [default: by --environment]
    #[arg(long, value_enum)]
    stream: Option<StreamMode>,
    /// Provision this many shards [default: as many as the busiest second needs]
    #[arg(long, value_name = "N", value_parser = console::count_in(0..=u32::MAX))]
    shards: Option<u32>,
    /// Keep records in the stream for this time, 24 to 168 hours [default: by --environment]
    #[arg(long, value_name = "HOURS", value_parser = console::parse_number)]
    stream_hours: Option<f64>,
    /// Put one event per record
    #[arg(long)]
    no_aggregate: bool,
    /// Do not compress records with zstd
    #[arg(long)]
    no_compression: bool,
    /// Assume this many producer processes, each with its own records
    #[arg(long, value_name = "N", default_value_t = defaults().packing.producers, value_parser = console::parse_number)]
    producers: f64,
    /// Let each producer fill this many records concurrently
    #[arg(long, value_name = "K", default_value_t = defaults().packing.buckets, value_parser = console::parse_number)]
    buckets: f64,
    /// Wait at most this time for further events of a record, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = defaults().packing.linger_s * 1e3, value_parser = console::parse_number)]
    linger_ms: f64,
}

/// Options of the lake and of monitoring.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Lake")]
struct LakeArgs {
    /// Wait at most this time for further records of a batch, up to 300 seconds [default: by --environment]
    #[arg(long, value_name = "S", value_parser = console::parse_number)]
    window_s: Option<f64>,
    /// Do not write the raw zone
    #[arg(long)]
    no_raw: bool,
    /// Curate this many dates per day: the previous one, and those with late events [default: by --environment]
    #[arg(long, value_name = "N", value_parser = console::parse_number)]
    dates_per_day: Option<f64>,
    /// Keep raw objects for this many days [default: by --environment]
    #[arg(long, value_name = "DAYS", value_parser = console::parse_number)]
    raw_days: Option<f64>,
    /// Move raw objects to S3 Standard-IA after this many days (0: never) [default: by --environment]
    #[arg(long, value_name = "DAYS", value_parser = console::parse_number)]
    raw_cold_after_days: Option<f64>,
    /// Keep processed objects for this many days [default: by --environment]
    #[arg(long, value_name = "DAYS", value_parser = console::parse_number)]
    processed_days: Option<f64>,
    /// Keep quarantine objects for this many days [default: by --environment]
    #[arg(long, value_name = "DAYS", value_parser = console::parse_number)]
    quarantine_days: Option<f64>,
    /// Keep curated tables for this many days
    #[arg(long, value_name = "DAYS", default_value_t = defaults().retention.curated, value_parser = console::parse_number)]
    curated_days: f64,
    /// Keep logs for this many days [default: by --environment]
    #[arg(long, value_name = "DAYS", value_parser = console::parse_number)]
    log_days: Option<f64>,
    /// Publish this many custom metrics [default: by --environment]
    #[arg(long, value_name = "N", value_parser = console::parse_number)]
    metrics: Option<f64>,
    /// Create alarms for this many metrics [default: by --environment]
    #[arg(long, value_name = "N", value_parser = console::parse_number)]
    alarms: Option<f64>,
    /// Create this many dashboards [default: by --environment]
    #[arg(long, value_name = "N", value_parser = console::parse_number)]
    dashboards: Option<f64>,
    /// Scan this many terabytes per month with Athena
    #[arg(long, value_name = "TB", default_value_t = defaults().athena_tb, value_parser = console::parse_number)]
    athena_tb: f64,
}

/// The capacity mode of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StreamMode {
    /// Billed by shards and PUT payload units
    Provisioned,
    /// Billed by the hour and by gigabytes
    OnDemand,
}

/// The name of an environment of infra/envs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EnvironmentName {
    /// Development: few alarms and metrics, no dashboard, short retention
    Dev,
    /// Production: an on-demand stream, all alarms, hourly runs
    Prod,
}

/// The output format of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CostFormat {
    /// Text for people
    Text,
    /// JSON with every figure, for programs
    Json,
    /// Markdown table of the items
    Markdown,
}

fn defaults() -> Workload {
    Workload::new(1.0)
}

impl CostArgs {
    fn workload(&self) -> Workload {
        let Self { stream, lake, .. } = self;
        let base = self.base();
        Workload {
            avg_bytes: self.avg_bytes,
            rejected: self.rejected,
            peak: self.peak,
            mode: match stream.stream {
                None => base.mode,
                Some(StreamMode::Provisioned) => Mode::Provisioned,
                Some(StreamMode::OnDemand) => Mode::OnDemand,
            },
            shards: stream.shards,
            stream_hours: stream.stream_hours.unwrap_or(base.stream_hours),
            packing: Packing {
                aggregate: !stream.no_aggregate,
                compress: !stream.no_compression,
                producers: stream.producers,
                buckets: stream.buckets,
                linger_s: stream.linger_ms / 1e3,
            },
            window_s: lake.window_s.unwrap_or(base.window_s),
            raw: !lake.no_raw,
            dates_per_day: lake.dates_per_day.unwrap_or(base.dates_per_day),
            retention: Retention {
                raw: lake.raw_days.unwrap_or(base.retention.raw),
                raw_cold_after: lake
                    .raw_cold_after_days
                    .unwrap_or(base.retention.raw_cold_after),
                processed: lake.processed_days.unwrap_or(base.retention.processed),
                quarantine: lake.quarantine_days.unwrap_or(base.retention.quarantine),
                curated: lake.curated_days,
                logs: lake.log_days.unwrap_or(base.retention.logs),
            },
            metrics: lake.metrics.unwrap_or(base.metrics),
            alarms: lake.alarms.unwrap_or(base.alarms),
            dashboards: lake.dashboards.unwrap_or(base.dashboards),
            athena_tb: lake.athena_tb,
            ..base
        }
    }

    /// Returns the settings that apply where no option sets another value.
    fn base(&self) -> Workload {
        let environment = match self.environment {
            None => return Workload::new(self.events_per_day),
            Some(EnvironmentName::Dev) => Environment::Dev,
            Some(EnvironmentName::Prod) => Environment::Prod,
        };
        Workload::of_environment(self.events_per_day, environment)
    }
}

/// Estimates a month and prints the result.
///
/// # Errors
/// [`BadInput`] for a value out of range.
pub fn execute(args: &CostArgs) -> anyhow::Result<ExitCode> {
    let estimate = Estimate::of(&args.workload()).map_err(|error| BadInput(error.to_string()))?;
    match args.format {
        CostFormat::Text => console::print(CostPage::new(&estimate, io::stdout().is_terminal()))?,
        CostFormat::Json => console::print(serde_json::to_string_pretty(&estimate)? + "\n")?,
        CostFormat::Markdown => console::print(by_component(&estimate))?,
    }
    Ok(ExitCode::SUCCESS)
}
