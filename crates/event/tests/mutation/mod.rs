//! Units that result from valid events by changes of members.

use marquee_event::{FIELDS, FieldKind};
use proptest::collection;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use crate::any_event::{KNOWN, any_event, any_json};

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "0.5",
    "0.25",
    "4.5",
    "5",
    "5.5",
    "1.5",
    "2.0",
    "2e0",
    "20E-1",
    "-0",
    "1e3",
    "10000",
    "10001",
    "1000000",
    "1000001",
    "604800000",
    "604800001",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551616",
    "1e300",
    "-1e300",
    "null",
    "\"1\"",
];
const TEXTS: &[&str] = &[
    "\"\"",
    "\"a\\u0000b\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\\n\"",
    "\"é\"",
    "null",
    "7",
    "[\"a\"]",
];
const TYPES: &[&str] = &[
    "\"play\"",
    "\"\\u0070lay\"",
    "\"seek\"",
    "\"search\"",
    "\"browse\"",
    "\"rate\"",
    "\"add_to_list\"",
    "\"teleport\"",
    "\"Play\"",
    "null",
    "0",
];
const UUIDS: &[&str] = &[
    "\"01936f2e-5c00-7000-8000-000000000001\"",
    "\"01936F2E-5C00-7000-8000-00000000000A\"",
    "\"00000000-0000-0000-0000-000000000000\"",
    "\"01936f2e5c0070008000000000000001\"",
    "\"{01936f2e-5c00-7000-8000-000000000001}\"",
    "\"01936f2e-5c00-7000-8000-00000000000g\"",
    "null",
    "1",
];
const TIMES: &[&str] = &[
    "\"2026-01-31T20:15:00Z\"",
    "\"2026-01-31t20:15:00.123456789z\"",
    "\"2026-01-31 20:15:00+05:30\"",
    "\"2024-02-29T00:00:00-23:59\"",
    "\"2000-02-29T00:00:00Z\"",
    "\"2026-01-31T23:59:60Z\"",
    "\"0000-02-29T00:00:00+23:59\"",
    "\"9999-12-31T23:59:59.999999-23:59\"",
    "\"2026-02-29T00:00:00Z\"",
    "\"1900-02-29T00:00:00Z\"",
    "\"2026-04-31T00:00:00Z\"",
    "\"2026-01-31T20:15:00\"",
    "\"2026-01-31T24:00:00Z\"",
    "\"2026-13-01T00:00:00Z\"",
    "\"2026-01-31T20:15:00.1234567890Z\"",
    "\"2026-01-31T20:15:00.Z\"",
    "\"2026-01-31T20:15:00+24:00\"",
    "\"2026-01-31T20:15:00Z\\n\"",
    "null",
    "0",
];
const COUNTRIES: &[&str] = &[
    "\"DE\"",
    "\"\\u0044E\"",
    "\"de\"",
    "\"DEU\"",
    "\"\"",
    "\"É\"",
    "null",
    "49",
];
const DEVICES: &[&str] = &[
    "{}",
    "{\"type\":\"tv\"}",
    "{\"type\":1}",
    "{\"os\":null,\"x\":1}",
    "{\"app_version\":\"\\u0000\"}",
    "{\"type\":\"tv\",\"type\":null}",
    "{\"os\":\"\"}",
    "{\"\\u006fs\":\"ios\"}",
    "null",
    "[]",
    "\"tv\"",
];
const PRODUCERS: &[&str] = &[
    "{}",
    "{\"id\":\"p\",\"seq\":1}",
    "{\"id\":\"\",\"seq\":1}",
    "{\"id\":\"p\",\"seq\":0}",
    "{\"seq\":1}",
    "{\"id\":\"p\"}",
    "{\"id\":\"p\",\"seq\":7.0,\"host\":\"h\"}",
    "{\"id\":\"p\",\"seq\":\"7\"}",
    "{\"id\":\"p\",\"seq\":9007199254740992}",
    "{\"id\":\"\\u0000\",\"seq\":1}",
    "null",
    "true",
];

/// Returns JSON values that are valid for a field, or nearly.
fn nearly_right(field: &str) -> &'static [&'static str] {
    let declared = FIELDS.iter().find(|declared| declared.path == field);
    match declared.expect("a known field").kind {
        FieldKind::Uuid => UUIDS,
        FieldKind::TypeName => TYPES,
        FieldKind::Time => TIMES,
        FieldKind::Country => COUNTRIES,
        FieldKind::Id { .. } | FieldKind::Text { .. } => TEXTS,
        FieldKind::Object(_) if field == "device" => DEVICES,
        FieldKind::Object(_) => PRODUCERS,
        FieldKind::SchemaVersion
        | FieldKind::Int32 { .. }
        | FieldKind::Int64 { .. }
        | FieldKind::Stars => NUMBERS,
    }
}

