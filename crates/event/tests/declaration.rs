//! Tests of the declaration of the fields: it is frozen, and other lists of the fields agree
//! with it. A failure names the field and the line that is missing or differs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use marquee_event::{
    ADDED_FIELDS, ColumnType, EventType, FIELDS, Field, FieldKind, FormatVersion, TypeSet, fields,
};
use serde_json::{Value, json};

const PAGE: &str = include_str!("../../../docs/DATA_MODEL.md");
const SCHEMA: &str = include_str!("../../../docs/event.schema.json");

/// Formats a field as one line.
fn line(field: &Field) -> String {
    let types = EventType::ALL
        .into_iter()
        .filter(|t| field.needed_by.has(*t));
    let needed_by = match field.needed_by {
        TypeSet::ALL => "all".to_owned(),
        _ => types.map(EventType::name).collect::<Vec<_>>().join("+"),
    };
    let kind = match field.kind {
        FieldKind::Object(members) => format!("object of {}", members.len()),
        kind => format!("{kind:?}").to_lowercase(),
    };
    let column = field.column.unwrap_or("-");
    let since = field.since.number();
    format!("{} | {kind} | {needed_by} | {column} | {since}", field.path)
}

/// Released fields never change: a changed line changes the meaning of old lakes, or what
/// producers may send. A new field adds a line.
#[test]
fn the_fields_are_frozen() {
    let lines: Vec<String> = fields().map(line).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    schema_version | schemaversion |  | - | 1
    event_id | uuid | all | event_id | 1
    event_type | typename | all | event_type | 1
    event_time | time | all | event_time | 1
    user_id | id { most: 128 } | all | user_id | 1
    session_id | id { most: 128 } | all | session_id | 1
    profile_id | id { most: 128 } |  | profile_id | 1
    country | country |  | country | 1
    device | object of 3 |  | - | 1
    device.type | text { most: 128 } |  | device_type | 1
    device.os | text { most: 128 } |  | device_os | 1
    device.app_version | text { most: 128 } |  | app_version | 1
    producer | object of 2 |  | - | 1
    producer.id | id { most: 128 } | all | producer_id | 1
    producer.seq | int64 { least: 1, most: 9007199254740991 } | all | producer_seq | 1
    title_id | id { most: 128 } | play+pause+resume+stop+complete+heartbeat+seek+rate+add_to_list+remove_from_list | title_id | 1
    position_ms | int64 { least: 0, most: 604800000 } | play+pause+resume+stop+complete+heartbeat+seek | position_ms | 1
    from_position_ms | int64 { least: 0, most: 604800000 } | seek | from_position_ms | 1
    query | text { most: 512 } | search | query | 1
    results | int32 { least: 0, most: 1000000 } |  | results | 1
    row | int32 { least: 0, most: 10000 } |  | row_index | 1
    rating | stars | rate | rating | 1
    network_type | text { most: 32 } |  | network_type | 2
    "#);
}

#[test]
fn added_fields_are_optional_and_in_the_order_of_their_versions() {
    let mut before = FormatVersion::FIRST;
    for field in ADDED_FIELDS {
        assert_eq!(field.needed_by, TypeSet::NONE, "{}", field.path);
        assert!(field.since > FormatVersion::FIRST, "{}", field.path);
        assert!(
            field.since >= before,
            "{}: its column is appended",
            field.path
        );
        before = field.since;
    }
}

#[test]
fn no_two_fields_share_a_column() {
    let mut columns: BTreeMap<&str, &str> = BTreeMap::new();
    for field in fields() {
        if let Some(column) = field.column
            && let Some(other) = columns.insert(column, field.path)
        {
            panic!("{} and {other} share the column {column}", field.path);
        }
    }
}

/// Returns the documentation's wording for a kind: its JSON type and its bounds.
fn words(kind: FieldKind) -> (&'static str, String) {
    match kind {
        FieldKind::SchemaVersion => ("integer", "1".into()),
        FieldKind::Uuid => ("string", "a UUID with hyphens".into()),
        FieldKind::TypeName => ("string", "one of the [types](#types)".into()),
        FieldKind::Time => ("string", "RFC 3339 with an offset".into()),
        FieldKind::Id { most } => ("string", format!("1 to {most} bytes")),
        FieldKind::Text { most } => ("string", format!("up to {most} bytes")),
        FieldKind::Country => ("string", "two capital letters".into()),
        FieldKind::Int32 { least, most } | FieldKind::Int64 { least, most } => {
            ("integer", format!("{least} to {most}"))
        }
        FieldKind::Stars => ("number", "0.5 to 5 in steps of 0.5".into()),
        FieldKind::Object(_) => ("object", String::new()),
    }
}

