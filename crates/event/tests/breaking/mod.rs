//! Events with one field set to a valid or an invalid value.

use marquee_event::EventType;
use serde_json::{Map, Value, json};

use crate::minimal::minimal;
use crate::rejection::rejection;

/// Returns the event as text with one field set. A nested field has a dotted name.
pub(crate) fn with(mut event: Map<String, Value>, field: &str, value: Value) -> String {
    match field.split_once('.') {
        Some((object, member)) => {
            // The other members of the object are valid.
            let whole = event.entry(object).or_insert_with(|| match object {
                "producer" => json!({ "id": "p-1", "seq": 1 }),
                _ => json!({}),
            });
            whole[member] = value;
        }
        None => {
            event.insert(field.to_owned(), value);
        }
    }
    Value::Object(event).to_string()
}

/// Asserts that each value is rejected, with the expected text, in events of every type.
#[track_caller]
pub(crate) fn rejected_on_every_type(rules: &[(&str, Value, &str)]) {
    for event_type in EventType::ALL {
        for (field, value, expected) in rules {
            let unit = with(minimal(event_type), field, value.clone());
            assert_eq!(
                rejection(unit),
                *expected,
                "{event_type}: {field} = {value}"
            );
        }
    }
}
