//! The steps as a state machine calls them, with JSON input and output, compared with
//! curation in one process.

use std::sync::Arc;

use marquee_compaction::CompactSettings;
use marquee_compaction::SizeLimit;
use marquee_curation::plan::{self, Definitions};
use marquee_curation::steps::{SqlStep, SqlSteps, Step, StepSettings, Steps};
use marquee_lake::staging::StagingDir;
use marquee_lake::step::StepErrorKind;
use marquee_lake::{document, generation};
use marquee_marts::{LakeSql, LakeSqlSettings};
use marquee_table_catalog::EmbeddedTableCatalog;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::{Value, json};

use crate::lake::{date as date_of, ingest, payloads, publish_titles, published, run, simulation};

/// 2026-03-01T00:00:00Z, after every date of the simulation.
const NOW: i64 = 1_772_323_200_000_000;

/// The order of steps of the state machine.
struct Machine {
    steps: Steps,
    sql: SqlSteps,
}

impl Machine {
    fn new(store: &Arc<dyn ObjectStore>, bucket_rows: u64) -> Self {
        let settings = StepSettings {
            plan: plan::PlanSettings {
                bucket_rows,
                ..plan::PlanSettings::default()
            },
            part: SizeLimit {
                rows_of_date: 50,
                bytes: u64::MAX,
            },
            compact: CompactSettings {
                split_chunk_rows: 20,
                ..CompactSettings::default()
            },
            ..StepSettings::default()
        };
        let catalog = Arc::new(EmbeddedTableCatalog::new(Arc::clone(store)));
        let definitions = Definitions::built_in().unwrap();
        let sql_settings = LakeSqlSettings {
            concurrency: 2,
            memory_bytes: Some(256 << 20),
        };
        let sql = Arc::new(LakeSql::new(Arc::clone(store), sql_settings).unwrap());
        Self {
            sql: SqlSteps::new(Arc::clone(store), sql, definitions.clone()),
            steps: Steps::new(Arc::clone(store), catalog, definitions, settings),
        }
    }

    async fn call(&self, step: Step, input: Value) -> Value {
        self.steps.call(step, input, NOW).await.unwrap()
    }

    async fn sql(&self, step: SqlStep, input: Value) -> Value {
        self.sql.call(step, input).await.unwrap()
    }

    /// Runs a date from its inputs to its facts. Every step runs twice, because a
    /// retry must be harmless.
    async fn facts(&self, date: &Value) {
        let work = &date["work"];
        for _ in 0..2 {
            for part in date["parts"].as_array().unwrap() {
                let of_part = json!({ "work": work, "part": part });
                self.call(Step::Split, of_part).await;
            }
            for bucket in date["buckets"].as_array().unwrap() {
                let of_bucket = json!({ "work": work, "bucket": bucket });
                self.call(Step::Compact, of_bucket).await;
            }
            self.call(Step::Gather, json!({ "work": work })).await;
            let of_date = json!({ "work": work, "phase": "date" });
            let checked = self.sql(SqlStep::Check, of_date).await;
            assert_eq!(checked["stops"], false);
        }
    }

    /// Runs a date from its facts to its generation and returns the outcome.
    async fn finish(&self, date: &Value) -> Value {
        let work = &date["work"];
        let prepared = self.call(Step::Prepare, json!({ "work": work })).await;
        if prepared["is_unchanged"] == true {
            return json!({ "outcome": "unchanged" });
        }
        let of_run = json!({ "work": work, "run": prepared["run"] });
        let mut checks = of_run.clone();
        checks["phase"] = "window".into();
        for _ in 0..2 {
            self.sql(SqlStep::Marts, of_run.clone()).await;
            self.sql(SqlStep::Check, checks.clone()).await;
            let closed = self.call(Step::Book, of_run.clone()).await;
            assert_eq!(closed, json!({ "outcome": "balanced" }));
        }
        let once = self.call(Step::Publish, of_run.clone()).await;
        assert_eq!(once, self.call(Step::Publish, of_run).await);
        once
    }

    /// Runs the whole state machine and returns the outcomes by date.
    async fn run(&self, input: Value) -> Vec<Value> {
        self.call(Step::Publish, json!({})).await;
        let plan = self.call(Step::Plan, input).await;
        let dates = plan["dates"].as_array().unwrap();
        assert_eq!(plan["count"], dates.len());
        for date in dates {
            self.facts(date).await;
        }
        let mut outcomes = Vec::new();
        for date in dates {
            outcomes.push(self.finish(date).await);
        }
        for date in dates {
            let audited = self
                .call(Step::Audit, json!({ "event_date": date["event_date"] }))
                .await;
            assert_eq!(audited["balanced"], true, "{audited}");
        }
        outcomes
    }
}

