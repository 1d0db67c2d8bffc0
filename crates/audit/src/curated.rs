//! The event audit: the event book of a generation, compared with its files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_lake::generation::{FileEntry, Generation};
use marquee_lake::receipt::Receipt;
use marquee_lake::unit::{IDENTITY_COLUMNS, UnitId, UnitIdentities};
use object_store::ObjectStore;
use serde::Serialize;

use crate::error::AuditError;
use crate::event_book::{EventBook, EventBookInputs};
use crate::object::{ExpectedObject, READERS};
use crate::problem::Problem;

/// The event book of a date's current generation, and the counts of its objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventAudit {
    /// The generation's number.
    pub generation: u32,
    /// The name of the generation's run.
    pub run: String,
    /// The version of the title catalog that enriched the events; `None` without one.
    #[serde(rename = "catalogue")]
    pub title_catalog: Option<String>,
    /// The event book, from the counts of the generation.
    pub book: EventBook,
    /// The counts of identities in the objects.
    pub found: FoundCounts,
    /// The tables of the generation, by name.
    pub tables: BTreeMap<String, TableLine>,
    /// Receipts with events of the date that the generation does not cover yet.
    pub waiting_receipts: u64,
    /// Rows of the date in these receipts.
    pub waiting_rows: u64,
}

/// Counts of the identities of a date in the objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FoundCounts {
    /// Rows of the date in the covered processed objects.
    pub rows: u64,
    /// Distinct identities of these rows.
    pub distinct: u64,
    /// Rows whose identity another row has.
    pub redelivered: u64,
    /// Identities in `events`.
    pub curated: u64,
    /// Identities in `dropped_events`.
    pub duplicates: u64,
}

/// The files of a table that exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TableLine {
    /// The number of files.
    pub files: u64,
    /// Rows of these files.
    pub rows: u64,
    /// Bytes of these files.
    pub bytes: u64,
}

/// A builder of an [`EventAudit`], receipt by receipt.
pub(crate) struct EventAuditBuilder<'g> {
    generation: &'g Generation,
    covered: &'g BTreeSet<String>,
    /// The units of the date in covered objects, each with the index of its receipt.
    sources: Vec<(UnitId, usize)>,
    /// The keys of the receipts.
    receipts: Vec<String>,
}

impl<'g> EventAuditBuilder<'g> {
    pub(crate) fn new(generation: &'g Generation, covered: &'g BTreeSet<String>) -> Self {
        Self {
            generation,
            covered,
            sources: Vec::new(),
            receipts: Vec::new(),
        }
    }

    /// Adds the events of the date in the objects of a covered receipt.
    pub(crate) fn add(&mut self, receipt: &Receipt, events: &[UnitId]) {
        let index = self.receipts.len();
        self.receipts.push(receipt.key());
        self.sources
            .extend(events.iter().map(|unit| (*unit, index)));
    }

