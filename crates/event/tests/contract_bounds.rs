//! Tests of the contract: the bounds of every field, in events of every type.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod breaking;
mod minimal;
mod rejection;

use breaking::{rejected_on_every_type, with};
use marquee_event::{EventType, Reason, parse};
use minimal::minimal;
use rejection::rejection;
use serde_json::json;

#[test]
fn a_number_with_a_fraction_is_not_an_integer() {
    for field in [
        "schema_version",
        "producer.seq",
        "position_ms",
        "from_position_ms",
        "results",
        "row",
    ] {
        let expected = format!("wrong_type: {field} = 1.5 (expected an integer)");
        rejected_on_every_type(&[(field, json!(1.5), &expected)]);
    }
}

#[test]
fn numbers_have_ranges() {
    let ranges = [
        ("producer.seq", 1, 9_007_199_254_740_991_i64),
        ("position_ms", 0, 604_800_000),
        ("from_position_ms", 0, 604_800_000),
        ("results", 0, 1_000_000),
        ("row", 0, 10_000),
    ];
    for (field, least, most) in ranges {
        for event_type in EventType::ALL {
            for inside in [least, most] {
                assert!(parse(with(minimal(event_type), field, json!(inside)).as_bytes()).is_ok());
            }
            for outside in [
                json!(least - 1),
                json!(most + 1),
                json!(-1e300),
                json!(u64::MAX),
            ] {
                assert_eq!(
                    rejection(with(minimal(event_type), field, outside.clone())),
                    format!("out_of_range: {field} = {outside} (expected {least} to {most})"),
                );
            }
        }
    }
}

#[test]
fn ratings_are_half_a_star_to_five_in_halves() {
    for event_type in EventType::ALL {
        for halves in 1..=10_u8 {
            let text = with(
                minimal(event_type),
                "rating",
                json!(f64::from(halves) / 2.0),
            );
            let rating = parse(text.as_bytes()).unwrap().rating.unwrap();
            assert_eq!(
                (rating.halves(), rating.stars()),
                (halves, f32::from(halves) / 2.0)
            );
        }
        for stars in [0.0, 0.25, 0.4999, 4.75, 5.5, -1.0, 1e300] {
            assert_eq!(
                rejection(with(minimal(event_type), "rating", json!(stars))),
                format!(
                    "out_of_range: rating = {} (expected 0.5 to 5 in steps of a half)",
                    json!(stars)
                ),
            );
        }
    }
}

#[test]
fn strings_are_bounded_in_bytes() {
    let bounded = [
        ("user_id", 128),
        ("session_id", 128),
        ("profile_id", 128),
        ("device.type", 128),
        ("device.os", 128),
        ("device.app_version", 128),
        ("producer.id", 128),
        ("title_id", 128),
        ("query", 512),
        ("network_type", 32),
    ];
    for (field, most) in bounded {
        for event_type in EventType::ALL {
            for letter in ["x", "é", "𝄞"] {
                let longest = letter.repeat(most / letter.len());
                assert!(parse(with(minimal(event_type), field, json!(longest)).as_bytes()).is_ok());
                let longer = longest + letter;
                let rejection =
                    parse(with(minimal(event_type), field, json!(longer)).as_bytes()).unwrap_err();
                assert_eq!(
                    (rejection.reason, rejection.field),
                    (Reason::TooLong, Some(field))
                );
                assert_eq!(
                    rejection.detail.to_string(),
                    format!("{} bytes; the limit is {most}", longer.len())
                );
                let value = rejection.value.unwrap();
                let kept = longer.len().min(256);
                assert!(longer.starts_with(&value) && (kept - 3..=kept).contains(&value.len()));
            }
        }
    }
}

#[test]
fn strings_must_not_contain_u0000() {
    let fields = [
        "user_id",
        "session_id",
        "profile_id",
        "device.type",
        "device.os",
        "device.app_version",
        "producer.id",
        "title_id",
        "query",
        "network_type",
    ];
    for field in fields {
        let expected = format!(
            "illegal_character: {field} = a\u{fffd}b (contains U+0000, which warehouses cannot store)"
        );
        rejected_on_every_type(&[(field, json!("a\0b"), &expected)]);
    }
    // In a field with a format, the fault is the format; the reported value is as written.
    rejected_on_every_type(&[
        (
            "country",
            json!("D\0"),
            r"wrong_type: country = D\u0000 (expected two capital letters (ISO 3166-1 alpha-2))",
        ),
        (
            "event_type",
            json!("play\0"),
            r"unknown_event_type: event_type = play\u0000 (not an event type of schema version 1)",
        ),
    ]);
}
