//! Tests of file sources: their events, and the messages about invalid files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod watch_log;

use std::fs;
use std::path::{Path, PathBuf};

use marquee_event::{Event, parse};
use marquee_producer::OutgoingEvent;
use marquee_producer::input::{Input, InputFormat, InputSettings, SourceError, open};

struct Dir(tempfile::TempDir);

impl Dir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn input(path: &Path) -> Input {
    open(path, &InputSettings::default()).unwrap()
}

fn rejection(path: &Path) -> String {
    rejection_with(path, &InputSettings::default())
}

fn rejection_with(path: &Path, settings: &InputSettings) -> String {
    match open(path, settings) {
        Ok(_) => panic!("{} was accepted", path.display()),
        Err(error) => error
            .to_string()
            .replace(&path.display().to_string(), "FILE"),
    }
}

fn events(input: Input) -> Vec<OutgoingEvent> {
    let count = input.count;
    let events: Vec<OutgoingEvent> = input.events.collect::<Result<_, SourceError>>().unwrap();
    assert_eq!(events.len() as u64, count);
    events
}

fn event(outgoing: &OutgoingEvent) -> Event<'_> {
    parse(&outgoing.body).unwrap()
}

fn rebased(path: &Path, span: &str) -> Vec<OutgoingEvent> {
    let settings = InputSettings {
        rebase: Some(span.parse().unwrap()),
        ..InputSettings::default()
    };
    events(open(path, &settings).unwrap())
}

#[test]
fn invalid_tables_are_rejected_with_the_line() {
    let dir = Dir::new();
    let log = |rows: &str| {
        dir.file(
            "log.csv",
            format!("user_id,show_name,watch_duration_minutes,watch_date\n{rows}"),
        )
    };
    for (rows, expected) in [
        (
            "a,b,c,2024-01-01",
            "FILE, line 2: watch_duration_minutes is \"c\", but must be minutes from 0 to 10080 (a week)",
        ),
        (
            "a,b,1,2024-01-01\n\na,b,1,yesterday",
            "FILE, line 4: watch_date is \"yesterday\", but must be a date \
             (2026-01-31) or a date and time (2026-01-31T20:15:00+01:00; UTC without an offset)",
        ),
        (
            ",b,1,2024-01-01",
            "FILE, line 2: user_id is \"\", but must be an id of 1 to 128 bytes",
        ),
        (
            "a,,1,2024-01-01",
            "FILE, line 2: show_name is \"\", but must be a name of 1 to 1024 bytes",
        ),
        ("a,b,1", "FILE, line 2: 3 columns, but the header has 4"),
    ] {
        assert_eq!(rejection(&log(rows)), expected);
    }
    let ratings = |rows: &str| {
        dir.file(
            "ratings.csv",
            format!("userId,movieId,rating,timestamp\r\n{rows}"),
        )
    };
    for (rows, expected) in [
        (
            "1,2,5.5,3",
            "FILE, line 2: rating is \"5.5\", but must be 0.5 to 5 in steps of 0.5",
        ),
        (
            "1,2,5,3\r\nx,2,5,3",
            "FILE, line 3: userId is \"x\", but must be a whole number from 0 to 4294967295",
        ),
        (
            "1,2,5,soon",
            "FILE, line 2: timestamp is \"soon\", but must be seconds since 1970",
        ),
    ] {
        assert_eq!(rejection(&ratings(rows)), expected);
    }
    let utf16 = dir.file(
        "log.csv",
        b"user_id,show_name,watch_duration_minutes,watch_date\na,\xff\xfe,1,2024-01-01\n",
    );
    assert_eq!(
        rejection(&utf16),
        "FILE, line 2: not UTF-8; save the file as UTF-8"
    );
    assert_eq!(
        rejection(&dir.file("log.csv", "user_id,show_name,watch_date\n")),
        "FILE has no column watch_duration_minutes: its first line must name the columns \
         user_id, show_name, watch_duration_minutes, watch_date"
    );
}

