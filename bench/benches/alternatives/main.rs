//! Measures what the libraries would cost that the handwritten parts of the transform
//! replace: the figures behind `docs/adr/0002-hot-path.md`.
//!
//! ```text
//! cargo bench -p marquee-bench --bench alternatives
//! ```
//!
//! Each comparison first checks that the handwritten part and the library return the same
//! result. In each round, the contestants and the whole transform take turns.

mod aggregates;
mod envelopes;
mod events;
mod parquet_files;
mod replaced;
mod texts;

use std::time::Duration;

use anyhow::{Context, Result};
use marquee_bench::clock::{median, thread_cpu};
use marquee_bench::input::{Input, Packing, input, simulation};
use marquee_bench::stages::{Cut, Stages};
use marquee_codec::envelope;
use marquee_codec::{CodecError, Limits, Unit, Unpacker};

/// Batches are megabytes in size. This allocator keeps their pages instead of
/// returning them to the kernel and requesting them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The number of measured rounds; one more, before them, is not measured.
const ROUNDS: usize = 9;
/// The least CPU time of one measurement. A faster contestant runs several times.
const LEAST: Duration = Duration::from_millis(60);
const EVENTS: u64 = 120_000;

/// A contestant: processes all events once.
type Work<'a> = Box<dyn FnMut() -> Result<()> + 'a>;

/// A handwritten part and the libraries that can replace it.
struct Comparison<'a> {
    part: &'static str,
    /// Whether the transform runs this part for records of one event, and for aggregates.
    plain: bool,
    aggregated: bool,
    events: u64,
    handwritten: Timed<'a>,
    libraries: Vec<(&'static str, Timed<'a>)>,
}

impl<'a> Comparison<'a> {
    /// Creates a comparison whose part the transform runs for every event.
    fn new(
        part: &'static str,
        events: usize,
        handwritten: impl FnMut() -> Result<()> + 'a,
    ) -> Self {
        Self {
            part,
            plain: true,
            aggregated: true,
            events: events as u64,
            handwritten: Timed::new(events as u64, Box::new(handwritten)),
            libraries: Vec::new(),
        }
    }

    fn library(mut self, name: &'static str, work: impl FnMut() -> Result<()> + 'a) -> Self {
        let timed = Timed::new(self.events, Box::new(work));
        self.libraries.push((name, timed));
        self
    }
}

/// A contestant with its times.
struct Timed<'a> {
    work: Work<'a>,
    events: u64,
    repeats: u32,
    times: Vec<Duration>,
}

impl<'a> Timed<'a> {
    fn new(events: u64, work: Work<'a>) -> Self {
        Self {
            work,
            events,
            repeats: 1,
            times: Vec::new(),
        }
    }

    /// Runs without measurement, and doubles the number of repeats until they take long
    /// enough: the clock of a thread can have steps of milliseconds.
    fn warm_up(&mut self) -> Result<()> {
        loop {
            let start = thread_cpu()?;
            for _ in 0..self.repeats {
                (self.work)()?;
            }
            if thread_cpu()? - start >= LEAST {
                return Ok(());
            }
            self.repeats *= 2;
        }
    }

    fn round(&mut self) -> Result<()> {
        let start = thread_cpu()?;
        for _ in 0..self.repeats {
            (self.work)()?;
        }
        self.times.push((thread_cpu()? - start) / self.repeats);
        Ok(())
    }

    /// Returns the median, in nanoseconds per event.
    fn nanos(&self) -> Result<f64> {
        Ok(median(self.times.clone())?.as_secs_f64() * 1e9 / self.events as f64)
    }
}

fn main() -> Result<()> {
    let plain = input(&simulation(EVENTS, 0.0), Packing::Plain)?;
    let aggregated = input(&simulation(EVENTS * 2, 0.0), Packing::KplZstd)?;
    let units = units(&plain)?;
    let texts = texts::Texts::of(&units)?;
    let mut comparisons = texts::compare(&texts)?;
    comparisons.push(aggregates::compare(&aggregated)?);
    comparisons.push(aggregates::compare_messages(&aggregated)?);
    comparisons.push(envelopes::compare(&plain)?);
    comparisons.push(events::compare(&units)?);
    comparisons.push(parquet_files::compare(&plain)?);

    let mut wholes = [Packing::Plain, Packing::KplZstd]
        .map(|packing| {
            let events = match packing {
                Packing::Plain => EVENTS,
                Packing::KplZstd => EVENTS * 2,
            };
            let stages = Stages::new(input(&simulation(events, 0.002), packing)?)?;
            let events = stages.input().events;
            let work = move || stages.run(Cut::Handler).map(drop);
            Ok::<_, anyhow::Error>(Timed::new(events, Box::new(work) as Work<'_>))
        })
        .into_iter()
        .collect::<Result<Vec<_>>>()?;

    let contestants = |comparisons: &mut Vec<Comparison<'_>>,
                       wholes: &mut Vec<Timed<'_>>,
                       run: fn(&mut Timed<'_>) -> Result<()>| {
        for comparison in comparisons {
            run(&mut comparison.handwritten)?;
            for (_, library) in &mut comparison.libraries {
                run(library)?;
            }
        }
        wholes.iter_mut().try_for_each(run)
    };
    contestants(&mut comparisons, &mut wholes, |timed| timed.warm_up())?;
    for _ in 0..ROUNDS {
        contestants(&mut comparisons, &mut wholes, |timed| timed.round())?;
    }
    let [plain, aggregated] = wholes.as_slice() else {
        anyhow::bail!("there are two kinds of records");
    };
    print(&comparisons, plain.nanos()?, aggregated.nanos()?)
}

fn print(comparisons: &[Comparison<'_>], plain: f64, aggregated: f64) -> Result<()> {
    println!(
        "the whole transform: {plain:.0} ns/event of plain records, {aggregated:.0} of \
         aggregates\n"
    );
    println!(
        "{:<24} {:<26} {:>10} {:>10} {:>8} {:>8}",
        "part", "library", "handmade", "library", "plain", "KPL"
    );
    for comparison in comparisons {
        let handwritten = comparison.handwritten.nanos()?;
        for (name, library) in &comparison.libraries {
            let library = library.nanos()?;
            let share = |runs: bool, whole: f64| match runs {
                true => format!("{:+.1} %", (library - handwritten) / whole * 100.0),
                false => String::new(),
            };
            println!(
                "{:<24} {name:<26} {handwritten:>7.1} ns {library:>7.1} ns {:>8} {:>8}",
                comparison.part,
                share(comparison.plain, plain),
                share(comparison.aggregated, aggregated),
            );
        }
    }
    Ok(())
}

/// Returns the bytes of every event of the records.
fn units(input: &Input) -> Result<Vec<Vec<u8>>> {
    let mut units = Vec::new();
    for payload in &input.payloads {
        let records = envelope::records(payload)?;
        let load = |index: usize, out: &mut Vec<u8>| match records.get(index) {
            Some(record) if record.decode_data(out) => Ok(()),
            _ => Err(CodecError::NotBase64),
        };
        Unpacker::new(Limits::default()).unpack(records.len(), load, |_, unit| {
            if let Unit::Line { bytes, .. } = unit {
                units.push(bytes.to_vec());
            }
            Ok::<(), anyhow::Error>(())
        })?;
    }
    units.first().context("no event was simulated")?;
    Ok(units)
}
