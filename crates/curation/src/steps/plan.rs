//! The step `plan`: the dates that are due, as references, or those that are published and
//! not loaded.

use marquee_compaction::SplitPlan;
use marquee_event::{Date, DateRange, parse_rfc3339};
use marquee_lake::staging::StagingDir;
use marquee_lake::step::StepError;
use marquee_lake::{digest, document};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::context::{DATES_AT_ONCE, Steps, answer};
use crate::plan::{self, DateTask, Plan, Selection};
use crate::unloaded::{self, Unloaded};

const MICROS_PER_SECOND: f64 = 1_000_000.0;

/// The dates that a plan looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanMode {
    /// What is due up to the day before `time`.
    Due,
    /// The day of `time`, if it is due.
    Today,
    /// What is due in `from..to`, or was made with other SQL or titles.
    Within,
    /// `from..to`, from nothing but processed objects.
    Anew,
    /// No plan, but `from..to` month by month, for a backfill.
    Spans,
    /// No plan, but what is published and the warehouse does not have.
    Unloaded,
}

impl PlanMode {
    /// Whether its dates may be more than are listed, and are asked for in turn.
    fn has_after(self) -> bool {
        matches!(self, Self::Due | Self::Within | Self::Anew)
    }
}

/// What `plan` takes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanInput {
    /// The dates that a plan looks at.
    pub which: PlanMode,
    /// The first date, where `which` needs one.
    pub from: Option<Date>,
    /// The last.
    pub to: Option<Date>,
    /// When the schedule fired, RFC 3339; now, where it cannot be read.
    pub time: Option<String>,
    /// Only dates after this one: those up to it had their turn, made or failed.
    pub after: Option<Date>,
}

/// A date to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedDate {
    /// The date.
    pub event_date: Date,
    /// Where its steps leave things for each other.
    pub work: StagingDir,
    /// The generation it will be.
    pub generation: u32,
    /// Why it is made.
    pub why: String,
    /// Whether events and facts are made, or the parent's kept.
    pub compact: bool,
    /// The parts of the inputs that are divided first, each by itself; none where
    /// there is one bucket.
    pub parts: Vec<u32>,
    /// The buckets to compact.
    pub buckets: Vec<u32>,
}

/// What `plan` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanAnswer {
    /// The plan's name: the same work has the same.
    pub plan: String,
    /// How many dates are to be made.
    pub count: usize,
    /// The first of them, [`DATES_AT_ONCE`] at most, ascending.
    pub dates: Vec<PlannedDate>,
}

/// What `plan` answers to [`PlanMode::Unloaded`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnloadedAnswer {
    /// How many dates are to be loaded.
    pub count: usize,
    /// The first of them, [`DATES_AT_ONCE`] at most, ascending: a table that says
    /// how things stand takes no older date than it has.
    pub unloaded: Vec<Unloaded>,
}

impl PlanInput {
    fn fault(&self, fault: &str) -> StepError {
        StepError::input("plan", format!("{fault} (which is {:?})", self.which))
    }