#[test]
fn the_format_is_detected_by_the_name_or_the_first_line() {
    let dir = Dir::new();
    let ratings = "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n";
    assert!(rejection(&dir.file("x.ndjson", ratings)).starts_with("FILE, line 1: invalid JSON"));
    assert_eq!(
        input(&dir.file("x", "\u{feff}\r\n{}\n")).format,
        InputFormat::Ndjson
    );
    assert_eq!(
        input(&dir.file("x.txt", ratings)).format,
        InputFormat::Movielens
    );
    for unknown in ["hello\n", "a,b\n1,2\n"] {
        assert!(
            rejection(&dir.file("x.csv", unknown)).starts_with("cannot detect the format of FILE")
        );
    }
    // Blank lines beyond the search limit do not make a file empty.
    let blank = "\n".repeat(70_000) + ratings;
    assert!(rejection(&dir.file("x.csv", &blank)).starts_with("cannot detect the format of FILE"));
    let settings = InputSettings {
        format: Some(InputFormat::Movielens),
        ..InputSettings::default()
    };
    let blank = open(&dir.file("x.csv", &blank), &settings).unwrap();
    assert_eq!(events(blank).len(), 1);
    assert!(
        rejection(Path::new("/no/such/file.csv")).starts_with("cannot open FILE: No such file")
    );
    assert!(rejection(Path::new("/tmp")).starts_with("cannot read FILE"));
}

#[test]
fn ndjson_keeps_its_lines_and_their_order() {
    let dir = Dir::new();
    let lines = [
        r#"{"event_time":"2026-01-01T00:00:10Z","user_id":"a","x":[1, 2]}"#,
        r#"{"event_time":"2026-01-01T00:00:05.000001Z","user_id":"b","producer":{"id":"p","seq":1}}"#,
        r#"{"user_id":"c"}"#,
    ];
    let path = dir.file(
        "e.ndjson",
        format!("\u{feff}{}\r\n\r\n{}\n{}", lines[0], lines[1], lines[2]),
    );
    let all = events(input(&path));
    let bodies: Vec<_> = all
        .iter()
        .map(|event| String::from_utf8_lossy(&event.body))
        .collect();
    assert_eq!(bodies, lines);
    let second = 1_767_225_600_000;
    // The second event is late, and the third has no time.
    assert!(
        all.iter()
            .all(|event| event.arrives_at_ms == Some(second + 10_000))
    );
    assert_eq!(
        all.iter().map(|event| event.numbered).collect::<Vec<_>>(),
        [true, false, true]
    );
    assert_eq!(
        all.iter()
            .map(|event| event.user_id.as_str())
            .collect::<Vec<_>>(),
        ["a", "b", "c"]
    );

    let moved = rebased(&path, "2027-05-01T00:00:00Z..2027-05-01T00:00:01Z");
    let bodies: Vec<_> = moved
        .iter()
        .map(|event| String::from_utf8_lossy(&event.body))
        .collect();
    assert_eq!(
        bodies[0],
        r#"{"event_time":"2027-05-01T00:00:01Z","user_id":"a","x":[1, 2]}"#
    );
    assert_eq!(
        bodies[1],
        r#"{"event_time":"2027-05-01T00:00:00Z","user_id":"b","producer":{"id":"p","seq":1}}"#
    );
    assert_eq!(bodies[2], lines[2]);
}

#[test]
fn invalid_ndjson_is_rejected_unless_keep_bad_is_set() {
    let dir = Dir::new();
    let path = dir.file("e.jsonl", b"{\"user_id\":\"a\"}\n\n[1]\n{\"b\n\xff\n");
    assert_eq!(
        rejection(&path),
        "FILE, line 3: not a JSON object; to send it anyway, set --keep-bad"
    );
    let kept = InputSettings {
        keep_bad: true,
        ..InputSettings::default()
    };
    let all = events(open(&path, &kept).unwrap());
    let expected: [(&[u8], bool); 4] = [
        (b"{\"user_id\":\"a\"}", true),
        (b"[1]", false),
        (b"{\"b", false),
        (b"\xff", false),
    ];
    assert_eq!(
        all.iter()
            .map(|event| (event.body.as_slice(), event.numbered))
            .collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn a_line_above_the_limit_is_rejected_without_being_read_whole() {
    let dir = Dir::new();
    let path = dir.file("e.ndjson", vec![b' '; 9 << 20]);
    assert!(
        rejection(&path).starts_with("FILE, line 1: longer than"),
        "{}",
        rejection(&path)
    );
}

#[test]
fn movies_with_the_wrong_columns_are_rejected() {
    let dir = Dir::new();
    let ratings = dir.file("ratings.csv", "userId,movieId,rating,timestamp\n");
    let settings = InputSettings {
        movies: Some(dir.file("movies.csv", "id,title,genres\n")),
        ..InputSettings::default()
    };
    assert!(rejection_with(&ratings, &settings).contains("has no column movieId"));
}
