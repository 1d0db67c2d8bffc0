//! The demo, end to end.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// Runs `marquee` in `dir` and returns its exit code, standard output and standard
/// error.
fn marquee(dir: &Path, line: &[&str]) -> (i32, String, String) {
    let output = command(dir, line).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn command(dir: &Path, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_marquee"));
    command.args(line).current_dir(dir);
    command
}

/// Returns the command line of a small demo.
fn small(events: &str) -> Vec<&str> {
    let mut line = vec!["demo", "--events", events];
    line.extend(["--users", "100", "--days", "2", "--seed", "7"]);
    line
}

fn demo(dir: &Path, line: &[&str]) -> String {
    let (code, out, err) = marquee(dir, line);
    assert_eq!(code, 0, "{out}{err}");
    out
}

fn report(lake: &Path) -> Value {
    serde_json::from_slice(&fs::read(lake.join("report.json")).unwrap()).unwrap()
}

/// Returns every file below `dir`, except the report, which contains measurements,
/// and the partial objects of a killed process.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut directories = vec![dir.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                directories.push(path);
            } else if name != "report.json" && !name.contains('#') {
                let key = path.strip_prefix(dir).unwrap().to_owned();
                files.insert(key, fs::read(path).unwrap());
            }
        }
    }
    files
}

fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (files(one), files(other));
    let names = |files: &BTreeMap<PathBuf, _>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    for (name, content) in &one {
        assert!(content == &other[name], "{} differs", name.display());
    }
}

#[test]
fn every_event_is_accounted_for() {
    let dir = tempfile::tempdir().unwrap();
    let page = demo(dir.path(), &small("5000"));
    let lake = dir.path().join("lake");
    let report = report(&lake);
    let number = |pointer: &str| {
        report
            .pointer(pointer)
            .unwrap_or_else(|| panic!("no {pointer} in {report:#}"))
            .as_f64()
            .unwrap()
    };

    assert_eq!(report["balanced"], true);
    let quarantined = report["quarantined"].as_object().unwrap();
    assert!(!quarantined.is_empty());
    let quarantined: f64 = quarantined.values().map(|n| n.as_f64().unwrap()).sum();
    assert_eq!(number("/events_in"), number("/processed") + quarantined);
    assert_eq!(
        number("/processed"),
        number("/curated_events") + number("/duplicates") + number("/redelivered")
    );
    assert_eq!(report["days"].as_array().unwrap().len(), 2);
    assert!((4_000.0..6_000.0).contains(&number("/events_in")));

    // Programs rely on these names.
    for pointer in [
        "/duplicates",
        "/late",
        "/seconds",
        "/events_per_s",
        "/latency_s/p50",
        "/invocation_ms/p99",
        "/zones/raw/files",
        "/zones/quarantine/bytes",
        "/zones/processed/bytes",
        "/json_bytes",
        "/batches",
        "/curated_events",
        "/days/0/curated_events",
        "/days/1/tables",
        "/engagement/1/sessions",
        "/top_titles/0/hours",
        "/top_searches/0/searches",
    ] {
        assert!(number(pointer) > 0.0, "{pointer}");
    }
    for part in ["network", "batching", "work"] {
        for percentile in ["p50", "p99"] {
            let pointer = format!("/latency_parts_s/{part}/{percentile}");
            assert!(number(&pointer) > 0.0, "{pointer}");
        }
    }
    assert!(report["top_titles"][0]["title"].as_str().unwrap().len() > 2);
    assert!(report["top_searches"][0]["query"].is_string());
    assert_eq!(report["lake"], "lake");
    // Batches of a few events are too small for Parquet to save space.
    assert!(number("/parquet_saving") < 1.0);
    assert!(page.contains("are too small for it"), "{page}");
    // Half of the events wait at least half a window, late events for hours.
    assert!((30.0..310.0).contains(&number("/latency_s/p50")));
    assert!(number("/latency_s/p99") > 305.0);

    for expected in [
        "All events accounted for",
        "Most watched",
        "invalid_json",
        "query --lake lake",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(page.lines().count() <= 80, "{page}");
    // First the events, the money, the days and the favourites.
    let headings = [
        "Events of 100 viewers",
        "Cost on AWS",
        "Days ",
        "Most watched",
        "Lake",
        "Speed",
        "All events accounted for",
        "Next",
    ];
    let at = headings.map(|heading| page.find(&format!("\n{heading}")).expect(heading));
    assert!(at.is_sorted(), "{page}");
    assert!(page.contains("network: event to stream"), "{page}");
    // The commands can be pasted.
    let program = env!("CARGO_BIN_EXE_marquee");
    for command in [
        "audit --lake lake 2026-01-05",
        "serve --lake lake",
        "query --lake lake",
        "cost --events-per-day ",
    ] {
        let expected = format!("\n  {program} {command}");
        assert!(page.contains(&expected), "{expected}: {page}");
    }
    assert!(!page.contains('\u{1b}'), "no styles without a terminal");

    let (code, out, _) = marquee(
        dir.path(),
        &[
            "query",
            "--format",
            "csv",
            "SELECT count(*) AS events FROM processed_events",
        ],
    );
    assert_eq!(
        (code, out),
        (0, format!("events\n{}\n", number("/processed")))
    );
}

#[test]
fn the_same_seed_gives_the_same_lake() {
    let dir = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| dir.path().join(name));
    for name in ["one", "other"] {
        demo(
            dir.path(),
            &[&small("4000")[..], &["--lake", name]].concat(),
        );
    }
    assert_same(&one, &other);

    // The same demo in an existing lake, with one batch's receipt missing.
    let receipt = files(&one)
        .into_keys()
        .find(|name| name.starts_with("ledger/receipts"))
        .unwrap();
    fs::remove_file(one.join(receipt)).unwrap();
    let page = demo(
        dir.path(),
        &[&small("4000")[..], &["--lake", "one"]].concat(),
    );
    assert_same(&one, &other);
    assert!(page.contains("batches were already durable"), "{page}");
    let report = report(&one);
    assert_eq!(
        report["batches"].as_u64().unwrap(),
        report["batches_done_before"].as_u64().unwrap() + 1
    );

    let (code, out, err) = marquee(
        dir.path(),
        &["demo", "--events", "4000", "--seed", "8", "--lake", "one"],
    );
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(
        err,
        "error: one contains another demo (--events 4000 --users 100 --days 2 --seed 7); \
         name another directory with --lake, or delete it\n"
    );
    assert_same(&one, &other);
}

