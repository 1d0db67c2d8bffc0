//! `docs/event.schema.json` says what `parse` does, but for the few rules that
//! no schema can say.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../../crates/event/tests/any_event/mod.rs"]
mod any_event;
#[path = "../../../crates/event/tests/mutation/mod.rs"]
mod mutation;

use std::sync::LazyLock;

use any_event::KNOWN;
use jsonschema::Validator;
use marquee_event::{EventType, parse};
use mutation::any_changed_event;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../docs/event.schema.json")).unwrap()
});

/// As the specification has it: `format` is a remark.
static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| validator(false));

/// As many set it up: `format` is asserted.
static ASSERTING: LazyLock<Validator> = LazyLock::new(|| validator(true));

fn validator(formats: bool) -> Validator {
    jsonschema::draft202012::options()
        .should_validate_formats(formats)
        .build(&SCHEMA)
        .unwrap()
}

/// The rules of bytes, which no schema sees: a string that is long in bytes and
/// not in characters, and extra fields past 8 KiB.
fn depends_on_bytes(unit: &str, value: &Value) -> bool {
    fn longer_in_bytes(value: &Value) -> bool {
        match value {
            Value::String(text) => text.len() > 128 && !text.is_ascii(),
            Value::Array(values) => values.iter().any(longer_in_bytes),
            Value::Object(members) => members.values().any(longer_in_bytes),
            _ => false,
        }
    }
    unit.len() > 8192 || longer_in_bytes(value)
}

/// What `format` refuses and the contract takes: a space for the `T`, and a
/// leap second where none was.
fn is_loosely_timed(value: &Value) -> bool {
    let time = value["event_time"].as_str().unwrap_or_default();
    time.contains(' ') || time.contains(":60")
}

proptest! {
    #[test]
    fn the_schema_allows_what_is_parsed_and_nothing_else(unit in any_changed_event()) {
        let Ok(value) = serde_json::from_str(&unit) else { return Ok(()) };
        if depends_on_bytes(&unit, &value) {
            return Ok(());
        }
        let parsed = parse(unit.as_bytes());
        prop_assert_eq!(VALIDATOR.is_valid(&value), parsed.is_ok(), "{:?}: {}", parsed, unit);
        if !is_loosely_timed(&value) {
            prop_assert_eq!(ASSERTING.is_valid(&value), parsed.is_ok(), "{:?}: {}", parsed, unit);
        }
    }
}

/// The comparison proves nothing about what the generator never makes.
#[test]
fn many_of_the_units_compared_are_events_and_many_are_not() {
    let mut runner = TestRunner::deterministic();
    let units = any_changed_event();
    let (mut compared, mut allowed) = (0, 0);
    for _ in 0..2000 {
        let unit = units.new_tree(&mut runner).unwrap().current();
        let Ok(value) = serde_json::from_str(&unit) else {
            continue;
        };
        if !depends_on_bytes(&unit, &value) {
            compared += 1;
            allowed += u32::from(VALIDATOR.is_valid(&value));
        }
    }
    assert!(
        compared > 1600 && allowed > 500 && compared - allowed > 500,
        "{allowed} of {compared}"
    );
}

#[test]
fn the_schema_is_a_schema_and_its_examples_are_events() {
    assert!(jsonschema::draft202012::meta::is_valid(&SCHEMA));
    let examples = SCHEMA["examples"].as_array().unwrap();
    assert!(!examples.is_empty());
    for example in examples {
        assert!(ASSERTING.is_valid(example), "{example}");
        parse(example.to_string().as_bytes()).unwrap();
    }
}

#[test]
fn the_schema_knows_every_field_and_every_type() {
    let names = |object: &Value| {
        let mut names: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    let mut known = KNOWN.map(str::to_owned);
    known.sort();
    assert_eq!(names(&SCHEMA["properties"]), known);
    assert_eq!(
        names(&SCHEMA["properties"]["device"]["properties"]),
        ["app_version", "os", "type"]
    );
    assert_eq!(
        names(&SCHEMA["properties"]["producer"]["properties"]),
        ["id", "seq"]
    );
    assert_eq!(
        SCHEMA["properties"]["event_type"]["enum"],
        json!(EventType::ALL.map(EventType::name)),
    );
}

/// A whole event with one member set.
fn with(member: &str, value: Value) -> Value {
    let event = json!({
        "event_id": "01936f2e-5c00-7000-8000-000000000001", "event_type": "seek",
        "event_time": "2026-01-31T20:15:00Z", "user_id": "u", "session_id": "s", "title_id": "t",
        "position_ms": 0, "from_position_ms": 0, "query": "q", "rating": 5,
    });
    let mut event: Map<String, Value> = event.as_object().unwrap().clone();
    event.insert(member.to_owned(), value);
    Value::Object(event)
}

/// Every day that there could be in some years, and some that there are not.
#[test]
fn the_patterns_know_the_calendar() {
    for year in [
        0, 1, 1600, 1700, 1900, 1999, 2000, 2004, 2023, 2024, 2100, 9996, 9999,
    ] {
        for month in 0..=13 {
            for day in 0..=32 {
                let event = with(
                    "event_time",
                    json!(format!("{year:04}-{month:02}-{day:02}T00:00:00Z")),
                );
                let parsed = parse(event.to_string().as_bytes()).is_ok();
                assert_eq!(VALIDATOR.is_valid(&event), parsed, "{year}-{month}-{day}");
            }
        }
    }
}

#[test]
fn the_patterns_know_the_clock() {
    let times = [
        "00:00:00Z",
        "23:59:59Z",
        "23:59:60Z",
        "12:34:60+05:30",
        "24:00:00Z",
        "00:60:00Z",
        "00:00:61Z",
        "00:00:00",
        "00:00:00z",
        "00:00:00.1Z",
        "00:00:00.123456789Z",
        "00:00:00.1234567890Z",
        "00:00:00.Z",
        "00:00:00,5Z",
        "00:00:00+23:59",
        "00:00:00-00:00",
        "00:00:00+24:00",
        "00:00:00+00:60",
        "00:00:00+0100",
        "00:00:00+01",
        "00:00:00 Z",
        "00:00:00Z ",
        "00:00:00Z\n",
        "0:00:00Z",
        "00:00Z",
        "",
        "００:00:00Z",
    ];
    for time in times {
        for between in ["T", "t", " ", "_", ""] {
            let event = with("event_time", json!(format!("2026-01-31{between}{time}")));
            let parsed = parse(event.to_string().as_bytes()).is_ok();
            assert_eq!(VALIDATOR.is_valid(&event), parsed, "{between}{time:?}");
            assert!(parsed || !ASSERTING.is_valid(&event), "{between}{time:?}");
        }
    }
}

/// What the schema's `$comment` says it cannot say.
#[test]
fn what_a_schema_cannot_say_is_refused_by_parse_alone() {
    let long_in_bytes = with("user_id", json!("é".repeat(65)));
    let much_extra = with("blob", json!("x".repeat(9000)));
    for event in [long_in_bytes, much_extra] {
        assert!(VALIDATOR.is_valid(&event));
        assert!(parse(event.to_string().as_bytes()).is_err());
    }
}
