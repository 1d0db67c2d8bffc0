//! Generated units: an event with its identity and arrival.

use std::borrow::Cow;

use marquee_event::{Country, Date, Device, Event, EventType, Producer, Rating, Title, TitleKind};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

/// The date that the tests compact, 2026-03-01, in days since 1970-01-01.
pub(crate) const DAY: i64 = 20_513;
pub(crate) const DATE: Date = Date::from_days(DAY as i32);
pub(crate) const DAY_US: i64 = 86_400_000_000;

/// The content of an event, without its id and user.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Content {
    pub(crate) event_type: EventType,
    pub(crate) time: i64,
    pub(crate) session: String,
    pub(crate) profile: Option<String>,
    pub(crate) country: Option<&'static str>,
    pub(crate) device_type: Option<&'static str>,
    pub(crate) title: Option<&'static str>,
    pub(crate) position_ms: Option<i64>,
    pub(crate) from_position_ms: Option<i64>,
    pub(crate) query: Option<String>,
    pub(crate) results: Option<i32>,
    pub(crate) row: Option<i32>,
    pub(crate) halves: Option<u8>,
    pub(crate) network_type: Option<&'static str>,
    pub(crate) extra: Option<String>,
}

/// A unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unit {
    pub(crate) event_id: u128,
    pub(crate) user: String,
    pub(crate) content: Content,
    pub(crate) producer: Option<(&'static str, i64)>,
    pub(crate) shard: &'static str,
    pub(crate) sequence: u64,
    pub(crate) sub_sequence: i32,
    pub(crate) arrived_at: i64,
}

impl Unit {
    pub(crate) fn is_of_date(&self) -> bool {
        self.content.time.div_euclid(DAY_US) == DAY
    }

    pub(crate) fn event(&self) -> Event<'_> {
        let content = &self.content;
        let text = |text: &'static str| Cow::Borrowed(text);
        Event {
            event_id: uuid::Uuid::from_u128(self.event_id),
            event_type: content.event_type,
            event_time: content.time,
            user_id: (&self.user).into(),
            session_id: (&content.session).into(),
            profile_id: content.profile.as_ref().map(Into::into),
            country: content.country.and_then(Country::from_code),
            device: Device {
                kind: content.device_type.map(text),
                os: content.device_type.map(|_| "os".into()),
                app_version: None,
            },
            producer: self
                .producer
                .map(|(id, seq)| Producer { id: id.into(), seq }),
            title_id: content.title.map(text),
            position_ms: content.position_ms,
            from_position_ms: content.from_position_ms,
            query: content.query.as_ref().map(Into::into),
            results: content.results,
            row: content.row,
            rating: content.halves.and_then(Rating::from_halves),
            network_type: content.network_type.map(text),
            extra: content.extra.as_ref().map(Into::into),
        }
    }
}

/// Returns titles of two series, titles of no series, and titles without a runtime. It does
/// not contain `t-unknown`.
pub(crate) fn title_catalog() -> Vec<Title> {
    let title = |id: &str, series: Option<&str>, genres: &[&str], runtime_ms| Title {
        title_id: id.to_owned(),
        name: id.to_uppercase(),
        kind: TitleKind::Movie,
        series_id: series.map(str::to_owned),
        season: None,
        episode: None,
        genres: genres.iter().map(|genre| (*genre).to_owned()).collect(),
        runtime_ms,
        runtime_estimated: false,
        release_date: None,
    };
    vec![
        title("t-film", None, &["drama", "crime"], Some(900_000)),
        title("t-bare", None, &[], None),
        title("t-1", Some("s-1"), &["drama"], Some(100_000)),
        title("t-2", Some("s-1"), &["drama"], Some(200_000)),
        title("t-3", Some("s-1"), &[], Some(1)),
        title("t-4", Some("s-2"), &["war"], None),
    ]
}

const TITLES: [&str; 7] = ["t-film", "t-bare", "t-1", "t-2", "t-3", "t-4", "t-unknown"];

fn any_time() -> impl Strategy<Value = i64> {
    let midnight = DAY * DAY_US;
    let of_day = prop_oneof![
        4 => (0i64..12).prop_map(|step| 36_000_000_000 + step * 97_000_000),
        3 => 36_000_000_000i64..40_000_000_000,
        1 => select(vec![0, 999, DAY_US - 1, DAY_US - 1_000_001]),
        1 => select(vec![-1, DAY_US, -DAY_US, 5 * DAY_US]),
    ];
    of_day.prop_map(move |of_day| midnight + of_day)
}