/// Texts that are not JSON values.
const BROKEN: &[&str] = &[
    "",
    "01",
    "+1",
    "1.",
    ".5",
    "1e",
    "- 1",
    "nul",
    "True",
    "'x'",
    "\"\t\"",
    "\"\\x\"",
    "\"\\ud83d\"",
    "\"\\ude00\"",
    "\"\\u12g4\"",
    "\"",
    "[1,]",
    "{\"a\"}",
    "{a:1}",
    "[",
    "1 2",
    "/**/1",
    "NaN",
];

/// One change of an event's text.
#[derive(Debug, Clone)]
enum Change {
    /// Removes a member.
    Drop(Index),
    /// Replaces the value of a member.
    Replace(Index, String),
    /// Replaces the value of a member, or adds the member.
    Set(String, String),
    /// Adds a member, possibly a second time.
    Add(String, String),
    /// Swaps two members.
    Swap(Index, Index),
    /// Escapes the first letter of a key.
    EscapeKey(Index),
}

/// Generates events with changes of whole members. Most are still JSON.
pub(crate) fn any_changed_event() -> impl Strategy<Value = String> {
    let space = select(&["", "", " ", "\t", "\r\n"][..]);
    (any_event(), collection::vec(change(), 0..4), space).prop_map(|(event, changes, space)| {
        let mut text = Vec::new();
        event.write_json(&mut text).unwrap();
        let Ok(Value::Object(members)) = serde_json::from_slice(&text) else {
            panic!("an event is written as an object");
        };
        let member =
            |(key, value): (String, Value)| (Value::String(key).to_string(), value.to_string());
        let mut members: Vec<(String, String)> = members.into_iter().map(member).collect();
        for change in changes {
            apply(change, &mut members);
        }
        let member = |(key, value)| format!("{space}{key}{space}:{space}{value}{space}");
        let members: Vec<String> = members.into_iter().map(member).collect();
        format!("{space}{{{}}}{space}", members.join(","))
    })
}

fn change() -> impl Strategy<Value = Change> {
    let foreign = "[a-z_]{1,9}".prop_map(|key| Value::String(key).to_string());
    let known = || select(&KNOWN[..]);
    let quoted = |key: &str| format!("\"{key}\"");
    let fitting = known().prop_flat_map(|key| (Just(key), select(nearly_right(key))));
    prop_oneof![
        1 => any::<Index>().prop_map(Change::Drop),
        8 => fitting.prop_map(move |(key, value)| Change::Set(quoted(key), value.to_owned())),
        2 => (any::<Index>(), value()).prop_map(|(at, value)| Change::Replace(at, value)),
        2 => (known(), value()).prop_map(move |(key, value)| Change::Add(quoted(key), value)),
        1 => (foreign, value()).prop_map(|(key, value)| Change::Add(key, value)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Change::Swap(one, other)),
        1 => any::<Index>().prop_map(Change::EscapeKey),
    ]
}

/// Generates a value as text.
fn value() -> impl Strategy<Value = String> {
    let bordering = (
        select(&[127, 128, 129, 511, 512, 513][..]),
        select(&["x", "\\u0061", "\\n"][..]),
    )
        .prop_map(|(length, letter)| format!("\"{}\"", letter.repeat(length)));
    let wide = (62..66_usize).prop_map(|length| format!("\"{}\"", "é".repeat(length)));
    let deep =
        (125..129_usize).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    // All other units are far below 8 KiB, so that the model's minimum size suffices.
    let huge = select(
        &[
            "\"?\"",
            "{\"x\":\"?\"}",
            "{\"id\":\"p\",\"seq\":1,\"x\":\"?\"}",
        ][..],
    )
    .prop_map(|shape| shape.replace('?', &"x".repeat(9000)));
    let known_value = select(&KNOWN[..]).prop_flat_map(|field| select(nearly_right(field)));
    prop_oneof![
        60 => known_value.prop_map(str::to_owned),
        10 => any_json().prop_map(|value| value.to_string()),
        25 => bordering,
        2 => wide,
        2 => deep,
        4 => huge,
        2 => select(BROKEN).prop_map(str::to_owned),
        1 => Just("1e999".to_owned()),
    ]
}

fn apply(change: Change, members: &mut Vec<(String, String)>) {
    match change {
        Change::Add(key, value) => members.push((key, value)),
        Change::Set(key, value) => match members.iter_mut().find(|(present, _)| *present == key) {
            Some(member) => member.1 = value,
            None => members.push((key, value)),
        },
        _ if members.is_empty() => {}
        Change::Drop(at) => drop(members.remove(at.index(members.len()))),
        Change::Replace(at, value) => at.get_mut(members).1 = value,
        Change::Swap(one, other) => {
            let (one, other) = (one.index(members.len()), other.index(members.len()));
            members.swap(one, other);
        }
        Change::EscapeKey(at) => {
            let key = &mut at.get_mut(members).0;
            if let Some(first) = key.chars().nth(1).filter(char::is_ascii_alphabetic) {
                key.replace_range(1..2, &format!("\\u{:04X}", u32::from(first)));
            }
        }
    }
}