async fn new_lake() -> Arc<dyn ObjectStore> {
    let lake: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    publish_titles(&lake, &simulation()).await;
    lake
}

/// The steps, each run twice, in two executions, with or without buckets, produce the
/// same lake as one process, byte for byte.
#[tokio::test]
async fn the_steps_produce_the_same_lake_as_one_process() {
    let definitions = Definitions::built_in().unwrap();
    let batches = payloads(&simulation(), 20);
    for bucket_rows in [u64::MAX, 200] {
        let (whole, stepped) = (new_lake().await, new_lake().await);
        let machine = Machine::new(&stepped, bucket_rows);
        for part in batches.chunks(batches.len().div_ceil(2)) {
            ingest(&whole, part).await;
            crate::lake::driver_with_buckets(&whole, &definitions, bucket_rows)
                .run(&plan::Selection::Due, &|_| {})
                .await
                .unwrap();
            ingest(&stepped, part).await;
            for outcome in machine.run(json!({ "which": "due" })).await {
                assert_eq!(outcome["outcome"], "published", "{outcome}");
            }
        }
        let expected = published(&whole, &definitions).await;
        assert!(published(&stepped, &definitions).await == expected);
        let generations = generation::current(&*whole).await.unwrap();
        assert_eq!(generation::current(&*stepped).await.unwrap(), generations);
        assert_eq!(machine.run(json!({ "which": "due" })).await, [0u8; 0]);
    }
}

/// A plan of today skips other dates, and a plan of due dates skips today.
#[tokio::test]
async fn a_plan_has_only_its_dates() {
    let lake = new_lake().await;
    ingest(&lake, &payloads(&simulation(), 20)).await;
    let machine = Machine::new(&lake, u64::MAX);
    let dates = async |input: Value| -> Vec<Value> {
        let plan = machine.call(Step::Plan, input).await;
        let dates = plan["dates"].as_array().unwrap();
        dates
            .iter()
            .map(|date| date["event_date"].clone())
            .collect()
    };
    let noon = "2026-01-06T12:00:00Z";
    assert_eq!(
        dates(json!({ "which": "today", "time": noon })).await,
        ["2026-01-06"]
    );
    assert_eq!(
        dates(json!({ "which": "due", "time": noon })).await,
        ["2026-01-05"]
    );
    let none = json!({ "which": "today", "time": "2026-02-06T12:00:00Z" });
    assert!(dates(none).await.is_empty());
    // A later date without tables does not count as newer.
    machine.run(json!({ "which": "due", "time": noon })).await;
    let made = generation::current(&*lake).await.unwrap();
    assert!(made[&date_of("2026-01-05")].newest);
    assert!(
        made[&date_of("2026-01-05")]
            .tables
            .contains_key("user_genre_affinity")
    );
}

/// A date that checks stop has a report and no generation.
#[tokio::test]
async fn a_held_date_reports_the_cause() {
    let lake = new_lake().await;
    ingest(&lake, &payloads(&simulation(), 20)).await;
    let machine = Machine::new(&lake, u64::MAX);
    let plan = machine.call(Step::Plan, json!({ "which": "due" })).await;
    let date = &plan["dates"][0];
    machine.facts(date).await;
    let work: StagingDir = serde_json::from_value(date["work"].clone()).unwrap();
    let mut found: Vec<marquee_sql::CheckResult> =
        document::read(&*lake, &work.date_checks()).await.unwrap();
    let broken = found
        .iter_mut()
        .find(|check| check.name == "events_unique")
        .unwrap();
    broken.broken = 3;
    document::write(&*lake, &work.date_checks(), &found)
        .await
        .unwrap();
    let prepared = machine.call(Step::Prepare, json!({ "work": work })).await;
    let of_run = json!({ "work": work, "run": prepared["run"] });
    let closed = machine.call(Step::Book, of_run.clone()).await;
    assert_eq!(
        closed,
        json!({ "outcome": "held", "cause": "violated checks: events_unique (3 rows)" })
    );
    let run = prepared["run"].as_str().unwrap();
    let event_date = date["event_date"].as_str().unwrap();
    let report = marquee_lake::zone::run_artifact_key(date_of(event_date), "checks", run);
    assert!(lake.head(&report).await.is_ok());
    assert!(generation::current(&*lake).await.unwrap().is_empty());
    // It cannot be published, because it was never prepared.
    let published = machine.steps.call(Step::Publish, of_run, NOW).await;
    assert_eq!(published.unwrap_err().kind(), StepErrorKind::Gone);
}

