//! Tests that `docs/DATA_MODEL.md` lists the columns of the tables: their names, order, types
//! and nullability.
#![allow(clippy::unwrap_used, missing_docs)]

use arrow_schema::{DataType, Field, SchemaRef};
use marquee_tables::{curated, schema};

const PAGE: &str = include_str!("../../../docs/DATA_MODEL.md");

/// Returns the names in a cell. The columns of the identity share one.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(", ").map(|name| name.trim_matches('`'))
}

/// Returns the documentation's name of a type.
fn type_name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Utf8 => "string",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::Float32 => "float",
        DataType::Boolean => "boolean",
        DataType::Timestamp(..) => "timestamp",
        DataType::Date32 => "date",
        DataType::Binary => "binary",
        _ => "?",
    }
}

/// Returns the name, type and nullability of each column in the section with the heading.
/// Columns in one row share a type, have one each, or have none.
fn documented(heading: &str) -> Vec<(String, String, String)> {
    let heading = format!("\n### {heading}\n");
    let at = PAGE
        .find(&heading)
        .unwrap_or_else(|| panic!("no {heading}"));
    let section = &PAGE[at + heading.len()..];
    let section = section.split("\n#").next().unwrap();
    let mut columns = Vec::new();
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let kinds: Vec<&str> = cells[1].split(", ").collect();
        for (at, name) in names(cells[0]).enumerate() {
            let kind = kinds.get(at).unwrap_or(&kinds[0]);
            columns.push((name.to_owned(), (*kind).to_owned(), cells[2].to_owned()));
        }
    }
    columns
}

fn assert_documented(heading: &str, schema: &SchemaRef) {
    let columns = documented(heading);
    let documented: Vec<&str> = columns.iter().map(|(name, ..)| name.as_str()).collect();
    let fields: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(documented, fields, "{heading}");
    for ((name, kind, null), field) in columns.iter().zip(schema.fields()) {
        let field: &Field = field;
        if !kind.is_empty() {
            assert_eq!(kind, type_name(field.data_type()), "{heading}: {name}");
        }
        let may_be_null = if field.is_nullable() { "yes" } else { "no" };
        assert_eq!(null, may_be_null, "{heading}: {name}");
    }
}

#[test]
fn zones_have_the_columns_that_the_page_lists() {
    assert_documented("raw/events", &schema::raw_events());
    assert_documented("quarantine/events", &schema::quarantine());
    assert_documented("processed/events", &schema::processed_events());
}

#[test]
fn compacted_tables_have_the_columns_that_the_page_lists() {
    assert_documented("dropped_events", &curated::dropped_events());
    assert_documented("fact_session", &curated::fact_session());
    assert_documented("fact_view", &curated::fact_view());
    assert_documented("audit", &curated::audit());
    assert_documented("audit_books", &curated::audit());
}
