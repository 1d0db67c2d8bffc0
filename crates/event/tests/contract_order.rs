//! Tests of the contract: a unit with several faults is rejected for the one that is
//! checked first.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod minimal;
mod rejection;

use marquee_event::{EventType, Reason, TimeWindow, parse};
use minimal::minimal;
use rejection::rejection;
use serde_json::{Map, Value, json};

/// A function that breaks a valid event.
type Break = fn(&mut Map<String, Value>);

fn set(event: &mut Map<String, Value>, field: &str, value: Value) {
    event.insert(field.to_owned(), value);
}

fn set_in(event: &mut Map<String, Value>, object: &str, member: &str, value: Value) {
    event[object][member] = value;
}

/// Returns an event with all required fields and objects, so that each fault applies.
fn whole() -> Map<String, Value> {
    let mut event = minimal(EventType::Seek);
    set(
        &mut event,
        "device",
        json!({ "type": "tv", "os": "webos", "app_version": "7" }),
    );
    set(&mut event, "producer", json!({ "id": "p", "seq": 1 }));
    event
}

/// Returns one fault of each field, in the order of the checks. The faults are independent.
fn faults() -> Vec<(&'static str, Break)> {
    vec![
        ("unsupported_schema_version: schema_version", |e| {
            set(e, "schema_version", json!(2))
        }),
        ("wrong_type: event_id", |e| set(e, "event_id", json!("1"))),
        ("unknown_event_type: event_type", |e| {
            set(e, "event_type", json!("teleport"))
        }),
        ("wrong_type: event_time", |e| {
            set(e, "event_time", json!("now"))
        }),
        ("missing_field: user_id", |e| drop(e.remove("user_id"))),
        ("too_long: session_id", |e| {
            set(e, "session_id", json!("s".repeat(129)))
        }),
        ("illegal_character: profile_id", |e| {
            set(e, "profile_id", json!("\0"))
        }),
        ("wrong_type: country", |e| set(e, "country", json!("nz"))),
        ("wrong_type: device.type", |e| {
            set_in(e, "device", "type", json!(1))
        }),
        ("illegal_character: device.os", |e| {
            set_in(e, "device", "os", json!("\0"))
        }),
        ("too_long: device.app_version", |e| {
            set_in(e, "device", "app_version", json!("7".repeat(129)))
        }),
        ("missing_field: producer.id", |e| {
            set_in(e, "producer", "id", json!(null))
        }),
        ("out_of_range: producer.seq", |e| {
            set_in(e, "producer", "seq", json!(0))
        }),
        ("wrong_type: title_id", |e| set(e, "title_id", json!(""))),
        ("out_of_range: position_ms", |e| {
            set(e, "position_ms", json!(-1))
        }),
        ("wrong_type: from_position_ms", |e| {
            set(e, "from_position_ms", json!(0.5))
        }),
        ("too_long: query", |e| {
            set(e, "query", json!("q".repeat(513)))
        }),
        ("out_of_range: results", |e| set(e, "results", json!(-1))),
        ("wrong_type: row", |e| set(e, "row", json!("top"))),
        ("out_of_range: rating", |e| set(e, "rating", json!(6))),
        ("too_long: network_type", |e| {
            set(e, "network_type", json!("n".repeat(33)))
        }),
        ("too_long: extra", |e| {
            set(e, "blob", json!("x".repeat(9000)))
        }),
    ]
}

#[test]
fn the_first_of_two_faults_counts() {
    let faults = faults();
    for (first, (expected, break_first)) in faults.iter().enumerate() {
        for (_, break_second) in faults.iter().skip(first) {
            let mut event = whole();
            break_first(&mut event);
            break_second(&mut event);
            let rejection = rejection(Value::Object(event).to_string());
            assert!(
                rejection.starts_with(expected),
                "{rejection}, expected {expected}"
            );
        }
    }
}

