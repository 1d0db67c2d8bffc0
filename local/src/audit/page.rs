//! The printed audit: sums that add up, and the problems.

mod loads;

use std::fmt::{self, Display, Formatter};

use indicatif::{HumanBytes, HumanCount};
use marquee_audit::{Audit, EventAudit, IngestBook, ShardLine, Status};
use marquee_console::escape_control;
use marquee_lake::zone::Zone;

use super::{AuditBooks, WarehouseStatus};
use crate::counted::counted;
use loads::loads;

/// The printed form of an audit.
pub(super) struct AuditPage<'a> {
    books: &'a AuditBooks,
    audit: &'a Audit,
    /// True to highlight headings with terminal styles.
    styled: bool,
}

impl<'a> AuditPage<'a> {
    /// Creates the page. `styled` is for terminals.
    pub(super) fn new(books: &'a AuditBooks, styled: bool) -> Self {
        Self {
            books,
            audit: &books.audit,
            styled,
        }
    }

    /// Returns the problem of the warehouse's rows.
    fn warehouse_problem(&self) -> Option<&str> {
        let warehouse = self.books.warehouse.as_ref();
        warehouse.and_then(WarehouseStatus::problem)
    }

    fn heading(&self, f: &mut Formatter<'_>, text: &str) -> fmt::Result {
        match self.styled {
            true => writeln!(f, "\n\x1b[1m{text}\x1b[0m"),
            false => writeln!(f, "\n{text}"),
        }
    }

    fn verdict(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Audit {
            date,
            balanced,
            status,
            problems,
            ..
        } = self.audit;
        let status = match status {
            Status::Final => "final",
            Status::Provisional => "provisional",
        };
        match balanced {
            true => self.heading(f, &format!("{date}: all events accounted for ({status})"))?,
            false => {
                let found = problems.len() + usize::from(self.warehouse_problem().is_some());
                let found = counted(found as u64, "problem", "problems");
                self.heading(
                    f,
                    &format!("{date}: events NOT accounted for, {found} ({status})"),
                )?;
            }
        }
        for reason in &self.audit.provisional_because {
            writeln!(f, "  provisional: {reason}")?;
        }
        Ok(())
    }

    fn ingest_book(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let book = &self.audit.ingest;
        let title = format!("Ingest book: units that arrived on {}", self.audit.date);
        self.heading(f, &title)?;
        if let Some(stream) = &self.books.stream {
            let stream = escape_control(&stream.display().to_string());
            writeln!(f, "  compared with the stream in {stream}")?;
        }
        shards(f, book)?;
        batches(f, book)?;
        identities(f, book)?;
        hours(f, book)?;
        producers(f, book)?;
        if book.garbage.objects > 0 {
            writeln!(
                f,
                "\n  unreferenced objects of retries: {}, {}; other objects contain their units",
                counted(book.garbage.objects, "object", "objects"),
                HumanBytes(book.garbage.bytes)
            )?;
        }
        Ok(())
    }

    fn event_book(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let date = &self.audit.date;
        match &self.audit.event {
            Some(event) => {
                let title = format!(
                    "Event book: events of {date}, generation {}",
                    event.generation
                );
                self.heading(f, &title)?;
                events(f, event)?;
                tables(f, event)
            }
            None => {
                self.heading(f, &format!("Event book: events of {date}"))?;
                writeln!(f, "  not curated yet; run `marquee day {date}`")
            }
        }
    }

    fn warehouse_book(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let date = &self.audit.date;
        let Some(warehouse) = &self.books.warehouse else {
            return Ok(());
        };
        let title = match warehouse.book() {
            Some(book) => format!("Warehouse book of {date}, generation {}", book.generation),
            None => format!("Warehouse book of {date}"),
        };
        self.heading(f, &title)?;
        let load = format!("run `marquee warehouse load {date}`");
        match warehouse {
            WarehouseStatus::NotLoaded => writeln!(f, "  not loaded yet; {load}"),
            WarehouseStatus::Behind { current, .. } => {
                writeln!(f, "  generation {current} is not loaded yet; {load}")
            }
            WarehouseStatus::Balanced(book) | WarehouseStatus::Unbalanced { book, .. } => {
                loads(f, book)
            }
            WarehouseStatus::Unreadable { .. } => {
                writeln!(f, "  unknown: the warehouse book is invalid")
            }
        }
    }

    fn problems(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.audit.balanced {
            return Ok(());
        }
        self.heading(f, "Problems and remedies")?;
        for (number, problem) in (1..).zip(&self.audit.problems) {
            writeln!(f, "  {number}. {}", escape_control(&problem.to_string()))?;
            writeln!(f, "     → {}", problem.advice())?;
        }
        if let Some(problem) = self.warehouse_problem() {
            let number = self.audit.problems.len() + 1;
            writeln!(f, "  {number}. {}", escape_control(problem))?;
        }
        Ok(())
    }
}

