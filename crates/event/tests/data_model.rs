//! `docs/DATA_MODEL.md` tells of every reason, field and type, and shows events
//! that are events.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use marquee_event::{
    Country, Device, Event, EventType, Producer, Rating, Reason, Title, TitleKind, parse,
};
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/DATA_MODEL.md");

/// What stands between two headings of the page.
fn section(heading: &str) -> &'static str {
    let (_, rest) = PAGE
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no {heading}"));
    rest.split("\n#").next().unwrap()
}

/// The first cell of every row of a section's table, as far as it is a name.
fn rows(heading: &str) -> BTreeSet<&'static str> {
    let cells = section(heading)
        .lines()
        .filter_map(|line| line.strip_prefix("| `"));
    cells
        .filter_map(|cells| cells.split_once('`'))
        .map(|(name, _)| name)
        .collect()
}

/// An event that carries everything: a field that is added must be named here.
fn carrying_everything() -> Event<'static> {
    Event {
        event_id: uuid::Uuid::nil(),
        event_type: EventType::Seek,
        event_time: 0,
        user_id: "u".into(),
        session_id: "s".into(),
        profile_id: Some("p".into()),
        country: Country::from_code("NZ"),
        device: Device {
            kind: Some("tv".into()),
            os: Some("os".into()),
            app_version: Some("1".into()),
        },
        producer: Some(Producer {
            id: "p".into(),
            seq: 1,
        }),
        title_id: Some("t".into()),
        position_ms: Some(0),
        from_position_ms: Some(0),
        query: Some("q".into()),
        results: Some(0),
        row: Some(0),
        rating: Rating::from_halves(1),
        extra: None,
    }
}

/// The names of all fields, dotted where they are nested.
fn fields() -> BTreeSet<String> {
    let mut text = Vec::new();
    carrying_everything().write_json(&mut text);
    let Ok(Value::Object(event)) = serde_json::from_slice(&text) else {
        panic!("not an object")
    };
    // Never written, since it has one value.
    let mut fields = BTreeSet::from(["schema_version".to_owned()]);
    for (field, value) in event {
        if let Value::Object(members) = value {
            fields.extend(members.keys().map(|member| format!("{field}.{member}")));
        }
        fields.insert(field);
    }
    fields
}

#[test]
fn the_table_of_fields_is_complete() {
    assert!(
        rows("### Fields")
            .into_iter()
            .map(str::to_owned)
            .eq(fields())
    );
}

#[test]
fn the_order_of_checks_names_every_field() {
    let order = section("### The order of checks");
    for field in fields() {
        assert!(order.contains(&format!("`{field}`")), "{field}");
    }
}

#[test]
fn the_table_of_reasons_is_complete() {
    assert_eq!(rows("## Refusals"), Reason::ALL.map(Reason::name).into());
    let order = section("### The order of checks");
    for reason in Reason::ALL {
        let said = match reason {
            Reason::UnsupportedSchemaVersion => "schema_version",
            other => other.name(),
        };
        assert!(order.contains(&format!("`{said}`")), "{reason}");
    }
}

#[test]
fn every_type_is_described_and_shown() {
    assert_eq!(
        rows("### Types"),
        EventType::ALL.map(EventType::name).into()
    );
    let shown: Vec<_> = section("### Types")
        .lines()
        .filter(|line| line.starts_with('{'))
        .collect();
    let types: BTreeSet<_> = shown
        .iter()
        .map(|line| parse(line.as_bytes()).unwrap_or_else(|refusal| panic!("{refusal}: {line}")))
        .map(|event| event.event_type)
        .collect();
    assert_eq!(types, EventType::ALL.into());
}

#[test]
fn the_title_that_is_shown_is_one() {
    let line = section("## The catalogue")
        .lines()
        .find(|line| line.starts_with('{'))
        .unwrap();
    let title: Title = serde_json::from_str(line).unwrap();
    title.validate().unwrap();
    for kind in [TitleKind::Movie, TitleKind::Episode, TitleKind::Show] {
        assert!(section("## The catalogue").contains(&format!("`{}`", kind.name())));
    }
    let Ok(Value::Object(fields)) = serde_json::to_value(&title) else {
        panic!("not an object")
    };
    for field in fields.keys() {
        assert!(
            section("## The catalogue").contains(&format!("`{field}`")),
            "{field}"
        );
    }
}
