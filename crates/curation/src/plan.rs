//! The plan: the dates that are due, and the inputs of each.
//!
//! A date is due in three cases:
//!
//! - receipts name events of the date that its generation does not cover;
//! - the facts of a date in its look-back window have changed;
//! - the date has become the newest date.
//!
//! The plan compares the set of receipts with the set that the generation covers. It uses no
//! watermark, so it also finds events of a stalled shard, a replay or an interrupted run.

mod buckets;
mod definitions;
mod selection;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use marquee_compaction::{Compaction, CompactionTask, InputObject};
use marquee_event::Date;
use marquee_lake::digest;
use marquee_lake::generation::{self, Generation};
use marquee_lake::receipt::{self, Receipt};
use marquee_lake::title_catalog::{self, TitleCatalogPointer};
use marquee_lake::zone::Zone;
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};

use crate::error::CurationError;

pub use definitions::Definitions;
pub use selection::Selection;

/// Settings of a plan.
#[derive(Debug, Clone)]
pub struct PlanSettings {
    /// The plan ignores receipts whose ingest date is more than this number of days before the
    /// newest one.
    pub retention_days: u32,
    /// The approximate maximum of rows in a bucket. A date with more rows has several buckets.
    pub bucket_rows: u64,
    /// Copy the receipts of an ingest date into one object, so that the next plan reads fewer
    /// objects. Use it where each read costs money.
    pub collects_receipts: bool,
}

impl Default for PlanSettings {
    fn default() -> Self {
        Self {
            retention_days: 400,
            bucket_rows: 8_000_000,
            collects_receipts: false,
        }
    }
}

/// The reason why a date is in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RebuildReason {
    /// The date has no generation yet.
    First,
    /// The number of new receipts with events of the date.
    Receipts(usize),
    /// An earlier date in the look-back window, whose facts changed or are about to change.
    Follows(Date),
    /// The date has become the newest date.
    Newest,
    /// SQL or the title catalog changed.
    Changed,
    /// The selection requests the date from scratch.
    #[serde(rename = "asked")]
    Requested,
}

impl fmt::Display for RebuildReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first run"),
            Self::Receipts(1) => f.write_str("1 new batch"),
            Self::Receipts(batches) => write!(f, "{batches} new batches"),
            Self::Follows(date) => write!(f, "{date} changed"),
            Self::Newest => f.write_str("now the newest date"),
            Self::Changed => f.write_str("SQL or title catalog changed"),
            Self::Requested => f.write_str("requested from scratch"),
        }
    }
}

/// The task to curate one date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateTask {
    /// The event date.
    pub event_date: Date,
    /// The number of the generation to publish.
    pub generation: u32,
    /// The current generation; `None` for a date without one.
    pub parent: Option<Generation>,
    /// The version of the title catalog that enriches the events; `None` without one.
    #[serde(rename = "catalogue")]
    pub title_catalog: Option<TitleCatalogPointer>,
    /// True for the newest date.
    pub newest: bool,
    /// The reason why the date is in the plan.
    #[serde(rename = "why")]
    pub reason: RebuildReason,
    /// The number of buckets.
    pub buckets: u32,
    /// The keys of all receipts with events of the date, sorted.
    pub covered: Vec<String>,
    /// Rows of the date in all these receipts.
    pub receipt_rows: u64,
    /// The earliest arrival (RFC 3339) of the new batches whose ingest date is the event date.
    /// Late events do not count.
    pub waiting_since: Option<String>,
    /// The inputs of compaction; `None` keeps the parent's compacted tables.
    pub compaction: Option<Compaction>,
}

impl DateTask {
    /// Returns whether the date has a generation and the task takes nothing over from it.
    pub(crate) fn repeats_from_scratch(&self) -> bool {
        let compaction = self.compaction.as_ref();
        self.parent.is_some() && compaction.is_some_and(|compaction| !compaction.on_parent)
    }

    /// Returns the part of the task that compaction needs.
    pub fn compaction_task(&self) -> CompactionTask<'_> {
        CompactionTask {
            event_date: self.event_date,
            buckets: self.buckets,
            compaction: self.compaction.as_ref(),
            parent: self.parent.as_ref(),
        }
    }
}

/// A plan: the tasks of the due dates.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The tasks, by ascending date.
    pub tasks: Vec<DateTask>,
    /// All dates with events in the lake, ascending.
    pub dates: Vec<Date>,
}

/// The receipts with events of one date, each with its rows of the date.
type DateReceipts<'r> = Vec<(&'r Receipt, u64)>;

