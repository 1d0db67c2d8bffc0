//! The printed report: first the events, their cost, the days and the favourites, then
//! the figures of the machinery.

mod machinery;

use std::fmt::{self, Display, Formatter};

use comfy_table::{CellAlignment, Table, presets};
use indicatif::HumanCount;

use marquee_audit::Status;

use super::curation::CuratedDay;
use super::report::DemoReport;
use crate::hints::quoted;

/// The number of ranks that are shown.
const RANKS: usize = 8;
/// The maximum width of the sentences, in columns.
const PAGE_COLUMNS: usize = 98;
/// The maximum length of a name, in characters; longer names are truncated.
const NAME_CHARS: usize = 34;

/// The printed form of a report.
pub(super) struct DemoPage<'a> {
    report: &'a DemoReport,
    /// True to highlight headings with terminal styles.
    styled: bool,
    /// The command that runs this program.
    program: &'a str,
}

impl<'a> DemoPage<'a> {
    /// Creates the page. `styled` is for terminals; `program` is the command that the
    /// user typed to run this program.
    pub(super) fn new(report: &'a DemoReport, styled: bool, program: &'a str) -> Self {
        Self {
            report,
            styled,
            program,
        }
    }

    fn heading(&self, f: &mut Formatter<'_>, text: &str) -> fmt::Result {
        if self.styled {
            writeln!(f, "\n\x1b[1m{text}\x1b[0m")
        } else {
            writeln!(f, "\n{text}")
        }
    }

    fn events(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let DemoReport {
            settings,
            survey,
            ledger,
            curation,
            books,
            ..
        } = self.report;
        self.heading(
            f,
            &format!(
                "Events of {} viewers in {} (seed {})",
                count(settings.users.into()),
                settings.span_text(),
                settings.seed
            ),
        )?;
        let share = |part: u64| 100.0 * part as f64 / books.received.max(1) as f64;
        writeln!(f, "  sent         {:>12}", count(books.sent))?;
        for (name, part) in [
            ("processed", books.processed),
            ("quarantined", books.quarantined),
        ] {
            writeln!(
                f,
                "  {name:<12} {:>12}   {:>6.2} %",
                count(part),
                share(part)
            )?;
        }
        let reasons: Vec<_> = ledger.reasons.iter().collect();
        for pair in reasons.chunks(2) {
            let cells: Vec<_> = pair
                .iter()
                .map(|(reason, number)| format!("{reason:<27}{:>7}", count(**number)))
                .collect();
            writeln!(f, "      {}", cells.join("      "))?;
        }
        paragraph(
            f,
            &format!(
                "{} processed events were duplicates, which curation dropped; {} arrived over an hour late.",
                count(curation.duplicates()),
                count(survey.late)
            ),
        )
    }

    /// Prints the estimated cost of the events on AWS.
    fn cost(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(estimate) = self.report.monthly_cost() else {
            return Ok(());
        };
        let per_day = estimate.workload.events_per_day;
        self.heading(f, "Cost on AWS")?;
        paragraph(
            f,
            &format!(
                "${:.2} a month for {} events each day, by AWS's prices in {}; ${:.2} of it without \
                 any event. The items:",
                estimate.processing + estimate.storage,
                count(per_day as u64),
                estimate.region,
                estimate.fixed
            ),
        )?;
        writeln!(f, "  {} cost --events-per-day {per_day}", self.program)
    }

    /// Prints engagement and retention from the tables.
    fn days(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let curation = &self.report.curation;
        self.heading(
            f,
            &format!(
                "{:<14}{:>10}{:>9}{:>10}{:>10}{:>8}{:>12}{:>12}",
                "Days",
                "events",
                "viewers",
                "sessions",
                "hours",
                "binges",
                "completion",
                "engagement"
            ),
        )?;
        for (day, watched) in curation.days.iter().zip(&curation.engagement) {
            let share = |share: Option<f64>| {
                share.map_or_else(String::new, |share| format!("{:.1} %", 100.0 * share))
            };
            writeln!(
                f,
                "  {:<12}{:>10}{:>9}{:>10}{:>10}{:>8}{:>12}{:>12}",
                watched.event_date,
                count(day.curated_events),
                count(watched.viewers),
                count(watched.sessions),
                count(watched.hours.round() as u64),
                share(Some(watched.binge_share)),
                share(watched.completion),
                watched
                    .engagement
                    .map_or_else(String::new, |score| format!("{score:.3}")),
            )?;
        }
        for back in curation.retention.iter().filter(|back| back.days == 1) {
            paragraph(
                f,
                &format!(
                    "Retention: {} of {} viewers of the previous day returned on {}, {:.1} %.",
                    count(back.returned),
                    count(back.users),
                    back.event_date,
                    100.0 * back.retention
                ),
            )?;
        }
        let tables = curation.days.last().map_or(0, |day| day.tables);
        paragraph(
            f,
            &format!(
                "Compacted, checked, published and audited in {:.1} s; the newest date has {tables} tables.",
                curation.took.as_secs_f64()
            ),
        )
    }

