//! A missing processed object fails only the dates that read it.

use std::collections::BTreeMap;
use std::sync::Arc;

use marquee_curation::driver::DateOutcome;
use marquee_curation::plan::{self, Definitions};
use marquee_curation::steps::{Step, StepSettings, Steps};
use marquee_event::Date;
use marquee_lake::receipt;
use marquee_lake::step::StepErrorKind;
use marquee_lake::zone::Zone;
use marquee_table_catalog::EmbeddedTableCatalog;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::json;

use crate::lake::{few_definitions, ingest, payloads, publish_titles, run, simulation};

/// 2026-03-01T00:00:00Z, after every date of the simulation.
const NOW: i64 = 1_772_323_200_000_000;

/// Returns a lake with one object missing, its key, and its rows by date.
async fn lake_without_one() -> (Arc<dyn ObjectStore>, String, BTreeMap<Date, u64>) {
    let lake: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    publish_titles(&lake, &simulation()).await;
    ingest(&lake, &payloads(&simulation(), 20)).await;
    let receipts = receipt::list(&*lake, None).await.unwrap();
    let of_one_date = receipts
        .iter()
        .find(|receipt| receipt.event_dates.len() == 1);
    let receipt = of_one_date.unwrap();
    let object = receipt.objects.iter().find(|o| o.zone == Zone::Processed);
    let key = object.unwrap().key.clone();
    lake.delete(&Path::from(key.as_str())).await.unwrap();
    (lake, key, receipt.event_dates.clone())
}

#[tokio::test]
async fn a_run_curates_the_other_dates() {
    let (lake, key, dates) = lake_without_one().await;
    let made = run(&lake, &few_definitions()).await;
    assert_eq!(made.len(), 3);
    for (date, outcome) in &made {
        match outcome {
            DateOutcome::Failed { error } => {
                let cause = error.to_string();
                assert!(dates.contains_key(date), "{date}: {cause}");
                assert!(
                    cause.starts_with(&format!("input object {key} is missing; ")),
                    "{cause}"
                );
                assert!(cause.contains("`marquee rebuild 2026-01-"), "{cause}");
            }
            DateOutcome::Published(_) => assert!(!dates.contains_key(date), "{date}"),
            other => panic!("{date}: {other:?}"),
        }
    }
    // The date is still due. Dates that read it are unchanged.
    for (date, outcome) in run(&lake, &few_definitions()).await {
        match outcome {
            DateOutcome::Failed { .. } => assert!(dates.contains_key(&date), "{date}"),
            DateOutcome::Unchanged => assert!(!dates.contains_key(&date), "{date}"),
            other => panic!("{date}: {other:?}"),
        }
    }
}

/// The plan for a state machine has every date; the step that reads the object fails.
#[tokio::test]
async fn a_plan_has_the_date_and_the_step_that_reads_it_fails() {
    for bucket_rows in [u64::MAX, 200] {
        let (lake, key, dates) = lake_without_one().await;
        let settings = StepSettings {
            plan: plan::PlanSettings {
                bucket_rows,
                ..plan::PlanSettings::default()
            },
            ..StepSettings::default()
        };
        let catalog = Arc::new(EmbeddedTableCatalog::new(Arc::clone(&lake)));
        let definitions = Definitions::built_in().unwrap();
        let steps = Steps::new(Arc::clone(&lake), catalog, definitions, settings);
        let plan = steps.call(Step::Plan, json!({ "which": "due" }), NOW).await;
        let plan = plan.unwrap();
        assert_eq!(plan["count"], 3);
        for date in plan["dates"].as_array().unwrap() {
            let (step, of) = match date["parts"].as_array().unwrap().is_empty() {
                true => (Step::Compact, "bucket"),
                false => (Step::Split, "part"),
            };
            let input = json!({ "work": date["work"], of: 0 });
            let done = steps.call(step, input, NOW).await;
            let event_date: Date = date["event_date"].as_str().unwrap().parse().unwrap();
            let is_whole = !dates.contains_key(&event_date);
            assert_eq!(done.is_ok(), is_whole, "{done:?}");
            if let Err(error) = done {
                assert_eq!(error.kind(), StepErrorKind::Gone, "{error}");
                assert!(error.to_string().contains(&key), "{error}");
            }
        }
    }
}
