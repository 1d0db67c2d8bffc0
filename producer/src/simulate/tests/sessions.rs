//! Tests of the consistency of sessions, event by event.

use std::collections::{BTreeMap, BTreeSet};

use marquee_event::{EventType, Title};

use super::{bodies, clean, events, sessions, titles};

#[test]
fn positions_are_consistent_with_the_clock() {
    let simulation = clean();
    let bodies = bodies(&simulation);
    let events = events(&bodies);
    let titles = titles(&simulation);
    let mut seen: BTreeMap<EventType, u32> = BTreeMap::new();
    for (id, session) in sessions(&events) {
        // (title, time, position, playing) of the active view.
        let mut on: Option<(&str, i64, i64, bool)> = None;
        for event in session {
            let kind = event.event_type;
            *seen.entry(kind).or_default() += 1;
            if !kind.is_playback() {
                assert!(on.is_none(), "{id}: {kind} while something is on");
                continue;
            }
            let title = event.title_id.as_deref().unwrap();
            let runtime = titles[title].runtime_ms.unwrap();
            let position = event.position_ms.unwrap();
            assert!(
                (0..=runtime).contains(&position),
                "{id}: {kind} at {position} of {runtime}"
            );
            if kind == EventType::Play {
                assert!(on.is_none(), "{id}: play while something is on");
                assert!(position < runtime);
                on = Some((title, event.event_time, position, true));
                continue;
            }
            let (playing_title, since, from, playing) = on.expect("playback begins with play");
            assert_eq!(title, playing_title);
            let arrived_at = if kind == EventType::Seek {
                event.from_position_ms.unwrap()
            } else {
                position
            };
            let elapsed_ms = if playing {
                (event.event_time - since) / 1000
            } else {
                0
            };
            assert!(
                (arrived_at - from - elapsed_ms).abs() <= 2,
                "{id}: {kind} {from} + {elapsed_ms} = {arrived_at}"
            );
            match kind {
                EventType::Heartbeat => assert!(playing && (0..61_000).contains(&elapsed_ms)),
                EventType::Seek => assert!(playing && position != arrived_at),
                EventType::Pause => assert!(playing),
                EventType::Resume => assert!(!playing),
                EventType::Complete => assert!(playing && position == runtime),
                _ => assert!(position < runtime, "{id}: {kind} at the end"),
            }
            on = match kind {
                EventType::Stop | EventType::Complete => None,
                _ => Some((title, event.event_time, position, kind != EventType::Pause)),
            };
        }
    }
    assert_eq!(seen.len(), EventType::ALL.len(), "{seen:?}");
    assert!(
        seen[&EventType::Complete] > seen[&EventType::Stop] / 2,
        "{seen:?}"
    );
}

#[test]
fn a_search_is_followed_by_a_matching_title() {
    let simulation = clean();
    let bodies = bodies(&simulation);
    let events = events(&bodies);
    let titles = titles(&simulation);
    let (mut played, mut in_vain) = (0, 0);
    for session in sessions(&events).values() {
        for pair in session.windows(2) {
            let [event, next] = pair else { continue };
            let Some(query) = event.query.as_deref() else {
                continue;
            };
            in_vain += u32::from(event.results == Some(0));
            match next.event_type {
                EventType::Play => {
                    assert!(event.results > Some(0));
                    let name = titles[next.title_id.as_deref().unwrap()]
                        .name
                        .to_lowercase();
                    assert!(name.contains(query), "{query:?} does not find {name:?}");
                    played += 1;
                }
                kind => assert!(
                    matches!(kind, EventType::Search | EventType::Browse),
                    "{kind}"
                ),
            }
        }
    }
    assert!(played > 50 && in_vain > 10, "{played} {in_vain}");
}

#[test]
fn series_are_watched_in_order() {
    let simulation = clean();
    let bodies = bodies(&simulation);
    let events = events(&bodies);
    let titles = titles(&simulation);
    let mut in_a_row = 0;
    for session in sessions(&events).values() {
        for pair in session.windows(2) {
            let [before, after] = pair else { continue };
            let completed_then_play =
                before.event_type == EventType::Complete && after.event_type == EventType::Play;
            if completed_then_play {
                let [before, after] =
                    [before, after].map(|event| &titles[event.title_id.as_deref().unwrap()]);
                assert_eq!(before.series_id, after.series_id);
                let place = |title: &Title| (title.season.unwrap(), title.episode.unwrap());
                let ((season, episode), next) = (place(before), place(after));
                assert!(next == (season, episode + 1) || next == (season + 1, 1));
                in_a_row += 1;
            }
        }
    }
    assert!(in_a_row > 50, "{in_a_row}");
}

#[test]
fn removals_follow_additions_to_the_list() {
    let bodies = bodies(&clean());
    let mut listed = BTreeSet::new();
    let mut removed = 0;
    let mut events = events(&bodies);
    events.sort_by_key(|event| event.event_time);
    for event in &events {
        let entry = || (event.profile_id.clone(), event.title_id.clone());
        match event.event_type {
            EventType::AddToList => drop(listed.insert(entry())),
            EventType::RemoveFromList => {
                assert!(listed.contains(&entry()));
                removed += 1;
            }
            _ => {}
        }
    }
    assert!(listed.len() > removed && removed > 0);
}
