//! The commands: they connect a source, a producer and a target.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use marquee_console::{self as console, Output};
use marquee_event::Title;
use marquee_producer::input::{self, InputSettings, SourceError};
use marquee_producer::sample::WatchLogSample;
use marquee_producer::simulate::Simulation;
use marquee_producer::{
    AggregateSettings, Clock, FeedResult, LocalTarget, Numbering, OutgoingEvent, Producer,
    RateLimiter, RequestLimits, RetrySettings, SendSettings, ShardRateLimiter, StopFlag, Target,
    feed, title_catalog,
};
use uuid::Uuid;

use crate::cli::{
    ArrivalTime, Cli, Command, DeliveryArgs, SampleArgs, SampleCommand, SendArgs, SimulateArgs,
    TargetArg,
};
use crate::progress::ProgressDisplay;
use crate::signals::Signals;

/// The exit code if any event failed.
const EXIT_FAILED: u8 = 1;
/// The exit code of a program ended by Ctrl-C, as shells report it.
const EXIT_INTERRUPTED: u8 = 130;

const LOCAL_SHARDS: u32 = 4;
const LINGER_MS: u32 = 1_000;
/// A long linger on a virtual clock delays nothing.
const VIRTUAL_LINGER_MS: u32 = 60_000;

type Events = Box<dyn Iterator<Item = Result<OutgoingEvent, SourceError>> + Send>;

/// The events to send.
struct EventSource {
    producer_id: String,
    events: Events,
    expected: u64,
    /// True if the events have arrival times.
    timed: bool,
    title_catalog: Option<Vec<Title>>,
}

/// Below this number of events, a simulation sends exactly as many as it should.
const EXACT_BELOW: u64 = 1_000;
/// The limit of the enlargement of a small simulation, in events.
const MAX_ENLARGED: u64 = 1_000_000;

/// Runs the command. An error means that the arguments or the input are invalid and
/// that nothing was sent.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Simulate(args) => deliver(simulation(&args)?, args.delivery).await,
        Command::Send(args) => deliver(file(&args)?, args.delivery).await,
        Command::Sample(SampleCommand::WatchLog(args)) => sample_watch_log(args),
    }
}

fn simulation(args: &SimulateArgs) -> anyhow::Result<EventSource> {
    let defaults = Simulation::default();
    let simulation = Simulation {
        seed: args.seed,
        users: args.users,
        titles: args.titles,
        start: args.start.unwrap_or(defaults.start),
        days: args.days,
        events: args.events,
        bad_share: args.bad,
        duplicate_share: args.duplicates,
        late_share: args.late,
    };
    simulation.validate()?;
    Ok(EventSource {
        producer_id: format!("sim-{}", args.seed),
        expected: simulation.expected_events(),
        timed: true,
        title_catalog: Some(simulation.title_catalog()),
        events: simulated_events(&simulation)?,
    })
}

/// Returns the events of a simulation: about as many as it says, or exactly as many below
/// [`EXACT_BELOW`]. A simulation consists of whole sessions, so a small one can miss its
/// number by far, or have no session at all. Below [`EXACT_BELOW`], this doubles the
/// number until there are enough events, and returns the first ones.
fn simulated_events(simulation: &Simulation) -> anyhow::Result<Events> {
    let wanted = simulation.events;
    if wanted >= EXACT_BELOW {
        return Ok(Box::new(simulation.generate().map(|event| Ok(event?))));
    }
    let mut larger = simulation.clone();
    let first = |simulation: &Simulation| simulation.generate().take(wanted as usize);
    while (first(&larger).count() as u64) < wanted {
        larger.events *= 2;
        ensure!(
            larger.events <= MAX_ENLARGED,
            "cannot simulate {wanted} events of {} users in {} days; raise --users or --days",
            larger.users,
            larger.days
        );
    }
    Ok(Box::new(first(&larger).map(|event| Ok(event?))))
}

