//! The plan: the dates that are due, and the inputs of each.
//!
//! A date is due when the lake says so, by comparing sets, not by a watermark:
//! receipts name events of it that its generation does not cover; or a date
//! that its marts looked back at has other facts now; or it has become the
//! newest date. A stalled shard, a replay, a run that broke off: all of them
//! are found the same way.

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

/// How a day is made.
#[derive(Debug, Clone)]
pub struct PlanSettings {
    /// Receipts older than this are not looked at, counted from the newest.
    pub retention_days: u32,
    /// Rows of a bucket at most, about: a date of more is made in several.
    pub bucket_rows: u64,
    /// Whether the receipts of an ingest date are copied into one object, for the
    /// next plan: where reading an object costs money.
    pub collects_receipts: bool,
}

impl fmt::Display for RebuildReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first time"),
            Self::Receipts(1) => f.write_str("1 new batch"),
            Self::Receipts(batches) => write!(f, "{batches} new batches"),
            Self::Follows(date) => write!(f, "as {date} changed"),
            Self::Newest => f.write_str("the newest date now"),
            Self::Changed => f.write_str("SQL or catalogue changed"),
            Self::Asked => f.write_str("made anew"),
        }
    }
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

/// The reason for making a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RebuildReason {
    /// It has no generation yet.
    First,
    /// So many receipts came since.
    Receipts(usize),
    /// An earlier date that it looks back at changed, or will.
    Follows(Date),
    /// It has become the newest date.
    Newest,
    /// SQL or the catalogue changed.
    Changed,
    /// It was asked for.
    Asked,
}

/// A date to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateTask {
    /// The date.
    pub event_date: Date,
    /// The generation it will be.
    pub generation: u32,
    /// The current one.
    pub parent: Option<Generation>,
    /// The catalogue that it is enriched from.
    #[serde(rename = "catalogue")]
    pub title_catalog: Option<TitleCatalogPointer>,
    /// Whether no later date has events.
    pub newest: bool,
    /// Why it is made.
    pub why: RebuildReason,
    /// How many buckets its users are divided into.
    pub buckets: u32,
    /// The keys of all receipts with events of it, sorted.
    pub covered: Vec<String>,
    /// Rows of the date in all of them.
    pub receipt_rows: u64,
    /// When the first of what is new arrived, on the date itself (RFC 3339); what
    /// came late does not count.
    pub waiting_since: Option<String>,
    /// What its events and facts are made from; `None` keeps the parent's.
    pub compaction: Option<Compaction>,
}

impl DateTask {
    /// Returns the part of the task that is compaction's.
    pub fn compaction_task(&self) -> CompactionTask<'_> {
        CompactionTask {
            event_date: self.event_date,
            buckets: self.buckets,
            compaction: self.compaction.as_ref(),
            parent: self.parent.as_ref(),
        }
    }
}

/// The dates to be made.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Ascending.
    pub tasks: Vec<DateTask>,
    /// All dates that the lake has events of, ascending.
    pub dates: Vec<Date>,
}

/// What the lake knows of one date.
#[derive(Default)]
struct Known<'r> {
    receipts: Vec<(&'r Receipt, u64)>,
}

/// Plans, from the ledger alone: an object that is gone or damaged is found by the
/// date that reads it, and stops no other.
///
/// # Errors
/// When the ledger cannot be read, or has nothing of what is selected.
pub async fn plan(
    store: &dyn ObjectStore,
    definitions: &Definitions,
    settings: &PlanSettings,
    selection: &Selection,
) -> Result<Plan, CurationError> {
    let title_catalog = title_catalog::current(store).await?;
    let receipts = receipts(store, settings).await?;
    let current = generation::current(store).await?;
    let mut known: BTreeMap<Date, Known<'_>> = BTreeMap::new();
    for receipt in &receipts {
        for (date, rows) in &receipt.event_dates {
            let date: Date = date
                .parse()
                .map_err(|_| CurationError::ReceiptDate(date.clone()))?;
            let of_date = known.entry(date).or_default();
            of_date.receipts.push((receipt, *rows));
        }
    }
    selection.must_have_one_of(known.keys().copied())?;
    let newest = known
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
    for (&date, known) in &known {
        let is_newest = newest == Some(date);
        if let Some(task) = planner.task(date, known, is_newest, &changing).await? {
            if task.compaction.is_some() {
                changing.insert(date);
            }
            tasks.push(task);
        }
    }
    Ok(Plan {
        tasks,
        dates: known.into_keys().collect(),
    })
}

