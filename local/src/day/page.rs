//! What a run of the day shows: a line a date as soon as it is done, what is wrong
//! with it in full, and a sum.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use marquee_audit::Audit;
use marquee_console as console;
use marquee_curation::driver::{DateOutcome, DriverEvent};
use marquee_curation::plan::{DateTask, Selection};
use marquee_curation::sweep::Swept;
use marquee_event::Date;
use marquee_sql::CheckResult;

use crate::counted::counted;

/// How often it is told, off a terminal, how far compaction is.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Shows a run while it goes on, and sums it up. How far it is stands on standard
/// error, what came of it on standard output.
pub(super) struct Page {
    bar: ProgressBar,
    is_asked: bool,
    began: Instant,
    shown: Mutex<Shown>,
}

struct Shown {
    /// When it was last told how far compaction is.
    at: Instant,
    /// Why a line could not be written.
    fault: Option<io::Error>,
}

impl Page {
    pub(super) fn new(selection: &Selection) -> Self {
        let bar = match io::stderr().is_terminal() {
            true => ProgressBar::new(0),
            false => ProgressBar::hidden(),
        };
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg} {elapsed} ETA {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let began = Instant::now();
        Self {
            bar,
            is_asked: *selection != Selection::Due,
            began,
            shown: Mutex::new(Shown {
                at: began,
                fault: None,
            }),
        }
    }

    /// Shows what the run is doing.
    pub(super) fn show(&self, event: &DriverEvent<'_>) {
        match event {
            // Compacting and finishing are a step each.
            DriverEvent::Planned(plan) => {
                self.bar.set_position(0);
                self.bar.set_length(2 * plan.tasks.len() as u64);
            }
            DriverEvent::Compacted(task, facts) => {
                let events = counted(facts.counts.curated, "event", "events");
                self.go_on(format!("{} compacted, {events}", task.event_date));
            }
            DriverEvent::NotCompacted(task) => self.go_on(format!("{} failed", task.event_date)),
            DriverEvent::Done(task, outcome) => {
                self.bar.inc(1);
                self.bar.set_message(format!("{} done", task.event_date));
                self.write(&(line(task, outcome) + &findings(task, outcome)));
            }
            DriverEvent::Lost(task) => self.write(&format!(
                "{}  another run was first, planning it again\n",
                task.event_date
            )),
        }
    }

    /// Shows how far compaction is.
    fn go_on(&self, message: String) {
        self.bar.inc(1);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if self.bar.is_hidden() && shown.at.elapsed() >= PLAIN_EVERY {
            console::note(&message);
            shown.at = Instant::now();
        }
        self.bar.set_message(message);
    }

    /// Writes what came of something, now.
    fn write(&self, text: &str) {
        let written = self.bar.suspend(|| console::print(text));
        if let Err(error) = written {
            let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            shown.fault.get_or_insert(error);
        }
    }

    /// Ends the page.
    ///
    /// # Errors
    /// When something of it could not be written.
    pub(super) fn finish(
        self,
        made: &BTreeMap<Date, DateOutcome>,
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
                    &format!("the books do not balance: {problem}"),
                );
            }
        }
        text += &match (made.len(), self.is_asked) {
            (0, true) => "every date asked for is up to date\n".to_owned(),
            (0, false) => "no date is due\n".to_owned(),
            (dates, _) => format!(
                "{} in {:.1} s\n",
                counted(dates as u64, "date", "dates"),
                self.began.elapsed().as_secs_f64()
            ),
        };
        if swept.objects > 0 {
            text += &format!(
                "removed {} that nothing needs any more, {}\n",
                counted(swept.objects, "file", "files"),
                HumanBytes(swept.bytes)
            );
        }
        self.write(&text);
        let shown = self.shown.into_inner();
        match shown.unwrap_or_else(PoisonError::into_inner).fault {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// A date's line.
fn line(task: &DateTask, outcome: &DateOutcome) -> String {
    let mut text = String::new();
    let why = &task.why;
    let said = match outcome {
        DateOutcome::Published(published) => {
            let counts = published.generation.counts;
            format!(
                "generation {}  {:>11} {}, {} dropped, {} redelivered, {} ({why})",
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
        DateOutcome::Held { .. } => format!("HELD BACK, not published ({why})"),
        DateOutcome::Failed { error } => {
            let cause = console::format_error(&anyhow::Error::from(Arc::clone(error)));
            format!("FAILED, not published ({why}): {cause}")
        }
        DateOutcome::Unchanged => "unchanged".to_owned(),
    };
    line_to(&mut text, task.event_date, &said);
    text
}

/// What was found wrong with a date.
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
        let said = format!("the event book does not balance: {fault}");
        line_to(&mut text, task.event_date, &said);
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

fn line_to(text: &mut String, date: impl Display, said: &str) {
    // A String takes everything.
    writeln!(text, "{date}  {said}").unwrap_or_default();
}
