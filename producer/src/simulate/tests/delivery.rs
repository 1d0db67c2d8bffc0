//! What reaches the stream: order, number, lateness, duplicates, defects.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use marquee_event::{EventType, parse};

use super::{bodies, clean, small, titles};
use crate::outgoing::Outgoing;
use crate::simulate::spoil::tests::refusal;
use crate::simulate::{DAY_US, Simulation};

const DAY_MS: i64 = DAY_US / 1000;

/// FNV-1a over everything that an item says.
fn digest(items: impl Iterator<Item = Outgoing>) -> u64 {
    items.fold(0xcbf2_9ce4_8422_2325, |hash, item| {
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
fn the_seed_decides_every_byte() {
    let first = digest(small().run().take(20_000));
    assert_eq!(first, digest(small().run().take(20_000)));
    assert_ne!(
        first,
        digest(Simulation { seed: 2, ..small() }.run().take(20_000))
    );
    // What seed 1 means is a promise: only a release that says so may change it.
    assert_eq!(first, 0xfb43_2a66_cf7a_be1d, "{first:#x}");
}

#[test]
fn items_come_in_the_order_they_arrive() {
    let arrivals: Vec<_> = small()
        .run()
        .map(|item| item.arrives_at_ms.unwrap())
        .collect();
    assert!(arrivals.is_sorted());
    let begins = small().start / 1000;
    assert!(arrivals[0] > begins && *arrivals.last().unwrap() < begins + 5 * DAY_MS);
}

#[test]
fn there_are_about_as_many_events_as_asked_for() {
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
        let sent = simulation.run().count() as f64;
        let ratio = sent / simulation.expected_events() as f64;
        assert!((0.94..1.06).contains(&ratio), "{ratio}: {simulation:?}");
    }
    assert_eq!(
        Simulation {
            events: 0,
            ..small()
        }
        .run()
        .count(),
        0
    );
}

#[test]
fn events_are_of_the_size_that_was_planned_for() {
    let bodies = bodies(&clean());
    let mean = bodies.iter().map(Vec::len).sum::<usize>() / bodies.len();
    assert!((305..335).contains(&mean), "{mean}");
}

#[test]
fn what_is_not_broken_is_accepted_and_happens_within_the_span() {
    let simulation = Simulation {
        bad_share: 0.0,
        ..small()
    };
    let span = simulation.start..simulation.ends();
    let titles = titles(&simulation);
    let mut with_extra = 0;
    let mut sent = 0;
    for item in simulation.run() {
        let arrives_at_ms = item.arrives_at_ms.unwrap();
        assert_eq!(refusal(&item.body, arrives_at_ms), None);
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
fn broken_ones_are_refused_for_many_reasons() {
    let simulation = Simulation {
        bad_share: 0.05,
        duplicate_share: 0.0,
        ..small()
    };
    let mut reasons = BTreeMap::new();
    let mut unnumbered = 0;
    let mut sent = 0;
    for item in simulation.run() {
        sent += 1;
        if let Some(reason) = refusal(&item.body, item.arrives_at_ms.unwrap()) {
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
fn duplicates_are_byte_identical_and_as_many_as_asked_for() {
    let simulation = Simulation {
        duplicate_share: 0.05,
        ..small()
    };
    let mut first = HashMap::new();
    let (mut again, mut sent) = (0, 0);
    for item in simulation.run() {
        sent += 1;
        let arrives = item.arrives_at_ms.unwrap();
        // An error page is as like another as two events never are.
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
fn late_sittings_arrive_hours_later_all_at_once() {
    let simulation = Simulation {
        late_share: 0.1,
        bad_share: 0.0,
        duplicate_share: 0.0,
        ..small()
    };
    let mut late: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut sent = 0.0;
    for item in simulation.run() {
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
fn little_is_held_in_memory() {
    let simulation = Simulation {
        late_share: 0.0,
        ..small()
    };
    let mut run = simulation.run();
    let mut most = 0;
    while run.next().is_some() {
        most = most.max(run.under_way_len());
    }
    // At the peak hour about a tenth of a day's sittings are under way.
    assert!((1..400).contains(&most), "{most}");
}

#[test]
fn impossible_options_are_refused_and_simulate_nothing() {
    assert_eq!(Simulation::default().validate(), Ok(()));
    let faults = [
        (
            Simulation {
                users: 0,
                ..small()
            },
            "the number of users must be 1 to 10000000, not 0",
        ),
        (
            Simulation {
                titles: 0,
                ..small()
            },
            "the number of titles must be 1 to 1000000, not 0",
        ),
        (
            Simulation { days: 0, ..small() },
            "the number of days must be 1 to 3660, not 0",
        ),
        (
            Simulation {
                days: u32::MAX,
                ..small()
            },
            "the number of days must be 1 to 3660, not 4294967295",
        ),
        (
            Simulation {
                bad_share: 1.5,
                ..small()
            },
            "the share of bad events must be 0 to 1, not 1.5",
        ),
        (
            Simulation {
                late_share: -0.1,
                ..small()
            },
            "the share of late events must be 0 to 1, not -0.1",
        ),
        (
            Simulation {
                duplicate_share: f64::NAN,
                ..small()
            },
            "the share of duplicated events must be 0 to 1, not NaN",
        ),
        (
            Simulation {
                start: i64::MAX,
                ..small()
            },
            "the start must be within the years 2000 to 2099, not 9223372036854775807 µs from the epoch",
        ),
    ];
    for (simulation, sentence) in faults {
        assert_eq!(simulation.validate().unwrap_err().to_string(), sentence);
        assert_eq!(simulation.run().count(), 0);
    }
}

#[test]
fn everything_may_go_wrong_at_once() {
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
    for item in simulation.run() {
        assert!(refusal(&item.body, item.arrives_at_ms.unwrap()).is_some());
        sent += 1;
    }
    assert!(sent > 0);
}
