//! DuckDB, with the SQL translated to Athena's dialect, computes the same rows for every
//! mart and check.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../day/days.rs"]
mod days;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../day/facts.rs"]
mod facts;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use datafusion::arrow::compute::concat_batches;
use marquee_conditional_tests::{python, python_script, run, tests};
use marquee_lake::generation::{FileEntry, TableFiles};
use marquee_sql::{After, Mart, Partition};
use object_store::local::LocalFileSystem;
use serde_json::{Value, json};

use crate::days::Days;
use crate::facts::{Facts, SILENT, date};

fn main() -> ExitCode {
    run([tests!(python => async [duckdb_gives_the_same_rows])])
}

/// More dates than the longest look-back window.
const DATES: usize = 33;

fn keys(files: &[FileEntry]) -> Vec<&str> {
    files.iter().map(|file| file.key.as_str()).collect()
}

/// The marts and checks to compare.
#[derive(Default)]
struct Plan {
    marts: Vec<Value>,
    made: BTreeMap<String, BTreeMap<String, Value>>,
    checks: Vec<Value>,
}

impl Plan {
    /// Builds the marts of a date and runs its checks.
    async fn add(&mut self, days: &Days, date: &str) {
        let built = days.marts(date).await;
        for mart in marquee_sql::marts().unwrap() {
            let TableFiles { files } = &built[&mart.name];
            let (name, file) = (&mart.name, &files[0].key);
            let sql = mart.sql_for(date);
            self.marts
                .push(json!({"name": name, "date": date, "sql": sql, "file": file}));
            let has_date = mart.partition == Partition::EventDate;
            let made = self.made.entry(date.to_owned()).or_default();
            made.insert(name.clone(), json!({"file": file, "has_date": has_date}));
        }
        let mut tables = days.tables.clone();
        for (name, table) in built {
            tables
                .entry(name)
                .or_default()
                .insert(days::parsed(date), table.files);
        }
        let run = days.run_over(date, tables).await;
        for check in marquee_sql::checks().unwrap() {
            let result = run.check(&check).await.unwrap();
            self.checks.push(json!({
                "name": check.name,
                "date": date,
                "sql": check.sql_for(date),
                "sees_marts": check.after == After::Marts,
                "broken": result.broken,
                "sample": result.sample,
            }));
        }
    }
}

/// Violates checks of a date with duplicate and missing rows.
async fn damage(days: &mut Days, number: usize) {
    let [(_, events), (_, sessions), (_, views)] = Facts::of(number).tables();
    let twice = concat_batches(&events.schema(), [&events, &events.slice(0, 9)]).unwrap();
    let fewer = sessions.slice(0, sessions.num_rows() / 3);
    let more = concat_batches(&views.schema(), [&views, &views.slice(2, 1)]).unwrap();
    days.add("events", &date(number), &twice).await;
    days.add("fact_session", &date(number), &fewer).await;
    days.add("fact_view", &date(number), &more).await;
}

async fn duckdb_gives_the_same_rows(python: PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
    let mut days = Days::new(store, DATES).await;
    damage(&mut days, 9).await;

    let mut plan = Plan::default();
    for number in [0, 9, SILENT, SILENT + 1, DATES - 2] {
        plan.add(&days, &date(number)).await;
    }
    let broken: Vec<&str> = plan
        .checks
        .iter()
        .filter(|check| check["date"] == date(9) && check["broken"] != 0)
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert!(
        broken.len() > 6,
        "too few violated checks to compare on the damaged date: {broken:?}"
    );
    let tables: BTreeMap<_, _> = days
        .tables
        .iter()
        .map(|(table, dates)| {
            let dates: BTreeMap<_, _> = dates
                .iter()
                .map(|(date, files)| (date, keys(files)))
                .collect();
            (table, dates)
        })
        .collect();
    let batches: Vec<Value> = days::receipts()
        .into_iter()
        .map(|batch| {
            let kind = serde_json::to_value(batch.kind).unwrap();
            json!([batch.ingest_date, kind, batch.received, batch.quarantined])
        })
        .collect();
    let marts = marquee_sql::marts().unwrap().into_iter();
    let states: Vec<String> = marts.filter(Mart::is_state).map(|mart| mart.name).collect();
    let file = folder.path().join("plan.json");
    let text = json!({
        "lake": folder.path(),
        "tables": tables,
        "titles": days.title_catalog.key,
        "batches": batches,
        "states": states,
        "marts": plan.marts,
        "made": plan.made,
        "checks": plan.checks,
    });
    fs::write(&file, text.to_string()).unwrap();

    let output = Command::new(python)
        .arg(python_script("marts_agree.py"))
        .arg(&file)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let compared: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(compared["marts"], plan.marts.len());
    assert_eq!(compared["checks"], plan.checks.len());
}