    fn range(&self) -> Result<DateRange, StepError> {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from <= to => Ok(DateRange { from, to }),
            (Some(from), Some(to)) => Err(self.fault(&format!("`from` {from} is after `to` {to}"))),
            _ => Err(self.fault("it needs the dates `from` and `to`")),
        }
    }

    /// What of the span is after `after`.
    fn rest_of_range(&self) -> Result<DateRange, StepError> {
        let DateRange { from, to } = self.range()?;
        match self.after {
            Some(after) if after >= to => {
                Err(self.fault(&format!("no date up to `to` {to} is after `after` {after}")))
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
        if self.after.is_some() && !self.which.has_after() {
            return Err(self.fault("`after` goes with due, within and anew"));
        }
        Ok(match self.which {
            PlanMode::Due | PlanMode::Unloaded => Selection::DueWithin {
                from: self.after.map(|after| after.after(1)),
                to: today.before(1),
            },
            PlanMode::Today => Selection::DueWithin {
                from: Some(today),
                to: today,
            },
            PlanMode::Within | PlanMode::Spans => {
                let DateRange { from, to } = self.rest_of_range()?;
                Selection::Within { from, to }
            }
            PlanMode::Anew => {
                let DateRange { from, to } = self.rest_of_range()?;
                Selection::Anew { from, to }
            }
        })
    }
}

impl Steps {
    pub(super) async fn plan(&self, input: PlanInput, now: i64) -> Result<Value, StepError> {
        let selection = input.selection(now)?;
        match input.which {
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
        // Who asks for the rest has said it of the whole.
        if input.after.is_none() {
            metrics::histogram!("Freshness").record(waited(&plan, now));
        }
        let tasks = plan.tasks.iter();
        let divided: Vec<Divided<'_>> = tasks.map(|task| (task, self.split_plan(task))).collect();
        let name = name_of(&divided)?;
        let mut dates = Vec::new();
        for (task, split_plan) in divided.iter().take(DATES_AT_ONCE) {
            let work = StagingDir::new(&name, task.event_date);
            document::write(&*self.store, &work.task(), task).await?;
            if let Some(split_plan) = split_plan {
                document::write(&*self.store, &work.parts(), split_plan).await?;
            }
            dates.push(planned(task, split_plan.as_ref(), work)?);
        }
        Ok(answer(PlanAnswer {
            plan: name,
            count: plan.tasks.len(),
            dates,
        }))
    }

    /// How the date's inputs are divided, where there are several buckets.
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
        Ok(answer(UnloadedAnswer { count, unloaded }))
    }
}

/// A date's task, with how its inputs are divided.
type Divided<'t> = (&'t DateTask, Option<SplitPlan>);

fn planned(
    task: &DateTask,
    split_plan: Option<&SplitPlan>,
    work: StagingDir,
) -> Result<PlannedDate, StepError> {
    let compact = task.compaction.is_some();
    Ok(PlannedDate {
        event_date: task.event_date,
        work,
        generation: task.generation,
        why: task.why.to_string(),
        compact,
        parts: (0..split_plan.map_or(0, SplitPlan::parts)).collect(),
        buckets: match compact {
            true => (0..task.buckets).collect(),
            false => Vec::new(),
        },
    })
}

