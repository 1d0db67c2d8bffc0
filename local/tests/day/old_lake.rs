//! A lake that the first release wrote, used by the current program.
//!
//! `tests/fixtures/lake-v1` is such a lake: its receipts have no format version. One
//! date is published and audited. Another date and late events of the first are not
//! curated yet. The quarantine contains nearly every rejection reason.
//! `lake-v1.tables.json` describes the tables that the first release published from
//! this lake: each table's columns, row count and digest of the values.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_cast::pretty::pretty_format_batches;
use marquee_event::ADDED_FIELDS;
use marquee_lake::zone::Zone;
use marquee_lake::{digest, receipt};
use marquee_marts::Engine;
use marquee_repair::rebuild;
use marquee_stream::lambda_event::write_event;
use marquee_stream::{Record, SequenceNumber, ShardId};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::lake::ingest;

/// The event dates of the lake.
const DATES: [&str; 2] = ["2026-01-05", "2026-01-06"];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

async fn engine(lake: &Path) -> Engine {
    let store = LocalFileSystem::new_with_prefix(lake).unwrap();
    Engine::open(Arc::new(store)).await.unwrap()
}

/// A copy of the lake in a temporary directory.
struct OldLake(TempDir);

impl OldLake {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        copy(&fixtures().join("lake-v1"), &directory.path().join("lake"));
        Self(directory)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("lake")
    }

    fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::new(LocalFileSystem::new_with_prefix(self.path()).unwrap())
    }

    /// Runs `marquee`, which must succeed, and returns its standard output.
    fn marquee(&self, line: &[&str]) -> String {
        self.marquee_exiting(0, line)
    }

    /// Runs `marquee`, which must end with that exit code, and returns its standard
    /// output.
    fn marquee_exiting(&self, code: i32, line: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_marquee"))
            .args(line)
            .current_dir(self.0.path())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{line:?}: {out}{err}");
        out
    }

    async fn query(&self, sql: &str) -> Vec<RecordBatch> {
        engine(&self.path()).await.query(sql).await.unwrap()
    }
}

/// The contents of a table.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Contents {
    columns: Vec<String>,
    rows: usize,
    digest: String,
}

/// Returns the contents of every table, in the columns of `columns_of` or in all columns
/// of the first release.
async fn contents(
    engine: &Engine,
    columns_of: impl Fn(&str) -> Option<Vec<String>>,
) -> BTreeMap<String, Contents> {
    let mut tables = BTreeMap::new();
    for table in Engine::tables().unwrap() {
        let columns = match columns_of(&table) {
            Some(columns) => columns,
            None => {
                let sql = format!("SELECT * FROM {table} LIMIT 0");
                let schema = engine.stream(&sql).await.unwrap().schema();
                let names = schema.fields().iter().map(|field| field.name().clone());
                let added = ADDED_FIELDS.map(|field| field.column);
                names
                    .filter(|name| !added.contains(&Some(name.as_str())))
                    .collect()
            }
        };
        let names: Vec<String> = columns.iter().map(|name| format!("\"{name}\"")).collect();
        let (names, order) = (names.join(", "), (1..=columns.len()).map(|n| n.to_string()));
        let order = order.collect::<Vec<_>>().join(", ");
        let sql = format!("SELECT {names} FROM {table} ORDER BY {order}");
        let batches = engine.query(&sql).await.unwrap();
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let text = pretty_format_batches(&batches).unwrap();
        let digest = digest::of(text.to_string().as_bytes());
        tables.insert(
            table,
            Contents {
                columns,
                rows,
                digest,
            },
        );
    }
    tables
}