#[test]
fn a_killed_demo_is_completed_by_the_next_one() {
    let dir = tempfile::tempdir().unwrap();
    let line = small("30000");
    demo(dir.path(), &[&line[..], &["--lake", "whole"]].concat());

    let killed = dir.path().join("killed");
    let mut child = command(dir.path(), &[&line[..], &["--lake", "killed"]].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The outcome must not depend on the point at which it is killed.
    while !killed.join("ledger").exists() && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    demo(dir.path(), &[&line[..], &["--lake", "killed"]].concat());
    assert_same(&killed, &dir.path().join("whole"));
    assert_eq!(report(&killed)["balanced"], true);
}

#[test]
fn a_missing_object_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    demo(dir.path(), &small("1000"));
    let lake = dir.path().join("lake");
    let object = files(&lake)
        .into_keys()
        .find(|name| name.starts_with("processed"))
        .unwrap();
    fs::remove_file(lake.join(&object)).unwrap();

    let (code, page, _) = marquee(dir.path(), &small("1000"));
    assert_eq!(code, 1);
    assert!(page.contains("Events NOT accounted for"), "{page}");
    let report = report(&lake);
    assert_eq!(report["balanced"], false);
    let fault = format!("object {} is missing or has another size", object.display());
    assert_eq!(report["books"]["faults"][0], fault);
}

#[test]
fn bad_input_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for (option, value, expected) in [
        (
            "--users",
            "0",
            "invalid number of users 0: it must be from 1 to",
        ),
        (
            "--days",
            "0",
            "invalid number of days 0: it must be from 1 to",
        ),
        ("--events", "many", "expected a whole number"),
        (
            "--events",
            "0",
            "invalid number of events 0: it must be from 1 to",
        ),
        ("--seeds", "1", "unexpected argument"),
    ] {
        let (code, out, err) = marquee(dir.path(), &["demo", option, value]);
        assert_eq!((code, out.as_str()), (2, ""), "{option}: {err}");
        assert!(
            err.starts_with("error: ") && err.contains(expected),
            "{err}"
        );
        assert!(!dir.path().join("lake").exists(), "{option}");
    }
    fs::create_dir_all(dir.path().join("lake/ledger")).unwrap();
    let (code, _, err) = marquee(dir.path(), &["demo"]);
    assert_eq!(code, 2);
    assert_eq!(
        err,
        "error: lake contains ledger, but no demo; name another directory with --lake\n"
    );
}
