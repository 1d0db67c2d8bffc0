//! An audit as a person reads it: sums that add up, and what does not.

mod loads;

use std::fmt::{self, Display, Formatter};

use indicatif::{HumanBytes, HumanCount};
use marquee_audit::{Audit, EventAudit, IngestBook, ShardLine, Status};
use marquee_lake::zone::Zone;

use super::{Books, Warehouse};
use crate::counted::counted;
use loads::loads;

/// An audit to be printed.
pub(super) struct Page<'a> {
    books: &'a Books,
    audit: &'a Audit,
    /// Whether headings stand out by more than their place.
    styled: bool,
}

impl<'a> Page<'a> {
    /// `styled` is for terminals.
    pub(super) fn new(books: &'a Books, styled: bool) -> Self {
        Self {
            books,
            audit: &books.audit,
            styled,
        }
    }

    /// What is wrong with the warehouse's line.
    fn warehouse_problem(&self) -> Option<&str> {
        let warehouse = self.books.warehouse.as_ref();
        warehouse.and_then(Warehouse::problem)
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
            true => self.heading(f, &format!("{date}: the books balance ({status})"))?,
            false => {
                let found = problems.len() + usize::from(self.warehouse_problem().is_some());
                let found = counted(found as u64, "problem", "problems");
                self.heading(
                    f,
                    &format!("{date}: the books do NOT balance, {found} ({status})"),
                )?;
            }
        }
        for reason in &self.audit.provisional_because {
            writeln!(f, "  provisional: {reason}")?;
        }
        Ok(())
    }

    fn arrived(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let book = &self.audit.ingest;
        self.heading(f, &format!("What arrived on {}", self.audit.date))?;
        if let Some(stream) = &self.books.stream {
            let stream = visible(&stream.display().to_string());
            writeln!(f, "  held against the stream in {stream}")?;
        }
        shards(f, book)?;
        batches(f, book)?;
        identities(f, book)?;
        hours(f, book)?;
        producers(f, book)?;
        if book.garbage.objects > 0 {
            writeln!(
                f,
                "\n  left over from retries: {}, {}; all that is in there is elsewhere",
                counted(book.garbage.objects, "object", "objects"),
                HumanBytes(book.garbage.bytes)
            )?;
        }
        Ok(())
    }

    fn happened(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let date = &self.audit.date;
        match &self.audit.event {
            Some(event) => {
                let title = format!("What happened on {date}, generation {}", event.generation);
                self.heading(f, &title)?;
                events(f, event)?;
                tables(f, event)
            }
            None => {
                self.heading(f, &format!("What happened on {date}"))?;
                writeln!(f, "  not curated yet: `marquee day {date}` does it")
            }
        }
    }

    fn loaded(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let date = &self.audit.date;
        let Some(warehouse) = &self.books.warehouse else {
            return Ok(());
        };
        let title = match warehouse.book() {
            Some(book) => format!(
                "What the warehouse has of {date}, generation {}",
                book.generation
            ),
            None => format!("What the warehouse has of {date}"),
        };
        self.heading(f, &title)?;
        let load = format!("`marquee warehouse load {date}` does it");
        match warehouse {
            Warehouse::NotLoaded => writeln!(f, "  not loaded yet: {load}"),
            Warehouse::Behind(_) => {
                let event = self.audit.event.as_ref();
                let current = event.map_or(0, |event| event.generation);
                writeln!(f, "  generation {current} is not loaded yet: {load}")
            }
            Warehouse::Balanced(book) | Warehouse::Unbalanced { book, .. } => loads(f, book),
            Warehouse::Unreadable { .. } => writeln!(f, "  not known, as its book says nothing"),
        }
    }

    fn problems(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.audit.balanced {
            return Ok(());
        }
        self.heading(f, "What is wrong, and what to do")?;
        for (number, problem) in (1..).zip(&self.audit.problems) {
            writeln!(f, "  {number}. {}", visible(&problem.to_string()))?;
            writeln!(f, "     → {}", problem.advice())?;
        }
        if let Some(problem) = self.warehouse_problem() {
            let number = self.audit.problems.len() + 1;
            writeln!(f, "  {number}. {}", visible(problem))?;
        }
        Ok(())
    }
}

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.verdict(f)?;
        self.arrived(f)?;
        self.happened(f)?;
        self.loaded(f)?;
        self.problems(f)?;
        writeln!(f)
    }
}

