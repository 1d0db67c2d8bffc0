//! Tests with third-party input: JSONTestSuite and the big list of naughty strings. A test
//! without its data is ignored.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod minimal;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use marquee_conditional_tests::{run, shared_data, tests};
use marquee_event::{Event, EventType, Reason, parse};
use minimal::minimal;
use serde_json::{Value, json};

fn main() -> ExitCode {
    run([
        tests!(shared_data("json-test-suite/test_parsing") => [
            every_file_of_the_json_test_suite_is_accounted_for,
            every_value_of_the_json_test_suite_is_valid_in_an_unknown_field,
        ]),
        tests!(shared_data("json-test-suite/test_transform") => [
            every_transformed_file_of_the_json_test_suite_is_rejected_for_its_own_reason,
        ]),
        tests!(shared_data("naughty-strings/blns.json") => [
            naughty_strings_are_kept_or_rejected_for_a_reason,
        ]),
    ])
}

/// Returns the names and contents of the files in a folder, sorted by name.
fn files(folder: PathBuf) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (
                entry.file_name().into_string().unwrap(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Splits a record at newlines. A line of only white space is not a unit.
fn units(record: &[u8]) -> impl Iterator<Item = &[u8]> {
    record
        .split(|byte| *byte == b'\n')
        .filter(|unit| !unit.trim_ascii().is_empty())
}

fn every_file_of_the_json_test_suite_is_accounted_for(folder: PathBuf) {
    let files = files(folder);
    assert!(files.len() > 300);
    for (name, content) in files {
        let whole = parse(&content)
            .map(|event| event.event_type)
            .map_err(|rejection| rejection.reason);
        match name.split_once('_').unwrap().0 {
            "y" => {
                assert_ne!(whole, Err(Reason::InvalidJson), "{name}");
                let value: Value = serde_json::from_slice(&content).unwrap();
                let expected = if value.is_object() {
                    Reason::MissingField
                } else {
                    Reason::NotAnObject
                };
                assert_eq!(whole, Err(expected), "{name}");
            }
            "n" => {
                assert_eq!(whole, Err(Reason::InvalidJson), "{name}");
                for unit in units(&content) {
                    assert!(parse(unit).is_err(), "{name}");
                }
            }
            // Both verdicts are allowed; no file is an event.
            _ => {
                assert!(whole.is_err(), "{name}");
                for unit in units(&content) {
                    assert!(parse(unit).is_err(), "{name}");
                }
            }
        }
    }
}

fn every_value_of_the_json_test_suite_is_valid_in_an_unknown_field(folder: PathBuf) {
    for (name, content) in files(folder) {
        let whole = Value::Object(minimal(EventType::Browse)).to_string();
        let mut unit = whole.as_bytes()[..whole.len() - 1].to_vec();
        unit.extend_from_slice(b",\"x\":");
        unit.extend_from_slice(&content);
        unit.push(b'}');
        match (name.split_once('_').unwrap().0, parse(&unit)) {
            ("y", Ok(event)) => {
                let value = std::str::from_utf8(content.trim_ascii_end()).unwrap();
                assert_eq!(event.extra.unwrap(), format!("{{\"x\":{value}}}"), "{name}");
            }
            ("y", Err(rejection)) => panic!("{name}: {rejection}"),
            ("n", outcome) => {
                // Within the object, a closing brace or a comma can complete an invalid file.
                if let Ok(event) = outcome {
                    assert!(serde_json::from_slice::<Value>(&unit).is_ok(), "{name}");
                    assert!(event.extra.is_some(), "{name}");
                }
            }
            (_, outcome) => drop(outcome.map(written)),
        }
    }
}

fn written(event: Event<'_>) -> Vec<u8> {
    let mut unit = Vec::new();
    event.write_json(&mut unit).unwrap();
    assert_eq!(parse(&unit).unwrap(), event);
    unit
}

fn every_transformed_file_of_the_json_test_suite_is_rejected_for_its_own_reason(folder: PathBuf) {
    for (name, content) in files(folder) {
        let reason = parse(&content).unwrap_err().reason;
        let expected = match content.trim_ascii().first() {
            Some(b'{') => Reason::MissingField,
            // Lone surrogates, and bytes that are not UTF-8.
            _ if name.contains("invalid_codepoint") => reason,
            _ => Reason::NotAnObject,
        };
        assert_eq!(reason, expected, "{name}");
    }
}

fn naughty_strings_are_kept_or_rejected_for_a_reason(file: PathBuf) {
    let strings: Vec<String> = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    assert!(strings.len() > 500);
    for naughty in &strings {
        in_every_field(naughty);
        as_a_unit(naughty);
    }
}

/// A text field: its name, its reader, its bound in bytes, and whether it may be empty.
type Field = (&'static str, fn(&Event<'_>) -> Option<String>, usize, bool);

const FIELDS: [Field; 9] = [
    (
        "user_id",
        |event| Some(event.user_id.to_string()),
        128,
        false,
    ),
    (
        "session_id",
        |event| Some(event.session_id.to_string()),
        128,
        false,
    ),
    (
        "profile_id",
        |event| event.profile_id.as_deref().map(str::to_owned),
        128,
        false,
    ),
    (
        "device.type",
        |event| event.device.kind.as_deref().map(str::to_owned),
        128,
        true,
    ),
    (
        "device.os",
        |event| event.device.os.as_deref().map(str::to_owned),
        128,
        true,
    ),
    (
        "device.app_version",
        |event| event.device.app_version.as_deref().map(str::to_owned),
        128,
        true,
    ),
    (
        "producer.id",
        |event| {
            event
                .producer
                .as_ref()
                .map(|producer| producer.id.to_string())
        },
        128,
        false,
    ),
    (
        "title_id",
        |event| event.title_id.as_deref().map(str::to_owned),
        128,
        false,
    ),
    (
        "query",
        |event| event.query.as_deref().map(str::to_owned),
        512,
        true,
    ),
];

fn in_every_field(naughty: &str) {
    for (field, read, most, may_be_empty) in FIELDS {
        let mut event = minimal(EventType::Search);
        match field.split_once('.') {
            Some(("producer", _)) => {
                drop(event.insert("producer".to_owned(), json!({ "id": naughty, "seq": 1 })))
            }
            Some((object, member)) => {
                drop(event.insert(object.to_owned(), json!({ member: naughty })))
            }
            None => drop(event.insert(field.to_owned(), json!(naughty))),
        }
        let unit = Value::Object(event).to_string();
        let expected = if naughty.len() > most {
            Some(Reason::TooLong)
        } else if naughty.contains('\0') {
            Some(Reason::IllegalCharacter)
        } else {
            (naughty.is_empty() && !may_be_empty).then_some(Reason::WrongType)
        };
        match parse(unit.as_bytes()) {
            Ok(event) => {
                assert_eq!(expected, None, "{field} = {naughty:?}");
                assert_eq!(read(&event).as_deref(), Some(naughty), "{field}");
                written(event);
            }
            Err(rejection) => {
                assert_eq!(
                    (Some(rejection.reason), rejection.field),
                    (expected, Some(field)),
                    "{naughty:?}"
                );
            }
        }
    }
    // Fields with a format.
    for (field, reason) in [
        ("event_id", Reason::WrongType),
        ("event_time", Reason::WrongType),
        ("event_type", Reason::UnknownEventType),
        ("country", Reason::WrongType),
    ] {
        let mut event = minimal(EventType::Browse);
        event.insert(field.to_owned(), json!(naughty));
        let unit = Value::Object(event).to_string();
        match parse(unit.as_bytes()) {
            Ok(event) => assert_eq!(
                event.country.map(|country| country.to_string()).as_deref(),
                Some(naughty)
            ),
            Err(rejection) => {
                assert_eq!((rejection.reason, rejection.field), (reason, Some(field)))
            }
        }
    }
    for key in [naughty, "x"] {
        let mut event = minimal(EventType::Browse);
        event.insert(key.to_owned(), json!({ "x": naughty }));
        let unit = Value::Object(event).to_string();
        let event = parse(unit.as_bytes()).unwrap();
        let extra: Value = serde_json::from_str(event.extra.as_deref().unwrap()).unwrap();
        assert_eq!(extra, json!({ key: { "x": naughty } }));
        written(event);
    }
}

fn as_a_unit(naughty: &str) {
    let reason = parse(naughty.as_bytes()).unwrap_err().reason;
    let expected = match serde_json::from_str::<Value>(naughty) {
        Ok(Value::Object(_)) => Reason::MissingField,
        Ok(_) => Reason::NotAnObject,
        // A number beyond the range of a double is JSON.
        Err(error) if error.to_string().contains("number out of range") => Reason::NotAnObject,
        Err(_) => Reason::InvalidJson,
    };
    assert_eq!(reason, expected, "{naughty:?}");
}