#[test]
fn the_data_models_table_has_a_line_for_every_field() {
    let section = PAGE.split("\n### Fields\n").nth(1).expect("### Fields");
    let section = section.split("\n#").next().unwrap();
    let rows: BTreeMap<&str, Vec<&str>> = section
        .lines()
        .filter_map(|line| {
            let (name, cells) = line.strip_prefix("| `")?.split_once("` |")?;
            Some((name, cells.split('|').map(str::trim).collect()))
        })
        .collect();
    for field in fields() {
        let (json_type, bounds) = words(field.kind);
        let declared = format!("| `{}` | {json_type} | {bounds} |", field.path);
        let Some(row) = rows.get(field.path) else {
            panic!(
                "field {} is declared in crates/event/src/fields.rs, but the table \
                 \"Fields\" of docs/DATA_MODEL.md has no row for it; write `{declared} |`",
                field.path
            );
        };
        assert!(
            row[0] == json_type && row[1].starts_with(&bounds),
            "docs/DATA_MODEL.md: the row of {} is {row:?}, but crates/event/src/fields.rs \
             declares `{declared}`",
            field.path
        );
    }
    for name in rows.keys() {
        assert!(
            fields().any(|field| field.path == *name),
            "docs/DATA_MODEL.md has a row for {name}, which crates/event/src/fields.rs does \
             not declare"
        );
    }
}

#[test]
fn the_data_model_describes_every_format_version() {
    let section = PAGE.split("\n### Format versions\n").nth(1).unwrap();
    let section = section.split("\n#").next().unwrap();
    for number in 1..=FormatVersion::CURRENT.number() {
        let row = section
            .lines()
            .find(|line| line.starts_with(&format!("| {number} |")));
        let row = row.unwrap_or_else(|| {
            panic!(
                "docs/DATA_MODEL.md, \"Format versions\": the table has no row for version {number}"
            )
        });
        for field in ADDED_FIELDS {
            assert!(
                field.since.number() != number || row.contains(&format!("`{}`", field.path)),
                "docs/DATA_MODEL.md, \"Format versions\": the row of version {number} does not \
                 name `{}`",
                field.path
            );
        }
    }
}

/// Returns the JSON Schema of a kind; `None` for a kind that patterns describe.
fn constraints(kind: FieldKind) -> Option<Value> {
    Some(match kind {
        FieldKind::Id { most } => {
            json!({ "type": ["string", "null"], "minLength": 1, "maxLength": most,
                    "pattern": "^[^\\u0000]*$" })
        }
        FieldKind::Text { most } => {
            json!({ "type": ["string", "null"], "maxLength": most, "pattern": "^[^\\u0000]*$" })
        }
        FieldKind::Int32 { least, most } | FieldKind::Int64 { least, most } => {
            json!({ "type": ["integer", "null"], "minimum": least, "maximum": most })
        }
        FieldKind::Stars => {
            json!({ "type": ["number", "null"], "minimum": 0.5, "maximum": 5, "multipleOf": 0.5 })
        }
        _ => return None,
    })
}

#[test]
fn the_json_schema_has_a_property_for_every_field() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for field in fields() {
        let mut properties = &schema["properties"];
        let mut name = field.path;
        if let Some((object, member)) = field.path.split_once('.') {
            (properties, name) = (&properties[object]["properties"], member);
        }
        let expected = constraints(field.kind);
        let Some(property) = properties.get(name) else {
            panic!(
                "field {} is declared in crates/event/src/fields.rs, but docs/event.schema.json \
                 has no property for it; write `\"{name}\": {}`",
                field.path,
                expected.unwrap_or_default()
            );
        };
        let Some(expected) = expected else { continue };
        let mut property = property.clone();
        if let Some(name) = property["$ref"].as_str() {
            property = schema["$defs"][name.trim_start_matches("#/$defs/")].clone();
        }
        let Value::Object(mut property) = property else {
            panic!(
                "the property of {} is not an object in docs/event.schema.json",
                field.path
            );
        };
        property.remove("description");
        // A member that its object needs is not nullable.
        let is_needed = field.needed_by == TypeSet::ALL;
        if is_needed && let Some(Value::String(of)) = property.get("type") {
            let nullable = json!([of, "null"]);
            property.insert("type".into(), nullable);
        }
        assert_eq!(
            Value::Object(property),
            expected,
            "docs/event.schema.json: the property of {} differs from crates/event/src/fields.rs",
            field.path
        );
    }
}

#[test]
fn every_column_has_a_type() {
    for field in fields() {
        assert_eq!(
            field.column.is_some(),
            field.kind.column_type().is_some() && field.path != "schema_version",
            "{}",
            field.path
        );
    }
    let of = |path: &str| FIELDS.iter().find(|field| field.path == path).unwrap();
    assert_eq!(of("rating").kind.column_type(), Some(ColumnType::Float32));
}
