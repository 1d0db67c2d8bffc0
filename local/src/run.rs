//! `marquee run`: processes an embedded stream into a lake directory, with the event
//! source mapping and the transform.

mod options;
mod progress;
mod summary;
mod titles;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use marquee_console::{self as console, directory_parser};
use marquee_ingest::Transform;
use marquee_lake::title_catalog;
use marquee_stream::{Stream, StreamError};

use crate::bad_input::BadInput;
use crate::lake::open_or_create_lake;
use crate::streams;
use marquee_event_source_mapping::{
    ConsumerError, EventSourceMapping, MappingError, StopSignal, TailMode, TransformFunction,
};

pub use options::MappingOptions;
use progress::RunProgress;
use summary::RunSummary;

/// The poll interval of an open stream, which is Lambda's.
const POLL: Duration = Duration::from_secs(1);

/// Process an embedded stream into a lake
///
/// Reads records from the stream as Lambda reads them from Kinesis, and invokes the
/// transform with them. Resumes from the checkpoint, also after a crash. If the stream
/// has a titles.ndjson, first publishes it as the lake's title catalog. The exit code
/// is 1 if records became dead letters.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Write the lake to this directory, which is created if it is missing
    #[arg(long, value_name = "DIR", value_parser = directory_parser(), default_value = "lake")]
    pub lake: PathBuf,
    /// Read the stream in this directory [default: `stream` in the lake's directory,
    /// where a demo writes it, otherwise `stream` beside the lake]
    #[arg(long, value_name = "DIR", value_parser = directory_parser())]
    pub stream: Option<PathBuf>,
    /// Stop when the stream is empty instead of waiting for more records
    #[arg(long)]
    pub drain: bool,
    /// The options of the event source mapping.
    #[command(flatten)]
    pub options: MappingOptions,
}

/// Processes the stream into the lake and prints a summary.
///
/// # Errors
/// [`BadInput`] for an invalid stream, title catalog or lake directory. Then nothing
/// is written.
pub async fn execute(args: RunArgs) -> anyhow::Result<ExitCode> {
    let stream_dir = match args.stream {
        Some(named) => named,
        None => streams::source_stream(&args.lake)?,
    };
    let stream = Stream::open(&stream_dir).map_err(|error| explain_stream(error, &stream_dir))?;
    let titles = titles::read(&stream_dir.join("titles.ndjson"))?;
    let lake = open_or_create_lake(&args.lake)?;
    if let Some(titles) = titles {
        title_catalog::publish(&*lake, &titles)
            .await
            .context("cannot publish the title catalog")?;
    }

    let transform = Transform::new(lake.clone(), marquee_ingest::TransformSettings::default());
    let function = Arc::new(TransformFunction::new(transform));
    let progress = Arc::new(RunProgress::start());
    let mapping = EventSourceMapping::new(stream, function.clone(), lake, args.options.settings())
        .with_observer({
            let (progress, function) = (progress.clone(), function.clone());
            Arc::new(move |finished| progress.show(finished, || function.report().received))
        });
    let tail = if args.drain {
        TailMode::Finished
    } else {
        TailMode::Open { poll: POLL }
    };
    let stop = StopSignal::new();
    tokio::spawn(stop_on_ctrl_c(stop.clone()));

    let began = Instant::now();
    let totals = mapping.run(tail, stop).await;
    progress.finish();
    let summary = RunSummary {
        totals: totals.map_err(explain_mapping)?,
        events: function.report(),
        took: began.elapsed(),
        stream: stream_dir,
        lake: args.lake,
    };
    console::print(&summary)?;
    Ok(ExitCode::from(u8::from(
        summary.totals.dead_letter_records > 0,
    )))
}

/// Stops gracefully on the first Ctrl-C and immediately on the second.
async fn stop_on_ctrl_c(stop: StopSignal) {
    if tokio::signal::ctrl_c().await.is_ok() {
        console::note(
            "finishing the batches in flight; press Ctrl-C again to abort (no data is lost)",
        );
        stop.request();
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(130);
    }
}

fn explain_stream(error: StreamError, dir: &Path) -> anyhow::Error {
    match error {
        StreamError::NotAStream { .. } => BadInput(format!(
            "{error}; name another with --stream, or send events with `marquee-producer … --to local:{}`",
            dir.display()
        ))
        .into(),
        StreamError::UnreadableManifest { .. } | StreamError::InvalidManifest { .. } => {
            BadInput(error.to_string()).into()
        }
        error => error.into(),
    }
}

fn explain_mapping(error: MappingError) -> anyhow::Error {
    match error {
        MappingError::Consumer(
            ConsumerError::InvalidName(_)
            | ConsumerError::Locked { .. }
            | ConsumerError::InvalidCheckpoint { .. },
        )
        | MappingError::Stream(StreamError::UnknownPosition { .. }) => {
            BadInput(error.to_string()).into()
        }
        error => error.into(),
    }
}
