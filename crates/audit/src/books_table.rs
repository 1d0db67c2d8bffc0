//! Both books of a date as the table `audit_books`, with every figure of `books.json`.
//!
//! The functions destructure without `..`: after the addition of a field, they do not compile
//! until the field has a row or is ignored explicitly.

#[cfg(test)]
mod tests;

use crate::curated::{EventAudit, FoundCounts, TableLine};
use crate::failed::FailedBatch;
use crate::figures::{Book, Figures};
use crate::ingest_book::{HourLine, IngestBook, ShardLine, UnitLine};
use crate::orphans::Garbage;
use crate::producers::ProducerLine;
use crate::status::Status;
use marquee_event::Date;

use crate::audit::Audit;
use crate::problem;

/// Returns every figure of the audit: of the status, of the ingest book, and of the event book
/// if the date is published. Texts, such as the problems' sentences, are only in `books.json`.
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
    let status = [
        ("balanced", u64::from(*balanced)),
        ("final", u64::from(*status == Status::Final)),
        ("provisional_reasons", provisional_because.len() as u64),
        ("problems", problems.len() as u64),
    ];
    figures.add(Book::Both, "date", date.to_string(), status);
    for (kind, problems) in problem::count_by_kind(problems) {
        figures.add(Book::Both, "problem", kind, [("problems", problems)]);
    }
    add_ingest_book(*date, ingest, &mut figures);
    if let Some(event) = event {
        add_event_audit(*date, event, &mut figures);
    }
    figures
}

fn add_ingest_book<'b>(date: Date, book: &'b IngestBook, figures: &mut Figures<'b>) {
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
    figures.add(book, "date", date.to_string(), of_date);
    figures.add(book, "units", date.to_string(), unit_figures(*units));
    let Garbage { objects, bytes } = *garbage;
    figures.add(
        book,
        "garbage",
        date.to_string(),
        [("objects", objects), ("bytes", bytes)],
    );
    for (reason, units) in reasons {
        figures.add(book, "reason", reason, [("quarantined", *units)]);
    }
    for (zone, rows) in rows {
        figures.add(book, "zone", zone.name(), [("rows", *rows)]);
    }
    for (shard_id, line) in shards {
        figures.add(book, "shard", shard_id, shard_figures(*line));
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
        figures.add(book, "ingest_hour", format!("{date}T{hour:02}"), units);
    }
    for (producer_id, line) in producers {
        figures.add(book, "producer", producer_id, producer_figures(line));
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
        figures.add(book, "failed", key, records);
    }
}

fn unit_figures(units: UnitLine) -> [(&'static str, u64); 7] {
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

/// Returns the figures of a shard. An unknown count of the stream has no row; it is not 0.
fn shard_figures<'f>(line: ShardLine) -> impl Iterator<Item = (&'f str, u64)> {
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

/// Returns the figures of a producer. The gaps are numbered from 1, the longest first.
fn producer_figures(line: &ProducerLine) -> impl Iterator<Item = (String, u64)> {
    let ProducerLine {
        up_to,
        present,
        late,
        missing,
        acknowledged,
        excused,
        implausible,
        gaps,
    } = line;
    let counts = [
        ("up_to", *up_to),
        ("present", *present),
        ("late", *late),
        ("missing", *missing),
        ("acknowledged", *acknowledged),
        ("excused", *excused),
        ("implausible", *implausible),
    ]
    .map(|(figure, value)| (figure.to_owned(), value));
    let gaps = (1..).zip(gaps).flat_map(|(number, (from, to))| {
        [
            (format!("gap_{number}_from"), *from),
            (format!("gap_{number}_to"), *to),
        ]
    });
    counts.into_iter().chain(gaps)
}

fn add_event_audit<'b>(date: Date, event: &'b EventAudit, figures: &mut Figures<'b>) {
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
    figures.add(Book::Event, "date", date.to_string(), of_date);
    book.add_figures(figures);
    let FoundCounts {
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
    figures.add(Book::Event, "found", date.to_string(), found);
    for (table, line) in tables {
        let TableLine { files, rows, bytes } = *line;
        let line = [("files", files), ("rows", rows), ("bytes", bytes)];
        figures.add(Book::Event, "table", table, line);
    }
}
