//! Tests of the contract: the fields that each event type needs, and the type and format of
//! each field.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod breaking;
mod minimal;
mod rejection;

use breaking::{rejected_on_every_type, with};
use marquee_event::{Country, EventType, parse};
use minimal::{minimal, needs};
use rejection::rejection;
use serde_json::{Map, Value, json};

/// Returns the event as text without one field.
fn without(mut event: Map<String, Value>, field: &str) -> String {
    event.remove(field).unwrap();
    Value::Object(event).to_string()
}

#[test]
fn the_minimal_event_of_each_type_is_valid() {
    for event_type in EventType::ALL {
        let text = Value::Object(minimal(event_type)).to_string();
        let event = parse(text.as_bytes()).unwrap();
        assert_eq!(event.event_type, event_type);
        assert_eq!(
            event.event_id.to_string(),
            "01936f2e-5c00-7000-8000-000000000001"
        );
        assert_eq!(event.event_time, 1_769_886_900_250_000);
        assert_eq!((&*event.user_id, &*event.session_id), ("u-1", "s-1"));
        assert_eq!(event.profile_id, None);
        assert_eq!(event.country, None);
        assert_eq!(event.device, Default::default());
        assert_eq!(event.producer, None);
        let needed = |field| needs(event_type).contains(&field);
        assert_eq!(
            event.title_id.as_deref(),
            needed("title_id").then_some("t-1")
        );
        assert_eq!(event.position_ms, needed("position_ms").then_some(61_000));
        assert_eq!(
            event.from_position_ms,
            needed("from_position_ms").then_some(61_000)
        );
        assert_eq!(
            event.query.as_deref(),
            needed("query").then_some("space pirates")
        );
        assert_eq!(
            event.rating.map(|rating| rating.stars()),
            needed("rating").then_some(4.5)
        );
        assert_eq!((event.results, event.row, event.extra), (None, None, None));
    }
}