#[test]
fn the_first_of_all_faults_counts() {
    let faults = faults();
    for repaired in 0..faults.len() {
        let mut event = whole();
        for (_, break_it) in faults.iter().skip(repaired) {
            break_it(&mut event);
        }
        let rejection = rejection(Value::Object(event).to_string());
        assert!(rejection.starts_with(faults[repaired].0), "{rejection}");
    }
}

/// The fields that the type needs are checked after the rules of the present fields.
#[test]
fn absent_fields_of_the_type_are_reported_after_the_rules_of_fields() {
    let absent: [(&str, EventType, &[&str]); 5] = [
        (
            "title_id",
            EventType::Seek,
            &["title_id", "position_ms", "from_position_ms"],
        ),
        (
            "position_ms",
            EventType::Seek,
            &["position_ms", "from_position_ms"],
        ),
        ("from_position_ms", EventType::Seek, &["from_position_ms"]),
        ("query", EventType::Search, &["query"]),
        ("title_id", EventType::Rate, &["title_id", "rating"]),
    ];
    for (expected, event_type, absent) in absent {
        let mut event = minimal(event_type);
        for field in absent {
            event.remove(*field);
        }
        set(&mut event, "blob", json!("x".repeat(9000)));
        let expected = format!("missing_field: {expected} (required, but absent or null)");
        assert_eq!(
            rejection(Value::Object(event.clone()).to_string()),
            expected
        );
        set(&mut event, "row", json!(10_001));
        let earlier = "out_of_range: row = 10001 (expected 0 to 10000)";
        assert_eq!(rejection(Value::Object(event).to_string()), earlier);
    }
}

#[test]
fn within_a_string_its_length_is_checked_before_its_characters() {
    for (field, most) in [("user_id", 128), ("query", 512)] {
        let mut event = minimal(EventType::Search);
        set(&mut event, field, json!("\0".repeat(most + 1)));
        assert!(
            rejection(Value::Object(event).to_string()).starts_with(&format!("too_long: {field}"))
        );
    }
}

#[test]
fn invalid_json_is_reported_before_all_other_faults() {
    let mut event = whole();
    for (_, break_it) in faults() {
        break_it(&mut event);
    }
    let text = Value::Object(event).to_string();
    let truncated = &text[..text.len() - 1];
    assert_eq!(
        rejection(truncated),
        format!(
            "invalid_json (expected `,` or `}}` after a member at byte {})",
            truncated.len()
        )
    );
    let mut not_text = text.into_bytes();
    not_text.push(0xff);
    assert!(rejection(not_text).starts_with("invalid_json (invalid UTF-8 at byte "));
}

#[test]
fn the_time_against_the_arrival_is_checked_last() {
    let mut event = minimal(EventType::Browse);
    set(&mut event, "event_time", json!("2026-01-31T20:15:00Z"));
    let text = Value::Object(event.clone()).to_string();
    let parsed = parse(text.as_bytes()).unwrap();
    let arrived_at = |text: &str| marquee_event::parse_rfc3339(text).unwrap();
    let admitted = |text| parsed.admit(arrived_at(text), TimeWindow::default());
    assert_eq!(admitted("2026-01-31T19:15:00Z"), Ok(()));
    assert_eq!(
        admitted("2026-01-31T19:14:59.999999Z")
            .unwrap_err()
            .to_string(),
        "time_in_future: event_time = 2026-01-31T20:15:00Z (too far ahead of its arrival at 2026-01-31T19:14:59.999999Z)"
    );
    assert_eq!(admitted("2027-03-07T20:15:00Z"), Ok(()));
    let late = admitted("2027-03-07T20:15:00.000001Z").unwrap_err();
    assert_eq!(
        (late.reason, late.field),
        (Reason::TimeTooOld, Some("event_time"))
    );

    // A unit with another fault is rejected before its arrival is checked.
    set(&mut event, "blob", json!("x".repeat(9000)));
    assert!(rejection(Value::Object(event).to_string()).starts_with("too_long: extra"));
}
