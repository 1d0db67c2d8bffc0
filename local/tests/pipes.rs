//! Commands whose reader stops early: `marquee … | head`, `marquee … | true`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

fn marquee(dir: &Path, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_marquee"));
    command.args(line).current_dir(dir).stderr(Stdio::piped());
    command
}

/// Runs a command whose output is not read, and returns its exit code and standard
/// error.
fn unread(dir: &Path, line: &[&str]) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = marquee(dir, line).stdout(writer).spawn().unwrap();
    let err = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    (child.wait().unwrap().code(), err)
}

/// Runs a command whose first line of output is read, and returns its exit code,
/// standard error and that line.
fn head(dir: &Path, line: &[&str]) -> (Option<i32>, String, String) {
    let mut child = marquee(dir, line).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    let mut out = BufReader::with_capacity(64, child.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    drop(out);
    let err = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    (child.wait().unwrap().code(), err, first)
}

#[test]
fn a_closed_pipe_is_success() {
    let dir = tempfile::tempdir().unwrap();
    let demo = ["demo", "--events", "3000", "--users", "50", "--days", "2"];
    let (code, err) = unread(dir.path(), &demo);
    assert_eq!(code, Some(0), "{err}");
    let well = (Some(0), String::new());
    let all = "SELECT * FROM raw_events";
    for line in [
        &["run", "--drain"][..],
        &["audit", "2026-01-05"],
        &["audit", "2026-01-05", "--format", "json"],
        &["day"],
        &["rebuild", "2026-01-05..2026-01-05"],
        &["replay", "--dry-run"],
        &["cost", "--events-per-day", "1e6"],
        &["query", all],
        &["query", "--format", "csv", all],
        &["query", "--format", "json", all],
    ] {
        assert_eq!(unread(dir.path(), line), well, "{line:?}");
    }
    for (format, expected) in [("csv", "shard_id,"), ("json", "{\""), ("table", "┌─")] {
        let line = ["query", "--rows", "0", "--format", format, all];
        let (code, err, first) = head(dir.path(), &line);
        assert_eq!((code, err), well, "{format}");
        assert!(first.starts_with(expected), "{format}: {first}");
    }

    // Due dates are curated nevertheless.
    let days = dir.path().join("lake/ledger/days");
    fs::remove_dir_all(&days).unwrap();
    assert_eq!(unread(dir.path(), &["day"]), well);
    for date in ["2026-01-05", "2026-01-06"] {
        let directory = days.join(format!("event_date={date}"));
        assert!(directory.join("audit/books.json").exists(), "{date}");
    }
}

/// A result that exceeds every buffer.
#[cfg(target_os = "linux")]
const LONG: &str = "SELECT repeat('x', 100000) AS x";

#[cfg(target_os = "linux")]
#[test]
fn a_failed_write_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    for line in [
        &["cost", "--events-per-day", "1e6"][..],
        &["query", "SELECT 1"],
        &["query", "--format", "csv", LONG],
        &["query", "--format", "json", LONG],
    ] {
        fs::create_dir_all(dir.path().join("lake/ledger")).unwrap();
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let output = marquee(dir.path(), line).stdout(full.unwrap()).output();
        let output = output.unwrap();
        assert_eq!(
            (
                output.status.code(),
                String::from_utf8(output.stderr).unwrap()
            ),
            (
                Some(1),
                "error: cannot write to standard output: No space left on device (os error 28)\n"
                    .to_owned()
            ),
            "{line:?}"
        );
    }
}
