//! Tests of the whole simulation.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod audience;
mod delivery;
mod sessions;

use std::collections::{BTreeMap, HashMap};

use marquee_event::{Event, Title, parse};

use super::Simulation;

fn small() -> Simulation {
    Simulation {
        users: 1_500,
        events: 60_000,
        ..Simulation::default()
    }
}

/// Returns options without defects, duplicates and late events.
fn clean() -> Simulation {
    Simulation {
        users: 3_000,
        events: 200_000,
        bad_share: 0.0,
        duplicate_share: 0.0,
        late_share: 0.0,
        ..small()
    }
}

fn bodies(simulation: &Simulation) -> Vec<Vec<u8>> {
    simulation
        .generate()
        .map(|outgoing| outgoing.unwrap().body)
        .collect()
}

fn events(bodies: &[Vec<u8>]) -> Vec<Event<'_>> {
    bodies.iter().map(|body| parse(body).unwrap()).collect()
}

/// Groups events by session, each in the order of event time.
fn sessions<'e, 'b>(events: &'e [Event<'b>]) -> BTreeMap<&'e str, Vec<&'e Event<'b>>> {
    let mut sessions: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in events {
        sessions
            .entry(event.session_id.as_ref())
            .or_default()
            .push(event);
    }
    for events in sessions.values_mut() {
        events.sort_by_key(|event| event.event_time);
    }
    sessions
}

fn titles(simulation: &Simulation) -> HashMap<String, Title> {
    simulation
        .title_catalog()
        .into_iter()
        .map(|title| (title.title_id.clone(), title))
        .collect()
}
