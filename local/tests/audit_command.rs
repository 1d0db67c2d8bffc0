//! `marquee audit` from the command line.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

const DATE: &str = "2026-01-05";

/// Runs `marquee` in `dir` and returns its exit code and its output.
fn marquee(dir: &Path, line: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_marquee"));
    let output = command.args(line).current_dir(dir).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let printed = text(output.stdout) + &text(output.stderr);
    (output.status.code().unwrap(), printed)
}

/// Runs an audit and returns its exit code, its text and its JSON.
fn audit(dir: &Path) -> (i32, String, Value) {
    let (code, page) = marquee(dir, &["audit", DATE]);
    let (again, json) = marquee(dir, &["audit", DATE, "--format", "json"]);
    assert_eq!(code, again, "{page}");
    (code, page, serde_json::from_str(&json).unwrap())
}

/// Returns the balanced warehouse book of a generation.
fn book(tables: &Value, generation: u32) -> Value {
    let mut book = json!({
        "event_date": DATE,
        "generation": generation,
        "balanced": true,
        "tables": {},
    });
    for (name, table) in tables.as_object().unwrap() {
        book["tables"][name] = json!({
            "loaded": { "event_date": DATE, "generation": generation },
            "curated": table["rows"],
            "warehouse": table["rows"],
        });
    }
    book
}

#[test]
fn an_audit_shows_the_warehouse_book() {
    let dir = tempfile::tempdir().unwrap();
    let demo = ["demo", "--events", "2000", "--users", "50", "--days", "2"];
    let (code, printed) = marquee(dir.path(), &demo);
    assert_eq!(code, 0, "{printed}");
    let path = format!("lake/ledger/days/event_date={DATE}/audit/warehouse.json");
    let path = dir.path().join(path);
    let keep = |book: &Value| fs::write(&path, book.to_string()).unwrap();

    let (code, page, read) = audit(dir.path());
    assert_eq!(code, 0, "{page}");
    assert!(
        page.contains(concat!(
            "not loaded yet; run `",
            env!("CARGO_BIN_EXE_marquee"),
            " warehouse load 2026-01-05`"
        )),
        "{page}"
    );
    assert_eq!(read["warehouse"], json!({ "status": "not_loaded" }));
    let tables = read["event"]["tables"].clone();
    assert!(tables["events"]["rows"].as_u64().unwrap() > 0);

    keep(&book(&tables, 0));
    let (code, page, read) = audit(dir.path());
    assert_eq!(code, 0, "{page}");
    assert!(page.contains("generation 1 is not loaded yet"), "{page}");
    assert_eq!(read["warehouse"]["status"], "behind");

    let whole = book(&tables, 1);
    keep(&whole);
    let (code, page, read) = audit(dir.path());
    assert_eq!(code, 0, "{page}");
    assert!(
        page.contains("Warehouse book of 2026-01-05, generation 1"),
        "{page}"
    );
    for (name, table) in tables.as_object().unwrap() {
        let rows = table["rows"].as_u64().unwrap();
        let is_line = |line: &&str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            matches!(words[..], [found, lake, "=", there] if found == name
                && lake == there && lake.replace(',', "") == rows.to_string())
        };
        assert!(page.lines().any(|line| is_line(&line)), "{name}: {page}");
    }
    assert_eq!(read["warehouse"]["status"], "balanced");
    assert_eq!(read["warehouse"]["tables"], whole["tables"]);

    // Fewer rows in the warehouse; a table without a count; other curated rows than
    // the generation's; an invalid book.
    let mut short = whole.clone();
    short["balanced"] = json!(false);
    short["tables"]["events"]["warehouse"] = json!(7);
    let mut missing = whole.clone();
    missing["tables"].as_object_mut().unwrap().remove("events");
    let mut other = whole.clone();
    other["tables"]["events"]["curated"] = json!(7);
    other["tables"]["events"]["warehouse"] = json!(7);
    for (wrong, status, expected) in [
        (
            &short,
            "unbalanced",
            "events has 7 rows in the warehouse, but generation 1 of 2026-01-05 has",
        ),
        (
            &missing,
            "unbalanced",
            "the rows of generation 1 of events. ",
        ),
        (&other, "unbalanced", "the rows of generation 1 of events. "),
        (&json!("nothing"), "unreadable", "which writes it again"),
    ] {
        keep(wrong);
        let (code, page, read) = audit(dir.path());
        assert_eq!(code, 1, "{page}");
        assert!(
            page.contains("events NOT accounted for, 1 problem"),
            "{page}"
        );
        assert!(page.contains(expected), "{expected}: {page}");
        assert_eq!(read["warehouse"]["status"], status, "{read}");
        assert_eq!(read["balanced"], false);
        assert!(
            read["warehouse"]["problem"]
                .as_str()
                .unwrap()
                .contains(expected)
        );
    }
}

