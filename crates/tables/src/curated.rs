//! The columns of the curated tables that compaction writes.
//!
//! `event_date` is only in the path. The SQL of a mart defines its columns. The order of
//! columns is part of the contract, because Redshift loads by position.

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Schema, SchemaRef};

use crate::schema::{identity, needed, optional, processed_events, timestamp};

/// Returns the columns of `curated/events`: each event once, in the order of user, time,
/// arrival and identity. They are those of the processed events without `event_date`, which
/// is in the path, and `processed_at`, which belongs to the batch.
pub fn events() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let processed = processed_events();
        let fields = processed.fields().iter().filter(|field| {
            let name = field.name().as_str();
            !["event_date", "processed_at"].contains(&name)
        });
        Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()))
    });
    SCHEMA.clone()
}

/// Returns the columns of `curated/dropped_events`: the identities that deduplication
/// dropped, in the order of user, event, arrival and identity.
pub fn dropped_events() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let mut fields = vec![
            needed("user_id", DataType::Utf8),
            needed("event_id", DataType::Utf8),
        ];
        fields.extend(identity());
        fields.extend([
            needed("arrived_at", timestamp()),
            needed("content_digest", DataType::Int64),
            needed("is_conflict", DataType::Boolean),
        ]);
        Arc::new(Schema::new(fields))
    });
    SCHEMA.clone()
}

/// Returns the columns of `curated/fact_session`: one row for each session and date.
pub fn fact_session() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            needed("user_id", DataType::Utf8),
            needed("session_id", DataType::Utf8),
            needed("started_at", timestamp()),
            needed("ended_at", timestamp()),
            needed("events", DataType::Int64),
            needed("watch_ms", DataType::Int64),
            needed("titles", DataType::Int32),
            needed("searches", DataType::Int32),
            optional("device_type", DataType::Utf8),
            optional("country", DataType::Utf8),
            needed("is_binge", DataType::Boolean),
        ]))
    });
    SCHEMA.clone()
}

/// Returns the columns of `curated/fact_view`: one row for each user, session and title that
/// was watched or rated.
pub fn fact_view() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            needed("user_id", DataType::Utf8),
            needed("session_id", DataType::Utf8),
            needed("title_id", DataType::Utf8),
            optional("series_id", DataType::Utf8),
            optional("genres", DataType::Utf8),
            optional("runtime_ms", DataType::Int64),
            needed("started_at", timestamp()),
            needed("ended_at", timestamp()),
            needed("events", DataType::Int32),
            needed("watch_ms", DataType::Int64),
            optional("completion_rate", DataType::Float32),
            needed("pauses", DataType::Int32),
            needed("seeks", DataType::Int32),
            needed("completed", DataType::Boolean),
            optional("rating", DataType::Float32),
            needed("engagement_score", DataType::Float32),
            optional("device_type", DataType::Utf8),
            optional("country", DataType::Utf8),
        ]))
    });
    SCHEMA.clone()
}

/// Returns the columns of `curated/audit` and `curated/audit_books`: one row for each figure
/// of a book.
pub fn audit() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            needed("book", DataType::Utf8),
            needed("scope", DataType::Utf8),
            needed("name", DataType::Utf8),
            needed("figure", DataType::Utf8),
            needed("value", DataType::Int64),
        ]))
    });
    SCHEMA.clone()
}
