//! Tests of the binary: exit codes, messages and files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod sample;

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use marquee_codec::{Limits, Unit, Unpacker};
use marquee_stream::Stream;

fn producer(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_marquee-producer"))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn piped(args: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_marquee-producer"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that rejects its arguments ends before it reads, and may have closed the pipe.
    if let Err(error) = child.stdin.take().unwrap().write_all(stdin) {
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Reads all units of the stream, shard by shard, each with its record's arrival time.
fn units(dir: &Path) -> Vec<(i64, String)> {
    let stream = Stream::open(dir).unwrap();
    let mut unpacker = Unpacker::new(Limits::default());
    let mut units = Vec::new();
    for shard in stream.shards() {
        let mut reader = stream.reader(*shard, None).unwrap();
        while let Some(record) = reader.next().unwrap() {
            let load = |_, buffer: &mut Vec<u8>| {
                buffer.clone_from(&record.data);
                Ok(())
            };
            let unpacked: Result<usize, String> = unpacker.unpack(1, load, |_, unit| match unit {
                Unit::Line { bytes, .. } => {
                    let line = String::from_utf8_lossy(bytes).into_owned();
                    units.push((record.arrived_at_ms, line));
                    Ok(())
                }
                broken => Err(format!("{broken:?}")),
            });
            assert_eq!(unpacked.unwrap(), 1);
        }
    }
    units
}

/// Returns whether any segment of the stream has bytes, also while it is created.
#[cfg(unix)]
fn holds_records(stream: &Path) -> bool {
    let files = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten();
    files(stream)
        .flat_map(|shard| files(&shard.path()))
        .any(|segment| segment.metadata().is_ok_and(|segment| segment.len() > 0))
}

/// Parses the number of accepted events in a summary and asserts that it is positive.
fn accepted(stdout: &str) -> u64 {
    let line = stdout.lines().next().unwrap();
    let number = line.strip_prefix("events accepted").unwrap().trim();
    let accepted = number.replace(',', "").parse().unwrap();
    assert!(accepted > 0, "{stdout}");
    accepted
}

#[test]
fn invalid_arguments_and_input_exit_with_2_and_a_message() {
    let dir = tempfile::tempdir().unwrap();
    let stream = format!("local:{}", dir.path().join("stream").display());
    let bad = dir.path().join("bad.csv");
    fs::write(
        &bad,
        "user_id,show_name,watch_duration_minutes,watch_date\na,b,1,2024-01-01\na,b,x,2024-01-01\n",
    )
    .unwrap();
    let bad = bad.display().to_string();
    for (args, expected) in [
        (
            vec!["send", "/no/such/file", "--to", &stream],
            "error: cannot open /no/such/file: No such file or directory (os error 2)\n",
        ),
        (
            vec!["send", &bad, "--to", &stream],
            "line 3: watch_duration_minutes is \"x\"",
        ),
        (
            vec!["send", &bad, "--to", "sqs:x"],
            "expected kinesis:STREAM, local:DIR or -",
        ),
        (
            vec!["send", &bad, "--to", &stream, "--frobnicate"],
            "unexpected argument '--frobnicate'",
        ),
        (
            vec![
                "send",
                &bad,
                "--to",
                &stream,
                "--rebase",
                "2026-01-02..2026-01-01",
            ],
            "expected START..END",
        ),
        (vec!["send", &bad], "--to <TARGET>"),
        (
            vec!["simulate", "--to", &stream, "--bad", "2"],
            "error: invalid share of bad events 2: it must be from 0 to 1",
        ),
        (
            vec!["simulate", "--to", &stream, "--users", "0"],
            "error: invalid number of users 0: it must be from 1 to",
        ),
        (
            vec!["simulate", "--to", &stream, "--events", "0"],
            "error: invalid number of events 0: it must be from 1 to 10000000000\n",
        ),
        (
            vec!["simulate", "--to", &stream, "--events", "1.5"],
            "invalid value '1.5' for '--events <N>': expected a whole number, such as 1000000, \
             1_000_000, 1e6 or 86.4e6",
        ),
        (
            vec!["simulate", "--to", &stream, "--shards", "1e5"],
            "invalid value '1e5' for '--shards <N>': 100000 is not in 1..=10000",
        ),
        (
            vec!["sample", "watch-log", "--rows", "0"],
            "error: invalid number of rows 0: it must be from 1 to 1000000000\n",
        ),
        (
            vec!["sample", "watch-log", "--start", "2026-01-05T00:00:00Z"],
            "expected a date (2026-01-05)",
        ),
        (
            vec!["sample", "watch-log", "--output", "/no/such/dir/log.csv"],
            "error: cannot write /no/such/dir/log.csv: No such file or directory",
        ),
        (
            vec!["simulate", "--to", &stream, "--start", "monday"],
            "expected a date",
        ),
        (
            vec!["simulate", "--to", &stream, "--producer-id", ""],
            "error: invalid producer id: it must have",
        ),
        (
            vec!["simulate", "--to", &stream, "--max-record-bytes", "9000000"],
            "error: --max-record-bytes must be",
        ),
        (
            vec!["simulate", "--to", &stream, "--buckets", "0"],
            "'0' for '--buckets <K>': expected a number from 1 to 65535",
        ),
    ] {
        let output = producer(&args);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(expected), "{args:?}: {stderr}");
        assert_eq!(text(&output.stdout), "", "{args:?}");
    }
    assert!(!dir.path().join("stream").exists());
}

#[test]
fn a_file_without_an_event_is_rejected_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let stream = format!("local:{}", dir.path().join("stream").display());
    let header = "userId,movieId,rating,timestamp\n";
    for (name, content, format) in [
        ("e.ndjson", "", None),
        ("e.ndjson", "\n \n", None),
        ("e.csv", "", None),
        ("e.csv", "\n\n", Some("watch-log")),
        ("e.csv", "", Some("movielens")),
        ("e.csv", header, None),
        ("-", "", None),
        ("-", "\n", Some("ndjson")),
    ] {
        let mut file = dir.path().join(name).display().to_string();
        let shown_name = match name {
            "-" => {
                file = name.to_owned();
                "standard input"
            }
            _ => {
                fs::write(&file, content).unwrap();
                &file.clone()
            }
        };
        let mut args = vec!["send", &file, "--to", &stream];
        args.extend(
            format
                .map(|format| ["--format", format])
                .into_iter()
                .flatten(),
        );
        let output = piped(&args, content.as_bytes());
        assert_eq!(
            (
                output.status.code(),
                text(&output.stdout),
                text(&output.stderr)
            ),
            (
                Some(2),
                String::new(),
                format!("error: nothing to send: {shown_name} holds no event\n")
            ),
            "{name} {content:?} {format:?}"
        );
    }
    assert!(!dir.path().join("stream").exists());
}

