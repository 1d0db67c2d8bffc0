//! The event book of a generation, held against its files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_lake::generation::{FileEntry, Generation};
use marquee_lake::receipt::Receipt;
use marquee_lake::unit::{IDENTITY_COLUMNS, UnitId, UnitIdentities};
use object_store::ObjectStore;
use serde::Serialize;

use crate::error::AuditError;
use crate::event_book::{Closing, EventBook};
use crate::object::Claim;
use crate::object::READERS;
use crate::problem::Problem;

/// The event book of a date's current generation, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventAudit {
    /// The generation's number.
    pub generation: u32,
    /// The last part of its files' directories.
    pub run: String,
    /// The catalogue that enriched its events.
    #[serde(rename = "catalogue")]
    pub title_catalog: Option<String>,
    /// What the counts say.
    pub book: EventBook,
    /// What is there.
    pub found: Found,
    /// The generation's tables.
    pub tables: BTreeMap<String, TableLine>,
    /// Receipts with events of the date that it does not cover yet.
    pub waiting_receipts: u64,
    /// Their rows of the date.
    pub waiting_rows: u64,
}

/// Identities of the date, counted in the objects themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Rows in the covered processed objects.
    pub rows: u64,
    /// Their identities.
    pub distinct: u64,
    /// Rows whose identity comes again.
    pub redelivered: u64,
    /// Identities in `events`.
    pub curated: u64,
    /// Identities in `dropped_events`.
    pub duplicates: u64,
}

/// A table of the generation, as it was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TableLine {
    /// Files.
    pub files: u64,
    /// Their rows.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The generation's side of the book as it fills.
pub(crate) struct Filling<'g> {
    generation: &'g Generation,
    covered: &'g BTreeSet<String>,
    sources: Vec<(UnitId, u32)>,
    /// The first processed object of each receipt, to name one.
    objects: Vec<String>,
}

impl<'g> Filling<'g> {
    pub(crate) fn new(generation: &'g Generation, covered: &'g BTreeSet<String>) -> Self {
        Self {
            generation,
            covered,
            sources: Vec::new(),
            objects: Vec::new(),
        }
    }

    /// Enters the events of the date that a covered receipt's objects hold.
    pub(crate) fn enter(&mut self, receipt: &Receipt, events: &[UnitId]) {
        let number = u32::try_from(self.objects.len()).unwrap_or(u32::MAX);
        self.objects.push(receipt.key());
        self.sources
            .extend(events.iter().map(|unit| (*unit, number)));
    }

    /// Adds the book up against the generation's files.
    pub(crate) async fn close(
        self,
        store: &Arc<dyn ObjectStore>,
        receipts: &[Receipt],
        problems: &mut Vec<Problem>,
    ) -> Result<EventAudit, AuditError> {
        let generation = self.generation;
        let date = generation.event_date;
        let of_date = date.to_string();
        let (covered, waiting): (Vec<&Receipt>, Vec<&Receipt>) = receipts
            .iter()
            .filter(|receipt| receipt.event_dates.contains_key(&of_date))
            .partition(|receipt| self.covered.contains(&receipt.key()));
        let rows_of = |receipts: &[&Receipt]| -> u64 {
            let rows = receipts.iter().filter_map(|r| r.event_dates.get(&of_date));
            rows.sum()
        };
        let there: Vec<Receipt> = covered.iter().map(|receipt| (*receipt).clone()).collect();
        let book = EventBook::close(Closing {
            event_date: date,
            covered: self.covered.len(),
            receipt_rows: rows_of(&covered),
            receipts: &there,
            counts: &generation.counts,
            tables: &generation.tables,
        });
        let sums = book.faults.iter().cloned();
        problems.extend(sums.map(|sum| Problem::Unbalanced { date, sum }));
        let (tables, identities) = tables(store, generation, problems).await?;
        let [events, dropped] = identities;
        let found = self.compare(events, dropped, problems);
        for (what, booked, found) in [
            ("rows of the date", book.rows, found.rows),
            ("redelivered rows", book.redelivered, found.redelivered),
            ("distinct identities", book.distinct, found.distinct),
            ("identities in events", book.curated, found.curated),
            (
                "identities in dropped_events",
                book.duplicates,
                found.duplicates,
            ),
        ] {
            if booked != found {
                problems.push(Problem::Unbalanced {
                    date,
                    sum: format!("the event book has {booked} {what}, but the objects {found}"),
                });
            }
        }
        Ok(EventAudit {
            generation: generation.generation,
            run: generation.run.clone(),
            title_catalog: generation.title_catalog.clone(),
            found,
            tables,
            waiting_receipts: waiting.len() as u64,
            waiting_rows: rows_of(&waiting),
            book,
        })
    }