#[test]
fn every_type_accepts_every_field() {
    for event_type in EventType::ALL {
        let mut event = minimal(event_type);
        let all = json!({
            "schema_version": 1, "profile_id": "kids", "country": "NZ",
            "device": { "type": "tv", "os": "webos", "app_version": "7.1.0" },
            "producer": { "id": "p-1", "seq": 9_007_199_254_740_991_i64 },
            "title_id": "t-1", "position_ms": 0, "from_position_ms": 604_800_000,
            "query": "", "results": 1_000_000, "row": 10_000, "rating": 0.5, "mood": "merry",
        });
        event.extend(all.as_object().unwrap().clone());
        let text = Value::Object(event).to_string();
        let event = parse(text.as_bytes()).unwrap();
        assert_eq!(event.profile_id.as_deref(), Some("kids"));
        assert_eq!(event.country, Country::from_code("NZ"));
        assert_eq!(event.device.kind.as_deref(), Some("tv"));
        assert_eq!(event.device.os.as_deref(), Some("webos"));
        assert_eq!(event.device.app_version.as_deref(), Some("7.1.0"));
        let producer = event.producer.unwrap();
        assert_eq!(
            (&*producer.id, producer.seq),
            ("p-1", 9_007_199_254_740_991)
        );
        assert_eq!(
            (event.position_ms, event.from_position_ms),
            (Some(0), Some(604_800_000))
        );
        assert_eq!(event.query.as_deref(), Some(""));
        assert_eq!((event.results, event.row), (Some(1_000_000), Some(10_000)));
        assert_eq!(event.rating.map(|rating| rating.halves()), Some(1));
        assert_eq!(event.extra.as_deref(), Some(r#"{"mood":"merry"}"#));
    }
}

#[test]
fn a_required_field_must_not_be_absent_or_null() {
    let common = [
        "event_id",
        "event_type",
        "event_time",
        "user_id",
        "session_id",
    ];
    for event_type in EventType::ALL {
        for field in common.iter().chain(needs(event_type)) {
            let expected = format!("missing_field: {field} (required, but absent or null)");
            assert_eq!(
                rejection(without(minimal(event_type), field)),
                expected,
                "{event_type}"
            );
            assert_eq!(
                rejection(with(minimal(event_type), field, Value::Null)),
                expected,
                "{event_type}"
            );
        }
    }
}

#[test]
fn an_optional_field_may_be_null() {
    let optional = [
        "schema_version",
        "profile_id",
        "country",
        "device",
        "producer",
        "title_id",
        "position_ms",
        "from_position_ms",
        "query",
        "results",
        "row",
        "rating",
        "network_type",
        "device.type",
        "device.os",
        "device.app_version",
    ];
    for event_type in EventType::ALL {
        let text = Value::Object(minimal(event_type)).to_string();
        let plain = parse(text.as_bytes()).unwrap();
        for field in optional {
            if needs(event_type).contains(&field) {
                continue;
            }
            let text = with(minimal(event_type), field, Value::Null);
            assert_eq!(
                parse(text.as_bytes()).unwrap(),
                plain,
                "{event_type}: {field}"
            );
        }
    }
}

#[test]
fn another_json_type_is_a_wrong_type() {
    rejected_on_every_type(&[
        (
            "schema_version",
            json!("1"),
            "wrong_type: schema_version = 1 (expected an integer)",
        ),
        (
            "event_id",
            json!(7),
            "wrong_type: event_id = 7 (expected a string)",
        ),
        (
            "event_type",
            json!(true),
            "wrong_type: event_type = true (expected a string)",
        ),
        (
            "event_time",
            json!(1_769_886_900),
            "wrong_type: event_time = 1769886900 (expected a string)",
        ),
        (
            "user_id",
            json!(42),
            "wrong_type: user_id = 42 (expected a string)",
        ),
        (
            "session_id",
            json!(["s"]),
            r#"wrong_type: session_id = ["s"] (expected a string)"#,
        ),
        (
            "profile_id",
            json!(false),
            "wrong_type: profile_id = false (expected a string)",
        ),
        (
            "country",
            json!({}),
            "wrong_type: country = {} (expected a string)",
        ),
        (
            "device",
            json!("tv"),
            "wrong_type: device = tv (expected an object)",
        ),
        (
            "device",
            json!([]),
            "wrong_type: device = [] (expected an object)",
        ),
        (
            "device",
            json!(0),
            "wrong_type: device = 0 (expected an object)",
        ),
        (
            "device",
            json!(true),
            "wrong_type: device = true (expected an object)",
        ),
        (
            "device.type",
            json!(1),
            "wrong_type: device.type = 1 (expected a string)",
        ),
        (
            "device.os",
            json!([1]),
            "wrong_type: device.os = [1] (expected a string)",
        ),
        (
            "device.app_version",
            json!(7.1),
            "wrong_type: device.app_version = 7.1 (expected a string)",
        ),
        (
            "producer",
            json!("p"),
            "wrong_type: producer = p (expected an object)",
        ),
        (
            "producer.id",
            json!(1),
            "wrong_type: producer.id = 1 (expected a string)",
        ),
        (
            "producer.seq",
            json!("1"),
            "wrong_type: producer.seq = 1 (expected an integer)",
        ),
        (
            "title_id",
            json!(-1),
            "wrong_type: title_id = -1 (expected a string)",
        ),
        (
            "position_ms",
            json!("0"),
            "wrong_type: position_ms = 0 (expected an integer)",
        ),
        (
            "from_position_ms",
            json!([]),
            "wrong_type: from_position_ms = [] (expected an integer)",
        ),
        (
            "query",
            json!({ "q": 1 }),
            r#"wrong_type: query = {"q":1} (expected a string)"#,
        ),
        (
            "results",
            json!(true),
            "wrong_type: results = true (expected an integer)",
        ),
        (
            "row",
            json!("3"),
            "wrong_type: row = 3 (expected an integer)",
        ),
        (
            "rating",
            json!("5"),
            "wrong_type: rating = 5 (expected a number)",
        ),
        (
            "network_type",
            json!(4),
            "wrong_type: network_type = 4 (expected a string)",
        ),
    ]);
}

#[test]
fn another_format_is_a_wrong_type() {
    const UUID: &str = "(expected a UUID with hyphens)";
    const TIME: &str = "(expected an RFC 3339 time with an offset)";
    const COUNTRY: &str = "(expected two capital letters (ISO 3166-1 alpha-2))";
    const ID: &str = "(expected a string that is not empty)";
    let rules = [
        ("event_id", "", UUID),
        ("event_id", "01936f2e5c0070008000000000000001", UUID),
        ("event_id", "{01936f2e-5c00-7000-8000-000000000001}", UUID),
        (
            "event_id",
            "urn:uuid:01936f2e-5c00-7000-8000-000000000001",
            UUID,
        ),
        ("event_id", "01936f2e-5c00-7000-8000-00000000000g", UUID),
        ("event_id", "01936f2e5-c00-7000-8000-000000000001", UUID),
        ("event_time", "", TIME),
        ("event_time", "yesterday", TIME),
        ("event_time", "2026-01-31T20:15:00", TIME),
        ("event_time", "2026-02-29T20:15:00Z", TIME),
        ("event_time", "2026-01-31T20:15Z", TIME),
        ("event_time", "2026-01-31T20:15:00.Z", TIME),
        ("event_time", "2026-01-31T20:15:00+0100", TIME),
        ("event_time", "2026-01-31T24:00:00Z", TIME),
        ("country", "", COUNTRY),
        ("country", "de", COUNTRY),
        ("country", "DEU", COUNTRY),
        ("country", "ÄB", COUNTRY),
        ("user_id", "", ID),
        ("session_id", "", ID),
        ("profile_id", "", ID),
        ("producer.id", "", ID),
        ("title_id", "", ID),
    ];
    let rules = rules.map(|(field, value, expected)| {
        let expected = format!("wrong_type: {field} = {value} {expected}");
        (field, json!(value), &*expected.leak())
    });
    rejected_on_every_type(&rules);
}

#[test]
fn unknown_types_and_versions_are_rejected() {
    rejected_on_every_type(&[
        (
            "event_type",
            json!("teleport"),
            "unknown_event_type: event_type = teleport (not an event type of schema version 1)",
        ),
        (
            "event_type",
            json!("Play"),
            "unknown_event_type: event_type = Play (not an event type of schema version 1)",
        ),
        (
            "event_type",
            json!(""),
            "unknown_event_type: event_type =  (not an event type of schema version 1)",
        ),
        (
            "schema_version",
            json!(2),
            "unsupported_schema_version: schema_version = 2 (the supported schema version is 1)",
        ),
        (
            "schema_version",
            json!(0),
            "unsupported_schema_version: schema_version = 0 (the supported schema version is 1)",
        ),
        (
            "schema_version",
            json!(-1),
            "unsupported_schema_version: schema_version = -1 (the supported schema version is 1)",
        ),
        (
            "schema_version",
            json!(u64::MAX),
            "unsupported_schema_version: schema_version = 18446744073709551615 (the supported schema version is 1)",
        ),
    ]);
}

#[test]
fn a_producer_needs_an_id_and_a_number() {
    rejected_on_every_type(&[
        (
            "producer",
            json!({}),
            "missing_field: producer.id (required, but absent or null)",
        ),
        (
            "producer",
            json!({ "seq": 1 }),
            "missing_field: producer.id (required, but absent or null)",
        ),
        (
            "producer",
            json!({ "id": null, "seq": 1 }),
            "missing_field: producer.id (required, but absent or null)",
        ),
        (
            "producer",
            json!({ "id": "p" }),
            "missing_field: producer.seq (required, but absent or null)",
        ),
        (
            "producer",
            json!({ "id": "p", "seq": null }),
            "missing_field: producer.seq (required, but absent or null)",
        ),
    ]);
}
