//! The binary: what it says, and what it exits with.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::Command;

use marquee_stream::{Entry, Writer};

const EVENT: &str = r#"{"event_id":"018f3240-0000-7000-8000-000000000001","event_type":"play","event_time":"2024-05-01T12:00:00Z","user_id":"u","session_id":"s","title_id":"t","position_ms":0}"#;
const NOON_MS: i64 = 1_714_564_800_000;

/// Runs `marquee` in `dir`; its exit code, standard output and standard error.
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
    let entries: Vec<_> = data
        .iter()
        .map(|data| Entry {
            partition_key: "k",
            data,
            arrived_at_ms: NOON_MS,
        })
        .collect();
    let stream = dir.join("stream");
    Writer::open(&stream, NonZeroU32::MIN)
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
fn what_is_given_up_makes_the_exit_code_1() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), &[EVENT.as_bytes(), &[0; 5 * 1024 * 1024]]);
    let (code, out, err) = marquee(dir.path(), "run --drain");
    assert_eq!(code, 1, "{err}");
    assert!(
        out.contains("given up     1 record, kept in 1 object under lake/failed"),
        "{out}"
    );
    assert!(out.contains("processed    1\n"), "{out}");
}

/// Runs a line that cannot be, and says what it was told.
fn refused(dir: &Path, line: &str) -> String {
    let (code, out, err) = marquee(dir, line);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(!dir.join("lake").exists(), "nothing is half-written");
    err
}

#[test]
fn bad_input_is_told_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        refused(dir.path(), "run --drain"),
        "error: there is no stream in stream: it has no stream.json; name another with --stream, \
         or send events with `producer … --to local:stream`\n"
    );
    assert!(refused(dir.path(), "run --darin").starts_with("error: unexpected argument '--darin'"));
    assert!(refused(dir.path(), "run --batch-size 0").contains("0 is not in 1..=10000"));
    assert!(refused(dir.path(), "walk").starts_with("error: unrecognized subcommand 'walk'"));

    put(dir.path(), &[b"x"]);
    assert!(refused(dir.path(), "run --drain --consumer ../x").contains("is no consumer's name"));
    let titles = dir.path().join("stream/titles.ndjson");
    let title = "{\"title_id\":\"t\",\"name\":\"Heat\",\"kind\":\"movie\"}\n";
    fs::write(&titles, format!("{title}{title}")).unwrap();
    assert_eq!(
        refused(dir.path(), "run --drain"),
        "error: stream/titles.ndjson, line 2: title \"t\" was there before\n"
    );
    fs::write(&titles, format!("{title}{{}}\n")).unwrap();
    assert_eq!(
        refused(dir.path(), "run --drain"),
        "error: stream/titles.ndjson, line 2: missing field `title_id` (column 2)\n"
    );
    fs::write(dir.path().join("stream/stream.json"), "{}").unwrap();
    assert!(
        refused(dir.path(), "run --drain")
            .contains("stream/stream.json is not usable: missing field")
    );
}
