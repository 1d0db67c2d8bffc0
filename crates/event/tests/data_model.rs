//! Tests that `docs/DATA_MODEL.md` lists every reason, field and type, and that its examples
//! are valid.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use marquee_event::{EventType, Reason, Title, TitleKind, parse};
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/DATA_MODEL.md");

/// Returns the text between a heading and the next one.
fn section(heading: &str) -> &'static str {
    let (_, rest) = PAGE
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no {heading}"));
    rest.split("\n#").next().unwrap()
}

/// Returns the names in the first column of a section's table.
fn rows(heading: &str) -> BTreeSet<&'static str> {
    let cells = section(heading)
        .lines()
        .filter_map(|line| line.strip_prefix("| `"));
    cells
        .filter_map(|cells| cells.split_once('`'))
        .map(|(name, _)| name)
        .collect()
}

/// Returns the names of all fields. Nested fields have dotted names.
fn fields() -> BTreeSet<String> {
    let declared = marquee_event::fields();
    declared.map(|field| field.path.to_owned()).collect()
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
    assert_eq!(rows("## Rejections"), Reason::ALL.map(Reason::name).into());
    let order = section("### The order of checks");
    for reason in Reason::ALL {
        let listed = match reason {
            Reason::UnsupportedSchemaVersion => "schema_version",
            other => other.name(),
        };
        assert!(order.contains(&format!("`{listed}`")), "{reason}");
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
        .map(|line| {
            parse(line.as_bytes()).unwrap_or_else(|rejection| panic!("{rejection}: {line}"))
        })
        .map(|event| event.event_type)
        .collect();
    assert_eq!(types, EventType::ALL.into());
}

#[test]
fn the_example_of_a_title_is_valid() {
    let line = section("## The title catalog")
        .lines()
        .find(|line| line.starts_with('{'))
        .unwrap();
    let title: Title = serde_json::from_str(line).unwrap();
    title.validate().unwrap();
    for kind in [TitleKind::Movie, TitleKind::Episode, TitleKind::Show] {
        assert!(section("## The title catalog").contains(&format!("`{}`", kind.name())));
    }
    let Ok(Value::Object(fields)) = serde_json::to_value(&title) else {
        panic!("not an object")
    };
    for field in fields.keys() {
        assert!(
            section("## The title catalog").contains(&format!("`{field}`")),
            "{field}"
        );
    }
}
