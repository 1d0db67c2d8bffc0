//! The progress of a run: an updated line on a terminal, otherwise a plain line at
//! intervals.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use marquee_console as console;

use marquee_event_source_mapping::FinishedRecords;

/// The interval of plain lines.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);

/// Shows the progress of a run on standard error.
pub(super) struct RunProgress {
    bar: ProgressBar,
    began: Instant,
    shown: Mutex<ProgressState>,
}

struct ProgressState {
    records: u64,
    at: Instant,
}

impl RunProgress {
    pub(super) fn start() -> Self {
        // The bar is hidden if standard error is not a terminal.
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        let began = Instant::now();
        Self {
            bar,
            began,
            shown: Mutex::new(ProgressState {
                records: 0,
                at: began,
            }),
        }
    }

    /// Adds finished records. `events` is called only if a line is due.
    pub(super) fn show(&self, finished: &FinishedRecords<'_>, events: impl Fn() -> u64) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.records += finished.records.len() as u64;
        let is_plain = self.bar.is_hidden();
        if is_plain && shown.at.elapsed() < PLAIN_INTERVAL {
            return;
        }
        let events = events();
        let rate = events as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        let line = format!(
            "{} records, {} events, {} per second",
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

    /// Removes the line.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
