//! How far a demo is: a bar on a terminal, else plain lines now and then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use marquee_console as console;
use marquee_ingest::BatchReport;

use super::Settings;

/// How often a plain line is due.
const PLAIN_EVERY: Duration = Duration::from_secs(2);
const TEMPLATE: &str = "{bar:32} {msg}";

/// Shows how far a demo is, on standard error.
pub(super) struct Progress {
    bar: ProgressBar,
    /// Events in the stream.
    put: AtomicU64,
    plain_at: Mutex<Instant>,
}

impl Progress {
    /// Says what is begun.
    pub(super) fn start(settings: &Settings) -> Arc<Self> {
        // It hides itself where standard error is no terminal. Every event
        // counts twice: when it is in the stream, and when it is in the lake.
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
            settings.span(),
            HumanCount(settings.users.into()),
            HumanCount(settings.events)
        ));
        Arc::new(progress)
    }

    /// Where the producer says how many events are in the stream.
    pub(super) fn put(&self) -> &AtomicU64 {
        &self.put
    }

    /// Shows how far it is; what the transform did is asked only if it is shown.
    pub(super) fn show(&self, transformed: impl Fn() -> BatchReport) {
        if self.bar.is_hidden() {
            let mut at = self.plain_at.lock().unwrap_or_else(PoisonError::into_inner);
            if at.elapsed() < PLAIN_EVERY {
                return;
            }
            *at = Instant::now();
        }
        let (put, done) = (self.put.load(Ordering::Relaxed), transformed());
        self.bar.set_position(put + done.received);
        let mut line = format!("{} events in the stream", HumanCount(put));
        // Of a batch that was there before it is not known how many it holds.
        if done.batches > 0 {
            line += &format!(", {} in the lake", HumanCount(done.received));
        }
        if done.repeated > 0 {
            line += &format!(", {} batches there before", HumanCount(done.repeated));
        }
        self.say(line);
    }

    /// Says that the lake is looked at.
    pub(super) fn surveying(&self) {
        self.bar.set_position(self.bar.length().unwrap_or(0));
        self.say("checking the books".to_owned());
    }

    /// Says that the days are made.
    pub(super) fn curating(&self) {
        self.say("making the days".to_owned());
    }

    /// Takes the bar away.
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
