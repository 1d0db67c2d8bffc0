//! Tests of the audience: popularity, taste and viewing hours.

use std::collections::{BTreeMap, BTreeSet};

use marquee_event::{EventType, MICROS_PER_DAY};

use super::{bodies, clean, events, sessions, titles};
use crate::simulate::Simulation;

#[test]
fn popularity_has_a_head_and_a_long_tail() {
    let simulation = clean();
    let bodies = bodies(&simulation);
    let titles = titles(&simulation);
    let mut plays: BTreeMap<String, u32> = BTreeMap::new();
    for event in events(&bodies) {
        if event.event_type == EventType::Play {
            let title = &titles[event.title_id.as_deref().unwrap()];
            *plays
                .entry(title.series_id.as_ref().unwrap_or(&title.title_id).clone())
                .or_default() += 1;
        }
    }
    let mut counts: Vec<_> = plays.into_values().collect();
    counts.sort_unstable();
    let (median, top) = (counts[counts.len() / 2], counts[counts.len() - 1]);
    assert!(top > 20 * median, "{top} against {median}");
    assert!(counts.len() > 200, "the tail is long: {}", counts.len());
}

#[test]
fn profiles_have_a_taste() {
    let simulation = Simulation {
        users: 300,
        ..clean()
    };
    let bodies = bodies(&simulation);
    let titles = titles(&simulation);
    // The main genres of the works that each profile chose, each work once.
    let mut chosen: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for event in events(&bodies) {
        if event.event_type == EventType::Play {
            let title = &titles[event.title_id.as_deref().unwrap()];
            let work = title.series_id.as_ref().unwrap_or(&title.title_id);
            let profile = event.profile_id.unwrap().into_owned();
            if known.insert((profile.clone(), work)) {
                chosen.entry(profile).or_default().push(&title.genres[0]);
            }
        }
    }
    let all: Vec<&str> = chosen.values().flatten().copied().collect();
    let share = |genres: &[&str], genre: &str| {
        genres.iter().filter(|&&own| own == genre).count() as f64 / genres.len() as f64
    };
    // The favourite genre of the first choices is also frequent in the later ones.
    let (mut later, mut expected) = (0.0, 0.0);
    for genres in chosen.values().filter(|genres| genres.len() >= 6) {
        let (first, second) = genres.split_at(genres.len() / 2);
        let Some(liked) = first
            .iter()
            .max_by_key(|genre| first.iter().filter(|own| own == genre).count())
        else {
            continue;
        };
        later += share(second, liked);
        expected += share(&all, liked);
    }
    assert!(
        expected > 5.0 && later > 1.5 * expected,
        "{later} against {expected}"
    );
}

#[test]
fn evenings_are_local_and_weekends_have_more_sessions() {
    // Monday to Sunday.
    let simulation = Simulation {
        days: 7,
        events: 400_000,
        users: 4_000,
        ..clean()
    };
    let bodies = bodies(&simulation);
    let events = events(&bodies);
    let mut starts: BTreeMap<String, [u32; 24]> = BTreeMap::new();
    let mut days = [0_u32; 7];
    for session in sessions(&events).values() {
        let since = session[0].event_time - simulation.start;
        days[(since / MICROS_PER_DAY) as usize] += 1;
        let hours = starts
            .entry(session[0].country.unwrap().to_string())
            .or_default();
        hours[(since.rem_euclid(MICROS_PER_DAY) / 3_600_000_000) as usize] += 1;
    }
    assert!(starts.len() >= 8);
    for (country, offset) in [("GB", 0), ("JP", 9), ("BR", -3), ("DE", 1), ("IN", 5)] {
        let hours = starts[country];
        let local = |hour: i64| hours[(hour - offset).rem_euclid(24) as usize];
        let evening: u32 = (19..24).map(local).sum();
        let night: u32 = (2..6).map(local).sum();
        let morning: u32 = (8..12).map(local).sum();
        assert!(
            evening > 8 * night && evening > 2 * morning,
            "{country}: {hours:?}"
        );
    }
    let [working @ .., saturday, _] = days;
    assert!(
        working[..4].iter().all(|&day| saturday * 5 > day * 6),
        "{days:?}"
    );
}
