//! Runs every file of sql/athena over a lake at noon of its third day.
//!
//! Two dates are published. Further events have arrived since: events of the third
//! day, late events of the published dates, duplicates of curated events, rejected
//! events that were replayed, and redelivered records. Then the dates are audited.
//! The files are parsed in Athena's dialect and executed in DuckDB, and the results
//! are compared with the Parquet files (`tests/python/athena_answers.py`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use marquee_audit as audit;
use marquee_conditional_tests::python_script;
use marquee_curation::plan::Definitions;
use marquee_event::TimeWindow;
use marquee_ingest::{Transform, TransformSettings};
use marquee_producer::simulate::Simulation;
use marquee_repair::{ReplayOptions, replay};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use serde_json::Value;

use crate::lake::{ingest, payloads, publish_titles, run};

const TODAY: &str = "2026-01-07";
/// The midnight before, in milliseconds.
const MIDNIGHT_MS: f64 = 1_767_744_000_000.0;
const HOUR_US: i64 = 3_600_000_000;

fn simulation() -> Simulation {
    Simulation {
        users: 600,
        titles: 200,
        events: 60_000,
        duplicate_share: 0.05,
        late_share: 0.1,
        bad_share: 0.02,
        ..Simulation::default()
    }
}

/// Returns true if the whole payload arrived before today.
fn arrived_before_today(payload: &[u8]) -> bool {
    let event: Value = serde_json::from_slice(payload).unwrap();
    let last = event["Records"].as_array().unwrap().last().unwrap();
    let seconds = last["kinesis"]["approximateArrivalTimestamp"].as_f64();
    seconds.unwrap() * 1_000.0 < MIDNIGHT_MS
}

/// Splits the payloads into those that arrived before today and the others.
fn split(mut payloads: Vec<Vec<u8>>) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let before = payloads.partition_point(|payload| arrived_before_today(payload));
    let today = payloads.split_off(before);
    (payloads, today)
}

/// Creates the lake of a small service, two and a half days after its start.
async fn at_noon(store: &Arc<dyn ObjectStore>) {
    let simulation = simulation();
    publish_titles(store, &simulation).await;
    let (past, today) = split(payloads(&simulation, 400));
    assert!(!past.is_empty() && !today.is_empty());

    // At first, events older than two hours are rejected.
    let strict = TransformSettings {
        window: TimeWindow {
            behind_us: 2 * HOUR_US,
            ..TimeWindow::default()
        },
        ..TransformSettings::default()
    };
    let transform = Transform::new(Arc::clone(store), strict);
    for payload in &past {
        assert!(transform.handle(payload).await.unwrap().failures.is_empty());
    }
    let made = run(store, &Definitions::built_in().unwrap()).await;
    assert_eq!(made.len(), 2, "{made:?}");

    // Today's records. Some are delivered twice, with other batch boundaries.
    ingest(store, &today).await;
    let (_, cut_otherwise) = split(payloads(&simulation, 550));
    ingest(store, &cut_otherwise[1..6]).await;
    let options = ReplayOptions {
        date: Some("2026-01-06".parse().unwrap()),
        ..ReplayOptions::default()
    };
    let report = replay(store, &options, TransformSettings::default())
        .await
        .unwrap();
    assert!(report.total() > 0, "{report:?}");

    for date in ["2026-01-05", "2026-01-06", TODAY] {
        let books = audit::audit_date(store, date.parse().unwrap(), None)
            .await
            .unwrap();
        audit::write(&**store, &books).await.unwrap();
    }
}

/// Returns a path below the root of the repository.
fn in_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Runs the files of `sql` over the lake.
fn check(python: &Path, lake: &Path, sql: &Path) -> Output {
    Command::new(python)
        .arg(python_script("athena_answers.py"))
        .arg("check")
        .arg(lake)
        .arg(TODAY)
        .arg(sql)
        .output()
        .unwrap()
}

pub(crate) async fn the_athena_queries_match_the_parquet_files(python: PathBuf) {
    let sql = in_root("sql/athena");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("lake");
    fs::create_dir(&root).unwrap();
    let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(&root).unwrap());
    at_noon(&store).await;

    let output = check(&python, &root, &sql);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let files = |kind: &str| fs::read_dir(sql.join(kind)).unwrap().count();
    assert_eq!(report["views"].as_array().unwrap().len(), files("views"));
    let queries = report["queries"].as_object().unwrap();
    assert_eq!(queries.len(), files("queries"));
    for (query, rows) in queries {
        assert!(rows.as_u64().unwrap() > 0, "{query} has no answer");
    }

    // The comparison detects errors.
    for (file, from, to, expected) in [
        (
            "views/all_events.sql",
            "    copy = 1\n    AND NOT EXISTS",
            "    NOT EXISTS",
            "all_events: each event once",
        ),
        (
            "views/all_events.sql",
            "            AND curated.user_id = arrived.user_id\n",
            "            AND curated.user_id <> arrived.user_id\n",
            "all_events: each event once",
        ),
        (
            "views/all_events.sql",
            "INTERVAL '4' DAY\n        AND ingest_date <= current_date",
            "INTERVAL '4' DAY\n        AND ingest_date < current_date",
            "all_events: every event",
        ),
        (
            "views/all_events.sql",
            "ORDER BY arrived_at ASC",
            "ORDER BY arrived_at DESC",
            "all_events: the first of its copies",
        ),
        (
            "queries/quarantine_by_reason.sql",
            "WHERE copy = 1",
            "WHERE copy <= 2 AND reason <> 'invalid_json'",
            "quarantine_by_reason",
        ),
        (
            "queries/late_arrivals.sql",
            "ingest_date >= current_date - INTERVAL '7' DAY\n    AND ",
            "",
            "late_arrivals.sql reads processed_events without a filter on ingest_date",
        ),
        (
            "queries/books.sql",
            "figure = 'received'",
            "figure = 'records'",
            "books of 2026-01-05: received",
        ),
        (
            "queries/books.sql",
            "scope = 'units' AND figure = 'open'",
            "scope = 'units' AND figure = 'quarantined'",
            "books of 2026-01-06: open",
        ),
        (
            "queries/shards_accounted.sql",
            "figure = 'seen'",
            "figure = 'doubtful'",
            "shards_accounted",
        ),
        (
            "queries/roll_call.sql",
            "figure = 'present'",
            "figure = 'late'",
            "roll_call of",
        ),
        (
            "queries/busiest_hours.sql",
            "SELECT\n",
            "SELECT FROM WHERE\n",
            "busiest_hours",
        ),
    ] {
        let broken = folder.path().join("broken");
        copy(&sql, &broken);
        let text = fs::read_to_string(broken.join(file)).unwrap();
        assert!(text.contains(from), "{file} does not contain {from}");
        fs::write(broken.join(file), text.replace(from, to)).unwrap();
        let output = check(&python, &root, &broken);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{file}, {to}");
        assert!(errors.contains(expected), "{file}, {to}: {errors}");
    }
}

fn copy(from: &Path, to: &Path) {
    for kind in ["views", "queries"] {
        fs::create_dir_all(to.join(kind)).unwrap();
        for file in fs::read_dir(from.join(kind)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(kind).join(file.file_name())).unwrap();
        }
    }
}