fn file(args: &SendArgs) -> anyhow::Result<EventSource> {
    let settings = InputSettings {
        format: args.format.map(Into::into),
        movies: args.movies.clone(),
        titles: args.titles.clone(),
        rebase: args.rebase,
        keep_bad: args.keep_bad,
    };
    let input = input::open(&args.file, &settings)?;
    Ok(EventSource {
        producer_id: format!("send-{}", Uuid::now_v7()),
        events: input.events,
        expected: input.count,
        timed: input.timed,
        title_catalog: input.title_catalog,
    })
}

/// Writes a sample of a watch log.
fn sample_watch_log(args: SampleArgs) -> anyhow::Result<ExitCode> {
    let defaults = WatchLogSample::default();
    let sample = WatchLogSample {
        rows: args.rows,
        seed: args.seed,
        users: args.users,
        days: args.days,
        start: args.start.unwrap_or(defaults.start),
        dates: args.date_format.into(),
    };
    sample.validate()?;
    let format = args.format.into();
    match args.output {
        None => {
            let mut out = Output::open();
            let written = sample.write(format, &mut out);
            out.finish(written)?;
        }
        Some(path) => File::create(&path)
            .and_then(|file| sample.write(format, BufWriter::new(file)))
            .with_context(|| format!("cannot write {}", path.display()))?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn deliver(source: EventSource, args: DeliveryArgs) -> anyhow::Result<ExitCode> {
    let producer_id = args
        .producer_id
        .clone()
        .unwrap_or_else(|| source.producer_id.clone());
    let is_local = matches!(args.to, TargetArg::Local(_));
    let clock = if is_local && source.timed && args.arrive == ArrivalTime::EventTime {
        Clock::Virtual
    } else {
        Clock::Real
    };
    let mut settings = settings(producer_id, &args, clock)?;
    // Check the id before the stream is created.
    let numbering = Numbering::new(&settings.producer_id)?;
    let target: Arc<dyn Target> = match &args.to {
        TargetArg::Print => {
            write_title_catalog(args.title_catalog, source.title_catalog.as_deref())?;
            return print(source, numbering);
        }
        TargetArg::Local(dir) => {
            // One request at a time makes the order of records deterministic.
            settings.in_flight = 1;
            let shards = args
                .shards
                .and_then(NonZeroU32::new)
                .unwrap_or(NonZeroU32::MIN.saturating_add(LOCAL_SHARDS - 1));
            Arc::new(LocalTarget::open(dir, shards)?)
        }
        TargetArg::Kinesis(stream) => {
            let (target, shards) = kinesis(stream, args.shards).await?;
            settings.rate_limiter = Some(ShardRateLimiter::new(shards));
            target
        }
    };
    let default_path = match &args.to {
        TargetArg::Local(dir) => Some(dir.join("titles.ndjson")),
        _ => None,
    };
    write_title_catalog(
        args.title_catalog.or(default_path),
        source.title_catalog.as_deref(),
    )?;

    let producer = Producer::start(target, settings)?;
    let stop = StopFlag::default();
    stop_on_signals(Signals::listen()?, stop.clone());
    let display = ProgressDisplay::start(producer.progress(), source.expected);
    let rate = args.rate.map(|rate| RateLimiter::new(rate, rate / 20));
    let fed = feed(producer, source.events, rate, stop.clone()).await;
    display.stop().await;
    report(&fed?, stop.is_set())
}

fn settings(
    producer_id: String,
    args: &DeliveryArgs,
    clock: Clock,
) -> anyhow::Result<SendSettings> {
    let limits = RequestLimits {
        max_records: args.max_records,
        max_bytes: args.max_batch_bytes,
        max_record_bytes: args.max_record_bytes,
    };
    ensure!(limits.max_records > 0, "--max-records must be at least 1");
    ensure!(
        (1..=limits.max_bytes).contains(&limits.max_record_bytes),
        "--max-record-bytes must be between 1 and --max-batch-bytes, {}",
        limits.max_bytes
    );
    ensure!(
        limits.max_record_bytes <= marquee_stream::MAX_DATA_BYTES,
        "--max-record-bytes must be at most {}",
        marquee_stream::MAX_DATA_BYTES
    );
    let linger_ms = args.linger_ms.unwrap_or(if clock == Clock::Virtual {
        VIRTUAL_LINGER_MS
    } else {
        LINGER_MS
    });
    let mut settings = SendSettings::new(producer_id);
    settings.aggregate = AggregateSettings {
        aggregate: !args.no_aggregate,
        buckets: args.buckets,
        compression: args.compression.into(),
        target_bytes: args.aggregate_bytes,
        max_record_bytes: args.max_record_bytes,
        linger_ms: linger_ms.into(),
        ..AggregateSettings::default()
    };
    settings.limits = limits;
    settings.clock = clock;
    settings.retry = RetrySettings {
        max_attempts: args.max_attempts,
        max_elapsed: Duration::from_secs(args.max_elapsed_s),
        ..RetrySettings::default()
    };
    Ok(settings)
}

#[cfg(feature = "kinesis")]
async fn kinesis(stream: &str, shards: Option<u32>) -> anyhow::Result<(Arc<dyn Target>, u32)> {
    let target = marquee_producer::KinesisTarget::from_environment(stream).await;
    let shards = match shards {
        Some(shards) => shards,
        None => target.open_shards().await?,
    };
    Ok((Arc::new(target), shards))
}

#[cfg(not(feature = "kinesis"))]
async fn kinesis(stream: &str, _shards: Option<u32>) -> anyhow::Result<(Arc<dyn Target>, u32)> {
    anyhow::bail!(
        "cannot send to kinesis:{stream}: this binary was built without the feature `kinesis`; \
         build it with --features kinesis"
    )
}

fn write_title_catalog(path: Option<PathBuf>, titles: Option<&[Title]>) -> anyhow::Result<()> {
    let (Some(path), Some(titles)) = (path, titles) else {
        return Ok(());
    };
    title_catalog::write(&path, titles)
        .with_context(|| format!("cannot write the title catalog to {}", path.display()))
}

/// Prints the events as they would be sent, one per line.
fn print(source: EventSource, mut numbering: Numbering) -> anyhow::Result<ExitCode> {
    let mut out = Output::open();
    let written = write_events(source, &mut numbering, &mut out);
    out.finish(written)?;
    Ok(ExitCode::SUCCESS)
}

fn write_events(
    source: EventSource,
    numbering: &mut Numbering,
    out: &mut Output,
) -> anyhow::Result<()> {
    for event in source.events {
        let mut body = numbering.number(event?);
        body.push(b'\n');
        out.write_all(&body)?;
    }
    Ok(out.flush()?)
}

fn report(fed: &FeedResult, interrupted: bool) -> anyhow::Result<ExitCode> {
    let summary = &fed.summary;
    if let Err(error) = console::print(format!("{summary}\n")) {
        // The events are sent; the exit code reports their outcome.
        console::note(format!("error: {error}"));
    }
    if let Some(error) = &summary.stopped_by {
        console::note(format!("error: {error}"));
    }
    if let Some(error) = &fed.source_error {
        console::note(format!("error: {error}"));
    }
    let code =
        if !summary.is_complete() || summary.stopped_by.is_some() || fed.source_error.is_some() {
            EXIT_FAILED
        } else if interrupted {
            EXIT_INTERRUPTED
        } else {
            0
        };
    Ok(ExitCode::from(code))
}

/// Handles termination signals: the first one stops the feed, so that accepted events
/// are still sent; the second one exits at once.
fn stop_on_signals(mut signals: Signals, stop: StopFlag) {
    tokio::spawn(async move {
        signals.next().await;
        stop.set();
        console::note("stopping: sending the events already accepted (repeat to exit at once)");
        signals.next().await;
        std::process::exit(EXIT_INTERRUPTED.into());
    });
}
