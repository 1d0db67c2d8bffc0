//! Tests of the contract's rules for JSON: equivalent forms of a value, repeated keys and
//! unknown fields.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod minimal;
mod rejection;

use marquee_event::{Event, EventType, bounds, parse};
use minimal::minimal;
use rejection::rejection;
use serde_json::{Value, json};

/// Returns a search event with further members. They are text, because a map cannot
/// represent repeated keys, escaped keys and the forms of numbers.
fn search_with(members: &str) -> String {
    let text = Value::Object(minimal(EventType::Search)).to_string();
    let open = text.strip_suffix('}').expect("an object");
    format!("{open},{members}}}")
}

#[track_caller]
fn accepted(unit: &str) -> Event<'_> {
    parse(unit.as_bytes()).unwrap_or_else(|rejection| panic!("{rejection}: {unit}"))
}

#[test]
fn invalid_json_is_reported_with_its_position() {
    let units = [
        "",
        " ",
        "{",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        "{'a':1}",
        r#"{"a":01}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":"#,
        r#"{"a":nul}"#,
        r#"{"a":[1 2]}"#,
        r#"{"a":"b}"#,
        "{}{}",
    ];
    let lines = units.map(|unit| format!("{unit:<14} {}", rejection(unit)));
    insta::assert_snapshot!(lines.join("\n"), @r#"
                   invalid_json (expected a value at byte 0)
                   invalid_json (expected a value at byte 1)
    {              invalid_json (expected a key in quotes at byte 1)
    {"a"}          invalid_json (expected `:` after a key at byte 4)
    {"a":}         invalid_json (expected a value at byte 5)
    {"a":1,}       invalid_json (expected a key in quotes at byte 7)
    {'a':1}        invalid_json (expected a key in quotes at byte 1)
    {"a":01}       invalid_json (expected `,` or `}` after a member at byte 6)
    {"a":"\x"}     invalid_json (expected one of "\/bfnrtu after a backslash at byte 7)
    {"a":"\ud800"} invalid_json (expected the low half of a surrogate pair at byte 12)
    {"a":          invalid_json (expected a value at byte 5)
    {"a":nul}      invalid_json (expected `null`, `true` or `false` at byte 5)
    {"a":[1 2]}    invalid_json (expected `,` or `]` after an element at byte 8)
    {"a":"b}       invalid_json (expected a closing quote at byte 8)
    {}{}           invalid_json (expected nothing after the value at byte 2)
    "#);
    // Characters that are invisible in a table.
    assert_eq!(
        rejection("{\"a\":\"\t\"}"),
        "invalid_json (expected a control character to be escaped at byte 6)"
    );
    assert_eq!(
        rejection("\u{feff}{}"),
        "invalid_json (expected a value at byte 0)"
    );
    assert_eq!(
        rejection(b"{\"a\":\"\xff\"}"),
        "invalid_json (invalid UTF-8 at byte 6)"
    );
}

#[test]
fn json_that_is_not_an_object_has_its_own_reason() {
    for unit in [
        "null",
        "true",
        "1e999",
        "\"{}\"",
        "[]",
        "[{}]",
        " [1, {\"a\": null}]\r\n",
    ] {
        assert_eq!(
            rejection(unit),
            "not_an_object (expected a JSON object)",
            "{unit}"
        );
    }
    assert_eq!(
        rejection("[1, {]"),
        "invalid_json (expected a key in quotes at byte 5)"
    );
    assert_eq!(
        rejection("{}"),
        "missing_field: event_id (required, but absent or null)"
    );
}

#[test]
fn equivalent_forms_of_a_number_have_the_same_value() {
    for two in [
        "2",
        "2.0",
        "2e0",
        "2E+0",
        "0.2e1",
        "20e-1",
        "2.000000000000000000000",
    ] {
        let unit = search_with(&format!(
            "\"results\":{two},\"row\":{two},\"position_ms\":{two},\"rating\":{two},\"producer\":{{\"id\":\"p\",\"seq\":{two}}}"
        ));
        let event = accepted(&unit);
        assert_eq!(
            (event.results, event.row, event.position_ms),
            (Some(2), Some(2), Some(2)),
            "{two}"
        );
        assert_eq!(event.rating.unwrap().halves(), 4);
        assert_eq!(event.producer.unwrap().seq, 2);
    }
    for zero in ["0", "-0", "0.0", "-0.0", "0e5", "0e999", "1e-999"] {
        let unit = search_with(&format!("\"results\":{zero}"));
        assert_eq!(accepted(&unit).results, Some(0), "{zero}");
    }
    for one in ["1", "1.0", "1e0", "10E-1"] {
        accepted(&search_with(&format!("\"schema_version\":{one}")));
    }
    let rejected = [
        (
            "\"results\":1e999",
            "out_of_range: results = 1e999 (expected 0 to 1000000)",
        ),
        (
            "\"results\":-1e999",
            "out_of_range: results = -1e999 (expected 0 to 1000000)",
        ),
        (
            "\"rating\":1e999",
            "out_of_range: rating = 1e999 (expected 0.5 to 5 in steps of a half)",
        ),
        (
            "\"results\":1000000000000000000000",
            "out_of_range: results = 1000000000000000000000 (expected 0 to 1000000)",
        ),
        (
            "\"row\":1e-3",
            "wrong_type: row = 1e-3 (expected an integer)",
        ),
        (
            "\"schema_version\":1e999",
            "unsupported_schema_version: schema_version = 1e999 (the supported schema version is 1)",
        ),
        (
            "\"schema_version\":-999999999999999999",
            "unsupported_schema_version: schema_version = -999999999999999999 (the supported schema version is 1)",
        ),
        (
            "\"schema_version\":1e-999",
            "unsupported_schema_version: schema_version = 1e-999 (the supported schema version is 1)",
        ),
    ];
    for (member, expected) in rejected {
        assert_eq!(rejection(search_with(member)), expected);
    }
}

#[test]
fn times_are_kept_in_utc_microseconds() {
    let same_instant = [
        "2026-01-31T20:15:00.25+01:00",
        "2026-01-31T19:15:00.25Z",
        "2026-01-31t19:15:00.250z",
        "2026-01-31 19:15:00.250000000Z",
        "2026-01-31T19:15:00.25-00:00",
        "2026-02-01T00:45:00.25+05:30",
        "2026-02-01T19:14:00.25+23:59",
        "2026-01-30T19:16:00.25-23:59",
        "2026-01-31T19:15:00.250000999Z",
    ];
    for time in same_instant {
        let unit = search_with(&format!("\"event_time\":\"{time}\""));
        assert_eq!(accepted(&unit).event_time, 1_769_886_900_250_000, "{time}");
    }
    let leap_second = search_with("\"event_time\":\"2016-12-31T23:59:60.5Z\"");
    let second_before = search_with("\"event_time\":\"2016-12-31T23:59:59.5Z\"");
    assert_eq!(
        accepted(&leap_second).event_time,
        accepted(&second_before).event_time
    );
}

#[test]
fn the_last_of_repeated_keys_counts() {
    let unit = search_with(r#""user_id":7,"user_id":"last","query":null,"query":"q""#);
    let event = accepted(&unit);
    assert_eq!(
        (&*event.user_id, event.query.as_deref()),
        ("last", Some("q"))
    );
    assert_eq!(
        rejection(search_with(r#""user_id":null"#)),
        "missing_field: user_id (required, but absent or null)"
    );
    // The last object replaces the first; their members are not merged.
    let unit = search_with(
        r#""device":{"type":"tv","os":"webos","x":1},"device":{"os":"tvos","os":"ios","y":2}"#,
    );
    let event = accepted(&unit);
    assert_eq!(
        (event.device.kind, event.device.os.as_deref()),
        (None, Some("ios"))
    );
    assert_eq!(event.extra.as_deref(), Some(r#"{"device":{"y":2}}"#));
    let unit = search_with(r#""producer":{"id":"p","seq":0,"x":1},"producer":null"#);
    let event = accepted(&unit);
    assert_eq!((event.producer, event.extra), (None, None));
    // Unknown members are kept verbatim.
    let unit = search_with(r#""x":1,"x":2"#);
    assert_eq!(accepted(&unit).extra.as_deref(), Some(r#"{"x":1,"x":2}"#));
}

#[test]
fn keys_and_values_may_be_escaped() {
    let unit = search_with(
        r#""\u0075ser_id":"\u0061\ud83d\ude00\/\"\\\b\f\n\r\t","\u0064evice":{"\u0074ype":"\u0074v"},"event_type":"\u0073earch","event_id":"01936f2e\u002d5c00-7000-8000-000000000002","country":"\u004eZ""#,
    );
    let event = accepted(&unit);
    assert_eq!(event.user_id, "a😀/\"\\\u{8}\u{c}\n\r\t");
    assert_eq!(event.device.kind.as_deref(), Some("tv"));
    assert_eq!(event.event_type, EventType::Search);
    assert_eq!(event.event_id.as_u128() & 0xff, 2);
    assert_eq!(event.country.unwrap().to_string(), "NZ");
    assert_eq!(event.extra, None);
    assert_eq!(
        accepted(&search_with(r#""USER_ID":"v","user_id ":"w""#)).user_id,
        "u-1"
    );
    // An escape counts as the character that it represents.
    accepted(&search_with(&format!(
        r#""user_id":"{}""#,
        r"\u0061".repeat(128)
    )));
    let longer = search_with(&format!(r#""user_id":"{}""#, r"\u0061".repeat(129)));
    assert!(rejection(longer).ends_with("(129 bytes; the limit is 128)"));
}

#[test]
fn white_space_between_tokens_is_ignored() {
    let pretty = serde_json::to_string_pretty(&minimal(EventType::Search)).unwrap();
    let plain = Value::Object(minimal(EventType::Search)).to_string();
    let spaced = format!("\t\r\n {} \n", pretty.replace('\n', "\r\n\t"));
    assert_eq!(accepted(&spaced), accepted(&plain));
    for no_space in ['\u{b}', '\u{c}', '\u{a0}', '\u{feff}', '\0'] {
        assert!(rejection(format!("{plain}{no_space}")).starts_with("invalid_json"));
    }
}

#[test]
fn unknown_fields_are_kept_verbatim() {
    let unit = search_with(
        r#""mood" : "merry\u00e9", "ab":{"test": [1, 1.50, null]},"device":{"type":"tv","hdr" : true,"n":null},"producer":{"id":"p","seq":1,"host":"h"},"extra":1,"":2"#,
    );
    let event = accepted(&unit);
    assert_eq!(
        event.extra.as_deref(),
        Some(
            r#"{"mood" : "merry\u00e9","ab":{"test": [1, 1.50, null]},"extra":1,"":2,"device":{"hdr" : true,"n":null},"producer":{"host":"h"}}"#
        )
    );
    // Writing the event and parsing it again returns the same event.
    let mut again = Vec::new();
    event.write_json(&mut again).unwrap();
    assert_eq!(parse(&again).unwrap(), event);
}

#[test]
fn unknown_fields_are_limited_to_8_kib_together() {
    // `{"x":"…"}` adds eight bytes to the text; an object `device` adds eleven more.
    let text = |bytes: usize| "x".repeat(bytes);
    let room = bounds::EXTRA_BYTES - r#"{"x":""}"#.len();
    let longest = search_with(&format!(r#""x":"{}""#, text(room)));
    assert_eq!(accepted(&longest).extra.unwrap().len(), 8192);
    let longer = parse_error(&search_with(&format!(r#""x":"{}""#, text(room + 1))));
    assert_eq!((longer.0.as_str(), longer.1), ("too_long", Some("extra")));
    assert_eq!(longer.2, "8193 bytes of unknown fields; the limit is 8192");

    let nested = room - r#""device":{}"#.len() - r#","y":1"#.len() + 1;
    accepted(&search_with(&format!(
        r#""device":{{"x":"{}"}}"#,
        text(room - r#""device":{}"#.len())
    )));
    let both = search_with(&format!(
        r#""y":1,"device":{{"type":"tv","x":"{}"}}"#,
        text(nested)
    ));
    assert_eq!(
        parse_error(&both).2,
        "8193 bytes of unknown fields; the limit is 8192"
    );
    let producer = format!(r#""producer":{{"id":"p","seq":1,"x":"{}"}}"#, text(room));
    assert_eq!(parse_error(&search_with(&producer)).1, Some("extra"));
}

fn parse_error(unit: &str) -> (String, Option<&'static str>, String) {
    let rejection = parse(unit.as_bytes()).unwrap_err();
    let (reason, detail) = (rejection.reason.to_string(), rejection.detail.to_string());
    (reason, rejection.field, detail)
}

#[test]
fn nesting_is_limited_to_127_levels_including_the_event() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let units: [(&str, &dyn Fn(usize) -> String); 3] = [
        ("alone", &nested),
        ("in the event", &|levels| {
            search_with(&format!("\"x\":{}", nested(levels - 1)))
        }),
        ("in the device", &|levels| {
            search_with(&format!("\"device\":{{\"x\":{}}}", nested(levels - 2)))
        }),
    ];
    for (place, unit) in units {
        // The limit is serde_json's, so that its users can parse what is kept.
        for (levels, deep_enough) in [(127, true), (128, false)] {
            let unit = unit(levels);
            let read = !matches!(parse(unit.as_bytes()), Err(rejection) if rejection.reason.name() == "invalid_json");
            assert_eq!(read, deep_enough, "{levels} levels {place}");
            assert_eq!(serde_json::from_str::<Value>(&unit).is_ok(), deep_enough);
        }
    }
    assert!(rejection("{\"a\":".repeat(1_000_000)).contains("fewer levels of nesting"));
}

#[test]
fn a_reported_value_is_cut_to_256_bytes_between_characters() {
    let mut event = minimal(EventType::Search);
    event.insert("user_id".to_owned(), json!(format!("x{}", "é".repeat(200))));
    let rejection = parse(Value::Object(event).to_string().as_bytes())
        .map(drop)
        .unwrap_err();
    assert_eq!(rejection.value, Some(format!("x{}", "é".repeat(127))));
}
