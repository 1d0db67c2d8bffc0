//! Rows of Parquet files and of tables in one form, for comparison.
//!
//! Floats are compared by their bits, times by their microseconds, and rows as a
//! multiset: both sides are sorted.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, SchemaRef, TimeUnit};
use bytes::Bytes;
use marquee_lake::rows::{RowReader, RowReaderOptions};

use crate::engine::{SqlSession, StatementError};

/// Sorted rows of values in the common text form.
pub type Rows = Vec<Vec<Option<String>>>;

/// Reads the schema and the rows of a Parquet file.
///
/// # Errors
/// The reader's message, or a column type without a common form.
pub fn read_file_rows(file: Bytes) -> Result<(SchemaRef, Rows), String> {
    let all = RowReaderOptions::default();
    let reader = RowReader::open_with("the file", file, &all).map_err(|error| error.to_string())?;
    let schema = reader.schema();
    let mut rows = Rows::new();
    for batch in reader {
        let batch = batch
            .map_err(|error| error.to_string())?
            .into_record_batch();
        for row in 0..batch.num_rows() {
            rows.push(row_values(&batch, row)?);
        }
    }
    rows.sort();
    Ok((schema, rows))
}

fn row_values(batch: &RecordBatch, row: usize) -> Result<Vec<Option<String>>, String> {
    let columns = batch.columns().iter();
    columns
        .map(|column| {
            if column.is_null(row) {
                return Ok(None);
            }
            Ok(Some(match column.data_type() {
                DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
                DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
                DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
                DataType::Float32 => {
                    let value = column.as_primitive::<Float32Type>().value(row);
                    format!("{:08x}", value.to_bits())
                }
                DataType::Float64 => {
                    let value = column.as_primitive::<Float64Type>().value(row);
                    format!("{:016x}", value.to_bits())
                }
                DataType::Boolean => column.as_boolean().value(row).to_string(),
                DataType::Date32 => column.as_primitive::<Date32Type>().value(row).to_string(),
                DataType::Timestamp(TimeUnit::Microsecond, _) => column
                    .as_primitive::<TimestampMicrosecondType>()
                    .value(row)
                    .to_string(),
                other => return Err(format!("cannot compare values of type {other}")),
            }))
        })
        .collect()
}

/// Reads the rows of a table that meet an SQL condition, with the schema's columns.
///
/// # Errors
/// [`StatementError`] with the server's message.
pub async fn read_table_rows(
    session: &SqlSession,
    table: &str,
    schema: &SchemaRef,
    condition: &str,
) -> Result<Rows, StatementError> {
    let columns: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::Timestamp(..) => {
                format!(
                    "CAST(extract(epoch FROM {}) * 1000000 AS BIGINT)",
                    field.name()
                )
            }
            DataType::Date32 => format!("{} - DATE '1970-01-01'", field.name()),
            _ => field.name().clone(),
        })
        .collect();
    let sql = format!(
        "SELECT {} FROM {table} WHERE {condition}",
        columns.join(", ")
    );
    let result = session.run(&sql, &Default::default()).await?;
    let mut rows = Rows::new();
    for row in result.rows {
        let values = row.into_iter().zip(schema.fields());
        let common_form = |value: String, data_type: &DataType| match data_type {
            DataType::Float32 => {
                let value: Result<f32, _> = value.parse();
                value.map_or_else(|_| "?".into(), |v| format!("{:08x}", v.to_bits()))
            }
            DataType::Float64 => {
                let value: Result<f64, _> = value.parse();
                value.map_or_else(|_| "?".into(), |v| format!("{:016x}", v.to_bits()))
            }
            DataType::Boolean => (value == "t").to_string(),
            _ => value,
        };
        rows.push(
            values
                .map(|(value, field)| Some(common_form(value?, field.data_type())))
                .collect(),
        );
    }
    rows.sort();
    Ok(rows)
}
