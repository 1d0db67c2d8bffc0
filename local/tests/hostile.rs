//! Events whose values try to control the terminal or to break lines.
#![allow(clippy::unwrap_used)]

use std::num::NonZeroU32;
use std::path::Path;
use std::process::Command;

use marquee_stream::{PutEntry, Writer};
use serde_json::{Value, json};

/// Clears the screen, breaks the line, and more: in C0, DEL, C1, and a change of direction.
const HOSTILE: &str = "evil\u{1b}[2J\r\n\u{7f}\u{9b}31m\u{202e}";

/// Runs `marquee` in `dir` with all logs of the project, and returns its exit code, standard
/// output and standard error.
fn marquee(dir: &Path, line: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_marquee"))
        .args(line)
        .current_dir(dir)
        .env("RUST_LOG", "debug")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Creates a lake whose events have hostile values, also in quarantine.
fn lake(dir: &Path) {
    let event = json!({
        "event_id": "01936f2e-5c00-7000-8000-000000000001",
        "event_type": "play",
        "event_time": "2026-01-05T09:00:00Z",
        "user_id": HOSTILE,
        "session_id": HOSTILE,
        "title_id": HOSTILE,
        "position_ms": 1,
        "producer": {"id": HOSTILE, "seq": 1},
    });
    let mut rejected = event.clone();
    rejected["event_type"] = HOSTILE.into();
    rejected["producer"]["seq"] = 2.into();
    let (event, rejected) = (event.to_string(), rejected.to_string());
    let at = |data: &str| PutEntry {
        partition_key: "k",
        data: data.to_owned().leak().as_bytes(),
        arrived_at_ms: 1_767_607_200_000,
    };
    Writer::open(&dir.join("stream"), NonZeroU32::MIN)
        .unwrap()
        .put(&[at(&event), at(&rejected)])
        .unwrap();
}

fn assert_harmless(line: &[&str], text: &str) {
    let active = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!text.contains(active), "{line:?}: {text:?}");
}

#[test]
fn values_of_events_cannot_control_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    lake(dir.path());
    for line in [&["run", "--drain"][..], &["day"]] {
        let (code, out, err) = marquee(dir.path(), line);
        assert_eq!(code, 0, "{out}{err}");
        assert_harmless(line, &out);
        assert_harmless(line, &err);
        assert!(!err.contains("evil"), "a log quotes an event: {err}");
    }
    let audits = ["audit", "2026-01-05"];
    let events = "SELECT user_id, title_id FROM events";
    let rejected = "SELECT * FROM quarantine";
    let escaped = r"evil\u{1b}[2J\r\n\u{7f}\u{9b}31m\u{202e}";
    for (line, expected) in [
        (&audits[..], escaped),
        (&["query", events], escaped),
        (&["query", rejected], "evil"),
        (
            &["query", "SELECT CAST(user_id AS INT) FROM events"],
            "evil",
        ),
        (&["query", &format!("SELECT 1 AS \"{HOSTILE}\"")], escaped),
        (&["query", &format!("SELECT \"{HOSTILE}\"")], "evil"),
    ] {
        let (_, out, err) = marquee(dir.path(), line);
        assert_harmless(line, &out);
        assert_harmless(line, &err);
        assert!((out + &err).contains(expected), "{line:?}");
    }
}

#[test]
fn json_has_the_values_of_events_escaped() {
    let dir = tempfile::tempdir().unwrap();
    lake(dir.path());
    for line in [&["run", "--drain"][..], &["day"]] {
        let (code, out, err) = marquee(dir.path(), line);
        assert_eq!(code, 0, "{out}{err}");
    }
    let line = ["query", "SELECT user_id FROM events", "--format", "json"];
    let (code, out, err) = marquee(dir.path(), &line);
    assert_eq!(code, 0, "{err}");
    assert_harmless(&line, &out);
    let row: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(row["user_id"], HOSTILE);

    let line = ["audit", "2026-01-05", "--format", "json"];
    let (_, out, _) = marquee(dir.path(), &line);
    assert_harmless(&line, &out);
    let audit: Value = serde_json::from_str(&out).unwrap();
    let producers = audit["ingest"]["producers"].as_object().unwrap();
    assert!(producers.contains_key(HOSTILE), "{producers:?}");

    // CSV that is not for a terminal has the values as they are.
    let line = ["query", "SELECT user_id FROM events", "--format", "csv"];
    let (_, out, _) = marquee(dir.path(), &line);
    assert_eq!(out, format!("user_id\n\"{HOSTILE}\"\n"));
}
