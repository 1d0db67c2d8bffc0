//! The binary's output and exit codes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::Command;

use marquee_stream::{PutEntry, Writer};

const EVENT: &str = r#"{"event_id":"018f3240-0000-7000-8000-000000000001","event_type":"play","event_time":"2024-05-01T12:00:00Z","user_id":"u","session_id":"s","title_id":"t","position_ms":0}"#;
const NOON_MS: i64 = 1_714_564_800_000;

/// Runs `marquee` in `dir` and returns its exit code, standard output and standard
/// error.
fn marquee(dir: &Path, line: &str) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_marquee"))
        .args(line.split(' '))
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

fn put(dir: &Path, data: &[&[u8]]) {
    put_in(&dir.join("stream"), data);
}

fn put_in(stream: &Path, data: &[&[u8]]) {
    let entries: Vec<_> = data
        .iter()
        .map(|data| PutEntry {
            partition_key: "k",
            data,
            arrived_at_ms: NOON_MS,
        })
        .collect();
    Writer::open(stream, NonZeroU32::MIN)
        .unwrap()
        .put(&entries)
        .unwrap();
}

#[test]
fn a_stream_is_drained_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), &[EVENT.as_bytes(), b"{\n[]"]);
    fs::write(
        dir.path().join("stream/titles.ndjson"),
        "{\"title_id\":\"t\",\"name\":\"Heat\",\"kind\":\"movie\"}\n",
    )
    .unwrap();

    let (code, out, err) = marquee(dir.path(), "run --lake lake --drain");
    assert_eq!(code, 0, "{err}");
    for line in [
        "received     3 events",
        "processed    1",
        "quarantined  2",
        "stream       stream",
        "lake         lake",
    ] {
        assert!(out.lines().any(|found| found == line), "{line}: {out}");
    }
    assert!(
        out.contains("records      2 (") && out.contains(") in 1 batch\n"),
        "{out}"
    );
    assert!(
        dir.path()
            .join("lake/reference/titles/current.json")
            .exists()
    );

    let (code, out, _) = marquee(dir.path(), "run --drain");
    assert_eq!(code, 0);
    assert!(out.contains("received     0 events"), "{out}");
}

#[test]
fn dead_letters_make_the_exit_code_1() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), &[EVENT.as_bytes(), &[0; 5 * 1024 * 1024]]);
    let (code, out, err) = marquee(dir.path(), "run --drain");
    assert_eq!(code, 1, "{err}");
    assert!(
        out.contains("dead letters 1 record in 1 object under lake/failed"),
        "{out}"
    );
    assert!(out.contains("processed    1\n"), "{out}");
}

/// Runs an invalid command line and returns its error.
fn input_error(dir: &Path, line: &str) -> String {
    let (code, out, err) = marquee(dir, line);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(!dir.join("lake").exists(), "nothing is half-written");
    err
}

#[test]
fn bad_input_is_reported_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        input_error(dir.path(), "run --drain"),
        "error: no stream in stream: stream.json is missing; name another with --stream, \
         or send events with `marquee-producer … --to local:stream`\n"
    );
    assert!(
        input_error(dir.path(), "run --darin").starts_with("error: unexpected argument '--darin'")
    );
    assert!(input_error(dir.path(), "run --batch-size 0").contains("0 is not in 1..=10000"));
    assert!(input_error(dir.path(), "walk").starts_with("error: unrecognized subcommand 'walk'"));

    put(dir.path(), &[b"x"]);
    assert!(
        input_error(dir.path(), "run --drain --consumer ../x").contains("invalid consumer name")
    );
    let titles = dir.path().join("stream/titles.ndjson");
    let title = "{\"title_id\":\"t\",\"name\":\"Heat\",\"kind\":\"movie\"}\n";
    fs::write(&titles, format!("{title}{title}")).unwrap();
    assert_eq!(
        input_error(dir.path(), "run --drain"),
        "error: stream/titles.ndjson, line 2: title \"t\" occurs twice\n"
    );
    fs::write(&titles, format!("{title}{{}}\n")).unwrap();
    assert_eq!(
        input_error(dir.path(), "run --drain"),
        "error: stream/titles.ndjson, line 2: missing field `title_id` (column 2)\n"
    );
    fs::write(dir.path().join("stream/stream.json"), "{}").unwrap();
    assert!(
        input_error(dir.path(), "run --drain")
            .contains("cannot parse stream/stream.json: missing field")
    );
}

