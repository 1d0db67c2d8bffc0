//! Files as sources: what they give, and what is said of bad ones.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use marquee_event::{Event, EventType, parse};
use marquee_producer::Outgoing;
use marquee_producer::input::{Format, Input, InputSettings, SourceError, open};

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

fn refusal(path: &Path) -> String {
    refusal_with(path, &InputSettings::default())
}

fn refusal_with(path: &Path, settings: &InputSettings) -> String {
    match open(path, settings) {
        Ok(_) => panic!("{} was taken", path.display()),
        Err(error) => error
            .to_string()
            .replace(&path.display().to_string(), "FILE"),
    }
}

fn events(input: Input) -> Vec<Outgoing> {
    let count = input.count;
    let events: Vec<Outgoing> = input.events.collect::<Result<_, SourceError>>().unwrap();
    assert_eq!(events.len() as u64, count);
    events
}

fn event(outgoing: &Outgoing) -> Event<'_> {
    parse(&outgoing.body).unwrap()
}

fn rebased(path: &Path, span: &str) -> Vec<Outgoing> {
    let settings = InputSettings {
        rebase: Some(span.parse().unwrap()),
        ..InputSettings::default()
    };
    events(open(path, &settings).unwrap())
}

const WATCH_LOG: &str = "\u{feff}watch_date,user_id,show_name,note,watch_duration_minutes\r\n\
    2024-03-02,ann,\"Dark, again\",x,45\r\n\
    2024-03-01,ben,Dark,,0.5\r\n\
    2024-03-02,ann,\"Dark, again\",x,45\r\n";

#[test]
fn a_watch_log_is_plays_and_stops_in_the_order_of_time() {
    let dir = Dir::new();
    let source = input(&dir.file("log.csv", WATCH_LOG));
    assert_eq!((source.format, source.timed), (Format::WatchLog, true));
    let titles = source.catalogue.clone().unwrap();
    assert_eq!(
        titles
            .iter()
            .map(|title| title.name.as_str())
            .collect::<Vec<_>>(),
        ["Dark, again", "Dark"]
    );

    let all = events(source);
    let parsed: Vec<Event<'_>> = all.iter().map(event).collect();
    assert_eq!(parsed.len(), 6);
    assert!(parsed.is_sorted_by_key(|event| event.event_time));
    assert_eq!(
        parsed
            .iter()
            .map(|event| event.event_id)
            .collect::<HashSet<_>>()
            .len(),
        6
    );
    let [play, stop, ..] = parsed.as_slice() else {
        panic!()
    };
    assert_eq!(
        (play.event_type, stop.event_type),
        (EventType::Play, EventType::Stop)
    );
    assert_eq!(
        (play.user_id.as_ref(), stop.position_ms),
        ("ben", Some(30_000))
    );
    assert_eq!(stop.event_time - play.event_time, 30_000_000);
    assert_eq!(play.session_id, stop.session_id);
    assert_eq!(
        play.title_id.as_deref(),
        titles.get(1).map(|title| title.title_id.as_str())
    );
    assert_eq!(
        all.first().unwrap().arrives_at_ms,
        Some(play.event_time / 1_000)
    );
}

#[test]
fn a_watch_logs_ids_do_not_depend_on_the_order_of_its_rows() {
    let dir = Dir::new();
    let mut rows: Vec<&str> = WATCH_LOG.lines().collect();
    rows.get_mut(1..).unwrap().reverse();
    let bodies = |path: &Path| {
        events(input(path))
            .into_iter()
            .map(|event| event.body)
            .collect::<HashSet<_>>()
    };
    let other = dir.file("b.csv", rows.join("\n"));
    assert_eq!(bodies(&dir.file("a.csv", WATCH_LOG)), bodies(&other));
}

#[test]
fn bad_tables_are_refused_in_one_sentence_with_the_line() {
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
            "FILE, line 2: watch_duration_minutes is \"c\", but must be minutes, from 0 to 10080 (a week)",
        ),
        (
            "a,b,1,2024-01-01\n\na,b,1,yesterday",
            "FILE, line 4: watch_date is \"yesterday\", but must be a date such as 2026-01-31",
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
        assert_eq!(refusal(&log(rows)), expected);
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
            "FILE, line 2: rating is \"5.5\", but must be 0.5 to 5 in halves",
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
        assert_eq!(refusal(&ratings(rows)), expected);
    }
    let utf16 = dir.file(
        "log.csv",
        b"user_id,show_name,watch_duration_minutes,watch_date\na,\xff\xfe,1,2024-01-01\n",
    );
    assert_eq!(
        refusal(&utf16),
        "FILE, line 2: not UTF-8; save the file as UTF-8"
    );
    assert_eq!(
        refusal(&dir.file("log.csv", "user_id,show_name,watch_date\n")),
        "FILE has no column watch_duration_minutes: its first line must name the columns \
         user_id, show_name, watch_duration_minutes, watch_date"
    );
}

#[test]
fn the_format_is_told_by_the_name_or_the_first_line() {
    let dir = Dir::new();
    let ratings = "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n";
    assert!(refusal(&dir.file("x.ndjson", ratings)).starts_with("FILE, line 1: not JSON"));
    assert_eq!(
        input(&dir.file("x", "\u{feff}\r\n{}\n")).format,
        Format::Ndjson
    );
    assert_eq!(input(&dir.file("x.txt", ratings)).format, Format::Movielens);
    for unknown in ["hello\n", "a,b\n1,2\n"] {
        assert!(refusal(&dir.file("x.csv", unknown)).starts_with("cannot tell what FILE holds"));
    }
    // More blank lines than are looked at do not make it empty.
    let blank = "\n".repeat(70_000) + ratings;
    assert!(refusal(&dir.file("x.csv", &blank)).starts_with("cannot tell what FILE holds"));
    let settings = InputSettings {
        format: Some(Format::Movielens),
        ..InputSettings::default()
    };
    let blank = open(&dir.file("x.csv", &blank), &settings).unwrap();
    assert_eq!(events(blank).len(), 1);
    assert!(refusal(Path::new("/no/such/file.csv")).starts_with("cannot open FILE: No such file"));
    assert!(refusal(Path::new("/tmp")).starts_with("cannot read FILE"));
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
    // The second is late, and the third says nothing.
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
fn ndjson_that_is_none_is_refused_unless_it_is_to_be_kept() {
    let dir = Dir::new();
    let path = dir.file("e.jsonl", b"{\"user_id\":\"a\"}\n\n[1]\n{\"b\n\xff\n");
    assert_eq!(
        refusal(&path),
        "FILE, line 3: not a JSON object, which every event is; --keep-bad sends it all the same"
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
fn a_line_that_no_record_holds_is_refused_without_being_read_whole() {
    let dir = Dir::new();
    let path = dir.file("e.ndjson", vec![b' '; 9 << 20]);
    assert!(
        refusal(&path).starts_with("FILE, line 1: longer than"),
        "{}",
        refusal(&path)
    );
}

#[test]
fn movies_with_the_wrong_columns_are_refused() {
    let dir = Dir::new();
    let ratings = dir.file("ratings.csv", "userId,movieId,rating,timestamp\n");
    let settings = InputSettings {
        movies: Some(dir.file("movies.csv", "id,title,genres\n")),
        ..InputSettings::default()
    };
    assert!(refusal_with(&ratings, &settings).contains("has no column movieId"));
}