    /// Closes the book, and compares it with the generation's files.
    pub(crate) async fn close(
        self,
        store: &Arc<dyn ObjectStore>,
        receipts: &[Receipt],
        problems: &mut Vec<Problem>,
    ) -> Result<EventAudit, AuditError> {
        let generation = self.generation;
        let date = generation.event_date;
        let (covered, waiting): (Vec<&Receipt>, Vec<&Receipt>) = receipts
            .iter()
            .filter(|receipt| receipt.event_dates.contains_key(&date))
            .partition(|receipt| self.covered.contains(&receipt.key()));
        let rows_of = |receipts: &[&Receipt]| -> u64 {
            let rows = receipts.iter().filter_map(|r| r.event_dates.get(&date));
            rows.sum()
        };
        let existing: Vec<Receipt> = covered.iter().map(|receipt| (*receipt).clone()).collect();
        let book = EventBook::close(EventBookInputs {
            event_date: date,
            covered: self.covered.len(),
            receipt_rows: rows_of(&covered),
            receipts: &existing,
            counts: &generation.counts,
            tables: &generation.tables,
        });
        let sums = book.faults.iter().cloned();
        problems.extend(sums.map(|sum| Problem::Unbalanced { date, sum }));
        let (tables, identities) = tables(store, generation, problems).await?;
        let [events, dropped] = identities;
        let found = self.compare(events, dropped, problems)?;
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
                    sum: format!(
                        "the event book has {booked} {what}, but the objects have {found}"
                    ),
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

    /// Compares the identities in the sources with those in the tables.
    fn compare(
        self,
        mut events: Vec<UnitId>,
        mut dropped: Vec<UnitId>,
        problems: &mut Vec<Problem>,
    ) -> Result<FoundCounts, AuditError> {
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
        let lost: Vec<usize> = sources
            .iter()
            .filter(|(unit, _)| !is_curated(unit))
            .map(|(_, index)| *index)
            .collect();
        if let Some(first) = lost.iter().min() {
            let example = self.receipts.get(*first);
            let example = example.ok_or(AuditError::Defect("a unit has no receipt"))?;
            problems.push(Problem::Lost {
                date: self.generation.event_date,
                identities: lost.len() as u64,
                example: example.clone(),
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
        Ok(FoundCounts {
            rows,
            distinct,
            redelivered: rows - distinct,
            curated: events.len() as u64,
            duplicates: dropped.len() as u64,
        })
    }
}

/// Verifies every file of the generation. Returns the lines of the tables, and the units of
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
    let mut scans = futures::stream::iter(files)
        .map(|(table, file)| {
            let scan = scan_file(store, key.clone(), table, file.clone());
            async move { Ok::<_, AuditError>((table, scan.await?)) }
        })
        .buffered(READERS);
    let mut lines: BTreeMap<String, TableLine> = generation
        .tables
        .keys()
        .map(|table| (table.clone(), TableLine::default()))
        .collect();
    let mut identities = [Vec::new(), Vec::new()];
    let [events, dropped] = &mut identities;
    while let Some((table, mut scan)) = scans.try_next().await? {
        problems.append(&mut scan.problems);
        let line = lines.entry(table.clone()).or_default();
        line.files += u64::from(scan.exists);
        line.rows += scan.rows;
        line.bytes += scan.bytes;
        match table.as_str() {
            "events" => events.append(&mut scan.units),
            "dropped_events" => dropped.append(&mut scan.units),
            _ => {}
        }
    }
    Ok((lines, identities))
}

/// The result of a file's verification.
#[derive(Default)]
struct FileScan {
    problems: Vec<Problem>,
    exists: bool,
    rows: u64,
    bytes: u64,
    units: Vec<UnitId>,
}

async fn scan_file(
    store: &Arc<dyn ObjectStore>,
    generation: String,
    table: &str,
    file: FileEntry,
) -> Result<FileScan, AuditError> {
    let has_identities = ["events", "dropped_events"].contains(&table);
    let mut scan = FileScan::default();
    let content = expected(&file, &generation)
        .fetch(&**store, &mut scan.problems)
        .await?;
    let Some(content) = content else {
        return Ok(scan);
    };
    let key = file.key.clone();
    let scan = tokio::task::spawn_blocking(move || {
        scan.exists = true;
        scan.bytes = content.len() as u64;
        let FileScan {
            problems, units, ..
        } = &mut scan;
        let columns: &[&str] = if has_identities {
            &IDENTITY_COLUMNS
        } else {
            &[]
        };
        let rows = expected(&file, &generation).verify(content, columns, problems, |batch| {
            if has_identities {
                let identities = UnitIdentities::of(batch)?;
                units.extend((0..batch.num_rows()).map(|row| identities.unit(row)));
            }
            Ok(())
        });
        // An unreadable file is a problem, and counts no rows.
        scan.rows = rows.unwrap_or(0);
        scan
    });
    let scan = scan.await;
    scan.map_err(|source| AuditError::Interrupted { key, source })
}

fn expected<'a>(file: &'a FileEntry, generation: &'a str) -> ExpectedObject<'a> {
    ExpectedObject {
        key: &file.key,
        named_by: generation,
        rows: file.rows,
        bytes: file.bytes,
        digest: &file.digest,
    }
}