    /// Holds the identities of sources and tables against each other.
    fn compare(
        self,
        mut events: Vec<UnitId>,
        mut dropped: Vec<UnitId>,
        problems: &mut Vec<Problem>,
    ) -> Found {
        let mut sources = self.sources;
        let rows = sources.len() as u64;
        sources.sort_unstable();
        sources.dedup_by_key(|(unit, _)| *unit);
        for units in [&mut events, &mut dropped] {
            units.sort_unstable();
            units.dedup();
        }
        let is_curated = |unit: &UnitId| {
            events.binary_search(unit).is_ok() || dropped.binary_search(unit).is_ok()
        };
        let lost: Vec<u32> = sources
            .iter()
            .filter(|(unit, _)| !is_curated(unit))
            .map(|(_, number)| *number)
            .collect();
        if let Some(first) = lost.iter().min() {
            let example = usize::try_from(*first)
                .ok()
                .and_then(|n| self.objects.get(n));
            problems.push(Problem::Lost {
                date: self.generation.event_date,
                identities: lost.len() as u64,
                example: example.cloned().unwrap_or_default(),
            });
        }
        let has_source = |unit: &UnitId| {
            sources
                .binary_search_by_key(unit, |(unit, _)| *unit)
                .is_ok()
        };
        let curated = events.iter().chain(&dropped);
        let unknown = curated.filter(|unit| !has_source(unit)).count() as u64;
        if unknown > 0 {
            problems.push(Problem::Unknown {
                date: self.generation.event_date,
                identities: unknown,
            });
        }
        let distinct = sources.len() as u64;
        Found {
            rows,
            distinct,
            redelivered: rows - distinct,
            curated: events.len() as u64,
            duplicates: dropped.len() as u64,
        }
    }
}

/// Holds every file of the generation against what it says of it; the units of
/// `events` and of `dropped_events`.
async fn tables(
    store: &Arc<dyn ObjectStore>,
    generation: &Generation,
    problems: &mut Vec<Problem>,
) -> Result<(BTreeMap<String, TableLine>, [Vec<UnitId>; 2]), AuditError> {
    let key = generation.key();
    let files = generation
        .tables
        .iter()
        .flat_map(|(table, files)| files.files.iter().map(move |file| (table, file)));
    let mut examined = futures::stream::iter(files)
        .map(|(table, file)| {
            let found = file_found(store, key.clone(), table, file.clone());
            async move { Ok::<_, AuditError>((table, found.await?)) }
        })
        .buffered(READERS);
    let mut lines: BTreeMap<String, TableLine> = generation
        .tables
        .keys()
        .map(|table| (table.clone(), TableLine::default()))
        .collect();
    let mut identities = [Vec::new(), Vec::new()];
    let [events, dropped] = &mut identities;
    while let Some((table, mut found)) = examined.try_next().await? {
        problems.append(&mut found.problems);
        if let Some(line) = lines.get_mut(table) {
            line.files += u64::from(found.is_there);
            line.rows += found.rows;
            line.bytes += found.bytes;
        }
        match table.as_str() {
            "events" => events.append(&mut found.units),
            "dropped_events" => dropped.append(&mut found.units),
            _ => {}
        }
    }
    Ok((lines, identities))
}

#[derive(Default)]
struct FileFound {
    problems: Vec<Problem>,
    is_there: bool,
    rows: u64,
    bytes: u64,
    units: Vec<UnitId>,
}

async fn file_found(
    store: &Arc<dyn ObjectStore>,
    generation: String,
    table: &str,
    file: FileEntry,
) -> Result<FileFound, AuditError> {
    let has_identities = ["events", "dropped_events"].contains(&table);
    let mut found = FileFound::default();
    let content = claim(&file, &generation)
        .fetch(&**store, &mut found.problems)
        .await?;
    let Some(content) = content else {
        return Ok(found);
    };
    let key = file.key.clone();
    let examined = tokio::task::spawn_blocking(move || {
        found.is_there = true;
        found.bytes = content.len() as u64;
        let FileFound {
            problems, units, ..
        } = &mut found;
        let columns: &[&str] = if has_identities {
            &IDENTITY_COLUMNS
        } else {
            &[]
        };
        let rows = claim(&file, &generation).examine(content, columns, problems, |batch| {
            if has_identities {
                let identities = UnitIdentities::of(batch)?;
                units.extend((0..batch.num_rows()).map(|row| identities.unit(row)));
            }
            Ok(())
        });
        found.rows = rows.unwrap_or(0);
        found
    });
    let examined = examined.await;
    examined.map_err(|source| AuditError::Interrupted { key, source })
}

fn claim<'a>(file: &'a FileEntry, generation: &'a str) -> Claim<'a> {
    Claim {
        key: &file.key,
        named_by: generation,
        rows: file.rows,
        bytes: file.bytes,
        digest: &file.digest,
    }
}