impl Display for AuditPage<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.verdict(f)?;
        self.ingest_book(f)?;
        self.event_book(f)?;
        self.warehouse_book(f)?;
        self.problems(f)?;
        writeln!(f)
    }
}

/// Writes a line of a sum: its sign, label, number and remark.
fn line(f: &mut Formatter<'_>, sign: char, label: &str, number: u64, remark: &str) -> fmt::Result {
    let text = format!("  {sign} {label:<28} {:>13}   {remark}", count(number));
    writeln!(f, "{}", text.trim_end())
}

fn shards(f: &mut Formatter<'_>, book: &IngestBook) -> fmt::Result {
    writeln!(
        f,
        "  {:<28} {:>13} = {:>11} + {:>7} + {:>7}",
        "records", "in the stream", "received", "empty", "failed"
    )?;
    let mut row = |name: &str, line: &ShardLine| {
        let stream = line.stream.map_or_else(|| "unknown".to_owned(), count);
        writeln!(
            f,
            "    {:<26} {stream:>13} = {:>11} + {:>7} + {:>7}",
            escape_control(name),
            count(line.seen),
            count(line.blank),
            count(line.failed)
        )
    };
    let mut all = ShardLine {
        stream: Some(0),
        ..ShardLine::default()
    };
    for (shard_id, line) in &book.shards {
        row(shard_id, line)?;
        all.stream = all.stream.zip(line.stream).map(|(sum, more)| sum + more);
        all.seen += line.seen;
        all.blank += line.blank;
        all.failed += line.failed;
    }
    if book.shards.len() != 1 {
        row("all shards", &all)?;
    }
    Ok(())
}

fn batches(f: &mut Formatter<'_>, book: &IngestBook) -> fmt::Result {
    writeln!(
        f,
        "\n  units of the {} that started on the date, with {}, by their receipts",
        counted(book.batches, "batch", "batches"),
        counted(book.records, "record", "records")
    )?;
    let rows = |zone| book.rows.get(&zone).copied().unwrap_or(0);
    let found = |zone| format!("{} rows in {zone}", count(rows(zone)));
    line(f, ' ', "received", book.received, &found(Zone::Raw))?;
    let replayed = match book.replays {
        0 => String::new(),
        replays => format!(", including {}", counted(replays, "replay", "replays")),
    };
    let processed = found(Zone::Processed) + &replayed;
    line(f, '=', "processed", book.processed, &processed)?;
    let quarantined = found(Zone::Quarantine);
    line(f, '+', "quarantined", book.quarantined, &quarantined)?;
    for (reason, units) in &book.reasons {
        line(f, ' ', &format!("  {reason}"), *units, "")?;
    }
    Ok(())
}

fn identities(f: &mut Formatter<'_>, book: &IngestBook) -> fmt::Result {
    let units = &book.units;
    writeln!(f, "\n  identities of the units that arrived on the date")?;
    line(f, ' ', "rows", units.rows, "")?;
    line(
        f,
        '−',
        "redelivered",
        units.redelivered,
        "retries with other batch boundaries",
    )?;
    line(
        f,
        '−',
        "replayed",
        units.replayed,
        "quarantined, and events now",
    )?;
    line(f, '=', "distinct", units.distinct, "")?;
    line(f, '=', "events", units.processed, "")?;
    line(f, '+', "open in quarantine", units.open, "")
}

fn hours(f: &mut Formatter<'_>, book: &IngestBook) -> fmt::Result {
    if book.hours.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\n  {:<28} {:>13} = {:>11} + {:>11}",
        "units by hour", "received", "processed", "quarantined"
    )?;
    for (hour, line) in &book.hours {
        writeln!(
            f,
            "    {:<26} {:>13} = {:>11} + {:>11}",
            format!("{hour:02}:00"),
            count(line.received),
            count(line.processed),
            count(line.quarantined)
        )?;
    }
    Ok(())
}

fn producers(f: &mut Formatter<'_>, book: &IngestBook) -> fmt::Result {
    if book.producers.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\n  {:<28} {:>13} = {:>11} + {:>7}",
        "producer numbers", "1 to", "present", "missing"
    )?;
    let mut missing = 0;
    for (producer, line) in &book.producers {
        let remarks: String = [
            (line.late, "arrived later"),
            (line.acknowledged, "acknowledged as missing"),
            (line.implausible, "ignored after an implausible gap"),
        ]
        .iter()
        .filter(|(numbers, _)| *numbers > 0)
        .map(|(numbers, remark)| format!("   {} {remark}", count(*numbers)))
        .collect();
        writeln!(
            f,
            "    {:<26} {:>13} = {:>11} + {:>7}{remarks}",
            escape_control(producer),
            count(line.up_to),
            count(line.present),
            count(line.missing)
        )?;
        missing += line.missing;
    }
    writeln!(
        f,
        "    {} missing; {} units are too malformed to contain a number",
        count(missing),
        count(book.unnumbered)
    )
}

