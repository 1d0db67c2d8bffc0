//! `marquee run`: an embedded stream, through the mapping and the real
//! transform, into a lake directory.

mod options;
mod progress;
mod summary;
mod titles;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use marquee_console as console;
use marquee_ingest::Transform;
use marquee_lake::catalogue;
use marquee_stream::{Stream, StreamError};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

use crate::bad_input::BadInput;
use crate::streams;
use marquee_event_source_mapping::{
    ConsumerError, EventSourceMapping, MappingError, StopSignal, TailMode, TransformFunction,
};

pub use options::Options;
use progress::Progress;
use summary::Summary;

/// How often an open stream is looked at; Lambda's own rate.
const POLL: Duration = Duration::from_secs(1);

/// Run an embedded stream's events into a lake.
///
/// Takes the records off the stream as Lambda takes them off Kinesis, and hands
/// them to the transform that runs there. It goes on where it was, however it
/// was ended. The stream's titles.ndjson, if it has one, becomes the lake's
/// catalogue first. The exit code is 1 if records had to be given up.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The lake's directory; made if it is not there
    #[arg(long, value_name = "DIR", default_value = "lake")]
    pub lake: PathBuf,
    /// The stream's directory [default: `stream` in the lake's directory, where a
    /// demo has it, else `stream` beside the lake]
    #[arg(long, value_name = "DIR")]
    pub stream: Option<PathBuf>,
    /// Stop when the stream is empty, rather than wait for more
    #[arg(long)]
    pub drain: bool,
    /// How records are taken off the stream.
    #[command(flatten)]
    pub options: Options,
}

/// Runs the stream into the lake, and prints what came of it.
///
/// # Errors
/// [`BadInput`] where the stream, its catalogue or the lake's directory is at
/// fault; then nothing was written.
pub async fn execute(args: Args) -> anyhow::Result<ExitCode> {
    let stream_dir = match args.stream {
        Some(named) => named,
        None => streams::source_of(&args.lake)?,
    };
    let stream = Stream::open(&stream_dir).map_err(|error| explain_stream(error, &stream_dir))?;
    let titles = titles::read(&stream_dir.join("titles.ndjson"))?;
    let lake = open_lake(&args.lake)?;
    if let Some(titles) = titles {
        catalogue::publish(&*lake, &titles)
            .await
            .context("cannot publish the catalogue")?;
    }

    let transform = Transform::new(lake.clone(), marquee_ingest::Settings::default());
    let function = Arc::new(TransformFunction::new(transform));
    let progress = Arc::new(Progress::start());
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
    let summary = Summary {
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

/// The lake in `dir`, which is made if it is not there.
pub(crate) fn open_lake(dir: &Path) -> anyhow::Result<Arc<dyn ObjectStore>> {
    fs::create_dir_all(dir).map_err(|error| {
        BadInput(format!(
            "{} cannot be a lake's directory: {error}",
            dir.display()
        ))
    })?;
    let store = LocalFileSystem::new_with_prefix(dir)
        .with_context(|| format!("cannot open the lake in {}", dir.display()))?;
    Ok(Arc::new(store))
}

/// The first Ctrl-C asks to stop, the second one insists.
async fn stop_on_ctrl_c(stop: StopSignal) {
    if tokio::signal::ctrl_c().await.is_ok() {
        console::note("finishing what is in flight; Ctrl-C again breaks it off (nothing is lost)");
        stop.request();
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(130);
    }
}

fn explain_stream(error: StreamError, dir: &Path) -> anyhow::Error {
    match error {
        StreamError::NotAStream { .. } => BadInput(format!(
            "{error}; name another with --stream, or send events with `producer … --to local:{}`",
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
