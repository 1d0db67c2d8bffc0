//! Tests of the events at the stream: order, number, delays, duplicates and defects.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use marquee_event::{EventType, MICROS_PER_DAY, WriteError, parse};

use super::{bodies, clean, small, titles};
use crate::outgoing::OutgoingEvent;
use crate::simulate::Simulation;
use crate::simulate::defect::tests::rejection;

const DAY_MS: i64 = MICROS_PER_DAY / 1000;

/// Computes an FNV-1a hash of all fields of all items.
fn digest(items: impl Iterator<Item = Result<OutgoingEvent, WriteError>>) -> u64 {
    items
        .map(Result::unwrap)
        .fold(0xcbf2_9ce4_8422_2325, |hash, item| {
            let arrival = item.arrives_at_ms.unwrap().to_le_bytes();
            let fields = [
                item.user_id.as_bytes(),
                &arrival,
                &item.body,
                &[u8::from(item.numbered)],
            ];
            fields.concat().iter().fold(hash, |hash, &byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
        })
}

#[test]
fn the_seed_determines_every_byte() {
    let first = digest(small().generate().take(20_000));
    assert_eq!(first, digest(small().generate().take(20_000)));
    assert_ne!(
        first,
        digest(Simulation { seed: 2, ..small() }.generate().take(20_000))
    );
    // The output of seed 1 is a contract: a change needs an entry in the release notes.
    assert_eq!(first, 0xfb43_2a66_cf7a_be1d, "{first:#x}");
}

#[test]
fn events_are_in_the_order_of_arrival() {
    let arrivals: Vec<_> = small()
        .generate()
        .map(|item| item.unwrap().arrives_at_ms.unwrap())
        .collect();
    assert!(arrivals.is_sorted());
    let begins = small().start / 1000;
    assert!(arrivals[0] > begins && *arrivals.last().unwrap() < begins + 5 * DAY_MS);
}

#[test]
fn the_number_of_events_is_about_the_requested_one() {
    for simulation in [
        small(),
        clean(),
        Simulation {
            seed: 7,
            users: 100,
            titles: 50,
            days: 1,
            events: 30_000,
            ..small()
        },
        Simulation {
            seed: 8,
            users: 5_000,
            days: 14,
            events: 100_000,
            ..small()
        },
        Simulation {
            seed: 9,
            duplicate_share: 0.5,
            ..small()
        },
    ] {
        let sent = simulation.generate().count() as f64;
        let ratio = sent / simulation.expected_events() as f64;
        assert!((0.94..1.06).contains(&ratio), "{ratio}: {simulation:?}");
    }
    assert_eq!(
        Simulation {
            events: 0,
            ..small()
        }
        .generate()
        .count(),
        0
    );
}

#[test]
fn events_have_the_expected_mean_size() {
    let bodies = bodies(&clean());
    let mean = bodies.iter().map(Vec::len).sum::<usize>() / bodies.len();
    assert!((305..335).contains(&mean), "{mean}");
}

#[test]
fn events_without_defects_are_valid_and_within_the_time_range() {
    let simulation = Simulation {
        bad_share: 0.0,
        ..small()
    };
    let span = simulation.start..simulation.end();
    let titles = titles(&simulation);
    let mut with_extra = 0;
    let mut sent = 0;
    for item in simulation.generate().map(Result::unwrap) {
        let arrives_at_ms = item.arrives_at_ms.unwrap();
        assert_eq!(rejection(&item.body, arrives_at_ms), None);
        let event = parse(&item.body).unwrap();
        assert_eq!(event.user_id, item.user_id);
        assert!(item.numbered);
        assert!(span.contains(&event.event_time));
        assert!(event.event_time < arrives_at_ms * 1000);
        assert!(
            event
                .title_id
                .is_none_or(|id| titles.contains_key(id.as_ref()))
        );
        assert!(
            event.country.is_some() && event.device.kind.is_some() && event.profile_id.is_some()
        );
        with_extra += usize::from(event.extra.is_some());
        sent += 1;
    }
    assert!(
        (sent / 100..sent / 15).contains(&with_extra),
        "{with_extra} of {sent}"
    );
}

#[test]
fn malformed_events_are_rejected_for_many_reasons() {
    let simulation = Simulation {
        bad_share: 0.05,
        duplicate_share: 0.0,
        ..small()
    };
    let mut reasons = BTreeMap::new();
    let mut unnumbered = 0;
    let mut sent = 0;
    for item in simulation.generate().map(Result::unwrap) {
        sent += 1;
        if let Some(reason) = rejection(&item.body, item.arrives_at_ms.unwrap()) {
            *reasons.entry(reason.name()).or_insert(0) += 1;
            unnumbered += u32::from(!item.numbered);
        }
        assert!(item.user_id.starts_with("u-"));
        assert_eq!(item.numbered, item.body.starts_with(b"{"));
        assert!(!item.body.contains(&b'\n'));
    }
    let share = f64::from(reasons.values().sum::<u32>()) / f64::from(sent);
    assert!((0.045..0.055).contains(&share), "{share}");
    assert_eq!(reasons.len(), 11, "{reasons:?}");
    assert!(unnumbered > 0);
}

#[test]
fn duplicates_are_byte_identical_and_have_the_requested_share() {
    let simulation = Simulation {
        duplicate_share: 0.05,
        ..small()
    };
    let mut first = HashMap::new();
    let (mut again, mut sent) = (0, 0);
    for item in simulation.generate().map(Result::unwrap) {
        sent += 1;
        let arrives = item.arrives_at_ms.unwrap();
        // Error pages are equal without being duplicates.
        if !item.numbered {
            continue;
        }
        if let Some(before) = first.insert(item.body, arrives) {
            assert!((1_000..=7_200_000).contains(&(arrives - before)));
            again += 1;
        }
    }
    let ids: BTreeSet<_> = first
        .keys()
        .filter_map(|body| parse(body).ok().map(|event| event.event_id))
        .collect();
    let whole = first.keys().filter(|body| parse(body).is_ok()).count();
    assert_eq!(ids.len(), whole, "an id stands for one event");
    let share = f64::from(again) / f64::from(sent - again);
    assert!((0.045..0.055).contains(&share), "{share}");
}

#[test]
fn late_sessions_arrive_hours_later_all_at_once() {
    let simulation = Simulation {
        late_share: 0.1,
        bad_share: 0.0,
        duplicate_share: 0.0,
        ..small()
    };
    let mut late: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut sent = 0.0;
    for item in simulation.generate().map(Result::unwrap) {
        sent += 1.0;
        let event = parse(&item.body).unwrap();
        let arrives = item.arrives_at_ms.unwrap();
        let behind = arrives - event.event_time / 1000;
        if behind > 10_000 {
            assert!((3_600_000..48 * 3_600_000).contains(&behind));
            assert!(matches!(
                event.device.kind.as_deref(),
                Some("phone" | "tablet")
            ));
            assert!(!matches!(
                event.event_type,
                EventType::Search | EventType::Browse
            ));
            late.entry(event.session_id.into_owned())
                .or_default()
                .push(arrives);
        }
    }
    let share = late.values().map(Vec::len).sum::<usize>() as f64 / sent;
    assert!((0.06..0.14).contains(&share), "{share}");
    assert!(
        late.values()
            .all(|arrivals| arrivals.last().unwrap() - arrivals[0] < 10_000)
    );
}

#[test]
fn few_sessions_are_in_memory() {
    let simulation = Simulation {
        late_share: 0.0,
        ..small()
    };
    let mut run = simulation.generate();
    let mut most = 0;
    while run.next().is_some() {
        most = most.max(run.active_len());
    }
    // At the peak hour about a tenth of a day's sessions are active.
    assert!((1..400).contains(&most), "{most}");
}

#[test]
fn invalid_options_are_rejected_and_generate_nothing() {
    assert_eq!(Simulation::default().validate(), Ok(()));
    let faults = [
        (
            Simulation {
                users: 0,
                ..small()
            },
            "invalid number of users 0: it must be from 1 to 10000000",
        ),
        (
            Simulation {
                titles: 0,
                ..small()
            },
            "invalid number of titles 0: it must be from 1 to 1000000",
        ),
        (
            Simulation { days: 0, ..small() },
            "invalid number of days 0: it must be from 1 to 3660",
        ),
        (
            Simulation {
                days: u32::MAX,
                ..small()
            },
            "invalid number of days 4294967295: it must be from 1 to 3660",
        ),
        (
            Simulation {
                bad_share: 1.5,
                ..small()
            },
            "invalid share of bad events 1.5: it must be from 0 to 1",
        ),
        (
            Simulation {
                late_share: -0.1,
                ..small()
            },
            "invalid share of late events -0.1: it must be from 0 to 1",
        ),
        (
            Simulation {
                duplicate_share: f64::NAN,
                ..small()
            },
            "invalid share of duplicated events NaN: it must be from 0 to 1",
        ),
        (
            Simulation {
                start: i64::MAX,
                ..small()
            },
            "invalid start 9223372036854775807 (UTC microseconds): it must be in the years 2000 to 2099",
        ),
    ];
    for (simulation, message) in faults {
        assert_eq!(simulation.validate().unwrap_err().to_string(), message);
        assert_eq!(simulation.generate().count(), 0);
    }
}

#[test]
fn all_shares_can_be_one() {
    let simulation = Simulation {
        bad_share: 1.0,
        duplicate_share: 1.0,
        late_share: 1.0,
        users: 1,
        titles: 1,
        days: 1,
        events: 500,
        ..small()
    };
    let mut sent = 0;
    for item in simulation.generate().map(Result::unwrap) {
        assert!(rejection(&item.body, item.arrives_at_ms.unwrap()).is_some());
        sent += 1;
    }
    assert!(sent > 0);
}