#[test]
fn a_closed_pipe_is_success() {
    let dir = tempfile::tempdir().unwrap();
    let to = format!("local:{}", dir.path().join("stream").display());
    for to in [to.as_str(), "-"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child = Command::new(env!("CARGO_BIN_EXE_marquee-producer"))
            .args(["send", "-", "--to", to])
            .stdin(Stdio::piped())
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(b"{\"a\":1}\n")
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), text(&output.stderr)),
            (Some(0), String::new()),
            "{to}"
        );
        let stream = dir.path().join("stream");
        assert_eq!(units(&stream).len(), 1);
    }
}

#[cfg(not(feature = "kinesis"))]
#[test]
fn a_build_without_kinesis_rejects_a_kinesis_target() {
    let output = producer(&["simulate", "--events", "10", "--to", "kinesis:events"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("was built without the feature `kinesis`"));
}

#[test]
fn a_simulation_fills_a_stream_deterministically() {
    let dir = tempfile::tempdir().unwrap();
    let mut runs = Vec::new();
    for name in ["a", "b"] {
        let stream = dir.path().join(name);
        let to = format!("local:{}", stream.display());
        let output = producer(&[
            "simulate", "--events", "3000", "--users", "50", "--days", "1", "--shards", "3",
            "--to", &to,
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let stdout = text(&output.stdout);
        assert!(
            stdout.contains("events failed                     0"),
            "{stdout}"
        );
        assert!(
            fs::read_to_string(stream.join("titles.ndjson"))
                .unwrap()
                .lines()
                .count()
                > 100
        );
        let units = units(&stream);
        assert_eq!(units.len() as u64, accepted(&stdout), "{stdout}");
        runs.push(units);
    }
    let [one, other] = runs.as_slice() else {
        panic!()
    };
    assert_eq!(one, other);
    assert!(
        one.iter()
            .any(|(_, unit)| unit.starts_with(r#"{"producer":{"id":"sim-1","seq":1},"#))
    );
}

#[test]
fn a_small_simulation_prints_exactly_as_many_events() {
    for number in [1, 3, 250] {
        let events = number.to_string();
        let output = producer(&["simulate", "--events", &events, "--to", "-"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout).lines().count(), number);
    }
}

#[test]
fn numbers_may_be_written_in_several_forms() {
    let printed = |events: &str| {
        let to = ["--users", "5_0", "--days", "1e0", "--to", "-"];
        producer(&[&["simulate", "--events", events][..], &to].concat()).stdout
    };
    let expected = printed("2000");
    assert!(!expected.is_empty());
    for events in ["2_000", "2e3", "0.2e4"] {
        assert_eq!(printed(events), expected, "{events}");
    }
}

#[test]
fn standard_input_is_sent_and_arrives_at_its_own_time() {
    let dir = tempfile::tempdir().unwrap();
    let to = format!("local:{}", dir.path().display());
    let ratings = b"userId,movieId,rating,timestamp\r\n1,1,4.0,964982703\r\n1,3,0.5,964981247\r\n";
    let output = piped(
        &[
            "send",
            "-",
            "--to",
            &to,
            "--producer-id",
            "p",
            "--no-aggregate",
            "--compression",
            "none",
        ],
        ratings,
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let units = units(dir.path());
    assert_eq!(
        units.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
        [964_981_247_000, 964_982_703_000]
    );
    assert!(
        units
            .iter()
            .all(|(_, unit)| unit.contains(r#""user_id":"ml-1""#))
    );

    let bad = piped(
        &["send", "-", "--to", &to, "--format", "ndjson"],
        b"{}\nnope\n",
    );
    assert_eq!(bad.status.code(), Some(2));
    assert!(
        text(&bad.stderr).contains("standard input, line 2: invalid JSON"),
        "{}",
        text(&bad.stderr)
    );
}

#[test]
fn a_failed_event_exits_with_1() {
    let dir = tempfile::tempdir().unwrap();
    let to = format!("local:{}", dir.path().join("stream").display());
    let file = dir.path().join("e.ndjson");
    fs::write(
        &file,
        format!("{{}}\n{{\"x\":\"{}\"}}\n", "y".repeat(2_000)),
    )
    .unwrap();
    let output = producer(&[
        "send",
        &file.display().to_string(),
        "--to",
        &to,
        "--max-record-bytes",
        "1000",
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("exceeds the record size limit: 1"));
    assert_eq!(units(&dir.path().join("stream")).len(), 1);
}

#[test]
fn a_dash_prints_the_events() {
    let output = piped(
        &["send", "-", "--to", "-", "--producer-id", "p"],
        b"{\"a\":1}\n{}\n",
    );
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stdout),
        "{\"producer\":{\"id\":\"p\",\"seq\":1},\"a\":1}\n{\"producer\":{\"id\":\"p\",\"seq\":2}}\n"
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_sends_accepted_events() {
    let dir = tempfile::tempdir().unwrap();
    let stream = dir.path().join("stream");
    let to = format!("local:{}", stream.display());
    // Slow enough to be still running when the signal arrives.
    let mut child = Command::new(env!("CARGO_BIN_EXE_marquee-producer"))
        .args([
            "simulate",
            "--events",
            "1000000",
            "--users",
            "100",
            "--rate",
            "200",
            "--no-aggregate",
            "--to",
            &to,
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !holds_records(&stream) {
        assert!(child.try_wait().unwrap().is_none(), "it ended on its own");
        std::thread::yield_now();
    }
    let killed = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(130), "{stdout}{stderr}");
    assert!(stderr.contains("stopping"), "{stderr}");
    assert_eq!(units(&stream).len() as u64, accepted(&stdout));
}
