//! The columns of every table.
//!
//! Partition columns (`ingest_date`, `ingest_hour`) are in the path alone.
//! Text is UTF-8; times are microseconds UTC; nothing is unsigned, nothing is a
//! list, because a reader among Athena, Redshift and Spark would not take it.

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// A time column's type: microseconds UTC.
pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

pub(crate) fn needed(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, false)
}

pub(crate) fn optional(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

/// Where a unit came from: three columns that no two units of a stream share.
pub(crate) fn identity() -> [Field; 3] {
    [
        needed("shard_id", DataType::Utf8),
        needed("sequence_number", DataType::Utf8),
        needed("sub_sequence", DataType::Int32),
    ]
}

/// `raw/events`: every unit as it came.
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

/// `quarantine/events`: the units that are no events, and why.
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

/// `processed/events`: the events, typed and enriched.
pub fn processed_events() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let mut fields = vec![
            needed("event_id", DataType::Utf8),
            needed("event_type", DataType::Utf8),
            needed("event_time", timestamp()),
            needed("event_date", DataType::Date32),
            needed("user_id", DataType::Utf8),
            needed("session_id", DataType::Utf8),
            optional("profile_id", DataType::Utf8),
            optional("country", DataType::Utf8),
            optional("device_type", DataType::Utf8),
            optional("device_os", DataType::Utf8),
            optional("app_version", DataType::Utf8),
            optional("title_id", DataType::Utf8),
            optional("position_ms", DataType::Int64),
            optional("from_position_ms", DataType::Int64),
            optional("query", DataType::Utf8),
            optional("results", DataType::Int32),
            optional("row_index", DataType::Int32),
            optional("rating", DataType::Float32),
            optional("series_id", DataType::Utf8),
            optional("genres", DataType::Utf8),
            optional("runtime_ms", DataType::Int64),
            optional("completion_rate", DataType::Float32),
            optional("extra", DataType::Utf8),
            optional("producer_id", DataType::Utf8),
            optional("producer_seq", DataType::Int64),
        ];
        fields.extend(identity());
        fields.extend([
            needed("arrived_at", timestamp()),
            needed("processed_at", timestamp()),
        ]);
        Arc::new(Schema::new(fields))
    });
    SCHEMA.clone()
}

/// `reference/titles`: the catalogue.
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