/// Plans the selected dates.
///
/// The plan reads the ledger only. A missing or damaged object therefore fails the date that
/// reads it, and no other date.
///
/// # Errors
/// If the ledger cannot be read, or [`CurationError::NoEvents`] if it has no event of the
/// selected dates.
pub async fn plan(
    store: &dyn ObjectStore,
    definitions: &Definitions,
    settings: &PlanSettings,
    selection: &Selection,
) -> Result<Plan, CurationError> {
    let title_catalog = title_catalog::current(store).await?;
    let receipts = receipts(store, settings).await?;
    let current = generation::current(store).await?;
    let mut by_date: BTreeMap<Date, DateReceipts<'_>> = BTreeMap::new();
    for receipt in &receipts {
        for (date, rows) in &receipt.event_dates {
            by_date.entry(*date).or_default().push((receipt, *rows));
        }
    }
    selection.require_events(by_date.keys().copied())?;
    let newest = by_date
        .keys()
        .copied()
        .rfind(|date| current.contains_key(date) || selection.reaches(*date));
    let planner = Planner {
        store,
        definitions,
        settings,
        selection,
        title_catalog,
        current: &current,
        definitions_digest: definitions.digest(),
    };
    let mut tasks: Vec<DateTask> = Vec::new();
    let mut changing: BTreeSet<Date> = BTreeSet::new();
    for (&date, receipts) in &by_date {
        let is_newest = newest == Some(date);
        if let Some(task) = planner.task(date, receipts, is_newest, &changing).await? {
            if task.compaction.is_some() {
                changing.insert(date);
            }
            tasks.push(task);
        }
    }
    Ok(Plan {
        tasks,
        dates: by_date.into_keys().collect(),
    })
}

/// Reads the receipts within retention, in the order of their keys.
async fn receipts(
    store: &dyn ObjectStore,
    settings: &PlanSettings,
) -> Result<Vec<Receipt>, CurationError> {
    let dates = receipt::ingest_dates(store).await?;
    let Some(oldest) = dates
        .last()
        .map(|newest| newest.before(settings.retention_days))
    else {
        return Ok(Vec::new());
    };
    let mut receipts = Vec::new();
    for date in dates.into_iter().filter(|date| *date >= oldest) {
        receipts.extend(match settings.collects_receipts {
            true => receipt::collect(store, date).await?,
            false => receipt::list(store, Some(date)).await?,
        });
    }
    Ok(receipts)
}

struct Planner<'a> {
    store: &'a dyn ObjectStore,
    definitions: &'a Definitions,
    settings: &'a PlanSettings,
    selection: &'a Selection,
    title_catalog: Option<TitleCatalogPointer>,
    current: &'a BTreeMap<Date, Generation>,
    definitions_digest: String,
}

