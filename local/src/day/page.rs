//! The output of `marquee day`: a line per finished date with its problems, and a summary.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use marquee_audit::Audit;
use marquee_console as console;
use marquee_curation::driver::{DateOutcome, DriverEvent};
use marquee_curation::plan::DateTask;
use marquee_curation::sweep::Swept;
use marquee_event::Date;
use marquee_sql::CheckResult;

use crate::counted::counted;
use crate::hints;

/// The interval of progress lines when standard error is not a terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);

/// Shows the progress of curation on standard error, and its results on standard output.
pub(super) struct DayPage {
    bar: ProgressBar,
    /// The lake's directory, for hints.
    lake: PathBuf,
    began: Instant,
    output: Mutex<OutputState>,
}

struct OutputState {
    /// The time of the last progress line.
    last_line: Instant,
    /// The first error of standard output.
    error: Option<io::Error>,
}

impl DayPage {
    pub(super) fn new(lake: &Path) -> Self {
        let bar = match io::stderr().is_terminal() {
            true => ProgressBar::new(0),
            false => ProgressBar::hidden(),
        };
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg} {elapsed} ETA {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let began = Instant::now();
        Self {
            bar,
            lake: lake.to_owned(),
            began,
            output: Mutex::new(OutputState {
                last_line: began,
                error: None,
            }),
        }
    }

    /// Shows the progress of curation.
    pub(super) fn show(&self, event: &DriverEvent<'_>) {
        match event {
            // Each date counts twice: when it is compacted and when it is done.
            DriverEvent::Planned(plan) => {
                self.bar.set_position(0);
                self.bar.set_length(2 * plan.tasks.len() as u64);
            }
            DriverEvent::Compacted(task, facts) => {
                let events = counted(facts.counts.curated, "event", "events");
                self.advance(format!("{} compacted, {events}", task.event_date));
            }
            DriverEvent::NotCompacted(task) => self.advance(format!("{} failed", task.event_date)),
            DriverEvent::Done(task, outcome) => {
                self.bar.inc(1);
                self.bar.set_message(format!("{} done", task.event_date));
                self.write(&(line(task, outcome) + &findings(task, outcome)));
            }
            DriverEvent::Lost(task) => self.write(&format!(
                "{}  another run published this date first; planning again\n",
                task.event_date
            )),
        }
    }

    /// Advances the progress bar.
    fn advance(&self, message: String) {
        self.bar.inc(1);
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if self.bar.is_hidden() && output.last_line.elapsed() >= PLAIN_INTERVAL {
            console::note(&message);
            output.last_line = Instant::now();
        }
        self.bar.set_message(message);
    }

    /// Prints a result immediately.
    fn write(&self, text: &str) {
        let written = self.bar.suspend(|| hints::print(text, &self.lake));
        if let Err(error) = written {
            let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
            output.error.get_or_insert(error);
        }
    }

    /// Prints the problems of the audits and the summary: `nothing_done` instead of the
    /// number of dates, if there is none.
    ///
    /// # Errors
    /// When standard output could not be written.
    pub(super) fn finish(
        self,
        outcomes: &BTreeMap<Date, DateOutcome>,
        nothing_done: Option<String>,
        audits: &[Audit],
        swept: Swept,
    ) -> io::Result<()> {
        self.bar.finish_and_clear();
        let mut text = String::new();
        for audit in audits {
            for problem in &audit.problems {
                line_to(
                    &mut text,
                    audit.date,
                    &format!("the audit found a problem: {problem}"),
                );
            }
        }
        text += &nothing_done.unwrap_or_else(|| {
            format!(
                "{} in {:.1} s",
                counted(outcomes.len() as u64, "date", "dates"),
                self.began.elapsed().as_secs_f64()
            )
        });
        text.push('\n');
        if swept.objects > 0 {
            text += &format!(
                "deleted {} that no current generation needs ({})\n",
                counted(swept.objects, "file", "files"),
                HumanBytes(swept.bytes)
            );
        }
        self.write(&text);
        let output = self.output.into_inner();
        match output.unwrap_or_else(PoisonError::into_inner).error {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// Returns the line of a date.
fn line(task: &DateTask, outcome: &DateOutcome) -> String {
    let mut text = String::new();
    let reason = &task.reason;
    let result = match outcome {
        DateOutcome::Published(published) => {
            let counts = published.generation.counts;
            format!(
                "generation {}  {:>11} {}, {} dropped, {} redelivered, {} ({reason})",
                published.generation.generation,
                HumanCount(counts.curated).to_string(),
                if counts.curated == 1 {
                    "event"
                } else {
                    "events"
                },
                counted(counts.duplicates, "duplicate", "duplicates"),
                HumanCount(counts.redelivered),
                counted(published.generation.tables.len() as u64, "table", "tables"),
            )
        }
        DateOutcome::Held { .. } => format!("HELD BACK, not published ({reason})"),
        DateOutcome::Failed { error } => {
            let cause = console::format_error(&anyhow::Error::from(Arc::clone(error)));
            format!("FAILED, not published ({reason}): {cause}")
        }
        DateOutcome::Unchanged => "unchanged".to_owned(),
    };
    line_to(&mut text, task.event_date, &result);
    text
}

/// Returns the violated checks and the faults of the event book of a date.
fn findings(task: &DateTask, outcome: &DateOutcome) -> String {
    let mut text = String::new();
    let (checks, book) = match outcome {
        DateOutcome::Published(published) => (&published.checks, None),
        DateOutcome::Held { checks, book } => (checks, book.as_ref()),
        DateOutcome::Failed { .. } | DateOutcome::Unchanged => return text,
    };
    for check in checks.iter().filter(|check| check.broken > 0) {
        line_to(&mut text, task.event_date, &finding(check));
        for row in &check.sample {
            line_to(&mut text, "          ", row);
        }
    }
    for fault in book.iter().flat_map(|book| &book.faults) {
        let fault = format!("the event book does not balance: {fault}");
        line_to(&mut text, task.event_date, &fault);
    }
    text
}

fn finding(check: &CheckResult) -> String {
    format!(
        "{}: {} — {}: {}",
        check.severity.name(),
        check.name,
        check.about,
        counted(check.broken, "row", "rows")
    )
}

fn line_to(text: &mut String, date: impl Display, message: &str) {
    let message = console::escape_control(message);
    text.push_str(&format!("{date}  {message}\n"));
}
