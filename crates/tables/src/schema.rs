//! The columns of every table.
//!
//! Partition columns (`ingest_date`, `ingest_hour`) are only in the path. Text is UTF-8;
//! times are microseconds in UTC. No column is unsigned or a list, because Athena, Redshift
//! and Spark do not all read them.

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use marquee_event as event;
use marquee_event::{ColumnType, FormatVersion};

/// Returns the type of a time column: microseconds in UTC.
pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

pub(crate) fn needed(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, false)
}

pub(crate) fn optional(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

/// Returns the three columns of a unit's identity, which is unique in a stream.
pub(crate) fn identity() -> [Field; 3] {
    [
        needed("shard_id", DataType::Utf8),
        needed("sequence_number", DataType::Utf8),
        needed("sub_sequence", DataType::Int32),
    ]
}

/// Returns the columns of `raw/events`: every unit verbatim.
pub fn raw_events() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let mut fields = Vec::from(identity());
        fields.extend([
            needed("partition_key", DataType::Utf8),
            needed("arrived_at", timestamp()),
            needed("payload", DataType::Binary),
        ]);
        Arc::new(Schema::new(fields))
    });
    SCHEMA.clone()
}

/// Returns the columns of `quarantine/events`: rejected units with the rejection.
pub fn quarantine() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let mut fields = Vec::from(identity());
        fields.extend([
            needed("partition_key", DataType::Utf8),
            needed("arrived_at", timestamp()),
            needed("reason", DataType::Utf8),
            optional("field", DataType::Utf8),
            optional("value", DataType::Utf8),
            needed("detail", DataType::Utf8),
            needed("payload", DataType::Binary),
            needed("processed_at", timestamp()),
        ]);
        Arc::new(Schema::new(fields))
    });
    SCHEMA.clone()
}

/// A column of the processed events.
#[derive(Debug, Clone, Copy)]
struct Column {
    name: &'static str,
    data_type: ColumnType,
    nullable: bool,
    since: FormatVersion,
}

impl Column {
    /// Returns the column of a declared field. Compilation fails for a field without a
    /// column.
    const fn of(field: event::Field) -> Self {
        let (Some(name), Some(data_type)) = (field.column, field.kind.column_type()) else {
            panic!("crates/event/src/fields.rs declares a field here that has no column")
        };
        Self {
            name,
            data_type,
            nullable: field.is_nullable(),
            since: field.since,
        }
    }

    fn arrow(self) -> Field {
        let data_type = match self.data_type {
            ColumnType::Text => DataType::Utf8,
            ColumnType::Timestamp => timestamp(),
            ColumnType::Date => DataType::Date32,
            ColumnType::Int32 => DataType::Int32,
            ColumnType::Int64 => DataType::Int64,
            ColumnType::Float32 => DataType::Float32,
        };
        Field::new(self.name, data_type, self.nullable)
    }
}

/// Returns the column of the declared field whose column has the name. Compilation fails if
/// there is none.
const fn field(column: &str) -> Column {
    let mut at = 0;
    while at < event::FIELDS.len() {
        let field = event::FIELDS[at];
        if has(&field, column) {
            return Column::of(field);
        }
        if let event::FieldKind::Object(members) = field.kind {
            let mut at = 0;
            while at < members.len() {
                if has(&members[at], column) {
                    return Column::of(members[at]);
                }
                at += 1;
            }
        }
        at += 1;
    }
    panic!("crates/event/src/fields.rs declares no field with that column")
}

const fn has(field: &event::Field, column: &str) -> bool {
    let Some(name) = field.column else {
        return false;
    };
    let (name, column) = (name.as_bytes(), column.as_bytes());
    let mut at = 0;
    while at < name.len() && at < column.len() && name[at] == column[at] {
        at += 1;
    }
    at == name.len() && at == column.len()
}

/// Returns a column that the transform adds to an event.
const fn derived(name: &'static str, data_type: ColumnType, nullable: bool) -> Column {
    Column {
        name,
        data_type,
        nullable,
        since: FormatVersion::FIRST,
    }
}

/// The columns of the first format version, in their order.
const FIRST: [Column; 30] = [
    field("event_id"),
    field("event_type"),
    field("event_time"),
    derived("event_date", ColumnType::Date, false),
    field("user_id"),
    field("session_id"),
    field("profile_id"),
    field("country"),
    field("device_type"),
    field("device_os"),
    field("app_version"),
    field("title_id"),
    field("position_ms"),
    field("from_position_ms"),
    field("query"),
    field("results"),
    field("row_index"),
    field("rating"),
    derived("series_id", ColumnType::Text, true),
    derived("genres", ColumnType::Text, true),
    derived("runtime_ms", ColumnType::Int64, true),
    derived("completion_rate", ColumnType::Float32, true),
    derived("extra", ColumnType::Text, true),
    field("producer_id"),
    field("producer_seq"),
    derived("shard_id", ColumnType::Text, false),
    derived("sequence_number", ColumnType::Text, false),
    derived("sub_sequence", ColumnType::Int32, false),
    derived("arrived_at", ColumnType::Timestamp, false),
    derived("processed_at", ColumnType::Timestamp, false),
];

/// The columns of the fields that were added later. They follow the others, so that readers
/// by position still work.
const ADDED: [Column; event::ADDED_FIELDS.len()] = {
    let mut columns = [FIRST[0]; event::ADDED_FIELDS.len()];
    let mut at = 0;
    while at < columns.len() {
        columns[at] = Column::of(event::ADDED_FIELDS[at]);
        at += 1;
    }
    columns
};

/// Returns the columns of `processed/events`: typed and enriched events.
pub fn processed_events() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> =
        LazyLock::new(|| processed_events_of(FormatVersion::CURRENT));
    SCHEMA.clone()
}

/// Returns the columns of `processed/events` in a format version.
pub fn processed_events_of(format: FormatVersion) -> SchemaRef {
    let columns = FIRST.into_iter().chain(ADDED);
    let written = columns.filter(|column| format.has(column.since));
    Arc::new(Schema::new(written.map(Column::arrow).collect::<Vec<_>>()))
}

/// Returns the columns of `reference/titles`: the title catalog.
pub fn titles() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            needed("title_id", DataType::Utf8),
            needed("name", DataType::Utf8),
            needed("kind", DataType::Utf8),
            optional("series_id", DataType::Utf8),
            optional("season", DataType::Int32),
            optional("episode", DataType::Int32),
            optional("genres", DataType::Utf8),
            optional("runtime_ms", DataType::Int64),
            optional("release_date", DataType::Date32),
        ]))
    });
    SCHEMA.clone()
}

/// Returns the columns of a title catalog with estimated runtimes: those of
/// [`titles`], then `runtime_estimated`. Tables and queries read the columns of
/// [`titles`] only.
pub fn titles_with_estimates() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let titles = titles();
        let mut fields: Vec<_> = titles.fields().iter().cloned().collect();
        fields.push(Arc::new(needed("runtime_estimated", DataType::Boolean)));
        Arc::new(Schema::new(fields))
    });
    SCHEMA.clone()
}