/// An overtaken run reports it, and the next plan has nothing to do.
#[tokio::test]
async fn a_date_that_another_run_published_is_lost() {
    let definitions = Definitions::built_in().unwrap();
    let lake = new_lake().await;
    let batches = payloads(&simulation(), 20);
    let (first, rest) = batches.split_at(batches.len() / 2);
    ingest(&lake, first).await;
    let machine = Machine::new(&lake, u64::MAX);
    let plan = machine.call(Step::Plan, json!({ "which": "due" })).await;
    let date = plan["dates"][0].clone();
    machine.facts(&date).await;
    ingest(&lake, rest).await;
    run(&lake, &definitions).await;
    let work = &date["work"];
    let prepared = machine.call(Step::Prepare, json!({ "work": work })).await;
    let of_run = json!({ "work": work, "run": prepared["run"] });
    machine.sql(SqlStep::Marts, of_run.clone()).await;
    let mut checks = of_run.clone();
    checks["phase"] = "window".into();
    machine.sql(SqlStep::Check, checks).await;
    machine.call(Step::Book, of_run.clone()).await;
    assert_eq!(
        machine.call(Step::Publish, of_run).await,
        json!({ "outcome": "lost", "event_date": date["event_date"] })
    );
    let again = machine.call(Step::Plan, json!({ "which": "due" })).await;
    assert_eq!(again["count"], 0);
}

#[tokio::test]
async fn an_invalid_request_of_a_step_is_an_error() {
    let lake = new_lake().await;
    let machine = Machine::new(&lake, u64::MAX);
    let wrong = [
        (Step::Plan, json!({ "which": "all" })),
        (Step::Plan, json!({ "which": "within" })),
        (
            Step::Split,
            json!({ "work": StagingDir::new("0000", date_of("2026-01-05")) }),
        ),
        (Step::Compact, json!({ "work": "curated/x", "bucket": 0 })),
        (Step::Gather, json!({})),
        (Step::Audit, json!({ "event_date": "yesterday" })),
        (Step::Replay, json!({ "reason": "bad_mood" })),
        (
            Step::Rebuild,
            json!({ "from": "2026-01-02", "to": "2026-01-01" }),
        ),
    ];
    for (step, input) in wrong {
        let error = machine
            .steps
            .call(step, input.clone(), NOW)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), StepErrorKind::Input, "{input}: {error}");
    }
    // Neither are parts and buckets that the plan does not have.
    ingest(&lake, &payloads(&simulation(), 20)).await;
    let divided = Machine::new(&lake, 200);
    let plan = divided.call(Step::Plan, json!({ "which": "due" })).await;
    let date = &plan["dates"][0];
    let count = |name: &str| date[name].as_array().unwrap().len();
    assert!(count("parts") > 1 && count("buckets") > 1, "{date}");
    let work = &date["work"];
    for (step, input, words) in [
        (
            Step::Split,
            json!({ "work": work, "part": count("parts") }),
            format!("part {0} is out of range 0..{0}", count("parts")),
        ),
        (
            Step::Compact,
            json!({ "work": work, "bucket": count("buckets") }),
            format!("bucket {0} is out of range 0..{0}", count("buckets")),
        ),
    ] {
        let error = divided.steps.call(step, input, NOW).await.unwrap_err();
        assert_eq!(error.kind(), StepErrorKind::Input, "{error}");
        assert!(error.to_string().contains(&words), "{error}");
    }
    // A bucket needs every part.
    divided
        .call(Step::Split, json!({ "work": work, "part": 0 }))
        .await;
    let early = json!({ "work": work, "bucket": 0 });
    let error = divided.steps.call(Step::Compact, early, NOW).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), StepErrorKind::Gone, "{error}");
    assert!(error.to_string().contains("split-0001.json"), "{error}");
    let gone = json!({ "work": StagingDir::new("0000", date_of("2026-01-05")) });
    let error = machine
        .steps
        .call(Step::Gather, gone, NOW)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StepErrorKind::Gone, "{error}");
}

/// The maintenance steps return the same figures as the commands.
#[tokio::test]
async fn maintenance_steps_return_figures() {
    let lake = new_lake().await;
    ingest(&lake, &payloads(&simulation(), 20)).await;
    let machine = Machine::new(&lake, u64::MAX);
    machine.run(json!({ "which": "due" })).await;
    let replayed = machine.call(Step::Replay, json!({ "dry_run": true })).await;
    assert_eq!(replayed["dry_run"], true);
    assert_eq!(replayed["receipts"], 0);
    let processed = crate::lake::keys(&lake, "processed").await;
    let lost = Path::from(processed[0].as_str());
    lake.delete(&lost).await.unwrap();
    let all = json!({ "from": "2026-01-01", "to": "2026-01-31" });
    let rebuilt = machine.call(Step::Rebuild, all).await;
    assert_eq!(rebuilt["restored"], 1, "{rebuilt}");
    assert!(lake.head(&lost).await.is_ok());
    let swept = machine.call(Step::Sweep, json!({})).await;
    assert_eq!(swept, json!({ "objects": 0, "bytes": 0 }));
}
