//! The progress of a demo: a bar on a terminal, otherwise a plain line at intervals.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use marquee_console as console;
use marquee_ingest::BatchReport;

use super::DemoSettings;

/// The interval of plain lines.
const PLAIN_INTERVAL: Duration = Duration::from_secs(2);
const TEMPLATE: &str = "{bar:32} {msg}";

/// Shows the progress of a demo on standard error.
pub(super) struct DemoProgress {
    bar: ProgressBar,
    /// The number of events in the stream.
    put: AtomicU64,
    plain_at: Mutex<Instant>,
}

impl DemoProgress {
    /// Starts the display.
    pub(super) fn start(settings: &DemoSettings) -> Arc<Self> {
        // The bar is hidden if standard error is not a terminal. Every event counts
        // twice: when it reaches the stream, and when it reaches the lake.
        let bar = ProgressBar::new(settings.events.saturating_mul(2));
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        let progress = Self {
            bar,
            put: AtomicU64::new(0),
            plain_at: Mutex::new(Instant::now()),
        };
        progress.say(format!(
            "simulating {} of {} viewers, about {} events",
            settings.span_text(),
            HumanCount(settings.users.into()),
            HumanCount(settings.events)
        ));
        Arc::new(progress)
    }

    /// Returns the counter of events in the stream, which the producer updates.
    pub(super) fn put(&self) -> &AtomicU64 {
        &self.put
    }

    /// Shows the progress. `transformed` is called only if a line is due.
    pub(super) fn show(&self, transformed: impl Fn() -> BatchReport) {
        if self.bar.is_hidden() {
            let mut at = self.plain_at.lock().unwrap_or_else(PoisonError::into_inner);
            if at.elapsed() < PLAIN_INTERVAL {
                return;
            }
            *at = Instant::now();
        }
        let (put, done) = (self.put.load(Ordering::Relaxed), transformed());
        self.bar.set_position(put + done.received);
        let mut line = format!("{} events in the stream", HumanCount(put));
        // The number of events in an already processed batch is unknown.
        if done.batches > 0 {
            line += &format!(", {} in the lake", HumanCount(done.received));
        }
        if done.repeated > 0 {
            line += &format!(", {} batches already processed", HumanCount(done.repeated));
        }
        self.say(line);
    }

    /// Announces the survey of the lake.
    pub(super) fn show_survey(&self) {
        self.bar.set_position(self.bar.length().unwrap_or(0));
        self.say("counting the events in the lake".to_owned());
    }

    /// Announces the curation of the dates.
    pub(super) fn show_curation(&self) {
        self.say("curating the dates".to_owned());
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn say(&self, line: String) {
        if self.bar.is_hidden() {
            console::note(line);
        } else {
            self.bar.set_message(line);
        }
    }
}