/// Returns the tables that the first release published.
fn expected() -> BTreeMap<String, Contents> {
    let text = fs::read(fixtures().join("lake-v1.tables.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[tokio::test]
async fn receipts_without_a_version_have_version_1_and_their_objects_are_intact() {
    let lake = OldLake::new();
    let store = lake.store();
    let receipts = receipt::list(&*store, None).await.unwrap();
    assert_eq!(receipts.len(), 4);
    for receipt in &receipts {
        assert_eq!(receipt.format_version, 1);
        // Serializing the receipt again gives the same document.
        let key = Key::from(receipt.key());
        let written = store.get(&key).await.unwrap().bytes().await.unwrap();
        let written: serde_json::Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(serde_json::to_value(receipt).unwrap(), written);
        for object in &receipt.objects {
            let key = Key::from(object.key.as_str());
            let bytes = store.get(&key).await.unwrap().bytes().await.unwrap();
            assert_eq!(digest::of(&bytes), object.digest, "{key}");
        }
    }
}

#[tokio::test]
async fn objects_are_restored_byte_for_byte() {
    let lake = OldLake::new();
    let store = lake.store();
    let mut lost = Vec::new();
    for receipt in receipt::list(&*store, None).await.unwrap() {
        for object in receipt.objects {
            if object.zone != Zone::Raw {
                let key = Key::from(object.key.as_str());
                let bytes = store.get(&key).await.unwrap().bytes().await.unwrap();
                store.delete(&key).await.unwrap();
                lost.push((key, bytes));
            }
        }
    }
    assert_eq!(lost.len(), 8);
    let span = "2026-01-01..2026-01-31".parse().unwrap();
    let report = rebuild(&store, span, marquee_ingest::TransformSettings::default());
    let report = report.await.unwrap();
    assert!(report.faults.is_empty(), "{report:?}");
    assert_eq!(report.restored.len(), lost.len());
    for (key, bytes) in lost {
        let restored = store.get(&key).await.unwrap().bytes().await.unwrap();
        assert!(restored == bytes, "{key}");
    }
}

#[tokio::test]
async fn dates_are_published_as_by_the_first_release_and_audited() {
    let lake = OldLake::new();
    // The fixture has hand-made units with few of the numbers of their producers. The
    // audits report the missing numbers of `fixture-late` and nothing else: malformed units
    // in records of `sim-22` explain its missing numbers.
    let out = lake.marquee_exiting(1, &["day"]);
    for (date, generation) in DATES.into_iter().zip(["generation 2", "generation 1"]) {
        assert!(out.contains(&format!("{date}  {generation}")), "{out}");
        let audit = lake.marquee_exiting(1, &["audit", date]);
        assert!(
            audit.trim_start().starts_with(&format!("{date}: ")),
            "{audit}"
        );
        let books = format!("ledger/days/event_date={date}/audit/books.json");
        let books = fs::read(lake.path().join(books)).unwrap();
        let books: serde_json::Value = serde_json::from_slice(&books).unwrap();
        let problems = books["problems"].as_array().unwrap();
        assert_eq!(problems.len(), 1, "{audit}");
        assert!(problems[0].to_string().contains("fixture-late"), "{audit}");
    }
    let expected = expected();
    let engine = engine(&lake.path()).await;
    let columns_of = |table: &str| Some(expected.get(table)?.columns.clone());
    let published = contents(&engine, columns_of).await;
    // The first release compared the first date with its stream, which the fixture lacks.
    for (table, expected) in expected.iter().filter(|(table, _)| *table != "audit_books") {
        assert_eq!(published.get(table), Some(expected), "{table}");
    }

    // Everything can be rebuilt from raw.
    let out = lake.marquee(&["rebuild", "2026-01-05..2026-01-06"]);
    assert!(out.contains("8 intact objects"), "{out}");
    let rebuilt = contents(&engine, columns_of).await;
    assert!(rebuilt == published);
}

/// Objects of format version 1 do not have the columns of fields that were added later.
#[tokio::test]
async fn old_and_new_objects_are_read_together() {
    let lake = OldLake::new();
    let count = "SELECT network_type, count(*) AS n FROM processed_events \
                 GROUP BY network_type ORDER BY network_type NULLS FIRST";
    let shown = |batches: &[RecordBatch]| pretty_format_batches(batches).unwrap().to_string();
    let old = shown(&lake.query(count).await);
    assert!(old.contains("|              | 290 |"), "{old}");

    let shard = ShardId::new(7);
    let event = |number: u8, members: &str| {
        format!(
            r#"{{"event_id":"01936f2e-5c00-7000-8000-0000000000{number}","event_type":"browse","event_time":"2026-01-06T01:00:00Z","user_id":"u-new","session_id":"s-new"{members}}}"#
        )
    };
    let lines = [event(10, r#","network_type":"wifi""#), event(11, "")].join("\n");
    let record = Record {
        sequence_number: SequenceNumber::new(shard, 1),
        partition_key: "k".into(),
        arrived_at_ms: 1_767_664_800_000,
        data: lines.into_bytes(),
    };
    let mut payload = Vec::new();
    write_event(shard, &[record], &mut payload);
    ingest(&lake.store(), &[payload]).await;
    let both = shown(&lake.query(count).await);
    assert!(both.contains("|              | 291 |"), "{both}");
    assert!(both.contains("| wifi         | 1   |"), "{both}");

    lake.marquee_exiting(1, &["day"]);
    for (table, filter) in [
        ("processed_events", ""),
        ("events", "AND user_id = 'u-new'"),
    ] {
        let sql = format!(
            "SELECT event_id, network_type FROM {table} WHERE network_type IS NOT NULL {filter}"
        );
        let found = shown(&lake.query(&sql).await);
        assert!(
            found.contains("| 01936f2e-5c00-7000-8000-000000000010 | wifi         |"),
            "{table}: {found}"
        );
    }
    let sql = "SELECT count(*) AS n FROM events WHERE network_type IS NULL AND user_id <> 'u-new'";
    let rest = lake.query(sql).await;
    let all = lake
        .query("SELECT count(*) AS n FROM events WHERE user_id <> 'u-new'")
        .await;
    assert_eq!(shown(&rest), shown(&all));
    let audit = lake.marquee_exiting(1, &["audit", DATES[1]]);
    assert!(
        audit.trim_start().starts_with(&format!("{}: ", DATES[1])),
        "{audit}"
    );
}

/// Writes `lake-v1.tables.json` from a lake that the first release published, in the
/// directory of `MARQUEE_PUBLISHED`.
#[tokio::test]
#[ignore = "writes the fixture; needs a lake that the first release published"]
async fn write_the_tables_of_the_first_release() {
    let lake = std::env::var_os("MARQUEE_PUBLISHED").unwrap();
    let engine = engine(Path::new(&lake)).await;
    let tables = contents(&engine, |_| None).await;
    let text = serde_json::to_string_pretty(&tables).unwrap();
    fs::write(fixtures().join("lake-v1.tables.json"), text + "\n").unwrap();
}
