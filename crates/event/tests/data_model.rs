//! `docs/DATA_MODEL.md` tells of every reason, field and type, and shows events
//! that are events.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use marquee_event::{EventType, Reason, Title, TitleKind, parse};
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

/// The names of all fields, dotted where they are nested.
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
        .map(|line| {
            parse(line.as_bytes()).unwrap_or_else(|rejection| panic!("{rejection}: {line}"))
        })
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
