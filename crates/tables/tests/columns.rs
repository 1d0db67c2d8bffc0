//! Tests of the columns of every table: their order is frozen, and other lists of the columns
//! agree with the code. A failure names the column and the missing line.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeMap;
use std::path::Path;

use arrow_schema::{DataType, Field, SchemaRef};
use marquee_event::{Field as EventField, FieldKind, FormatVersion, fields};
use marquee_tables::{curated, schema};

const TERRAFORM: &str = include_str!("../../../infra/columns.json");
const VIEW: &str = include_str!("../../../sql/athena/views/all_events.sql");
const DDL: &str = include_str!("../../../sql/redshift/ddl/events.sql");

/// Returns the name of a column's type in Glue and Athena.
fn glue_type(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Utf8 => "string",
        DataType::Int32 => "int",
        DataType::Int64 => "bigint",
        DataType::Float32 => "float",
        DataType::Boolean => "boolean",
        DataType::Timestamp(..) => "timestamp",
        DataType::Date32 => "date",
        DataType::Binary => "binary",
        other => panic!("unsupported column type {other}"),
    }
}

/// Formats columns as `name type`, with `?` for a nullable column.
fn line(schema: &SchemaRef) -> String {
    let column = |field: &Field| {
        let nullable = if field.is_nullable() { "?" } else { "" };
        format!(
            "{} {}{nullable}",
            field.name(),
            glue_type(field.data_type())
        )
    };
    let fields = schema.fields().iter();
    fields
        .map(|field| column(field))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The processed columns of the first format version, in their order.
const PROCESSED: &str = "event_id string, event_type string, event_time timestamp, \
    event_date date, user_id string, session_id string, profile_id string?, country string?, \
    device_type string?, device_os string?, app_version string?, title_id string?, \
    position_ms bigint?, from_position_ms bigint?, query string?, results int?, row_index int?, \
    rating float?, series_id string?, genres string?, runtime_ms bigint?, \
    completion_rate float?, extra string?, producer_id string?, producer_seq bigint?, \
    shard_id string, sequence_number string, sub_sequence int, arrived_at timestamp, \
    processed_at timestamp";

/// The columns that each later format version appends to the processed and the
/// curated events.
const APPENDED: [&str; FormatVersion::CURRENT.number() as usize - 1] = ["network_type string?"];

/// Readers by position and `marquee rebuild` depend on the order. New columns are only
/// appended.
#[test]
fn the_order_of_columns_is_frozen() {
    let of_curated = PROCESSED
        .replace(" event_date date,", "")
        .replace(", processed_at timestamp", "");
    let (mut processed, mut events) = (PROCESSED.to_owned(), of_curated);
    for (number, appended) in (1..).zip([""].into_iter().chain(APPENDED)) {
        if !appended.is_empty() {
            processed = format!("{processed}, {appended}");
            events = format!("{events}, {appended}");
        }
        let format = FormatVersion::from_number(number).unwrap();
        let written = line(&schema::processed_events_of(format));
        assert_eq!(
            written, processed,
            "processed_events in format version {number}"
        );
    }
    let identity = "shard_id string, sequence_number string, sub_sequence int";
    for (table, schema, frozen) in [
        ("processed_events", schema::processed_events(), processed),
        ("events", curated::events(), events),
        (
            "raw_events",
            schema::raw_events(),
            format!("{identity}, partition_key string, arrived_at timestamp, payload binary"),
        ),
        (
            "quarantine",
            schema::quarantine(),
            format!(
                "{identity}, partition_key string, arrived_at timestamp, reason string, \
                 field string?, value string?, detail string, payload binary, \
                 processed_at timestamp"
            ),
        ),
        (
            "titles",
            schema::titles(),
            "title_id string, name string, kind string, series_id string?, season int?, \
             episode int?, genres string?, runtime_ms bigint?, release_date date?"
                .into(),
        ),
        (
            "dropped_events",
            curated::dropped_events(),
            format!(
                "user_id string, event_id string, {identity}, arrived_at timestamp, \
                 content_digest bigint, is_conflict boolean"
            ),
        ),
        (
            "fact_session",
            curated::fact_session(),
            "user_id string, session_id string, started_at timestamp, ended_at timestamp, \
             events bigint, watch_ms bigint, titles int, searches int, device_type string?, \
             country string?, is_binge boolean"
                .into(),
        ),
        (
            "fact_view",
            curated::fact_view(),
            "user_id string, session_id string, title_id string, series_id string?, \
             genres string?, runtime_ms bigint?, started_at timestamp, ended_at timestamp, \
             events int, watch_ms bigint, completion_rate float?, pauses int, seeks int, \
             completed boolean, rating float?, engagement_score float, device_type string?, \
             country string?"
                .into(),
        ),
        (
            "audit",
            curated::audit(),
            "book string, scope string, name string, figure string, value bigint".into(),
        ),
    ] {
        assert_eq!(line(&schema), frozen, "{table}");
    }
}

/// A declared field without a column in the tables would be lost.
#[test]
fn every_declared_field_has_its_column() {
    let processed = schema::processed_events();
    let events = curated::events();
    for field in fields() {
        let Some(column) = field.column else { continue };
        for (table, schema) in [("processed", &processed), ("curated", &events)] {
            assert!(
                schema.field_with_name(column).is_ok(),
                "field {} is declared in crates/event/src/fields.rs, but the {table} events have \
                 no column {column}: add it to FIRST in crates/tables/src/schema.rs",
                field.path
            );
        }
    }
}

/// Returns the tables that Terraform creates, with their schemas.
fn terraform() -> BTreeMap<&'static str, SchemaRef> {
    BTreeMap::from([
        ("raw_events", schema::raw_events()),
        ("quarantine", schema::quarantine()),
        ("processed_events", schema::processed_events()),
        ("audit_books", curated::audit()),
    ])
}

