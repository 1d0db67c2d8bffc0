//! Reads the rows of any table as cells of text.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float32Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A row: the text of each value, `None` for null. Times are microseconds.
pub(crate) type Cells = Vec<Option<String>>;

pub(crate) fn read_rows(file: Bytes) -> Vec<Cells> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batches = reader.build().unwrap().map(Result::unwrap);
    batches
        .flat_map(|batch| {
            (0..batch.num_rows())
                .map(|row| cells(&batch, row))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn cells(batch: &RecordBatch, row: usize) -> Cells {
    batch
        .columns()
        .iter()
        .map(|column| cell(column, row))
        .collect()
}

fn cell(column: &dyn Array, row: usize) -> Option<String> {
    column.is_valid(row).then(|| match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Date32 => column.as_primitive::<Date32Type>().value(row).to_string(),
        DataType::Float32 => column.as_primitive::<Float32Type>().value(row).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Timestamp(TimeUnit::Microsecond, _) => column
            .as_primitive::<TimestampMicrosecondType>()
            .value(row)
            .to_string(),
        other => panic!("no column has type {other}"),
    })
}