impl Planner<'_> {
    fn title_catalog_version(&self) -> Option<&str> {
        self.title_catalog
            .as_ref()
            .map(|pointer| pointer.version.as_str())
    }

    /// Returns the task of a date; `None` if the date is not due. `changing` are the earlier
    /// dates whose facts are about to change.
    async fn task(
        &self,
        event_date: Date,
        receipts: &[(&Receipt, u64)],
        newest: bool,
        changing: &BTreeSet<Date>,
    ) -> Result<Option<DateTask>, CurationError> {
        if !self.selection.has(event_date) {
            return Ok(None);
        }
        let parent = self.current.get(&event_date);
        let covered_before = match parent {
            Some(parent) => generation::covered(self.store, parent).await?,
            None => BTreeSet::new(),
        };
        let new: Vec<&(&Receipt, u64)> = receipts
            .iter()
            .filter(|(receipt, _)| !covered_before.contains(&receipt.key()))
            .collect();
        let waiting_since = new
            .iter()
            .filter(|(receipt, _)| receipt.ingest_date == event_date)
            .map(|(receipt, _)| receipt.first_arrived_at.clone())
            .min();
        let Some(reason) = self.reason(event_date, parent, new.len(), newest, changing) else {
            return Ok(None);
        };
        let from_scratch =
            matches!(self.selection, Selection::FromScratch { .. }) || parent.is_none();
        let has_other_titles = parent
            .is_some_and(|parent| parent.title_catalog.as_deref() != self.title_catalog_version());
        let inputs = match from_scratch {
            true => receipts.iter().collect(),
            false => new,
        };
        let mut keys = covered_before;
        keys.extend(receipts.iter().map(|(receipt, _)| receipt.key()));
        let mut task = DateTask {
            event_date,
            generation: parent.map_or(1, |parent| parent.generation + 1),
            parent: parent.cloned(),
            title_catalog: self.title_catalog.clone(),
            newest,
            reason,
            buckets: 1,
            // An expired receipt stays covered, with its rows.
            receipt_rows: match (from_scratch, parent) {
                (false, Some(parent)) => {
                    parent.counts.receipt_rows + inputs.iter().map(|(_, rows)| rows).sum::<u64>()
                }
                _ => inputs.iter().map(|(_, rows)| rows).sum(),
            },
            waiting_since,
            covered: match from_scratch {
                true => inputs.iter().map(|(receipt, _)| receipt.key()).collect(),
                false => keys.into_iter().collect(),
            },
            compaction: None,
        };
        task.covered.sort();
        task.buckets = buckets::buckets(task.receipt_rows, self.settings.bucket_rows);
        if from_scratch || !inputs.is_empty() || has_other_titles {
            task.compaction = Some(Compaction {
                run: self.compaction_run(&task, from_scratch),
                inputs: input_objects(&inputs),
                on_parent: !from_scratch,
            });
        }
        Ok(Some(task))
    }

    /// Returns the reason why the date is due; `None` if it is not. `new` is the number of new
    /// receipts.
    fn reason(
        &self,
        date: Date,
        parent: Option<&Generation>,
        new: usize,
        newest: bool,
        changing: &BTreeSet<Date>,
    ) -> Option<RebuildReason> {
        let Some(parent) = parent else {
            return Some(RebuildReason::First);
        };
        if new > 0 {
            return Some(RebuildReason::Receipts(new));
        }
        if let Selection::FromScratch { .. } = self.selection {
            return Some(RebuildReason::Requested);
        }
        if newest && !parent.newest {
            return Some(RebuildReason::Newest);
        }
        let window = looked_back(self.definitions, date, newest, self.current);

        if let Some(earlier) = changing
            .iter()
            .find(|earlier| in_window(self.definitions, date, newest, **earlier))
        {
            return Some(RebuildReason::Follows(*earlier));
        }
        if let Some((earlier, _)) = window
            .iter()
            .find(|(earlier, facts)| parent.looked_back.get(earlier) != Some(facts))
        {
            return Some(RebuildReason::Follows(*earlier));
        }
        let is_changed = parent.definitions != self.definitions_digest
            || parent.title_catalog.as_deref() != self.title_catalog_version();
        (is_changed && matches!(self.selection, Selection::Within { .. }))
            .then_some(RebuildReason::Changed)
    }

    /// Returns the name of the compaction's run. Equal inputs give equal names.
    fn compaction_run(&self, task: &DateTask, from_scratch: bool) -> String {
        let parent = task.parent.as_ref().filter(|_| !from_scratch);
        let inputs = format!(
            "{}\n{}\n{}\n{}\n{}",
            task.event_date,
            parent.map_or("", |parent| &parent.facts),
            self.title_catalog_version().unwrap_or_default(),
            task.buckets,
            task.covered.join("\n"),
        );
        run_name(task.generation, &inputs)
    }
}

fn in_window(definitions: &Definitions, date: Date, newest: bool, earlier: Date) -> bool {
    let first = date.before(definitions.looks_back(newest));
    (first..date).contains(&earlier)
}

/// Returns the published dates in a date's look-back window, with the digests of their
/// current facts.
pub fn looked_back(
    definitions: &Definitions,
    date: Date,
    newest: bool,
    current: &BTreeMap<Date, Generation>,
) -> BTreeMap<Date, String> {
    current
        .iter()
        .filter(|(earlier, _)| in_window(definitions, date, newest, **earlier))
        .map(|(earlier, generation)| (*earlier, generation.facts.clone()))
        .collect()
}

/// Returns the name of a run, `{generation}-{digest}`, which ends the names of its
/// directories.
pub(crate) fn run_name(generation: u32, inputs: &str) -> String {
    let digest = digest::of(inputs.as_bytes());
    format!("{generation:06}-{}", digest.get(..16).unwrap_or(&digest))
}

/// Returns the processed objects of the receipts. If two receipts name the same object,
/// compaction reads it twice and counts the second copy of its rows as redelivered.
fn input_objects(receipts: &[&(&Receipt, u64)]) -> Vec<InputObject> {
    receipts
        .iter()
        .flat_map(|(receipt, rows)| {
            let objects = receipt.objects.iter();
            objects
                .filter(|object| object.zone == Zone::Processed)
                .map(|object| InputObject {
                    key: object.key.clone(),
                    bytes: object.bytes,
                    rows_of_date: *rows,
                })
        })
        .collect()
}