/// The same tasks, divided alike, the same name.
fn name_of(tasks: &[Divided<'_>]) -> Result<String, StepError> {
    let text = serde_json::to_vec(tasks).map_err(|cause| StepError::input("plan", cause))?;
    let digest = digest::of(&text);
    Ok(digest.get(..16).unwrap_or(&digest).to_owned())
}

/// Seconds since the first of what arrived on its date and is in no published
/// table; 0 when all is.
fn waited(plan: &Plan, now: i64) -> f64 {
    let waiting = plan
        .tasks
        .iter()
        .filter_map(|task| parse_rfc3339(task.waiting_since.as_deref()?))
        .min();
    waiting.map_or(0.0, |since| {
        now.saturating_sub(since).max(0) as f64 / MICROS_PER_SECOND
    })
}

/// The span, cut where months begin.
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use marquee_lake::generation::generation_key;
    use marquee_lake::receipt::{self, Receipt};
    use marquee_lake::zone::warehouse_book_key;
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{ObjectStore, ObjectStoreExt};

    use super::*;
    use crate::plan::Definitions;
    use crate::steps::{Step, StepSettings};
    use marquee_table_catalog::EmbeddedTableCatalog;

    fn input(text: &str) -> PlanInput {
        serde_json::from_str(text).unwrap()
    }

    const NOON: i64 = 1_767_700_800_000_000; // 2026-01-06T12:00:00Z

    #[test]
    fn a_schedule_looks_at_the_days_before_its_time() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let due = input(r#"{"which": "due"}"#).selection(NOON).unwrap();
        let to = date("2026-01-05");
        assert_eq!(due, Selection::DueWithin { from: None, to });
        let late = input(r#"{"which": "today", "time": "2026-01-04T23:59:59Z"}"#);
        let day = date("2026-01-04");
        assert_eq!(
            late.selection(NOON).unwrap(),
            Selection::DueWithin {
                from: Some(day),
                to: day
            }
        );
        // An emulator leaves the placeholder as it is.
        let unfilled = input(r#"{"which": "due", "time": "<aws.scheduler.scheduled-time>"}"#);
        assert_eq!(unfilled.selection(NOON).unwrap(), due);
    }

    #[test]
    fn a_span_must_be_there_and_the_right_way_round() {
        let error = |text| input(text).selection(NOON).unwrap_err().to_string();
        assert_eq!(
            error(r#"{"which": "within", "from": "2026-01-06"}"#),
            "plan cannot be asked that: it needs the dates `from` and `to` (which is Within)"
        );
        assert_eq!(
            error(r#"{"which": "anew", "from": "2026-01-06", "to": "2026-01-05"}"#),
            "plan cannot be asked that: `from` 2026-01-06 is after `to` 2026-01-05 (which is Anew)"
        );
        assert!(serde_json::from_str::<PlanInput>(r#"{"which": "all"}"#).is_err());
        assert!(
            serde_json::from_str::<PlanInput>(r#"{"which": "within", "from": "6 Jan"}"#).is_err()
        );
    }

    #[test]
    fn what_had_its_turn_is_left_out() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let select = |text: &str| input(text).selection(NOON);
        let from = date("2026-01-03");
        let to = date("2026-01-05");
        assert_eq!(
            select(r#"{"which": "due", "after": "2026-01-02"}"#).unwrap(),
            Selection::DueWithin {
                from: Some(from),
                to
            }
        );
        let within = r#"{"which": "within", "from": "2026-01-01", "to": "2026-01-05", "after": "2026-01-02"}"#;
        assert_eq!(select(within).unwrap(), Selection::Within { from, to });
        let anew = within.replace("within", "anew");
        assert_eq!(select(&anew).unwrap(), Selection::Anew { from, to });
        // A span that begins later is no wider for it.
        let narrow = anew.replace("2026-01-01", "2026-01-04");
        let from = date("2026-01-04");
        assert_eq!(select(&narrow).unwrap(), Selection::Anew { from, to });
        let error = |text: &str| select(text).unwrap_err().to_string();
        assert_eq!(
            error(&anew.replace("2026-01-02", "2026-01-05")),
            "plan cannot be asked that: no date up to `to` 2026-01-05 is after `after` 2026-01-05 (which is Anew)"
        );
        for which in ["today", "unloaded"] {
            let said = error(&format!(r#"{{"which": "{which}", "after": "2026-01-05"}}"#));
            assert!(
                said.contains("`after` goes with due, within and anew"),
                "{said}"
            );
        }
    }

    fn steps(store: &Arc<InMemory>) -> Steps {
        let store: Arc<dyn ObjectStore> = Arc::clone(store) as _;
        Steps::new(
            Arc::clone(&store),
            Arc::new(EmbeddedTableCatalog::new(store)),
            Definitions::built_in().unwrap(),
            StepSettings::default(),
        )
    }

    /// Nothing of the first is published, as where each fails.
    #[tokio::test]
    async fn of_very_many_due_dates_all_have_their_turn() {
        let store = Arc::new(InMemory::new());
        let first: Date = "2025-10-01".parse().unwrap();
        let day = |days: usize| first.after(u32::try_from(days).unwrap());
        let dates: Vec<Date> = (0..DATES_AT_ONCE + 2).map(day).collect();
        receipt::create(&*store, &receipt_of(&dates)).await.unwrap();
        let steps = steps(&store);
        let span = json!({ "which": "within", "from": first, "to": dates[DATES_AT_ONCE + 1] });
        let anew = json!({ "which": "anew", "from": first, "to": dates[DATES_AT_ONCE + 1] });
        for mut request in [json!({ "which": "due" }), span, anew] {
            let mut turns = Vec::new();
            for _ in 0..3 {
                let said = steps.call(Step::Plan, request.clone(), NOON).await.unwrap();
                let answer: PlanAnswer = serde_json::from_value(said).unwrap();
                let listed: Vec<Date> = answer.dates.iter().map(|date| date.event_date).collect();
                let is_more = answer.count > listed.len();
                request["after"] = json!(listed.last());
                turns.push(listed);
                if !is_more {
                    break;
                }
            }
            let (first, rest) = dates.split_at(DATES_AT_ONCE);
            assert_eq!(turns, [first, rest], "{request}");
        }
    }

    fn receipt_of(dates: &[Date]) -> Receipt {
        let arrived_at = "2026-01-05T00:00:00Z".to_owned();
        Receipt {
            version: 1,
            format_version: 1,
            kind: receipt::ReceiptKind::Stream,
            batch: "shard-1-1".to_owned(),
            shard_id: "shard".to_owned(),
            first_sequence_number: "1".to_owned(),
            last_sequence_number: "1".to_owned(),
            ingest_date: "2026-01-05".to_owned(),
            ingest_hour: 0,
            first_arrived_at: arrived_at.clone(),
            last_arrived_at: arrived_at,
            arrival_dates: BTreeMap::new(),
            records: 1,
            received: dates.len() as u64,
            processed: dates.len() as u64,
            quarantined: 0,
            received_bytes: 0,
            reasons: BTreeMap::new(),
            event_dates: dates.iter().map(|date| (date.to_string(), 1)).collect(),
            title_catalog: None,
            objects: Vec::new(),
        }
    }

    #[tokio::test]
    async fn of_very_many_dates_to_be_loaded_the_first_are_listed() {
        let store = Arc::new(InMemory::new());
        let first: Date = "2026-01-05".parse().unwrap();
        for day in 0..=DATES_AT_ONCE {
            let date = first.after(u32::try_from(day).unwrap());
            let key = Path::from(generation_key(date, 7));
            store.put(&key, "{}".into()).await.unwrap();
        }
        let steps = steps(&store);
        let ask = async || {
            let said = json!({ "which": "unloaded" });
            let said = steps.call(Step::Plan, said, NOON).await.unwrap();
            serde_json::from_value::<UnloadedAnswer>(said).unwrap()
        };
        let answer = ask().await;
        assert_eq!(answer.count, DATES_AT_ONCE + 1);
        assert_eq!(answer.unloaded.len(), DATES_AT_ONCE);
        let oldest = &answer.unloaded[0];
        assert_eq!((oldest.event_date, oldest.generation), (first, 7));
        assert!(answer.unloaded.is_sorted_by_key(|date| date.event_date));
        // Loaded, it makes room for the next.
        let book = r#"{"generation": 7, "balanced": true}"#;
        let key = warehouse_book_key(first);
        store.put(&key, book.into()).await.unwrap();
        let answer = ask().await;
        assert_eq!(answer.count, DATES_AT_ONCE);
        assert_eq!(answer.unloaded[0].event_date, first.after(1));
    }

    #[test]
    fn a_backfill_goes_month_by_month() {
        let spans = |text: &str| {
            let months = months(text.parse().unwrap());
            let words: Vec<String> = months
                .iter()
                .map(|month| {
                    let text = |end: &str| month[end].as_str().unwrap().to_owned();
                    format!("{}..{}", text("from"), text("to"))
                })
                .collect();
            words.join(" ")
        };
        assert_eq!(spans("2026-01-05"), "2026-01-05..2026-01-05");
        assert_eq!(
            spans("2025-12-30..2026-02-01"),
            "2025-12-30..2025-12-31 2026-01-01..2026-01-31 2026-02-01..2026-02-01"
        );
    }
}
