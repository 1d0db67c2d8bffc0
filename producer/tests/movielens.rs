//! Tests of the ratings of MovieLens as a source of events.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use marquee_conditional_tests::{run, shared_data, tests};
use marquee_event::{Event, parse};
use marquee_producer::OutgoingEvent;
use marquee_producer::input::{Input, InputSettings, SourceError, open};

fn main() -> ExitCode {
    run([tests!(shared_data("movielens-latest-small") => [
        movielens_ratings_are_rate_events,
        rebased_movielens_keeps_its_order_and_ids,
    ])])
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

/// Returns the path of the ratings in a folder of MovieLens, and the settings to read them.
fn ratings(folder: &Path) -> (PathBuf, InputSettings) {
    let settings = InputSettings {
        movies: Some(folder.join("movies.csv")),
        ..InputSettings::default()
    };
    (folder.join("ratings.csv"), settings)
}

fn movielens_ratings_are_rate_events(folder: PathBuf) {
    let (ratings, settings) = ratings(&folder);
    let source = open(&ratings, &settings).unwrap();
    let titles = source.title_catalog.clone().unwrap();
    assert_eq!(titles.len(), 9_742);
    let toy_story = titles.first().unwrap();
    assert_eq!(
        (toy_story.title_id.as_str(), toy_story.name.as_str()),
        ("ml-m1", "Toy Story")
    );
    assert_eq!(toy_story.release_date.as_deref(), Some("1995-01-01"));
    assert_eq!(
        toy_story.genres,
        ["Adventure", "Animation", "Children", "Comedy", "Fantasy"]
    );

    let all = events(source);
    assert_eq!(all.len(), 100_836);
    let parsed: Vec<Event<'_>> = all.iter().map(event).collect();
    assert_eq!(
        parsed
            .iter()
            .map(|event| event.event_id)
            .collect::<HashSet<_>>()
            .len(),
        100_836
    );
    assert!(parsed.is_sorted_by_key(|event| event.event_time));
    let known: HashSet<&str> = titles.iter().map(|title| title.title_id.as_str()).collect();
    assert!(
        parsed
            .iter()
            .all(|event| known.contains(event.title_id.as_deref().unwrap()))
    );
    let first = parsed
        .iter()
        .find(|event| event.user_id == "ml-1" && event.title_id.as_deref() == Some("ml-m1"));
    let first = first.unwrap();
    assert_eq!(
        (first.rating.unwrap().stars(), first.event_time),
        (4.0, 964_982_703_000_000)
    );
}

fn rebased_movielens_keeps_its_order_and_ids(folder: PathBuf) {
    let (ratings, mut settings) = ratings(&folder);
    let old = events(open(&ratings, &settings).unwrap());
    settings.rebase = Some("2026-01-01..2026-01-31".parse().unwrap());
    let new = events(open(&ratings, &settings).unwrap());
    for (old, new) in std::iter::zip(old.windows(2), new.windows(2)) {
        let (a, b) = (event(&old[0]), event(&old[1]));
        let (x, y) = (event(&new[0]), event(&new[1]));
        assert!(a.event_time.cmp(&b.event_time) as i8 <= x.event_time.cmp(&y.event_time) as i8 + 1);
        assert_eq!(
            (a.event_time == b.event_time, a.event_id),
            (x.event_time == y.event_time, x.event_id)
        );
    }
    assert!(
        new.first()
            .unwrap()
            .body
            .windows(20)
            .any(|text| text == b"2026-01-01T00:00:00Z")
    );
    assert!(
        String::from_utf8_lossy(&new.last().unwrap().body).contains("2026-01-31T23:59:59.999999Z")
    );
}
