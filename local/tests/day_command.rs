//! `marquee day` and `marquee backfill`, as typed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

/// Runs `marquee` in `dir`; its exit code, standard output and standard error.
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

fn demo(dir: &Path) {
    let line = ["demo", "--events", "2000", "--users", "50", "--days", "2"];
    let (code, out, err) = marquee(dir, &line);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn what_is_made_is_left_alone_and_what_is_gone_is_made() {
    let dir = tempfile::tempdir().unwrap();
    demo(dir.path());
    let (code, out, _) = marquee(dir.path(), &["day"]);
    assert_eq!((code, out.as_str()), (0, "no date is due\n"));
    let (code, out, _) = marquee(dir.path(), &["day", "2026-01-05"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "every date asked for is up to date\n")
    );

    // Without its ledger a date was never made.
    for date in ["2026-01-05", "2026-01-06"] {
        let days = dir.path().join("lake/ledger/days");
        std::fs::remove_dir_all(days.join(format!("event_date={date}"))).unwrap();
    }
    let (code, out, err) = marquee(dir.path(), &["day", "2026-01-06"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("2026-01-06  generation 1"), "{out}");
    assert!(!out.contains("2026-01-05  generation"), "{out}");
    let span = "2026-01-01..2026-01-31";
    let (code, out, err) = marquee(dir.path(), &["backfill", span, "--jobs", "2"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("2026-01-05  generation 1"), "{out}");
    assert!(
        out.contains("2026-01-06  generation 2"),
        "it looks back: {out}"
    );
    let (code, out, _) = marquee(dir.path(), &["backfill", span]);
    assert_eq!(
        (code, out.as_str()),
        (0, "every date asked for is up to date\n")
    );

    let books = dir
        .path()
        .join("lake/ledger/days/event_date=2026-01-05/audit/books.json");
    let books: serde_json::Value = serde_json::from_slice(&std::fs::read(books).unwrap()).unwrap();
    assert_eq!(books["balanced"], true);
    assert!(books["ingest"].is_object() && books["event"].is_object());
    let (code, out, err) = marquee(dir.path(), &["audit", "2026-01-05"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("2026-01-05: the books balance"), "{out}");

    let question = "SELECT count(DISTINCT event_date) AS dates FROM title_daily";
    let (code, out, err) = marquee(dir.path(), &["query", "--format", "csv", question]);
    assert_eq!((code, out.as_str()), (0, "dates\n2\n"), "{err}");
}

#[test]
fn bad_input_is_said_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (code, _, err) = marquee(dir.path(), &["day"]);
    assert_eq!(code, 2);
    assert!(err.starts_with("error: lake is no lake"), "{err}");
    assert!(!dir.path().join("lake").exists());

    demo(dir.path());
    for (line, said) in [
        (
            &["day", "yesterday"][..],
            "\"yesterday\" is no date: write YYYY-MM-DD",
        ),
        (
            &["day", "2025-12-31"],
            "the lake has no event of 2025-12-31; it has events of 2026-01-05",
        ),
        (
            &["backfill", "2026-01-05..2026-01-04"],
            "2026-01-05 is after 2026-01-04",
        ),
        (&["backfill", "2026-01-05..soon"], "\"soon\" is no date"),
    ] {
        let (code, out, err) = marquee(dir.path(), line);
        assert_eq!((code, out.as_str()), (2, ""), "{line:?}: {err}");
        assert!(err.contains(said), "{line:?}: {err}");
    }
}
