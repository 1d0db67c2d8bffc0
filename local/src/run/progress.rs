//! How far a run is: a line that is kept current on a terminal, else plain
//! lines now and then.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use marquee_console as console;

use marquee_event_source_mapping::FinishedRecords;

/// How often a plain line is due.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Shows how far a run is, on standard error.
pub(super) struct Progress {
    bar: ProgressBar,
    began: Instant,
    shown: Mutex<Shown>,
}

struct Shown {
    records: u64,
    at: Instant,
}

impl Progress {
    pub(super) fn start() -> Self {
        // It hides itself where standard error is no terminal.
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        let began = Instant::now();
        Self {
            bar,
            began,
            shown: Mutex::new(Shown {
                records: 0,
                at: began,
            }),
        }
    }

    /// Takes note of what is finished; `events` is asked only if it is shown.
    pub(super) fn show(&self, finished: &FinishedRecords<'_>, events: impl Fn() -> u64) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.records += finished.records.len() as u64;
        let is_plain = self.bar.is_hidden();
        if is_plain && shown.at.elapsed() < PLAIN_EVERY {
            return;
        }
        let events = events();
        let rate = events as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        let line = format!(
            "{} records, {} events, {} a second",
            HumanCount(shown.records),
            HumanCount(events),
            HumanCount(rate as u64)
        );
        if is_plain {
            console::note(line);
            shown.at = Instant::now();
        } else {
            self.bar.set_message(line);
        }
    }

    /// Takes the line away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
