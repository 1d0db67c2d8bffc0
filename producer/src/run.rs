//! Puts a source, a producer and a target together.

use std::io::Write as _;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use marquee_console::{self as console, Output};
use marquee_event::Title;
use marquee_producer::input::{self, InputSettings, SourceError};
use marquee_producer::simulate::Simulation;
use marquee_producer::{
    AggregateSettings, Clock, Fed, LocalTarget, Numbering, Outgoing, Producer, Rate, RequestLimits,
    RetrySettings, SendSettings, ShardPace, Stop, Target, catalogue, feed,
};
use uuid::Uuid;

use crate::cli::{Arrive, Cli, Command, DeliveryArgs, Destination, SendArgs, SimulateArgs};
use crate::progress::Display;
use crate::signals::Signals;

/// Something was given up.
const EXIT_LOST: u8 = 1;
/// As a shell says it of a program that Ctrl-C ended.
const EXIT_INTERRUPTED: u8 = 130;

const LOCAL_SHARDS: u32 = 4;
const LINGER_MS: u32 = 1_000;
/// On a clock that costs nobody a wait.
const VIRTUAL_LINGER_MS: u32 = 60_000;

/// What is to be sent.
struct Source {
    producer_id: String,
    events: Box<dyn Iterator<Item = Result<Outgoing, SourceError>> + Send>,
    expected: u64,
    /// Whether the events say when they arrive.
    timed: bool,
    catalogue: Option<Vec<Title>>,
}

/// Does what the command line says. An error is one about what was asked for:
/// nothing was sent.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Simulate(args) => deliver(simulation(&args)?, args.delivery).await,
        Command::Send(args) => deliver(file(&args)?, args.delivery).await,
    }
}

fn simulation(args: &SimulateArgs) -> anyhow::Result<Source> {
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
    Ok(Source {
        producer_id: format!("sim-{}", args.seed),
        expected: simulation.expected_events(),
        timed: true,
        catalogue: Some(simulation.catalogue()),
        events: Box::new(simulation.run().map(Ok)),
    })
}

fn file(args: &SendArgs) -> anyhow::Result<Source> {
    let settings = InputSettings {
        format: args.format.map(Into::into),
        movies: args.movies.clone(),
        rebase: args.rebase,
        keep_bad: args.keep_bad,
    };
    let input = input::open(&args.file, &settings)?;
    Ok(Source {
        producer_id: format!("send-{}", Uuid::now_v7()),
        events: input.events,
        expected: input.count,
        timed: input.timed,
        catalogue: input.catalogue,
    })
}

async fn deliver(source: Source, args: DeliveryArgs) -> anyhow::Result<ExitCode> {
    let producer_id = args
        .producer_id
        .clone()
        .unwrap_or_else(|| source.producer_id.clone());
    let is_local = matches!(args.to, Destination::Local(_));
    let clock = if is_local && source.timed && args.arrive == Arrive::EventTime {
        Clock::Virtual
    } else {
        Clock::Real
    };
    let mut settings = settings(producer_id, &args, clock)?;
    // Checks the id before a stream is made for it.
    let numbering = Numbering::new(&settings.producer_id)?;
    let target: Arc<dyn Target> = match &args.to {
        Destination::Print => {
            write_catalogue(args.catalogue, source.catalogue.as_deref())?;
            return print(source, numbering);
        }
        Destination::Local(dir) => {
            // One writer, and an order that is the same every time.
            settings.in_flight = 1;
            let shards = args
                .shards
                .and_then(NonZeroU32::new)
                .unwrap_or(NonZeroU32::MIN.saturating_add(LOCAL_SHARDS - 1));
            Arc::new(LocalTarget::open(dir, shards)?)
        }
        Destination::Kinesis(stream) => {
            let (target, shards) = kinesis(stream, args.shards).await?;
            settings.pace = Some(ShardPace::new(shards));
            target
        }
    };
    let beside_the_stream = match &args.to {
        Destination::Local(dir) => Some(dir.join("titles.ndjson")),
        _ => None,
    };
    write_catalogue(
        args.catalogue.or(beside_the_stream),
        source.catalogue.as_deref(),
    )?;

    let producer = Producer::start(target, settings)?;
    let stop = Stop::default();
    stop_on_signals(Signals::listen()?, stop.clone());
    let display = Display::begin(producer.progress(), source.expected);
    let rate = args.rate.map(|rate| Rate::new(rate, rate / 20));
    let fed = feed(producer, source.events, rate, stop.clone()).await;
    display.end().await;
    report(&fed?, stop.is_stopped())
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
        "--max-record-bytes must be 1 to what --max-batch-bytes allows, {}",
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
        "cannot send to kinesis:{stream}: this binary was built without the feature `kinesis`"
    )
}

fn write_catalogue(path: Option<PathBuf>, titles: Option<&[Title]>) -> anyhow::Result<()> {
    let (Some(path), Some(titles)) = (path, titles) else {
        return Ok(());
    };
    catalogue::write(&path, titles)
        .with_context(|| format!("cannot write the catalogue to {}", path.display()))
}

/// Prints the events as they would be sent, a line each.
fn print(source: Source, mut numbering: Numbering) -> anyhow::Result<ExitCode> {
    let mut out = Output::open();
    let written = write_events(source, &mut numbering, &mut out);
    out.finish(written).map(|()| ExitCode::SUCCESS)
}

fn write_events(source: Source, numbering: &mut Numbering, out: &mut Output) -> anyhow::Result<()> {
    for event in source.events {
        let mut body = numbering.number(event?);
        body.push(b'\n');
        out.write_all(&body)?;
    }
    Ok(out.flush()?)
}

fn report(fed: &Fed, interrupted: bool) -> anyhow::Result<ExitCode> {
    let summary = &fed.summary;
    if let Err(error) = console::print(format!("{summary}\n")) {
        // What is sent is sent, and the exit code says how much of it.
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
            EXIT_LOST
        } else if interrupted {
            EXIT_INTERRUPTED
        } else {
            0
        };
    Ok(ExitCode::from(code))
}

/// The first signal to end lets what is on its way be sent, the second does not.
fn stop_on_signals(mut signals: Signals, stop: Stop) {
    tokio::spawn(async move {
        signals.next().await;
        stop.stop();
        console::note("stopping: sending what is on its way (once more to quit at once)");
        signals.next().await;
        std::process::exit(EXIT_INTERRUPTED.into());
    });
}
