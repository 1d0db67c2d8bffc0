//! `marquee day` and `marquee backfill` from the command line.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use marquee_stream::{PutEntry, Writer};
use serde_json::Value;

/// Runs `marquee` in `dir` and returns its exit code, standard output and standard
/// error.
fn marquee(dir: &Path, line: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_marquee"))
        .args(line)
        .current_dir(dir)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Deletes the ledger of all dates, as if none had been curated.
fn forget_dates(dir: &Path) {
    fs::remove_dir_all(dir.join("lake/ledger/days")).unwrap();
}

fn demo(dir: &Path) {
    let line = ["demo", "--events", "2000", "--users", "50", "--days", "2"];
    let (code, out, err) = marquee(dir, &line);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn curated_dates_are_skipped_and_missing_ones_curated() {
    let dir = tempfile::tempdir().unwrap();
    demo(dir.path());
    let (code, out, _) = marquee(dir.path(), &["day"]);
    assert_eq!((code, out.as_str()), (0, "no date is due\n"));
    let (code, out, _) = marquee(dir.path(), &["day", "2026-01-05"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "all requested dates are up to date\n")
    );

    // Without its ledger a date was never curated.
    forget_dates(dir.path());
    let (code, out, err) = marquee(dir.path(), &["day", "2026-01-06"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("2026-01-06  generation 1"), "{out}");
    assert!(!out.contains("2026-01-05  generation"), "{out}");
    assert!(out.contains("\n1 date in "), "{out}");
    let span = "2026-01-01..2026-01-31";
    let (code, out, err) = marquee(dir.path(), &["backfill", span, "--jobs", "2"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("\n2 dates in "), "{out}");
    assert!(out.contains("2026-01-05  generation 1"), "{out}");
    assert!(
        out.contains("2026-01-06  generation 2"),
        "it looks back: {out}"
    );
    let (code, out, _) = marquee(dir.path(), &["backfill", span]);
    assert_eq!(
        (code, out.as_str()),
        (0, "all requested dates are up to date\n")
    );

    let books = dir
        .path()
        .join("lake/ledger/days/event_date=2026-01-05/audit/books.json");
    let books: serde_json::Value = serde_json::from_slice(&fs::read(books).unwrap()).unwrap();
    assert_eq!(books["balanced"], true);
    assert!(books["ingest"].is_object() && books["event"].is_object());
    let (code, out, err) = marquee(dir.path(), &["audit", "2026-01-05"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("2026-01-05: all events accounted for"),
        "{out}"
    );

    let question = "SELECT count(DISTINCT event_date) AS dates FROM title_daily";
    let (code, out, err) = marquee(dir.path(), &["query", "--format", "csv", question]);
    assert_eq!((code, out.as_str()), (0, "dates\n2\n"), "{err}");
}

#[test]
fn a_date_whose_run_was_killed_before_its_audit_is_audited_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    demo(dir.path());
    let ledger = dir.path().join("lake/ledger/days/event_date=2026-01-05");
    let books = ledger.join("audit/books.json");
    let before = fs::read(&books).unwrap();
    fs::remove_file(&books).unwrap();
    let (code, out, err) = marquee(dir.path(), &["day"]);
    assert_eq!((code, out.as_str()), (0, "no date is due\n"), "{err}");
    let of = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap();
    let (before, after) = (of(&before), of(&fs::read(&books).unwrap()));
    assert_eq!(after["balanced"], true);
    assert_eq!(after["event"], before["event"]);
}

/// Returns a processed object whose events are all of that date.
fn object_of(dir: &Path, date: &str) -> PathBuf {
    let receipts = dir.join(format!("lake/ledger/receipts/ingest_date={date}"));
    for receipt in fs::read_dir(receipts).unwrap() {
        let receipt = fs::read(receipt.unwrap().path()).unwrap();
        let receipt: Value = serde_json::from_slice(&receipt).unwrap();
        let dates = receipt["event_dates"].as_object().unwrap();
        if dates.len() != 1 || !dates.contains_key(date) {
            continue;
        }
        let objects = receipt["objects"].as_array().unwrap().iter();
        let key = |object: &Value| object["key"].as_str().unwrap().to_owned();
        let mut keys = objects.map(key);
        if let Some(key) = keys.find(|key| key.starts_with("processed/")) {
            return key.into();
        }
    }
    panic!("no object has events of {date} alone")
}

/// Damages an object and asserts that only its date fails. Returns the date's line.
fn failed_line(damage: impl FnOnce(&Path)) -> String {
    let dir = tempfile::tempdir().unwrap();
    demo(dir.path());
    forget_dates(dir.path());
    let key = object_of(dir.path(), "2026-01-05");
    damage(&dir.path().join("lake").join(&key));

    let (code, out, err) = marquee(dir.path(), &["day"]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    let failed = out.lines().find(|line| line.starts_with("2026-01-05  "));
    let failed = failed.unwrap().to_owned();
    assert!(
        failed.starts_with("2026-01-05  FAILED, not published (")
            && failed.contains(key.to_str().unwrap()),
        "{out}"
    );
    assert!(out.contains("2026-01-06  generation 1"), "{out}");
    let days = dir.path().join("lake/ledger/days");
    assert!(!days.join("event_date=2026-01-05").join("audit").exists());
    assert!(days.join("event_date=2026-01-06/audit/books.json").exists());

    // After the repair, the date is curated, and so is the date that reads it.
    let span = "2026-01-05..2026-01-05";
    let (code, out, err) = marquee(dir.path(), &["rebuild", span]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("1 restored"), "{out}");
    assert!(out.contains("2026-01-05  generation 1"), "{out}");
    let (code, out, err) = marquee(dir.path(), &["day"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("2026-01-06  generation 2"), "{out}");
    failed
}

#[test]
fn a_failed_date_does_not_stop_the_others() {
    failed_line(|object| {
        let length = fs::metadata(object).unwrap().len() as usize;
        fs::write(object, vec![b'x'; length]).unwrap();
    });
}

#[test]
fn a_date_with_a_missing_object_does_not_stop_the_others() {
    let line = failed_line(|object| fs::remove_file(object).unwrap());
    assert!(
        line.contains(concat!(
            "`",
            env!("CARGO_BIN_EXE_marquee"),
            " rebuild 2026-01-05`"
        )),
        "{line}"
    );
}

#[test]
fn a_date_is_reported_as_soon_as_it_is_done() {
    let dir = tempfile::tempdir().unwrap();
    demo(dir.path());
    forget_dates(dir.path());
    let mut child = Command::new(env!("CARGO_BIN_EXE_marquee"))
        .args(["backfill", "2026-01-05..2026-01-06"])
        .current_dir(dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    let second = dir
        .path()
        .join("lake/ledger/days/event_date=2026-01-06/000001.json");
    let is_made = second.exists();
    assert!(first.starts_with("2026-01-05  generation 1"), "{first}");
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
    assert!(rest.starts_with("2026-01-06  generation 1"), "{rest}");
    assert!(second.exists() && !is_made, "{rest}");
}

#[test]
fn a_lake_whose_events_were_all_rejected_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let at = |data: &'static [u8]| PutEntry {
        partition_key: "k",
        data,
        arrived_at_ms: 1_767_607_200_000,
    };
    Writer::open(&dir.path().join("stream"), NonZeroU32::MIN)
        .unwrap()
        .put(&[at(b"{"), at(b"["), at(b"{}")])
        .unwrap();
    let (code, out, err) = marquee(dir.path(), &["run", "--drain"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = marquee(dir.path(), &["day"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(
        out,
        format!(
            "no date is due: all 3 units that arrived were rejected (invalid_json 2, missing_field \
             1). List them with `{} query \"SELECT reason, field, value, detail FROM quarantine \
             LIMIT 10\"`\n",
            env!("CARGO_BIN_EXE_marquee")
        )
    );
}

#[test]
fn bad_input_is_reported_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    demo(dir.path());
    for (line, expected) in [
        (
            &["day", "yesterday"][..],
            "invalid date \"yesterday\": expected YYYY-MM-DD",
        ),
        (
            &["day", "2025-12-31"],
            "the lake has no event of 2025-12-31; it has events of 2026-01-05",
        ),
        (
            &["backfill", "2026-01-05..2026-01-04"],
            "2026-01-05 is after 2026-01-04",
        ),
        (&["backfill", "2026-01-05..soon"], "invalid date \"soon\""),
    ] {
        let (code, out, err) = marquee(dir.path(), line);
        assert_eq!((code, out.as_str()), (2, ""), "{line:?}: {err}");
        assert!(err.contains(expected), "{line:?}: {err}");
    }
}

#[test]
fn files_are_kept_for_at_least_a_day() {
    let dir = tempfile::tempdir().unwrap();
    for (command, keep) in [
        ("day", "0"),
        ("day", "-1"),
        ("backfill", "0"),
        ("rebuild", "36501"),
    ] {
        let dates = if command == "day" {
            "2026-01-05"
        } else {
            "2026-01-05..2026-01-06"
        };
        let mut marquee = Command::new(env!("CARGO_BIN_EXE_marquee"));
        let keep = format!("--keep={keep}");
        let output = marquee
            .args([command, dates, &keep])
            .current_dir(dir.path())
            .output();
        let output = output.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains("--keep <DAYS>"), "{errors}");
    }
}
