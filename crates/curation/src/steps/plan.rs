//! The step `plan`: lists the due dates with references to their tasks, or the published
//! dates that are not loaded into the warehouse.

#[cfg(test)]
mod tests;

use marquee_compaction::SplitPlan;
use marquee_event::{Date, DateRange, parse_rfc3339};
use marquee_lake::staging::StagingDir;
use marquee_lake::step::{StepError, StepErrorKind};
use marquee_lake::{digest, document};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::context::{DATES_AT_ONCE, Steps, to_json};
use crate::error::CurationError;
use crate::plan::{self, DateTask, Plan, Selection};
use crate::unloaded::{self, Unloaded};

const MICROS_PER_SECOND: f64 = 1_000_000.0;

/// The time after midnight in which [`PlanMode::Today`] also considers the date before.
const PREVIOUS_DATE_MICROS: i64 = 3_600_000_000;

/// The mode of `plan`: the dates that it considers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanMode {
    /// The due dates up to the day before `time`.
    Due,
    /// The date of `time`, if it is due. In the first hour of a date also the date before,
    /// whose last events no earlier run of this mode has seen.
    Today,
    /// The dates in `from..to` that are due, or whose generation was made with other SQL or
    /// titles.
    Within,
    /// All dates in `from..to`, from scratch.
    #[serde(rename = "anew")]
    FromScratch,
    /// The range `from..to` divided into months, for a backfill; no plan.
    Spans,
    /// The published dates that the warehouse does not have; no plan.
    Unloaded,
}

impl PlanMode {
    /// Returns the mode's name in the input.
    const fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Today => "today",
            Self::Within => "within",
            Self::FromScratch => "anew",
            Self::Spans => "spans",
            Self::Unloaded => "unloaded",
        }
    }

    /// Returns whether the mode accepts `after`, to list the dates in several calls.
    fn has_after(self) -> bool {
        matches!(self, Self::Due | Self::Within | Self::FromScratch)
    }
}

/// The input of `plan`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanInput {
    /// The mode.
    #[serde(rename = "which")]
    pub mode: PlanMode,
    /// The first date, if the mode needs a range.
    pub from: Option<Date>,
    /// The last date, if the mode needs a range.
    pub to: Option<Date>,
    /// The time at which the schedule fired, RFC 3339. The current time, if it is absent or
    /// cannot be parsed: emulators do not fill in the placeholder.
    pub time: Option<String>,
    /// The last date of the previous call. Only later dates are listed: a date that failed is
    /// not tried twice.
    pub after: Option<Date>,
}

/// A date of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedDate {
    /// The event date.
    pub event_date: Date,
    /// The directory of the date's documents.
    pub work: StagingDir,
    /// The number of the generation to publish.
    pub generation: u32,
    /// The reason why the date is in the plan.
    #[serde(rename = "why")]
    pub reason: String,
    /// True if the date must be compacted. Otherwise it keeps its parent's compacted tables.
    pub compact: bool,
    /// The parts to split, one call each; empty if there is one bucket.
    pub parts: Vec<u32>,
    /// The buckets to compact, one call each.
    pub buckets: Vec<u32>,
}

/// The answer of `plan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanAnswer {
    /// The name of the plan. Equal tasks give equal names.
    pub plan: String,
    /// The number of planned dates.
    pub count: usize,
    /// The first of these dates, ascending, at most [`DATES_AT_ONCE`].
    pub dates: Vec<PlannedDate>,
}

/// The answer of `plan` in the mode [`PlanMode::Unloaded`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnloadedAnswer {
    /// The number of dates to load.
    pub count: usize,
    /// The first of these dates, ascending, at most [`DATES_AT_ONCE`]. The order matters: a
    /// latest-only table accepts no date older than the one it has.
    pub unloaded: Vec<Unloaded>,
}

impl PlanInput {
    fn fault(&self, fault: &str) -> StepError {
        let mode = self.mode.name();
        StepError::input("plan", format!("{fault} (`which` is `{mode}`)"))
    }

    fn range(&self) -> Result<DateRange, StepError> {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from <= to => Ok(DateRange { from, to }),
            (Some(from), Some(to)) => Err(self.fault(&format!("`from` {from} is after `to` {to}"))),
            _ => Err(self.fault("`from` and `to` are required")),
        }
    }

    /// Returns the part of the range that is after `after`.
    fn rest_of_range(&self) -> Result<DateRange, StepError> {
        let DateRange { from, to } = self.range()?;
        match self.after {
            Some(after) if after >= to => {
                Err(self.fault(&format!("`after` {after} is not before `to` {to}")))
            }
            Some(after) => Ok(DateRange {
                from: from.max(after.after(1)),
                to,
            }),
            None => Ok(DateRange { from, to }),
        }
    }

    fn selection(&self, now: i64) -> Result<Selection, StepError> {
        let time = self.time.as_deref().and_then(parse_rfc3339).unwrap_or(now);
        let today = Date::of(time);
        if self.after.is_some() && !self.mode.has_after() {
            return Err(self.fault("`after` requires `which` to be due, within or anew"));
        }
        Ok(match self.mode {
            PlanMode::Due | PlanMode::Unloaded => Selection::DueWithin {
                from: self.after.map(|after| after.after(1)),
                to: today.before(1),
            },
            PlanMode::Today => Selection::DueWithin {
                from: Some(Date::of(time.saturating_sub(PREVIOUS_DATE_MICROS))),
                to: today,
            },
            PlanMode::Within | PlanMode::Spans => {
                let DateRange { from, to } = self.rest_of_range()?;
                Selection::Within { from, to }
            }
            PlanMode::FromScratch => {
                let DateRange { from, to } = self.rest_of_range()?;
                Selection::FromScratch { from, to }
            }
        })
    }
}

