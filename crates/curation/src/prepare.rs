//! The inputs of a date's marts and checks.

use std::collections::BTreeMap;

use marquee_compaction::CompactedTables;
use marquee_event::Date;
use marquee_lake::generation::{self, FileEntry, Generation, TableFiles};
use marquee_lake::receipt::{self, Receipt};
use marquee_lake::staging::DateInputs;
use marquee_lake::title_catalog::TitleCatalogPointer;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::CurationError;
use crate::plan::{self, DateTask, Definitions, RebuildReason};
use crate::publish;
use crate::state;

/// The tables that marts read.
const MART_SOURCES: [&str; 3] = ["events", "fact_session", "fact_view"];

/// The remaining work for a compacted date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// None: the inputs equal those of the date's current generation.
    Unchanged,
    /// The marts must be built from these inputs.
    Ready(Box<DateInputs>),
}

/// Lists the inputs of the marts and checks of a date. The earlier dates of the plan must be
/// published before. `receipts` are those that the checks of the date alone read
/// ([`date_inputs`]).
///
/// # Errors
/// If the lake cannot be read.
pub async fn prepare(
    store: &dyn ObjectStore,
    definitions: &Definitions,
    task: &DateTask,
    facts: &CompactedTables,
    receipts: Vec<Receipt>,
) -> Result<Prepared, CurationError> {
    let date = task.event_date;
    let current = generation::current(store).await?;
    let looked_back = plan::looked_back(definitions, date, task.newest, &current);
    if is_unchanged(task, facts, definitions, &looked_back) && is_whole(store, task).await? {
        return Ok(Prepared::Unchanged);
    }
    let carried = state::carried(store, definitions, task, facts, &looked_back).await?;
    let first_read = date.before(definitions.reads_back(task.newest));
    let earlier = looked_back
        .keys()
        .filter(|date| **date >= first_read || !carried.dates.contains(date))
        .filter_map(|date| current.get(date));
    Ok(Prepared::Ready(Box::new(DateInputs {
        event_date: task.event_date,
        run: publish::marts_run(task, facts, definitions, &looked_back),
        newest: task.newest,
        title_catalog: task.title_catalog.clone(),
        receipts,
        tables: tables(task, facts, earlier),
        looked_back,
        carried,
    })))
}

/// Lists the inputs of the checks that need the date alone. The date has no run yet.
///
/// # Errors
/// If the lake cannot be read.
pub async fn date_inputs(
    store: &dyn ObjectStore,
    definitions: &Definitions,
    task: &DateTask,
    facts: &CompactedTables,
) -> Result<DateInputs, CurationError> {
    Ok(DateInputs {
        newest: task.newest,
        title_catalog: task.title_catalog.clone(),
        receipts: receipts_in_window(store, definitions, task.event_date).await?,
        tables: tables(task, facts, std::iter::empty()),
        ..DateInputs::new(task.event_date)
    })
}

/// Reads the receipts whose ingest date is the date or in the look-back window of the checks.
async fn receipts_in_window(
    store: &dyn ObjectStore,
    definitions: &Definitions,
    date: Date,
) -> Result<Vec<Receipt>, CurationError> {
    let checks = definitions.checks.iter();
    let looks_back = checks.map(|check| check.looks_back).max().unwrap_or(0);
    let mut receipts = Vec::new();
    for days in (0..=looks_back).rev() {
        let ingest_date = date.before(days);
        receipts.extend(receipt::list(store, Some(ingest_date)).await?);
    }
    Ok(receipts)
}

/// Returns whether all files of the parent exist with their sizes. Verifies only dates that
/// are requested from scratch; returns true for all others.
async fn is_whole(store: &dyn ObjectStore, task: &DateTask) -> Result<bool, CurationError> {
    let Some(parent) = task
        .parent
        .as_ref()
        .filter(|_| task.reason == RebuildReason::Requested)
    else {
        return Ok(true);
    };
    exist(store, parent.tables.values().flat_map(|table| &table.files)).await
}

/// Returns whether all files exist with their sizes.
pub(crate) async fn exist(
    store: &dyn ObjectStore,
    files: impl Iterator<Item = &FileEntry>,
) -> Result<bool, CurationError> {
    for file in files {
        match store.head(&Path::from(file.key.as_str())).await {
            Ok(found) if found.size == file.bytes => {}
            Ok(_) | Err(object_store::Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

/// Returns whether the parent was made from the same inputs.
fn is_unchanged(
    task: &DateTask,
    facts: &CompactedTables,
    definitions: &Definitions,
    looked_back: &BTreeMap<Date, String>,
) -> bool {
    let Some(parent) = &task.parent else {
        return false;
    };
    let has_same_window = looked_back
        .iter()
        .all(|(date, facts)| parent.looked_back.get(date) == Some(facts));
    let version = |pointer: &TitleCatalogPointer| pointer.version.clone();
    has_same_window
        && parent.facts == facts.digest
        && parent.counts == facts.counts
        && parent.receipts == task.covered.len() as u64
        && parent.newest >= task.newest
        && definitions.match_digest(&parent.definitions)
        && parent.title_catalog == task.title_catalog.as_ref().map(version)
}

/// Returns the files that marts and checks read, by table and date.
fn tables<'g>(
    task: &DateTask,
    facts: &CompactedTables,
    earlier: impl Iterator<Item = &'g Generation>,
) -> BTreeMap<String, BTreeMap<Date, Vec<FileEntry>>> {
    let mut tables: BTreeMap<String, BTreeMap<Date, Vec<FileEntry>>> = BTreeMap::new();
    let mut add = |date: Date, of_date: &BTreeMap<String, TableFiles>| {
        for table in MART_SOURCES {
            if let Some(files) = of_date.get(table) {
                let dates = tables.entry(table.to_owned()).or_default();
                dates.insert(date, files.files.clone());
            }
        }
    };
    for generation in earlier {
        add(generation.event_date, &generation.tables);
    }
    add(task.event_date, &facts.tables);
    tables
}
