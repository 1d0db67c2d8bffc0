//! One field at a time, set to what it may or may not be.

use marquee_event::EventType;
use serde_json::{Map, Value, json};

use crate::minimal::minimal;
use crate::rejection::rejection;

/// The event's text with one field, dotted where it is nested, set.
pub(crate) fn with(mut event: Map<String, Value>, field: &str, value: Value) -> String {
    match field.split_once('.') {
        Some((object, member)) => {
            // The rest of the object is in order.
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

/// Sets one field of every type of event, so that the rules of a field are
/// shown to hold wherever it stands.
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
