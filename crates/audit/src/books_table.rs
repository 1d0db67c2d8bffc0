//! Both books of a date as the table `audit_books`: every figure of `books.json`.
//!
//! Structs are taken apart without a `..`, so that a new figure does not compile
//! until it has its row, or is said to be none.

#[cfg(test)]
mod tests;

use crate::curated::{EventAudit, Found, TableLine};
use crate::failed::FailedBatch;
use crate::figures::{Book, Figures};
use crate::ingest_book::{HourLine, IngestBook, ShardLine, UnitLine};
use crate::orphans::Garbage;
use crate::producers::ProducerLine;
use crate::standing::Status;
use marquee_event::Date;

use crate::audit::Audit;
use crate::problem;

/// Every figure of the audit: how the date stands, its ingest book, and its event
/// book where it is published. What cannot be counted is in `books.json` alone:
/// sentences, and what they are about.
pub(crate) fn figures(audit: &Audit) -> Figures<'_> {
    let Audit {
        date,
        status,
        provisional_because,
        balanced,
        ingest,
        event,
        problems,
    } = audit;
    let mut figures = Figures::default();
    let standing = [
        ("balanced", u64::from(*balanced)),
        ("final", u64::from(*status == Status::Final)),
        ("provisional_reasons", provisional_because.len() as u64),
        ("problems", problems.len() as u64),
    ];
    figures.line(Book::Both, "date", date.to_string(), standing);
    for (kind, problems) in problem::by_kind(problems) {
        figures.line(Book::Both, "problem", kind, [("problems", problems)]);
    }
    of_ingest(*date, ingest, &mut figures);
    if let Some(event) = event {
        of_event(*date, event, &mut figures);
    }
    figures
}

fn of_ingest<'b>(date: Date, book: &'b IngestBook, figures: &mut Figures<'b>) {
    let IngestBook {
        batches,
        replays,
        records,
        received,
        processed,
        quarantined,
        reasons,
        rows,
        units,
        shards,
        hours,
        producers,
        unnumbered,
        failed,
        garbage,
    } = book;
    let of_date = [
        ("batches", *batches),
        ("replays", *replays),
        ("records", *records),
        ("received", *received),
        ("processed", *processed),
        ("quarantined", *quarantined),
        ("unnumbered", *unnumbered),
    ];
    let book = Book::Ingest;
    figures.line(book, "date", date.to_string(), of_date);
    figures.line(book, "units", date.to_string(), of_units(*units));
    let Garbage { objects, bytes } = *garbage;
    figures.line(
        book,
        "garbage",
        date.to_string(),
        [("objects", objects), ("bytes", bytes)],
    );
    for (reason, units) in reasons {
        figures.line(book, "reason", reason, [("quarantined", *units)]);
    }
    for (zone, rows) in rows {
        figures.line(book, "zone", zone.name(), [("rows", *rows)]);
    }
    for (shard_id, line) in shards {
        figures.line(book, "shard", shard_id, of_shard(*line));
    }
    for (hour, line) in hours {
        let HourLine {
            received,
            processed,
            quarantined,
        } = *line;
        let units = [
            ("received", received),
            ("processed", processed),
            ("quarantined", quarantined),
        ];
        figures.line(book, "ingest_hour", format!("{date}T{hour:02}"), units);
    }
    for (producer_id, line) in producers {
        figures.line(book, "producer", producer_id, of_producer(line));
    }
    for batch in failed {
        let FailedBatch {
            key,
            shard_id: _,
            first_sequence_number: _,
            last_sequence_number: _,
            records,
            open,
            open_arrivals: _,
        } = batch;
        let records = [("records", *records), ("open", *open)];
        figures.line(book, "failed", key, records);
    }
}

fn of_units(units: UnitLine) -> [(&'static str, u64); 7] {
    let UnitLine {
        rows,
        redelivered,
        distinct,
        processed,
        quarantined,
        replayed,
        open,
    } = units;
    [
        ("rows", rows),
        ("redelivered", redelivered),
        ("distinct", distinct),
        ("processed", processed),
        ("quarantined", quarantined),
        ("replayed", replayed),
        ("open", open),
    ]
}

/// A stream that has not been counted has no figure, which is not none.
fn of_shard<'f>(line: ShardLine) -> impl Iterator<Item = (&'f str, u64)> {
    let ShardLine {
        stream,
        seen,
        blank,
        failed,
        doubtful,
    } = line;
    let lake = [
        ("seen", seen),
        ("blank", blank),
        ("failed", failed),
        ("doubtful", doubtful),
    ];
    stream
        .map(|records| ("stream", records))
        .into_iter()
        .chain(lake)
}

/// The gaps that the line names are numbered, the longest first.
fn of_producer(line: &ProducerLine) -> impl Iterator<Item = (String, u64)> {
    let ProducerLine {
        up_to,
        present,
        late,
        missing,
        gaps,
    } = line;
    let counts = [
        ("up_to", *up_to),
        ("present", *present),
        ("late", *late),
        ("missing", *missing),
    ]
    .map(|(figure, value)| (figure.to_owned(), value));
    let gaps = (1..).zip(gaps).flat_map(|(place, (from, to))| {
        [
            (format!("gap_{place}_from"), *from),
            (format!("gap_{place}_to"), *to),
        ]
    });
    counts.into_iter().chain(gaps)
}

fn of_event<'b>(date: Date, event: &'b EventAudit, figures: &mut Figures<'b>) {
    let EventAudit {
        generation,
        run: _,
        title_catalog: _,
        book,
        found,
        tables,
        waiting_receipts,
        waiting_rows,
    } = event;
    let of_date = [
        ("generation", u64::from(*generation)),
        ("balanced", u64::from(book.balanced)),
        ("waiting_receipts", *waiting_receipts),
        ("waiting_rows", *waiting_rows),
    ];
    figures.line(Book::Event, "date", date.to_string(), of_date);
    book.enter(figures);
    let Found {
        rows,
        distinct,
        redelivered,
        curated,
        duplicates,
    } = *found;
    let found = [
        ("rows", rows),
        ("distinct", distinct),
        ("redelivered", redelivered),
        ("curated", curated),
        ("duplicates", duplicates),
    ];
    figures.line(Book::Event, "found", date.to_string(), found);
    for (table, line) in tables {
        let TableLine { files, rows, bytes } = *line;
        let line = [("files", files), ("rows", rows), ("bytes", bytes)];
        figures.line(Book::Event, "table", table, line);
    }
}