#[test]
fn an_unpublished_date_has_nothing_to_load() {
    let dir = tempfile::tempdir().unwrap();
    let demo = ["demo", "--events", "500", "--users", "20", "--days", "1"];
    let (code, printed) = marquee(dir.path(), &demo);
    assert_eq!(code, 0, "{printed}");
    fs::remove_dir_all(dir.path().join("lake/ledger/days")).unwrap();
    let (code, page, read) = audit(dir.path());
    assert_eq!(code, 0, "{page}");
    assert!(!page.contains("Warehouse book"), "{page}");
    assert_eq!(read["warehouse"], Value::Null);
}

/// A query of the audit table returns the figures of the audits.
#[test]
fn the_audits_are_a_table() {
    let dir = tempfile::tempdir().unwrap();
    let demo = ["demo", "--events", "2000", "--users", "50", "--days", "2"];
    let (code, printed) = marquee(dir.path(), &demo);
    assert_eq!(code, 0, "{printed}");
    let (_, _, read) = audit(dir.path());
    let ask = |of: &str| {
        let sql =
            format!("SELECT value FROM audit_books WHERE event_date = DATE '{DATE}' AND {of}");
        let (code, printed) = marquee(dir.path(), &["query", "--format", "csv", &sql]);
        assert_eq!(code, 0, "{printed}");
        printed
            .strip_prefix("value\n")
            .unwrap()
            .trim_end()
            .to_owned()
    };
    let (producer, line) = read["ingest"]["producers"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    for (of, figure) in [
        (
            "book = 'ingest' AND scope = 'date' AND figure = 'received'",
            &read["ingest"]["received"],
        ),
        (
            &format!("scope = 'producer' AND name = '{producer}' AND figure = 'up_to'"),
            &line["up_to"],
        ),
        (
            "book = 'ingest' AND scope = 'shard' AND name LIKE '%000' AND figure = 'stream'",
            &read["ingest"]["shards"]["shardId-000000000000"]["stream"],
        ),
        (
            "book = 'event' AND scope = 'table' AND name = 'events' AND figure = 'bytes'",
            &read["event"]["tables"]["events"]["bytes"],
        ),
    ] {
        assert!(figure.as_u64().unwrap() > 0, "{of}");
        assert_eq!(ask(of), figure.to_string(), "{of}");
    }
    assert_eq!(ask("book = 'both' AND figure = 'balanced'"), "1");
    // The audited dates, and the event book of each generation.
    let both = "SELECT count(*) AS n FROM audit JOIN audit_books
                USING (event_date, book, scope, name, figure, value)
                UNION ALL SELECT count(*) FROM audit";
    let (_, printed) = marquee(dir.path(), &["query", "--format", "csv", both]);
    let counts: Vec<&str> = printed.lines().skip(1).collect();
    assert_eq!(counts[0], counts[1], "{printed}");
    assert_ne!(counts[0], "0");
}

#[test]
fn a_gap_is_acknowledged_with_a_person_and_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let gaps = dir.path().join("lake/ledger/acknowledged_gaps");
    fs::create_dir_all(dir.path().join("lake/ledger")).unwrap();
    let acknowledge = |numbers: &str, reason: &str| {
        let by = ["--by", "ada", "--reason", reason];
        marquee(
            dir.path(),
            &[&["acknowledge", "tv-1", numbers], &by[..]].concat(),
        )
    };
    for (numbers, reason) in [
        ("7..6", "lost"),
        ("0..6", "lost"),
        ("7..9", " "),
        ("7-9", "lost"),
    ] {
        let (code, printed) = acknowledge(numbers, reason);
        assert_eq!(code, 2, "{printed}");
        assert!(!gaps.exists(), "{printed}");
    }
    let (code, printed) = acknowledge("7..9", "the device was reset");
    assert_eq!(code, 0, "{printed}");
    let key = printed.trim().strip_prefix("acknowledged in ").unwrap();
    let object = fs::read(dir.path().join("lake").join(key)).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&object).unwrap(),
        json!({
            "producer_id": "tv-1",
            "from": 7,
            "to": 9,
            "by": "ada",
            "reason": "the device was reset",
        })
    );
}
