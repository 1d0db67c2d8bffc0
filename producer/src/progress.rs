//! Display of the progress on standard error: a bar on a terminal, else a line every
//! few seconds.

use std::fmt;
use std::io::{IsTerminal as _, stderr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use marquee_console as console;
use marquee_producer::SendProgress;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

const BAR_EVERY: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(5);
const TEMPLATE: &str = "{bar:32} {human_pos}/{human_len} events  {rate}/s  {eta} left";

/// A running display of a producer's progress.
pub(crate) struct ProgressDisplay {
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl ProgressDisplay {
    /// Starts to display `progress` towards about `expected` events.
    pub(crate) fn start(progress: Arc<SendProgress>, expected: u64) -> Self {
        let (end, mut ended) = oneshot::channel();
        let task = tokio::spawn(async move {
            let bar = stderr().is_terminal().then(|| bar(expected));
            let mut ticks = interval(if bar.is_some() { BAR_EVERY } else { LINE_EVERY });
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            ticks.tick().await; // The first tick is immediate.
            let began = Instant::now();
            loop {
                tokio::select! {
                    _ = &mut ended => break,
                    _ = ticks.tick() => {}
                }
                match &bar {
                    Some(bar) => advance(bar, &progress),
                    None => console::note(line(&progress, expected, began.elapsed())),
                }
            }
            if let Some(bar) = &bar {
                bar.finish_and_clear();
            }
        });
        Self { end, task }
    }

    /// Stops the display and removes the bar.
    pub(crate) async fn stop(self) {
        // Both fail only if the task has ended already.
        let _ = self.end.send(());
        let _ = self.task.await;
    }
}

fn bar(expected: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
    // A whole number: the bar's own rate has four decimals.
    let style = style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
        // Ignore errors of drawing the bar.
        let _ = write!(out, "{}", HumanCount(state.per_sec() as u64));
    });
    ProgressBar::new(expected).with_style(style)
}

fn advance(bar: &ProgressBar, progress: &SendProgress) {
    let done = progress.acknowledged() + progress.failed();
    if bar.length().is_some_and(|expected| expected < done) {
        bar.set_length(done);
    }
    bar.set_position(done);
}

fn line(progress: &SendProgress, expected: u64, elapsed: Duration) -> String {
    let acknowledged = progress.acknowledged();
    let rate = acknowledged as f64 / elapsed.as_secs_f64().max(0.001);
    let failed = match progress.failed() {
        0 => String::new(),
        events => format!(", {} failed", HumanCount(events)),
    };
    let eta = if rate >= 1.0 && expected > acknowledged {
        format!(", {:.0} s left", (expected - acknowledged) as f64 / rate)
    } else {
        String::new()
    };
    format!(
        "{} of about {} events acknowledged{failed}, {} per second{eta}",
        HumanCount(acknowledged),
        HumanCount(expected),
        HumanCount(rate as u64),
    )
}
