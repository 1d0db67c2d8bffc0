//! Arbitrary events of version 1, for property tests.
//!
//! The module depends only on `marquee_event`, proptest and serde_json, so that the tests
//! of other crates can include it with `#[path]`.

use std::borrow::Cow;

use marquee_event::{Country, Device, Event, EventType, FIELDS, Producer, Rating, bounds};
use proptest::prelude::*;
use proptest::{collection, option, sample};
use serde_json::Value;

/// The top-level fields of version 1.
pub(crate) const KNOWN: [&str; FIELDS.len()] = {
    let mut known = [""; FIELDS.len()];
    let mut field = 0;
    while field < FIELDS.len() {
        known[field] = FIELDS[field].path;
        field += 1;
    }
    known
};

/// The first and the last microsecond that RFC 3339 can represent in UTC.
pub(crate) const YEARS_0_TO_9999: std::ops::RangeInclusive<i64> =
    -62_167_219_200_000_000..=253_402_300_799_999_999;

/// Generates valid events: every type, with and without optional fields, with strings and
/// numbers up to their bounds.
pub(crate) fn any_event() -> impl Strategy<Value = Event<'static>> {
    let common = (
        any::<u128>().prop_map(uuid::Uuid::from_u128),
        sample::select(&EventType::ALL[..]),
        event_time(),
        id(),
        id(),
    );
    let context = (
        option::of(id()),
        option::of(country()),
        device(),
        option::of(producer()),
    );
    let position = || prop_oneof![Just(0), Just(bounds::POSITION_MS), 0..=bounds::POSITION_MS];
    let by_type = (
        optional_value(id()),
        optional_value(position()),
        optional_value(position()),
        optional_value(text(bounds::QUERY_BYTES)),
        option::of(0..=bounds::RESULTS as i32),
        option::of(0..=bounds::ROW as i32),
        optional_value(
            (1..=10_u8).prop_map(|halves| Rating::from_halves(halves).expect("1 to 10")),
        ),
        option::of(text(32)),
    );
    let unknown = (
        unknown_members(&KNOWN),
        unknown_members(&["type", "os", "app_version"]),
        unknown_members(&["id", "seq"]),
    );
    (common, context, by_type, unknown).prop_map(
        |(
            (event_id, event_type, event_time, user_id, session_id),
            (profile_id, country, device, producer),
            (title_id, position_ms, from_position_ms, query, results, row, rating, network_type),
            (unknown, of_device, of_producer),
        )| {
            let of_producer = if producer.is_some() {
                of_producer
            } else {
                Vec::new()
            };
            Event {
                event_id,
                event_type,
                event_time,
                user_id,
                session_id,
                profile_id,
                country,
                device,
                producer,
                title_id: title_id.resolve(event_type.needs_title()),
                position_ms: position_ms.resolve(event_type.is_playback()),
                from_position_ms: from_position_ms.resolve(event_type == EventType::Seek),
                query: query.resolve(event_type == EventType::Search),
                results,
                row,
                rating: rating.resolve(event_type == EventType::Rate),
                network_type,
                extra: extra(unknown, of_device, of_producer),
            }
        },
    )
}

/// A value, and whether an event that does not need it has it.
#[derive(Debug, Clone)]
struct OptionalValue<T>(T, bool);

impl<T> OptionalValue<T> {
    fn resolve(self, needed: bool) -> Option<T> {
        (needed || self.1).then_some(self.0)
    }
}

fn optional_value<T: std::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = OptionalValue<T>> {
    (value, any::<bool>()).prop_map(|(value, is_present)| OptionalValue(value, is_present))
}

fn event_time() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => (1_577_836_800_000..1_893_456_000_000_i64).prop_map(|ms| ms * 1000),
        1 => YEARS_0_TO_9999,
        1 => prop_oneof![Just(*YEARS_0_TO_9999.start()), Just(*YEARS_0_TO_9999.end())],
    ]
}

/// Generates text without U+0000, of at most `most` bytes.
fn text(most: usize) -> impl Strategy<Value = Cow<'static, str>> {
    prop_oneof![
        4 => "[a-z0-9-]{1,20}",
        2 => "(?s:.){0,40}",
        1 => "\\PC{0,40}",
        1 => Just("x".repeat(most)),
        1 => Just("é".repeat(most / 2)),
    ]
    .prop_map(move |text| {
        let mut kept = String::new();
        for letter in text.chars().filter(|letter| *letter != '\0') {
            if kept.len() + letter.len_utf8() <= most {
                kept.push(letter);
            }
        }
        Cow::Owned(kept)
    })
}

fn id() -> impl Strategy<Value = Cow<'static, str>> {
    text(bounds::ID_BYTES).prop_map(|id| {
        if id.is_empty() {
            Cow::Borrowed("u")
        } else {
            id
        }
    })
}

fn country() -> impl Strategy<Value = Country> {
    "[A-Z]{2}".prop_map(|code| Country::from_code(&code).expect("two capital letters"))
}

fn device() -> impl Strategy<Value = Device<'static>> {
    let word = || option::of(text(bounds::ID_BYTES));
    (word(), word(), word()).prop_map(|(kind, os, app_version)| Device {
        kind,
        os,
        app_version,
    })
}

fn producer() -> impl Strategy<Value = Producer<'static>> {
    (id(), prop_oneof![1..100_i64, 1..=bounds::PRODUCER_SEQ])
        .prop_map(|(id, seq)| Producer { id, seq })
}

/// Generates members, as text, whose keys are not in `known`; usually none.
fn unknown_members(known: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    let key = prop_oneof![4 => "[a-z_]{1,12}", 1 => "(?s:.){0,6}"]
        .prop_filter("known", |key| !known.contains(&key.as_str()));
    let colon = sample::select(&[":", ": ", " :", "\t:  "][..]);
    let member = (key, colon, any_json())
        .prop_map(|(key, colon, value)| format!("{}{colon}{value}", Value::String(key)));
    prop_oneof![3 => Just(Vec::new()), 1 => collection::vec(member, 1..4)]
}

/// Generates JSON values with a few levels of nesting.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(?s:.){0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            collection::btree_map("[a-z]{0,3}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Returns the unknown members in the form of a parsed event's `extra`.
fn extra(
    mut members: Vec<String>,
    of_device: Vec<String>,
    of_producer: Vec<String>,
) -> Option<Cow<'static, str>> {
    for (object, nested) in [("device", of_device), ("producer", of_producer)] {
        if !nested.is_empty() {
            members.push(format!("\"{object}\":{{{}}}", nested.join(",")));
        }
    }
    (!members.is_empty()).then(|| Cow::Owned(format!("{{{}}}", members.join(","))))
}
