//! Tests of the step `plan`.
#![allow(clippy::unwrap_used)]

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
fn a_schedule_plans_the_dates_before_its_time() {
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
    // An emulator does not fill in the placeholder.
    let unfilled = input(r#"{"which": "due", "time": "<aws.scheduler.scheduled-time>"}"#);
    assert_eq!(unfilled.selection(NOON).unwrap(), due);
}

#[test]
fn the_last_events_of_a_date_are_planned_in_the_first_hour_of_the_next_date() {
    let date = |text: &str| text.parse::<Date>().unwrap();
    for (time, from) in [
        ("2026-01-04T00:00:00Z", "2026-01-03"),
        ("2026-01-04T00:59:59Z", "2026-01-03"),
        ("2026-01-04T01:00:00Z", "2026-01-04"),
    ] {
        let request = input(&format!(r#"{{"which": "today", "time": "{time}"}}"#));
        let expected = Selection::DueWithin {
            from: Some(date(from)),
            to: date("2026-01-04"),
        };
        assert_eq!(request.selection(NOON).unwrap(), expected, "{time}");
    }
}

#[test]
fn a_range_needs_both_ends_in_order() {
    let error = |text| input(text).selection(NOON).unwrap_err().to_string();
    assert_eq!(
        error(r#"{"which": "within", "from": "2026-01-06"}"#),
        "invalid input of the step plan: `from` and `to` are required (`which` is `within`)"
    );
    assert_eq!(
        error(r#"{"which": "anew", "from": "2026-01-06", "to": "2026-01-05"}"#),
        "invalid input of the step plan: `from` 2026-01-06 is after `to` 2026-01-05 (`which` is `anew`)"
    );
    assert!(serde_json::from_str::<PlanInput>(r#"{"which": "all"}"#).is_err());
    assert!(serde_json::from_str::<PlanInput>(r#"{"which": "within", "from": "6 Jan"}"#).is_err());
}

#[test]
fn dates_up_to_after_are_not_listed() {
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
    let within =
        r#"{"which": "within", "from": "2026-01-01", "to": "2026-01-05", "after": "2026-01-02"}"#;
    assert_eq!(select(within).unwrap(), Selection::Within { from, to });
    let anew = within.replace("within", "anew");
    assert_eq!(select(&anew).unwrap(), Selection::FromScratch { from, to });
    // `after` does not extend a range that begins later.
    let narrow = anew.replace("2026-01-01", "2026-01-04");
    let from = date("2026-01-04");
    assert_eq!(
        select(&narrow).unwrap(),
        Selection::FromScratch { from, to }
    );
    let error = |text: &str| select(text).unwrap_err().to_string();
    assert_eq!(
        error(&anew.replace("2026-01-02", "2026-01-05")),
        "invalid input of the step plan: `after` 2026-01-05 is not before `to` 2026-01-05 (`which` is `anew`)"
    );
    for which in ["today", "unloaded"] {
        let error = error(&format!(r#"{{"which": "{which}", "after": "2026-01-05"}}"#));
        assert!(
            error.contains("`after` requires `which` to be due, within or anew"),
            "{error}"
        );
    }
}

#[test]
fn a_mode_has_its_name_in_the_input() {
    for mode in [
        PlanMode::Due,
        PlanMode::Today,
        PlanMode::Within,
        PlanMode::FromScratch,
        PlanMode::Spans,
        PlanMode::Unloaded,
    ] {
        assert_eq!(serde_json::to_value(mode).unwrap(), mode.name());
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

/// No date is published between the calls, as if every date failed.
#[tokio::test]
async fn repeated_calls_list_every_due_date_once() {
    let store = Arc::new(InMemory::new());
    let first: Date = "2025-10-01".parse().unwrap();
    let day = |days: usize| first.after(u32::try_from(days).unwrap());
    let dates: Vec<Date> = (0..DATES_AT_ONCE + 2).map(day).collect();
    receipt::create(&*store, &receipt_of(&dates)).await.unwrap();
    let steps = steps(&store);
    let span = json!({ "which": "within", "from": first, "to": dates[DATES_AT_ONCE + 1] });
    let anew = json!({ "which": "anew", "from": first, "to": dates[DATES_AT_ONCE + 1] });
    for mut request in [json!({ "which": "due" }), span, anew] {
        let mut pages = Vec::new();
        for _ in 0..3 {
            let answer = steps.call(Step::Plan, request.clone(), NOON).await.unwrap();
            let answer: PlanAnswer = serde_json::from_value(answer).unwrap();
            let listed: Vec<Date> = answer.dates.iter().map(|date| date.event_date).collect();
            let is_more = answer.count > listed.len();
            request["after"] = json!(listed.last());
            pages.push(listed);
            if !is_more {
                break;
            }
        }
        let (first, rest) = dates.split_at(DATES_AT_ONCE);
        assert_eq!(pages, [first, rest], "{request}");
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
        ingest_date: "2026-01-05".parse().unwrap(),
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
        event_dates: dates.iter().map(|date| (*date, 1)).collect(),
        title_catalog: None,
        objects: Vec::new(),
    }
}

#[tokio::test]
async fn the_first_unloaded_dates_are_listed() {
    let store = Arc::new(InMemory::new());
    let first: Date = "2026-01-05".parse().unwrap();
    for day in 0..=DATES_AT_ONCE {
        let date = first.after(u32::try_from(day).unwrap());
        let key = Path::from(generation_key(date, 7));
        store.put(&key, "{}".into()).await.unwrap();
    }
    let steps = steps(&store);
    let ask = async || {
        let input = json!({ "which": "unloaded" });
        let answer = steps.call(Step::Plan, input, NOON).await.unwrap();
        serde_json::from_value::<UnloadedAnswer>(answer).unwrap()
    };
    let answer = ask().await;
    assert_eq!(answer.count, DATES_AT_ONCE + 1);
    assert_eq!(answer.unloaded.len(), DATES_AT_ONCE);
    let oldest = &answer.unloaded[0];
    assert_eq!((oldest.event_date, oldest.generation), (first, 7));
    assert!(answer.unloaded.is_sorted_by_key(|date| date.event_date));
    // Once the date is loaded, the next one is listed.
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
