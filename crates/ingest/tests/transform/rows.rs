//! Reads the rows of a file with the `parquet` crate.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float32Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, SchemaRef, TimeUnit};
use bytes::Bytes;
use marquee_ingest::Transformed;
use marquee_lake::zone::Zone;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A value of any column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Bytes(Vec<u8>),
    /// An integer, a date in days or a time in microseconds UTC.
    Int(i64),
    Float(f32),
}

pub(crate) type Row = Vec<Cell>;

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f32> for Cell {
    fn from(value: f32) -> Self {
        Self::Float(value)
    }
}

impl<T> From<Option<T>> for Cell
where
    Cell: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

fn batches(file: &Bytes) -> (SchemaRef, Vec<RecordBatch>) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file.clone()).unwrap();
    let schema = builder.schema().clone();
    let reader = builder.with_batch_size(9_000).build().unwrap();
    (schema, reader.map(Result::unwrap).collect())
}

/// Reads the rows of a file. Asserts that its columns are those of `schema`.
pub(crate) fn rows(file: &Bytes, schema: &SchemaRef) -> Vec<Row> {
    let (read, batches) = batches(file);
    let columns = |schema: &SchemaRef| -> Vec<(String, DataType, bool)> {
        let fields = schema.fields().iter();
        fields
            .map(|field| {
                (
                    field.name().clone(),
                    field.data_type().clone(),
                    field.is_nullable(),
                )
            })
            .collect()
    };
    assert_eq!(columns(&read), columns(schema));
    batches
        .iter()
        .flat_map(|batch| (0..batch.num_rows()).map(|row| row_of(batch, row)))
        .collect()
}

fn row_of(batch: &RecordBatch, row: usize) -> Row {
    batch
        .columns()
        .iter()
        .map(|column| cell(column, row))
        .collect()
}

fn cell(column: &ArrayRef, row: usize) -> Cell {
    if column.is_null(row) {
        return Cell::Null;
    }
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::Binary => Cell::Bytes(column.as_binary::<i32>().value(row).to_vec()),
        DataType::Int32 => i64::from(column.as_primitive::<Int32Type>().value(row)).into(),
        DataType::Date32 => i64::from(column.as_primitive::<Date32Type>().value(row)).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float32 => column.as_primitive::<Float32Type>().value(row).into(),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC" => {
            let times = column.as_primitive::<TimestampMicrosecondType>();
            times.value(row).into()
        }
        other => panic!("unsupported column type {other}"),
    }
}

/// The rows of each zone's file; empty without a file.
pub(crate) struct Rows {
    pub(crate) raw: Vec<Row>,
    pub(crate) quarantine: Vec<Row>,
    pub(crate) processed: Vec<Row>,
}

impl Rows {
    pub(crate) fn of(done: &Transformed) -> Self {
        let of = |zone: Zone| {
            let mut files = done.files.iter().filter(|file| file.zone == zone);
            let rows = files.next().map_or_else(Vec::new, |file| {
                let rows = rows(&file.content, &schema_of(zone));
                assert_eq!(rows.len() as u64, file.rows, "{zone}");
                assert!(!rows.is_empty(), "{zone}: a file without rows");
                rows
            });
            assert!(files.next().is_none(), "{zone}: one file a batch");
            rows
        };
        Self {
            raw: of(Zone::Raw),
            quarantine: of(Zone::Quarantine),
            processed: of(Zone::Processed),
        }
    }
}

pub(crate) fn schema_of(zone: Zone) -> SchemaRef {
    match zone {
        Zone::Raw => marquee_tables::schema::raw_events(),
        Zone::Quarantine => marquee_tables::schema::quarantine(),
        Zone::Processed => marquee_tables::schema::processed_events(),
    }
}

/// Returns one column of the rows of a zone.
pub(crate) fn column(zone: Zone, rows: &[Row], name: &str) -> Vec<Cell> {
    let index = schema_of(zone).index_of(name).unwrap();
    rows.iter().map(|row| row[index].clone()).collect()
}

/// Returns the payloads of rows of raw or quarantine.
pub(crate) fn payloads(zone: Zone, rows: &[Row]) -> Vec<Vec<u8>> {
    column(zone, rows, "payload")
        .into_iter()
        .map(|cell| match cell {
            Cell::Bytes(bytes) => bytes,
            other => panic!("a payload is bytes, not {other:?}"),
        })
        .collect()
}
