//! COPY from a manifest of Parquet files, with Redshift's checks: it reads exactly
//! the manifest's files, of the lengths in it; columns match by position, in number
//! and type; text is limited in bytes.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, TimeUnit};
use bytes::{BufMut, Bytes, BytesMut};
use futures::SinkExt;
use marquee_lake::LakeError;
use marquee_lake::rows::{RowBatch, RowReader, RowReaderOptions};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::Deserialize;
use tokio_postgres::Client;

use crate::dialect::CopyStatement;

/// The bucket that COPY reads from.
#[derive(Clone)]
pub struct CopySource {
    /// The store of the objects.
    pub store: Arc<dyn ObjectStore>,
    /// The store's URL in statements: `s3://bucket`, or with a prefix.
    pub url: String,
    /// The ARN of the only role that may read it.
    pub role: String,
}

#[derive(Deserialize)]
struct CopyManifest {
    entries: Vec<CopyManifestEntry>,
}

#[derive(Deserialize)]
struct CopyManifestEntry {
    url: String,
    meta: Option<CopyManifestMeta>,
}

#[derive(Deserialize)]
struct CopyManifestMeta {
    content_length: Option<u64>,
}

/// A column of the target table.
struct TableColumn {
    name: String,
    /// PostgreSQL's name of the type.
    type_name: String,
    /// The limit on text in bytes, if it has one.
    max_bytes: Option<usize>,
}

/// Copies the files' rows into the table. Returns the number of rows.
///
/// # Errors
/// The message of Redshift or PostgreSQL. The caller must roll the transaction back.
pub async fn run(client: &Client, lake: &CopySource, copy: &CopyStatement) -> Result<u64, String> {
    if copy.role != lake.role {
        return Err(format!(
            "ERROR: User is not authorized to assume IAM Role {:?}",
            copy.role
        ));
    }
    let manifest = get(lake, &copy.manifest).await?;
    let manifest: CopyManifest = serde_json::from_slice(&manifest)
        .map_err(|error| format!("ERROR: Invalid manifest {}: {error}", copy.manifest))?;
    let columns = columns(client, &copy.table).await?;
    let mut rows = 0;
    for entry in &manifest.entries {
        let file = get(lake, &entry.url).await?;
        let length = entry.meta.as_ref().and_then(|meta| meta.content_length);
        let length = length.ok_or_else(|| {
            format!(
                "ERROR: Manifest entry {} has no meta.content_length, which columnar formats need",
                entry.url
            )
        })?;
        if length != file.len() as u64 {
            return Err(format!(
                "ERROR: Spectrum Scan Error: {} has {} bytes, but its manifest says {length}",
                entry.url,
                file.len()
            ));
        }
        rows += copy_file(client, &copy.table, &columns, &entry.url, file).await?;
    }
    Ok(rows)
}

async fn get(lake: &CopySource, url: &str) -> Result<Bytes, String> {
    let missing = |why: &str| format!("ERROR: The specified S3 object {url} cannot be read: {why}");
    let key = url
        .strip_prefix(&lake.url)
        .and_then(|rest| rest.strip_prefix('/'))
        .ok_or_else(|| missing("it is outside the lake"))?;
    let read = async { lake.store.get(&Path::from(key)).await?.bytes().await };
    read.await
        .map_err(|error: object_store::Error| match error {
            object_store::Error::NotFound { .. } => missing("it does not exist"),
            other => missing(&other.to_string()),
        })
}

async fn columns(client: &Client, table: &str) -> Result<Vec<TableColumn>, String> {
    let sql = "SELECT attname, format_type(atttypid, NULL), \
               CASE WHEN atttypid = 'varchar'::regtype AND atttypmod > 4 THEN atttypmod - 4 END \
               FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attnum > 0 \
               AND NOT attisdropped ORDER BY attnum";
    let rows = client
        .query(sql, &[&table])
        .await
        .map_err(|error| crate::engine::server_message(&error))?;
    if rows.is_empty() {
        return Err(format!("ERROR: Cannot COPY into nonexistent table {table}"));
    }
    let column = |row: &tokio_postgres::Row| TableColumn {
        name: row.get(0),
        type_name: row.get(1),
        max_bytes: row
            .get::<_, Option<i32>>(2)
            .and_then(|bytes| usize::try_from(bytes).ok()),
    };
    Ok(rows.iter().map(column).collect())
}