/// A line of a sum: its sign, what it is, how much, and a remark.
fn line(f: &mut Formatter<'_>, sign: char, what: &str, number: u64, remark: &str) -> fmt::Result {
    let text = format!("  {sign} {what:<28} {:>13}   {remark}", count(number));
    writeln!(f, "{}", text.trim_end())
}

fn shards(f: &mut Formatter<'_>, book: &IngestBook) -> fmt::Result {
    writeln!(
        f,
        "  {:<28} {:>13} = {:>11} + {:>7} + {:>7}",
        "records", "in the stream", "seen", "blank", "failed"
    )?;
    let mut row = |name: &str, line: &ShardLine| {
        let stream = line.stream.map_or_else(|| "not known".to_owned(), count);
        writeln!(
            f,
            "    {:<26} {stream:>13} = {:>11} + {:>7} + {:>7}",
            visible(name),
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
        "\n  units of the {} that began on the date, with {}, as their receipts say",
        counted(book.batches, "batch", "batches"),
        counted(book.records, "record", "records")
    )?;
    let rows = |zone| book.rows.get(&zone).copied().unwrap_or(0);
    let found = |zone| format!("{} rows found in {zone}", count(rows(zone)));
    line(f, ' ', "received", book.received, &found(Zone::Raw))?;
    let replayed = match book.replays {
        0 => String::new(),
        replays => format!(
            ", those of {} among them",
            counted(replays, "replay", "replays")
        ),
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
    writeln!(f, "\n  units that arrived on the date, each identity once")?;
    line(f, ' ', "rows", units.rows, "")?;
    line(
        f,
        '−',
        "redelivered",
        units.redelivered,
        "retries cut batches otherwise",
    )?;
    line(
        f,
        '−',
        "replayed",
        units.replayed,
        "in quarantine, and events now",
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
        "numbers of producers, from 1", "to", "present", "missing"
    )?;
    let mut missing = 0;
    for (producer, line) in &book.producers {
        let late = match line.late {
            0 => String::new(),
            late => format!("   {} of them arrived later", count(late)),
        };
        writeln!(
            f,
            "    {:<26} {:>13} = {:>11} + {:>7}{late}",
            visible(producer),
            count(line.up_to),
            count(line.present),
            count(line.missing)
        )?;
        missing += line.missing;
    }
    writeln!(
        f,
        "    {} missing, and {} units too broken to carry a number, which excuse as many",
        count(missing),
        count(book.unnumbered)
    )
}

fn events(f: &mut Formatter<'_>, event: &EventAudit) -> fmt::Result {
    let EventAudit { book, found, .. } = event;
    let receipts = match book.receipts {
        1 => "   1 receipt names them".to_owned(),
        many => format!("   {} receipts name them", count(many)),
    };
    writeln!(
        f,
        "    {:<28} {:>13} {:>13}",
        "identities", "in the book", "found"
    )?;
    let mut row = |sign: char, what: &str, booked: u64, found: u64, remark: &str| {
        let text = format!(
            "  {sign} {what:<28} {:>13} {:>13}{remark}",
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
    let conflicts = format!("   {} with another content", count(book.conflicts));
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
            visible(name),
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

/// What producers wrote, without what would steer a terminal.
fn visible(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use marquee_audit::{IngestBook, Problem, ProducerLine};

    use super::*;

    fn books(audit: Audit) -> Books {
        Books {
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
            present: 1_299,
            missing: 1,
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
    fn what_is_wrong_stands_with_what_to_do() {
        let page = Page::new(&books(audit()), false).to_string();
        for said in [
            "the books do NOT balance, 1 problem (provisional)",
            "provisional: its events are not curated yet",
            "held against the stream in lake/stream",
            "1,235 =       1,234 +       0 +       1",
            "1. 1235 records arrived in shardId-000000000000, but 1234 are accounted for",
            "→ if the stream is still being read",
            "`marquee day 2026-03-01` does it",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(!page.contains('\u{1b}'), "{page}");
        let mut whole = audit();
        whole.balanced = true;
        whole.problems.clear();
        let page = Page::new(&books(whole), true).to_string();
        assert!(page.contains("\x1b[1m2026-03-01: the books balance (provisional)\x1b[0m"));
        assert!(!page.contains("What is wrong"));
    }
}
