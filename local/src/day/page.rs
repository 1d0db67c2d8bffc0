//! What a run of the day shows: a line a date, and what is wrong in full.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use marquee_day::audit::Audit;
use marquee_day::plan::{Selection, Why};
use marquee_day::sweep::Swept;
use marquee_sql::CheckResult;

use super::run::{DateOutcome, Step};

/// Shows a run while it goes on, and sums it up.
pub(super) struct Page {
    bar: ProgressBar,
    is_asked: bool,
    began: Instant,
    lines: Mutex<Vec<String>>,
}

impl Page {
    pub(super) fn new(selection: &Selection) -> Self {
        let bar = match io::stderr().is_terminal() {
            true => ProgressBar::new(0),
            false => ProgressBar::hidden(),
        };
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg} {elapsed} ETA {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self {
            bar,
            is_asked: *selection != Selection::Due,
            began: Instant::now(),
            lines: Mutex::default(),
        }
    }

    /// Shows what the run is doing.
    pub(super) fn show(&self, step: &Step<'_>) {
        match step {
            // Compacting and finishing are a step each.
            Step::Planned(plan) => self.bar.set_length(2 * plan.tasks.len() as u64),
            Step::Compacted(task, facts) => {
                self.bar.inc(1);
                let events = HumanCount(facts.counts.curated);
                self.bar
                    .set_message(format!("{} compacted, {events} events", task.event_date));
            }
            Step::Done(task, outcome) => {
                self.bar.inc(1);
                self.bar.set_message(format!("{} done", task.event_date));
                let line = line(&task.event_date, &task.why, outcome);
                if !self.bar.is_hidden() {
                    self.bar.println(&line);
                    return;
                }
                self.lines
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
            Step::Lost(task) => {
                let date = &task.event_date;
                self.bar
                    .println(format!("{date}  another run was first, planning it again"));
            }
        }
    }

    /// Ends the page.
    pub(super) fn finish(
        &self,
        made: &BTreeMap<String, DateOutcome>,
        audits: &[Audit],
        swept: Swept,
    ) -> io::Result<()> {
        self.bar.finish_and_clear();
        let mut out = io::stdout().lock();
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for line in lines.iter() {
            writeln!(out, "{line}")?;
        }
        for (date, outcome) in made {
            write_findings(&mut out, date, outcome)?;
        }
        for audit in audits {
            for problem in &audit.problems {
                writeln!(out, "{}  the books do not balance: {problem}", audit.date)?;
            }
        }
        if made.is_empty() {
            let text = match self.is_asked {
                true => "every date asked for is up to date",
                false => "no date is due",
            };
            writeln!(out, "{text}")?;
        } else {
            let seconds = self.began.elapsed().as_secs_f64();
            writeln!(out, "{} dates in {seconds:.1} s", made.len())?;
        }
        if swept.objects > 0 {
            writeln!(
                out,
                "removed {} files that nothing needs any more, {}",
                HumanCount(swept.objects),
                HumanBytes(swept.bytes)
            )?;
        }
        Ok(())
    }
}

/// A date's line.
fn line(date: &str, why: &Why, outcome: &DateOutcome) -> String {
    match outcome {
        DateOutcome::Published(published) => {
            let counts = published.generation.counts;
            format!(
                "{date}  generation {}  {:>11} events, {} duplicates dropped, {} redelivered, \
                 {} tables ({})",
                published.generation.generation,
                HumanCount(counts.curated).to_string(),
                HumanCount(counts.duplicates),
                HumanCount(counts.redelivered),
                published.generation.tables.len(),
                why
            )
        }
        DateOutcome::Held { .. } => format!("{date}  HELD BACK, not published ({})", why),
        DateOutcome::Unchanged => format!("{date}  unchanged"),
    }
}

/// What was found wrong with a date.
fn write_findings(out: &mut impl io::Write, date: &str, outcome: &DateOutcome) -> io::Result<()> {
    let (checks, book) = match outcome {
        DateOutcome::Published(published) => (&published.checks, None),
        DateOutcome::Held { checks, book } => (checks, book.as_ref()),
        DateOutcome::Unchanged => return Ok(()),
    };
    for check in checks.iter().filter(|check| check.broken > 0) {
        write_check(out, date, check)?;
    }
    if let Some(book) = book {
        for fault in &book.faults {
            writeln!(out, "{date}  the event book does not balance: {fault}")?;
        }
    }
    Ok(())
}

fn write_check(out: &mut impl io::Write, date: &str, check: &CheckResult) -> io::Result<()> {
    writeln!(
        out,
        "{date}  {}: {} — {}: {} rows",
        check.severity.name(),
        check.name,
        check.about,
        HumanCount(check.broken)
    )?;
    for row in &check.sample {
        writeln!(out, "            {row}")?;
    }
    Ok(())
}