async fn copy_file(
    client: &Client,
    table: &str,
    columns: &[TableColumn],
    url: &str,
    file: Bytes,
) -> Result<u64, String> {
    let unreadable = |error: LakeError| format!("ERROR: Spectrum Scan Error: {error}");
    let all = RowReaderOptions::default();
    let reader = RowReader::open_with(url, file, &all).map_err(unreadable)?;
    check(columns, reader.schema().fields(), url)?;
    // Read the whole file before the first row is sent, so that a file with a
    // corrupt end does not leave a COPY statement half sent.
    let batches = reader
        .map(|batch| batch.map(RowBatch::into_record_batch))
        .collect::<Result<Vec<RecordBatch>, _>>()
        .map_err(unreadable)?;
    let sink = client
        .copy_in::<_, Bytes>(&format!("COPY {table} FROM STDIN"))
        .await
        .map_err(|error| crate::engine::server_message(&error))?;
    futures::pin_mut!(sink);
    for batch in &batches {
        let text = lines(batch, columns, url)?;
        let sent = sink.send(text).await;
        sent.map_err(|error| crate::engine::server_message(&error))?;
    }
    let rows = sink.finish().await;
    rows.map_err(|error| crate::engine::server_message(&error))
}

/// Checks that the file has the table's number of columns and types by position.
/// Like Redshift, it ignores names.
fn check(columns: &[TableColumn], fields: &arrow_schema::Fields, url: &str) -> Result<(), String> {
    if columns.len() != fields.len() {
        return Err(format!(
            "ERROR: Spectrum Scan Error: Number of columns in table, {}, does not match number of \
             columns in {url}, {}",
            columns.len(),
            fields.len()
        ));
    }
    for (column, field) in columns.iter().zip(fields) {
        let type_name = match field.data_type() {
            DataType::Utf8 => "character varying",
            DataType::Int32 => "integer",
            DataType::Int64 => "bigint",
            DataType::Float32 => "real",
            DataType::Float64 => "double precision",
            DataType::Boolean => "boolean",
            DataType::Date32 => "date",
            DataType::Timestamp(TimeUnit::Microsecond, _) => "timestamp without time zone",
            other => {
                return Err(format!(
                    "ERROR: Spectrum Scan Error: {url}: column {} is {other}, which COPY does not \
                     take",
                    field.name()
                ));
            }
        };
        if type_name != column.type_name {
            return Err(format!(
                "ERROR: Spectrum Scan Error: {url} has an incompatible Parquet schema for column \
                 {}: {} is {type_name}, the table's is {}",
                column.name,
                field.name(),
                column.type_name
            ));
        }
    }
    Ok(())
}

/// Encodes rows in PostgreSQL's text format for COPY.
fn lines(batch: &RecordBatch, columns: &[TableColumn], url: &str) -> Result<Bytes, String> {
    let options = FormatOptions::new().with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.6f"));
    let unreadable =
        |cause: &dyn std::fmt::Display| format!("ERROR: Spectrum Scan Error: {url}: {cause}");
    let arrays: Vec<ArrayRef> = batch.columns().iter().map(without_zone).collect();
    let formatters = arrays
        .iter()
        .map(|array| ArrayFormatter::try_new(array.as_ref(), &options))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unreadable(&error))?;
    let mut text = BytesMut::new();
    for row in 0..batch.num_rows() {
        for (index, (formatter, column)) in formatters.iter().zip(columns).enumerate() {
            if index > 0 {
                text.put_u8(b'\t');
            }
            if batch.column(index).is_null(row) {
                text.put_slice(br"\N");
                continue;
            }
            let value = formatter
                .value(row)
                .try_to_string()
                .map_err(|error| unreadable(&error))?;
            if let Some(max_bytes) = column.max_bytes
                && value.len() > max_bytes
            {
                return Err(format!(
                    "ERROR: Spectrum Scan Error: The length of the data column {} is longer than \
                     the length defined in the table. Table: {max_bytes}, Data: {}; {url}",
                    column.name,
                    value.len()
                ));
            }
            escape(&value, &mut text);
        }
        text.put_u8(b'\n');
    }
    Ok(text.freeze())
}

/// Removes the time zone from UTC timestamps, because the table's have none.
fn without_zone(array: &ArrayRef) -> ArrayRef {
    match array.as_primitive_opt::<TimestampMicrosecondType>() {
        Some(times) => Arc::new(times.clone().with_timezone_opt(None::<Arc<str>>)),
        None => Arc::clone(array),
    }
}

fn escape(value: &str, text: &mut BytesMut) {
    for byte in value.bytes() {
        match byte {
            b'\\' => text.put_slice(br"\\"),
            b'\t' => text.put_slice(br"\t"),
            b'\n' => text.put_slice(br"\n"),
            b'\r' => text.put_slice(br"\r"),
            other => text.put_u8(other),
        }
    }
}