#[test]
fn an_audit_compares_with_the_stream_that_a_run_reads() {
    for (stream, other) in [("stream", "lake/stream"), ("lake/stream", "stream")] {
        let dir = tempfile::tempdir().unwrap();
        put_in(&dir.path().join(stream), &[EVENT.as_bytes(), b"{"]);
        let (code, out, err) = marquee(dir.path(), "run --drain");
        assert_eq!(code, 0, "{err}");
        let expected = format!("stream       {stream}");
        assert!(out.lines().any(|line| line == expected), "{out}");

        let (code, out, err) = marquee(dir.path(), "audit 2024-05-01");
        assert_eq!(code, 0, "{out}{err}");
        let expected = format!("compared with the stream in {stream}\n");
        assert!(out.contains(&expected), "{out}");
        assert!(
            out.contains("shardId-000000000000                   2 =           2 +"),
            "{out}"
        );

        // A record that no run has processed.
        put_in(&dir.path().join(stream), &[EVENT.as_bytes()]);
        let (code, out, _) = marquee(dir.path(), "audit 2024-05-01");
        assert_eq!(code, 1, "{out}");
        assert!(out.contains("3 records arrived in shardId"), "{out}");

        put_in(&dir.path().join(other), &[EVENT.as_bytes()]);
        let (code, _, err) = marquee(dir.path(), "run --drain");
        assert_eq!(
            (code, err.as_str()),
            (
                2,
                "error: there is a stream in lake/stream and another in stream. Name one with \
                 --stream\n"
            )
        );
        let (code, _, err) = marquee(dir.path(), &format!("run --drain --stream {stream}"));
        assert_eq!(code, 0, "{err}");
    }
}

#[test]
fn a_cause_is_reported_once() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("stream/stream.json")).unwrap();
    let (code, _, err) = marquee(dir.path(), "run --drain");
    assert_eq!(
        (code, err.as_str()),
        (
            1,
            "error: cannot read stream/stream.json: Is a directory (os error 21)\n"
        )
    );
}

#[test]
fn help_names_every_command_or_none_above_the_list() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, _) = marquee(dir.path(), "--help");
    assert_eq!(code, 0);
    let (head, list) = out.split_once("Commands:").unwrap();
    assert!(
        head.starts_with("Run the whole pipeline on one machine\n"),
        "{out}"
    );
    for command in ["demo", "run", "day", "audit", "query", "warehouse"] {
        assert!(list.contains(&format!("\n  {command} ")), "{out}");
        assert!(!head.contains(&format!(" {command}")), "{out}");
    }
}

#[test]
fn options_are_validated() {
    let dir = tempfile::tempdir().unwrap();
    for command in ["day", "backfill", "rebuild"] {
        for (option, value, range) in [
            ("--jobs", "0", "0 is not in 1..=1024"),
            ("--memory", "0", "0 is not in 1..=1048576"),
            (
                "--memory",
                "99999999999999999",
                "99999999999999999 is not in 1..=1048576",
            ),
            ("--bucket-rows", "0", "0 is not in 1..=1000000000000"),
        ] {
            let span = if command == "day" {
                ""
            } else {
                " 2026-01-05..2026-01-06"
            };
            let (code, out, err) =
                marquee(dir.path(), &format!("{command}{span} {option} {value}"));
            assert_eq!((code, out.as_str()), (2, ""), "{command} {option}: {err}");
            let expected = format!("error: invalid value '{value}' for '{option} <");
            assert!(err.starts_with(&expected) && err.contains(range), "{err}");
        }
    }
}