fn events(f: &mut Formatter<'_>, event: &EventAudit) -> fmt::Result {
    let EventAudit { book, found, .. } = event;
    let receipts = match book.receipts {
        1 => "   listed in 1 receipt".to_owned(),
        many => format!("   listed in {} receipts", count(many)),
    };
    writeln!(
        f,
        "    {:<28} {:>13} {:>13}",
        "identities", "in the book", "found"
    )?;
    let mut row = |sign: char, label: &str, booked: u64, found: u64, remark: &str| {
        let text = format!(
            "  {sign} {label:<28} {:>13} {:>13}{remark}",
            count(booked),
            count(found)
        );
        writeln!(f, "{}", text.trim_end())
    };
    row(
        ' ',
        "rows in processed objects",
        book.rows,
        found.rows,
        &receipts,
    )?;
    row('−', "redelivered", book.redelivered, found.redelivered, "")?;
    row('=', "distinct", book.distinct, found.distinct, "")?;
    row('=', "curated", book.curated, found.curated, "")?;
    let conflicts = format!("   {} with other content", count(book.conflicts));
    row(
        '+',
        "duplicates dropped",
        book.duplicates,
        found.duplicates,
        &conflicts,
    )?;
    if event.waiting_receipts > 0 {
        let receipts = counted(event.waiting_receipts, "receipt", "receipts");
        let remark = format!("in {receipts}, for the next run");
        line(f, ' ', "waiting", event.waiting_rows, &remark)?;
    }
    Ok(())
}

fn tables(f: &mut Formatter<'_>, event: &EventAudit) -> fmt::Result {
    writeln!(
        f,
        "\n  {:<30} {:>13} {:>9} {:>13}",
        "tables", "rows", "files", "size"
    )?;
    for (name, table) in &event.tables {
        writeln!(
            f,
            "    {:<28} {:>13} {:>9} {:>13}",
            escape_control(name),
            count(table.rows),
            count(table.files),
            HumanBytes(table.bytes).to_string()
        )?;
    }
    Ok(())
}

fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use marquee_audit::{IngestBook, Problem, ProducerLine};

    use super::*;

    fn books(audit: Audit) -> AuditBooks {
        AuditBooks {
            audit,
            warehouse: None,
            stream: Some("lake/stream".into()),
        }
    }

    fn audit() -> Audit {
        let shard = ShardLine {
            stream: Some(1_235),
            seen: 1_234,
            failed: 1,
            ..ShardLine::default()
        };
        let producer = ProducerLine {
            up_to: 1_300,
            present: 1_290,
            missing: 1,
            acknowledged: 9,
            implausible: 2,
            ..ProducerLine::default()
        };
        Audit {
            date: "2026-03-01".parse().unwrap(),
            status: Status::Provisional,
            provisional_because: vec!["its events are not curated yet".into()],
            balanced: false,
            ingest: IngestBook {
                shards: [("shardId-000000000000".to_owned(), shard)].into(),
                producers: [("a\u{1b}[31m".to_owned(), producer)].into(),
                ..IngestBook::default()
            },
            event: None,
            problems: vec![Problem::ShardDiffers {
                shard_id: "shardId-000000000000".into(),
                stream: 1_235,
                accounted: 1_234,
            }],
        }
    }

    #[test]
    fn problems_are_listed_with_their_remedies() {
        let page = AuditPage::new(&books(audit()), false).to_string();
        for expected in [
            "events NOT accounted for, 1 problem (provisional)",
            "provisional: its events are not curated yet",
            "compared with the stream in lake/stream",
            "1,235 =       1,234 +       0 +       1",
            "+       1   9 acknowledged as missing   2 ignored after an implausible gap",
            "1. 1235 records arrived in shardId-000000000000, but 1234 are accounted for",
            "→ if the transform is still reading the stream",
            "run `marquee day 2026-03-01`",
        ] {
            assert!(page.contains(expected), "{expected}: {page}");
        }
        assert!(!page.contains('\u{1b}'), "{page}");
        let mut whole = audit();
        whole.balanced = true;
        whole.problems.clear();
        let page = AuditPage::new(&books(whole), true).to_string();
        assert!(page.contains("\x1b[1m2026-03-01: all events accounted for (provisional)\x1b[0m"));
        assert!(!page.contains("Problems and remedies"));
    }
}