fn any_content() -> impl Strategy<Value = Content> {
    let watched = prop_oneof![
        8 => Just(EventType::Heartbeat), 4 => Just(EventType::Play), 2 => Just(EventType::Pause),
        2 => Just(EventType::Resume), 2 => Just(EventType::Stop), 1 => Just(EventType::Complete),
        3 => Just(EventType::Seek),
    ];
    let event_type = prop_oneof![
        6 => watched,
        2 => Just(EventType::Rate),
        3 => select(EventType::ALL.to_vec()),
    ];
    let position = || prop_oneof![0i64..1_200_000, select(vec![0, 70_000, 95_000, 100_000])];
    let viewer = (
        (0u8..3).prop_map(|session| format!("session-{session}")),
        weighted(0.3, Just("kids".to_owned())),
        weighted(0.7, select(vec!["DE", "FR"])),
        weighted(0.7, select(vec!["tv", "phone"])),
    );
    let details = (
        weighted(0.3, "[a-cé]{0,3}"),
        weighted(0.2, 0i32..9),
        weighted(0.2, 0i32..9),
        weighted(0.3, 1u8..=10),
        weighted(0.1, Just("{\"mood\":1}".to_owned())),
        weighted(0.3, select(vec!["wifi", "cellular"])),
    );
    let playback = (
        weighted(0.5, select(TITLES.to_vec())),
        position(),
        weighted(0.5, position()),
    );
    (event_type, any_time(), viewer, details, playback).prop_map(
        |(event_type, time, viewer, details, (title, position, from))| Content {
            event_type,
            time,
            session: viewer.0,
            profile: viewer.1,
            country: viewer.2,
            device_type: viewer.3,
            title: match event_type.needs_title() {
                true => Some(title.unwrap_or("t-film")),
                false => title,
            },
            position_ms: event_type.is_playback().then_some(position),
            from_position_ms: from.filter(|_| event_type == EventType::Seek),
            query: details.0,
            results: details.1,
            row: details.2,
            halves: details.3.filter(|_| event_type == EventType::Rate),
            extra: details.4,
            network_type: details.5,
        },
    )
}

/// Generates units, many of which are duplicates of an event, with equal or other content.
/// All identities are distinct.
pub(crate) fn any_units(most: usize) -> impl Strategy<Value = Vec<Unit>> {
    let event_id = prop_oneof![3 => any::<u128>(), 1 => 0u128..3];
    let event = (any_content(), 0u8..4, event_id);
    let copy = (
        0usize..1000,
        weighted(0.2, any_content()),
        select(vec!["shard-1", "shard-2"]),
        0i64..4,
        any::<bool>(),
    );
    (vec(event, 1..most), vec(copy, 1..most)).prop_map(|(events, copies)| {
        let unit = |at: usize, event: usize, other: Option<Content>, shard, wait, counts: bool| {
            let (content, user, event_id) = &events[event];
            Unit {
                event_id: *event_id,
                user: format!("user-{user}"),
                content: other.unwrap_or_else(|| content.clone()),
                producer: counts.then_some(("edge", at as i64 + 1)),
                shard,
                // From 2 to more than 10, so that the order of numbers and text differs.
                sequence: at as u64 / 2 + 2,
                sub_sequence: at as i32 % 2,
                arrived_at: DAY * DAY_US + 50_000_000_000 + wait * 1_000_000,
            }
        };
        let firsts = (0..events.len()).map(|at| unit(at, at, None, "shard-1", 1, true));
        let copies = copies.iter().enumerate().map(|(at, copy)| {
            let (event, other, shard, wait, counts) = copy.clone();
            let at = at + events.len();
            unit(at, event % events.len(), other, shard, wait, counts)
        });
        firsts.chain(copies).collect()
    })
}

/// Returns a unit with a play event of the date.
pub(crate) fn unit(event_id: u128, user: &str, arrived_at: i64) -> Unit {
    Unit {
        event_id,
        user: user.to_owned(),
        content: Content {
            event_type: EventType::Play,
            time: DAY * DAY_US + 5,
            session: "s".to_owned(),
            profile: None,
            country: Some("DE"),
            device_type: None,
            title: Some("t-film"),
            position_ms: Some(0),
            from_position_ms: None,
            query: None,
            results: None,
            row: None,
            halves: None,
            network_type: None,
            extra: None,
        },
        producer: None,
        shard: "shard-1",
        sequence: arrived_at as u64 + 1,
        sub_sequence: 0,
        arrived_at,
    }
}