    /// Prints the most watched titles beside the most frequent searches.
    fn favourites(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let curation = &self.report.curation;
        if curation.top_titles.is_empty() && curation.top_searches.is_empty() {
            return Ok(());
        }
        let title_cells = curation.top_titles.iter().map(|top| {
            [
                format!("  {}", name(&top.title)),
                count(top.hours.round() as u64),
                count(top.viewers),
            ]
        });
        let search_cells = curation
            .top_searches
            .iter()
            .map(|top| [format!("  {}", name(&top.query)), count(top.searches)]);
        let (titles, searches): (Vec<_>, Vec<_>) = (title_cells.collect(), search_cells.collect());

        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        let rows = titles.len().max(searches.len()).min(RANKS);
        for rank in 0..rows {
            let [title, hours, viewers] = titles.get(rank).cloned().unwrap_or_default();
            let [query, searches_count] = searches.get(rank).cloned().unwrap_or_default();
            table.add_row([title, hours, viewers, query, searches_count]);
        }
        table.set_header([
            "Most watched",
            "hours",
            "viewers",
            "  Most searched",
            "searches",
        ]);
        for index in [1, 2, 4] {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut lines = table.lines();
        if let Some(header) = lines.next() {
            self.heading(f, header.trim())?;
        }
        for line in lines {
            // Strip the cell's left margin, to align with the heading.
            writeln!(f, "{}", line.trim_end().strip_prefix(' ').unwrap_or(&line))?;
        }
        Ok(())
    }

    fn books(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let books = &self.report.books;
        if !books.balanced() {
            self.heading(f, "Events NOT accounted for")?;
            for fault in &books.faults {
                paragraph(f, fault)?;
            }
            return paragraph(
                f,
                "If another version of this program started this lake, delete the lake and run the demo again.",
            );
        }
        self.heading(f, "All events accounted for")?;
        for line in [
            format!(
                "{} sent = {} received = {} processed + {} quarantined. The producer's count, the receipts and the objects agree.",
                count(books.sent),
                count(books.received),
                count(books.processed),
                count(books.quarantined)
            ),
            format!(
                "{} processed = {} curated + {} duplicates dropped + {} redelivered. The event book of each date balanced before the date was published.",
                count(books.processed),
                count(books.curated),
                count(books.duplicates),
                count(books.redelivered)
            ),
            format!(
                "{} receipts list {} objects. All exist and have the listed size.",
                count(self.report.ledger.batches),
                count(books.objects)
            ),
            format!(
                "The producer numbers 1 to {} occur once each, except for {} of units that are too malformed to contain one.",
                count(books.sent),
                count(books.unnumbered)
            ),
        ] {
            paragraph(f, &line)?;
        }
        let provisional = |day: &&CuratedDay| day.audit.status == Status::Provisional;
        let open = self.report.curation.days.iter().filter(provisional).count();
        if open > 0 {
            paragraph(
                f,
                &format!(
                    "{open} of the days are provisional because late events may still arrive."
                ),
            )?;
        }
        Ok(())
    }

    /// Prints commands that can be pasted, each on lines of its own.
    fn next(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let DemoReport { lake, curation, .. } = self.report;
        self.heading(f, "Next")?;
        paragraph(
            f,
            &format!(
                "The lake is in {}; report.json in it contains this report. Query, audit and serve it:",
                lake.display()
            ),
        )?;
        let (program, lake) = (self.program, quoted(&lake.display().to_string()));
        for sql in [
            "SELECT reason, field, value, detail FROM quarantine LIMIT 10",
            "SELECT title_rank, name, climbed FROM top_titles WHERE measure = 'viewers' AND event_date = (SELECT max(event_date) FROM top_titles) ORDER BY 1, 2 LIMIT 10",
        ] {
            writeln!(f, "  {program} query --lake {lake} \\\n    \"{sql}\"")?;
        }
        if let Some(day) = curation.days.first() {
            writeln!(f, "  {program} audit --lake {lake} {}", day.event_date)?;
        }
        writeln!(f, "  {program} serve --lake {lake}")
    }
}

impl Display for DemoPage<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.events(f)?;
        self.cost(f)?;
        self.days(f)?;
        self.favourites(f)?;
        self.lake(f)?;
        self.speed(f)?;
        self.books(f)?;
        self.next(f)?;
        writeln!(f)
    }
}

/// Writes sentences with an indent of two columns, wrapped at the page width.
fn paragraph(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    let mut column = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column == 0 || column + 1 + width > PAGE_COLUMNS {
            let before = if column == 0 { "  " } else { "\n  " };
            write!(f, "{before}{word}")?;
            column = 2 + width;
        } else {
            write!(f, " {word}")?;
            column += 1 + width;
        }
    }
    writeln!(f)
}

fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

/// Formats a duration in the units that people use.
fn duration_text(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds < 1.0 => format!("{:.1} ms", seconds * 1000.0),
        0..120 => format!("{seconds:.1} s"),
        120..3_600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3_600, whole % 3_600 / 60),
    }
}

/// Truncates a text and replaces control characters, so that it cannot control the
/// terminal.
fn name(text: &str) -> String {
    let visible = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    if text.chars().count() <= NAME_CHARS {
        return text.chars().map(visible).collect();
    }
    let short: String = text.chars().take(NAME_CHARS - 1).map(visible).collect();
    short + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_readable_units() {
        for (seconds, text) in [
            (0.0045, "4.5 ms"),
            (1.0, "1.0 s"),
            (119.4, "119.4 s"),
            (154.6, "2 min 35 s"),
            (3_599.9, "1 h 0 min"),
            (43_000.0, "11 h 56 min"),
        ] {
            assert_eq!(duration_text(seconds), text);
        }
    }

    #[test]
    fn names_are_short_and_cannot_control_the_terminal() {
        assert_eq!(name("a\u{1b}[31m"), "a\u{fffd}[31m");
        assert_eq!(name(&"é".repeat(NAME_CHARS)), "é".repeat(NAME_CHARS));
        let long = name(&"é".repeat(NAME_CHARS + 1));
        assert_eq!(long.chars().count(), NAME_CHARS);
        assert!(long.ends_with('…'));
    }
}
