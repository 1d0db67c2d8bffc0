//! The minimal event of each type, which tests modify.

use marquee_event::EventType;
use serde_json::{Map, Value, json};

/// Returns an event with only the fields that every event and its type need.
pub(crate) fn minimal(event_type: EventType) -> Map<String, Value> {
    let mut event = json!({
        "event_id": "01936f2e-5c00-7000-8000-000000000001",
        "event_type": event_type.name(),
        "event_time": "2026-01-31T20:15:00.25+01:00",
        "user_id": "u-1",
        "session_id": "s-1",
    });
    for field in needs(event_type) {
        event[*field] = match *field {
            "title_id" => json!("t-1"),
            "query" => json!("space pirates"),
            "rating" => json!(4.5),
            _ => json!(61_000),
        };
    }
    match event {
        Value::Object(event) => event,
        _ => unreachable!("written as an object"),
    }
}

/// Returns the fields that a type needs in addition to those of every event.
pub(crate) fn needs(event_type: EventType) -> &'static [&'static str] {
    match event_type.name() {
        "play" | "pause" | "resume" | "stop" | "complete" | "heartbeat" => {
            &["title_id", "position_ms"]
        }
        "seek" => &["title_id", "position_ms", "from_position_ms"],
        "search" => &["query"],
        "browse" => &[],
        "rate" => &["title_id", "rating"],
        "add_to_list" | "remove_from_list" => &["title_id"],
        other => panic!("unknown event type {other}"),
    }
}