/// The receipts within retention, in the order of their keys.
async fn receipts(
    store: &dyn ObjectStore,
    settings: &PlanSettings,
) -> Result<Vec<Receipt>, CurationError> {
    let mut dates: Vec<Date> = receipt::ingest_dates(store)
        .await?
        .iter()
        .filter_map(|date| date.parse().ok())
        .collect();
    dates.sort();
    let Some(oldest) = dates
        .last()
        .map(|newest| newest.before(settings.retention_days))
    else {
        return Ok(Vec::new());
    };
    let mut receipts = Vec::new();
    for date in dates.into_iter().filter(|date| *date >= oldest) {
        let date = date.to_string();
        receipts.extend(match settings.collects_receipts {
            true => receipt::collect(store, &date).await?,
            false => receipt::list(store, Some(&date)).await?,
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

    /// What is to be done for the date, if anything is; `changing` are the
    /// earlier dates whose facts are about to change.
    async fn task(
        &self,
        event_date: Date,
        known: &Known<'_>,
        newest: bool,
        changing: &BTreeSet<Date>,
    ) -> Result<Option<DateTask>, CurationError> {
        if !self.selection.has(event_date) {
            return Ok(None);
        }
        let parent = self.current.get(&event_date);
        let before = match parent {
            Some(parent) => generation::covered(self.store, parent).await?,
            None => BTreeSet::new(),
        };
        let new: Vec<&(&Receipt, u64)> = known
            .receipts
            .iter()
            .filter(|(receipt, _)| !before.contains(&receipt.key()))
            .collect();
        let of_date = event_date.to_string();
        let waiting_since = new
            .iter()
            .filter(|(receipt, _)| receipt.ingest_date == of_date)
            .map(|(receipt, _)| receipt.first_arrived_at.clone())
            .min();
        let Some(why) = self.why(event_date, parent, new.len(), newest, changing) else {
            return Ok(None);
        };
        let anew = matches!(self.selection, Selection::Anew { .. }) || parent.is_none();
        let is_enriched_otherwise = parent
            .is_some_and(|parent| parent.title_catalog.as_deref() != self.title_catalog_version());
        let inputs = match anew {
            true => known.receipts.iter().collect(),
            false => new,
        };
        let mut keys = before;
        keys.extend(known.receipts.iter().map(|(receipt, _)| receipt.key()));
        let mut task = DateTask {
            event_date,
            generation: parent.map_or(1, |parent| parent.generation + 1),
            parent: parent.cloned(),
            title_catalog: self.title_catalog.clone(),
            newest,
            why,
            buckets: 1,
            // A receipt that has expired since stays covered, with its rows.
            receipt_rows: match (anew, parent) {
                (false, Some(parent)) => {
                    parent.counts.receipt_rows + inputs.iter().map(|(_, rows)| rows).sum::<u64>()
                }
                _ => inputs.iter().map(|(_, rows)| rows).sum(),
            },
            waiting_since,
            covered: match anew {
                true => inputs.iter().map(|(receipt, _)| receipt.key()).collect(),
                false => keys.into_iter().collect(),
            },
            compaction: None,
        };
        task.covered.sort();
        task.buckets = buckets::buckets(task.receipt_rows, self.settings.bucket_rows);
        if anew || !inputs.is_empty() || is_enriched_otherwise {
            task.compaction = Some(Compaction {
                run: self.compaction_run(&task, anew),
                inputs: input_objects(&inputs),
                on_parent: !anew,
            });
        }
        Ok(Some(task))
    }

    fn why(
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
        if let Selection::Anew { .. } = self.selection {
            return Some(RebuildReason::Asked);
        }
        if newest && !parent.newest {
            return Some(RebuildReason::Newest);
        }
        let window = looked_back(self.definitions, date, newest, self.current);
        let seen = |earlier: &Date| parent.looked_back.get(earlier);
        if let Some(earlier) = changing
            .iter()
            .find(|earlier| in_window(self.definitions, date, newest, **earlier))
        {
            return Some(RebuildReason::Follows(*earlier));
        }
        if let Some((earlier, _)) = window
            .iter()
            .find(|(earlier, facts)| seen(earlier) != Some(facts))
        {
            return Some(RebuildReason::Follows(*earlier));
        }
        let is_changed = definitions::by_code(&parent.definitions) != self.definitions_digest
            || parent.title_catalog.as_deref() != self.title_catalog_version();
        (is_changed && matches!(self.selection, Selection::Within { .. }))
            .then_some(RebuildReason::Changed)
    }

    /// The same inputs, the same name; a run over others has another.
    fn compaction_run(&self, task: &DateTask, anew: bool) -> String {
        let parent = task.parent.as_ref().filter(|_| !anew);
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

/// The earlier dates that a date's tables look at, with the digest of the facts
/// that they have now.
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

/// `{generation}-{digest}`: what a run's directories end with.
pub(crate) fn run_name(generation: u32, inputs: &str) -> String {
    let digest = digest::of(inputs.as_bytes());
    format!("{generation:06}-{}", digest.get(..16).unwrap_or(&digest))
}

/// The processed objects of those receipts. Two receipts may name one object:
/// it is read as often, and its rows come as redelivered.
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