/// Returns the text of `infra/columns.json`, with one column per line.
fn terraform_text() -> String {
    let table = |(table, schema): (&str, SchemaRef)| {
        let column = |field: &Field| {
            let (name, kind) = (field.name(), glue_type(field.data_type()));
            format!("    {{ \"name\": \"{name}\", \"type\": \"{kind}\" }}")
        };
        let columns: Vec<String> = schema.fields().iter().map(|field| column(field)).collect();
        format!("  \"{table}\": [\n{}\n  ]", columns.join(",\n"))
    };
    let tables: Vec<String> = terraform().into_iter().map(table).collect();
    format!("{{\n{}\n}}\n", tables.join(",\n"))
}

/// To write the file: `MARQUEE_WRITE=1 cargo test -p marquee-tables --test columns`.
#[test]
fn terraform_has_every_column() {
    let text = terraform_text();
    if std::env::var_os("MARQUEE_WRITE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/columns.json");
        std::fs::write(path, text).unwrap();
        return;
    }
    for line in text.lines() {
        assert!(
            TERRAFORM
                .lines()
                .any(|found| found.trim_end_matches(',') == line.trim_end_matches(',')),
            "infra/columns.json lacks the line `{}`",
            line.trim()
        );
    }
    assert_eq!(TERRAFORM, text, "infra/columns.json");
}

/// The view lists the columns three times: for the arrived events, for the curated events,
/// and for the events that are not curated yet.
#[test]
fn the_athena_view_selects_every_column() {
    for field in curated::events().fields() {
        let name = field.name();
        let is_column = |line: &&str| line.trim().trim_end_matches(',') == name;
        assert_eq!(
            VIEW.lines().filter(is_column).count(),
            3,
            "sql/athena/views/all_events.sql must select {name} in each of its three lists"
        );
    }
}

/// Returns the maximum size of a field's text in bytes.
fn most_bytes(field: &EventField) -> Option<usize> {
    match field.kind {
        FieldKind::Id { most } | FieldKind::Text { most } => Some(most),
        FieldKind::Uuid => Some(36),
        FieldKind::Country => Some(2),
        _ => None,
    }
}

#[test]
fn the_warehouse_table_has_a_column_for_every_field() {
    for field in fields() {
        let Some(column) = field.column else { continue };
        let line = DDL
            .lines()
            .find_map(|line| line.trim().strip_prefix(&format!("{column} ")));
        let kind = match field.kind {
            FieldKind::Int32 { .. } => "INTEGER".to_owned(),
            FieldKind::Int64 { .. } => "BIGINT".to_owned(),
            FieldKind::Stars => "REAL".to_owned(),
            FieldKind::Time => "TIMESTAMP NOT NULL".to_owned(),
            _ => match most_bytes(field) {
                Some(most) => format!("VARCHAR({most})"),
                None => continue,
            },
        };
        let Some(line) = line else {
            panic!(
                "field {} is declared in crates/event/src/fields.rs, but \
                 sql/redshift/ddl/events.sql has no column for it: append `{column} {kind}`",
                field.path
            );
        };
        let line = line.trim_end_matches(',');
        assert_eq!(
            line.trim_end_matches(" NOT NULL"),
            kind.trim_end_matches(" NOT NULL"),
            "sql/redshift/ddl/events.sql: the type of {column}"
        );
        assert_eq!(
            line.ends_with(" NOT NULL"),
            !field.is_nullable(),
            "sql/redshift/ddl/events.sql: NOT NULL of {column}"
        );
    }
}
