//! One chunk of inputs, divided by the users of its rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int32Type};
use arrow_array::{Array, RecordBatch, UInt32Array};
use arrow_select::take::take_record_batch;
use bytes::Bytes;
use marquee_facts::{EVENT_COLUMNS, FactsError, bucket_of};
use marquee_tables::schema::processed_events;
use marquee_tables::settings::writer_properties;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Encoding;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use tokio::sync::mpsc;

use crate::compact::InputObject;
use crate::compact::read::{self, Read, malformed};
use crate::date::Date;
use crate::error::DayError;

/// What errors call the objects that are written.
const WRITTEN: &str = "an object of the split";
/// Text that hardly repeats, but begins like its neighbours.
const PREFIXED: [&str; 2] = ["event_id", "sequence_number"];
/// Numbers that hardly repeat.
const PACKED: [&str; 5] = [
    "event_time",
    "position_ms",
    "producer_seq",
    "arrived_at",
    "sub_sequence",
];

/// What of a chunk is one bucket's.
pub(super) struct BucketFile {
    pub(super) rows: u64,
    pub(super) content: Bytes,
}

struct Writer {
    rows: u64,
    parquet: ArrowWriter<Vec<u8>>,
}

/// Divides the inputs' rows of the date. Blocks its thread for as long as it
/// takes.
pub(super) fn divide(
    inputs: &[InputObject],
    mut pieces: mpsc::Receiver<Result<Read, DayError>>,
    date: Date,
    buckets: u32,
) -> Result<BTreeMap<u32, BucketFile>, DayError> {
    let mut writers: BTreeMap<u32, Writer> = BTreeMap::new();
    let columns = columns();
    for input in inputs {
        let mut found = 0;
        loop {
            let Read::Piece(piece) = read::next(&mut pieces)? else {
                break;
            };
            for batch in piece.batches(&input.key, |column| columns.contains(&column))? {
                let fault = |cause: &dyn ToString| malformed(&input.key, cause.to_string());
                let batch = batch?;
                check(&batch, &columns).map_err(|cause| fault(&cause))?;
                let of_buckets = rows_of(&batch, date, buckets).map_err(|cause| fault(&cause))?;
                for (bucket, rows) in of_buckets {
                    found += rows.len() as u64;
                    write(&mut writers, bucket, &batch, rows)?;
                }
            }
        }
        if found != input.rows_of_date {
            return Err(DayError::Differs {
                key: input.key.clone(),
                what: "rows of the date",
                expected: input.rows_of_date,
                found,
            });
        }
    }
    let finish = |(bucket, writer): (u32, Writer)| {
        let content = writer.parquet.into_inner();
        let file = BucketFile {
            rows: writer.rows,
            content: content.map_err(|cause| malformed(WRITTEN, cause))?.into(),
        };
        Ok((bucket, file))
    };
    writers.into_iter().map(finish).collect()
}

/// The columns of processed events that compaction reads; it makes the others anew.
fn columns() -> Vec<&'static str> {
    let schema = processed_events();
    let is_processed = |name: &&str| schema.column_with_name(name).is_some();
    EVENT_COLUMNS.into_iter().filter(is_processed).collect()
}

/// Refuses a batch that has not those columns.
fn check(batch: &RecordBatch, columns: &[&str]) -> Result<(), FactsError> {
    let has = |name: &str| batch.schema_ref().column_with_name(name).is_some();
    match columns.iter().find(|name| !has(name)) {
        Some(missing) => Err(FactsError::Missing((*missing).to_owned())),
        None => Ok(()),
    }
}

/// The rows of the date, by bucket.
fn rows_of(
    batch: &RecordBatch,
    date: Date,
    buckets: u32,
) -> Result<BTreeMap<u32, Vec<u32>>, FactsError> {
    let missing = |name: &str| FactsError::Missing(name.to_owned());
    let dates = batch
        .column_by_name("event_date")
        .and_then(|column| column.as_primitive_opt::<Date32Type>())
        .ok_or_else(|| missing("event_date"))?;
    let users = batch
        .column_by_name("user_id")
        .and_then(|column| column.as_dictionary_opt::<Int32Type>())
        .ok_or_else(|| missing("user_id"))?;
    let ids = users
        .values()
        .as_string_opt::<i32>()
        .ok_or_else(|| missing("user_id"))?;
    let bucket_of_key: Vec<u32> = (0..ids.len())
        .map(|key| bucket_of(ids.value(key).as_bytes(), buckets))
        .collect();
    let mut rows: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for row in 0..batch.num_rows() {
        if dates.is_valid(row)
            && dates.value(row) == date.days()
            && let Some(bucket) = users.key(row).and_then(|key| bucket_of_key.get(key))
        {
            rows.entry(*bucket).or_default().push(row as u32);
        }
    }
    Ok(rows)
}

fn write(
    writers: &mut BTreeMap<u32, Writer>,
    bucket: u32,
    batch: &RecordBatch,
    rows: Vec<u32>,
) -> Result<(), DayError> {
    let writer = match writers.entry(bucket) {
        std::collections::btree_map::Entry::Occupied(writer) => writer.into_mut(),
        std::collections::btree_map::Entry::Vacant(place) => {
            let options = ArrowWriterOptions::new()
                .with_properties(properties())
                .with_skip_arrow_metadata(true);
            let parquet = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options)
                .map_err(|cause| malformed(WRITTEN, cause))?;
            place.insert(Writer { rows: 0, parquet })
        }
    };
    writer.rows += rows.len() as u64;
    let rows = take_record_batch(batch, &UInt32Array::from(rows))
        .map_err(|cause| malformed(WRITTEN, cause))?;
    let written = writer.parquet.write(&rows);
    written.map_err(|cause| malformed(WRITTEN, cause))
}

fn properties() -> WriterProperties {
    let mut properties = Arc::unwrap_or_clone(writer_properties()).into_builder();
    for (columns, encoding) in [
        (&PREFIXED[..], Encoding::DELTA_BYTE_ARRAY),
        (&PACKED[..], Encoding::DELTA_BINARY_PACKED),
    ] {
        for column in columns {
            let column = ColumnPath::from(*column);
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, encoding);
        }
    }
    properties.build()
}