impl Steps {
    pub(super) async fn plan(&self, input: PlanInput, now: i64) -> Result<Value, StepError> {
        let selection = input.selection(now)?;
        match input.mode {
            PlanMode::Spans => return Ok(json!({ "spans": months(input.range()?) })),
            PlanMode::Unloaded => return self.unloaded().await,
            _ => {}
        }
        let plan = plan::plan(
            &*self.store,
            &self.definitions,
            &self.settings.plan,
            &selection,
        )
        .await?;
        // Record freshness on the first page only.
        if input.after.is_none() {
            metrics::histogram!("Freshness").record(freshness(&plan, now)?);
        }
        let tasks = plan.tasks.iter();
        let tasks: Vec<SplitTask<'_>> = tasks.map(|task| (task, self.split_plan(task))).collect();
        let name = plan_name(&tasks)?;
        let mut dates = Vec::new();
        for (task, split_plan) in tasks.iter().take(DATES_AT_ONCE) {
            let work = StagingDir::new(&name, task.event_date);
            document::write(&*self.store, &work.task(), task).await?;
            if let Some(split_plan) = split_plan {
                document::write(&*self.store, &work.parts(), split_plan).await?;
            }
            dates.push(planned_date(task, split_plan.as_ref(), work));
        }
        to_json(PlanAnswer {
            plan: name,
            count: plan.tasks.len(),
            dates,
        })
    }

    /// Plans the split of the date's inputs; `None` if the date needs no split.
    fn split_plan(&self, task: &DateTask) -> Option<SplitPlan> {
        let compaction = task.compaction.as_ref().filter(|_| task.buckets > 1)?;
        let Self { settings, .. } = self;
        Some(SplitPlan::new(
            &compaction.inputs,
            &settings.compact,
            settings.part,
        ))
    }

    async fn unloaded(&self) -> Result<Value, StepError> {
        let mut unloaded = unloaded::unloaded(&*self.store).await?;
        let count = unloaded.len();
        unloaded.truncate(DATES_AT_ONCE);
        to_json(UnloadedAnswer { count, unloaded })
    }
}

/// A date's task with the plan of its split.
type SplitTask<'t> = (&'t DateTask, Option<SplitPlan>);

fn planned_date(task: &DateTask, split_plan: Option<&SplitPlan>, work: StagingDir) -> PlannedDate {
    let compact = task.compaction.is_some();
    PlannedDate {
        event_date: task.event_date,
        work,
        generation: task.generation,
        reason: task.reason.to_string(),
        compact,
        parts: (0..split_plan.map_or(0, SplitPlan::parts)).collect(),
        buckets: match compact {
            true => (0..task.buckets).collect(),
            false => Vec::new(),
        },
    }
}

/// Returns the name of a plan. Equal tasks with equal splits give equal names.
fn plan_name(tasks: &[SplitTask<'_>]) -> Result<String, StepError> {
    let text =
        serde_json::to_vec(tasks).map_err(|error| StepError::new(StepErrorKind::Failed, &error))?;
    let digest = digest::of(&text);
    Ok(digest.get(..16).unwrap_or(&digest).to_owned())
}

/// Returns the seconds since the earliest arrival of an event that arrived on its event date
/// and is in no published table; 0 if there is no such event.
fn freshness(plan: &Plan, now: i64) -> Result<f64, CurationError> {
    let mut earliest: Option<i64> = None;
    for task in &plan.tasks {
        let Some(text) = &task.waiting_since else {
            continue;
        };
        let arrival = parse_rfc3339(text).ok_or_else(|| CurationError::ArrivalTime {
            event_date: task.event_date,
            found: text.clone(),
        })?;
        earliest = Some(earliest.map_or(arrival, |earliest| earliest.min(arrival)));
    }
    Ok(earliest.map_or(0.0, |arrival| {
        now.saturating_sub(arrival).max(0) as f64 / MICROS_PER_SECOND
    }))
}

/// Divides the range at the first day of each month.
fn months(span: DateRange) -> Vec<Value> {
    let month = |date: Date| date.to_string().get(..7).map(str::to_owned);
    let mut months = Vec::new();
    let (mut from, mut last) = (span.from, span.from);
    while last < span.to {
        let next = last.after(1);
        if month(next) != month(from) {
            months.push(json!({ "from": from, "to": last }));
            from = next;
        }
        last = next;
    }
    months.push(json!({ "from": from, "to": span.to }));
    months
}
