//! Tests of watch logs: their rows, and the runtimes of their shows.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use marquee_event::{Event, EventType, Title};
use marquee_producer::input::{InputFormat, InputSettings, open};

use crate::{Dir, event, events, input, rejection, rejection_with};

const WATCH_LOG: &str = "\u{feff}watch_date,user_id,show_name,note,watch_duration_minutes\r\n\
    2024-03-02,ann,\"Dark, again\",x,45\r\n\
    2024-03-01,ben,Dark,,0.5\r\n\
    2024-03-02,ann,\"Dark, again\",x,45\r\n";

#[test]
fn a_watch_log_gives_plays_and_stops_in_the_order_of_time() {
    let dir = Dir::new();
    let source = input(&dir.file("log.csv", WATCH_LOG));
    assert_eq!((source.format, source.timed), (InputFormat::WatchLog, true));
    let titles = source.title_catalog.clone().unwrap();
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
fn the_ids_of_a_watch_log_do_not_depend_on_the_order_of_rows() {
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

fn titles_of(path: &Path, titles: Option<PathBuf>) -> Vec<Title> {
    let settings = InputSettings {
        titles,
        ..InputSettings::default()
    };
    open(path, &settings).unwrap().title_catalog.unwrap()
}

/// Returns the name, the runtime in minutes and the mark of each title.
fn runtimes(titles: &[Title]) -> Vec<(&str, Option<i64>, bool)> {
    let minutes = |title: &Title| title.runtime_ms.map(|ms| ms / 60_000);
    titles
        .iter()
        .map(|title| (title.name.as_str(), minutes(title), title.runtime_estimated))
        .collect()
}

const HEADER: &str = "user_id,show_name,watch_duration_minutes,watch_date\n";

#[test]
fn a_watch_date_may_have_a_time() {
    let dir = Dir::new();
    let rows = "a,Dark,1,2026-01-31T20:15:00+01:00\na,Dark,1,2026-01-31 19:15\n\
                a,Dark,1,2026-01-31T19:15:00\na,Dark,1,2026-01-31 19:15:00.000Z\n";
    let all = events(input(&dir.file("log.csv", format!("{HEADER}{rows}"))));
    let plays = all.iter().map(event);
    let plays = plays.filter(|event| event.event_type == EventType::Play);
    let times: Vec<i64> = plays.map(|event| event.event_time).collect();
    assert_eq!(times, [1_769_886_900_000_000; 4]);
}

#[test]
fn json_lines_give_the_events_of_the_csv() {
    let dir = Dir::new();
    let csv = dir.file(
        "log.csv",
        format!("{HEADER}ann,\"Dark, again\",45,2024-03-02\n7,Dark,0.5,2024-03-01 10:00\n"),
    );
    let lines = "\u{feff}{\"user_id\":\"ann\",\"show_name\":\"Dark, again\",\
                 \"watch_duration_minutes\":45,\"watch_date\":\"2024-03-02\",\"x\":1}\n\n\
                 {\"watch_date\":\"2024-03-01 10:00\",\"user_id\":7,\"show_name\":\"Dark\",\
                 \"watch_duration_minutes\":\"0.5\"}\n";
    let bodies = |path: &Path| -> Vec<Vec<u8>> {
        let source = input(path);
        assert_eq!(source.format, InputFormat::WatchLog, "{}", path.display());
        events(source).into_iter().map(|event| event.body).collect()
    };
    for name in ["log.ndjson", "log.json", "log.txt"] {
        assert_eq!(bodies(&dir.file(name, lines)), bodies(&csv), "{name}");
    }
    for (line, expected) in [
        (
            "{\"user_id\":\"a\",\"show_name\":\"b\",\"watch_duration_minutes\":1}",
            "FILE, line 3: watch_date is \"\", but must be a date (2026-01-31) or a date and time \
             (2026-01-31T20:15:00+01:00; UTC without an offset)",
        ),
        ("[1]", "FILE, line 3: not a JSON object"),
        ("{\"user_id\":", "FILE, line 3: invalid JSON at column 11"),
    ] {
        let first = lines.lines().next().unwrap();
        let file = dir.file("bad.ndjson", format!("{first}\n\n{line}\n"));
        assert_eq!(rejection(&file), expected);
    }
}

#[test]
fn an_unknown_runtime_is_estimated_from_the_durations() {
    let dir = Dir::new();
    let mut rows = String::new();
    for n in 0..100 {
        let minutes = match n {
            0..4 => 500,
            4..60 => 42,
            _ => 10,
        };
        rows += &format!("u{n},Dark,{minutes},2026-01-05\n");
    }
    let log = dir.file("log.csv", format!("{HEADER}{rows}u,Heat,95.5,2026-01-05\n"));
    let titles = titles_of(&log, None);
    assert_eq!(
        runtimes(&titles),
        [("Dark", Some(42), true), ("Heat", Some(96), true)]
    );
    assert!(titles.iter().all(|title| title.validate().is_ok()));
}

#[test]
fn titles_give_the_runtimes_of_a_watch_log() {
    let dir = Dir::new();
    let log = dir.file(
        "log.csv",
        format!("{HEADER}a,Dark,20,2026-01-05\na,Heat,30,2026-01-05\na,Alien,40,2026-01-05\n"),
    );
    let csv = dir.file("t.csv", "runtime_minutes,show_name\n42.5,Dark\n60,Unseen\n");
    assert_eq!(
        runtimes(&titles_of(&log, Some(csv))),
        [
            ("Dark", Some(42), false),
            ("Unseen", Some(60), false),
            ("Heat", Some(30), true),
            ("Alien", Some(40), true),
        ]
    );

    let ndjson = dir.file(
        "t.ndjson",
        "{\"title_id\":\"t1\",\"name\":\"Heat\",\"kind\":\"movie\",\"runtime_ms\":10200000}\n\
         {\"title_id\":\"t2\",\"name\":\"Alien\",\"kind\":\"movie\"}\n",
    );
    let settings = InputSettings {
        titles: Some(ndjson),
        ..InputSettings::default()
    };
    let source = open(&log, &settings).unwrap();
    assert_eq!(
        runtimes(source.title_catalog.as_ref().unwrap()),
        [
            ("Heat", Some(170), false),
            ("Alien", Some(40), true),
            ("Dark", Some(30), true),
        ]
    );
    let all = events(source);
    let ids: HashSet<_> = all
        .iter()
        .map(|outgoing| event(outgoing).title_id.unwrap().into_owned())
        .collect();
    assert!(ids.contains("t1") && ids.contains("t2"), "{ids:?}");
    assert!(ids.iter().any(|id| id.starts_with("show-dark-")), "{ids:?}");
}

#[test]
fn invalid_titles_are_rejected() {
    let dir = Dir::new();
    let log = dir.file("log.csv", format!("{HEADER}a,Pilot,20,2026-01-05\n"));
    let fault = |name: &str, text: &str| {
        let path = dir.file(name, text);
        let settings = InputSettings {
            titles: Some(path.clone()),
            ..InputSettings::default()
        };
        rejection_with(&log, &settings).replace(&path.display().to_string(), "TITLES")
    };
    let pilot =
        |id: &str| format!("{{\"title_id\":\"{id}\",\"name\":\"Pilot\",\"kind\":\"show\"}}\n");
    let empty = "TITLES holds no title: it must be a title catalog in NDJSON, or CSV with the \
                 columns show_name, runtime_minutes";
    for (name, text, expected) in [
        ("t.csv", String::new(), empty),
        ("t.csv", "show_name,runtime_minutes\n".to_owned(), empty),
        (
            "t.csv",
            "show,minutes\nPilot,2\n".to_owned(),
            "TITLES has no column show_name: its first line must name the columns show_name, \
             runtime_minutes",
        ),
        (
            "t.csv",
            "show_name,runtime_minutes\nPilot,0\n".to_owned(),
            "TITLES, line 2: runtime_minutes is \"0\", but must be minutes above 0 and up to 10080 \
             (a week)",
        ),
        (
            "t.csv",
            "show_name,runtime_minutes\nPilot,2\nPilot,3\n".to_owned(),
            "TITLES, line 3: show_name is \"Pilot\", but must be a name that occurs once in the \
             file",
        ),
        (
            "t.ndjson",
            pilot("t1") + &pilot("t1"),
            "TITLES, line 2: title \"t1\" occurs twice",
        ),
        (
            "t.ndjson",
            pilot("t1") + "{\"title_id\":7}\n",
            "TITLES, line 2: invalid type: integer `7`, expected a string (column 13)",
        ),
        (
            "t.ndjson",
            pilot("t1") + &pilot("t2"),
            "FILE, line 2: show_name is \"Pilot\", but must be a name of one title in TITLES, not \
             of 2 titles",
        ),
    ] {
        assert_eq!(fault(name, &text), expected, "{text}");
    }
    let events = dir.file("e.ndjson", "{}\n");
    let settings = InputSettings {
        titles: Some(log),
        ..InputSettings::default()
    };
    assert_eq!(
        rejection_with(&events, &settings),
        "--titles applies only to a watch log, but FILE is NDJSON of events; omit --titles, or \
         set --format watch-log"
    );
}
