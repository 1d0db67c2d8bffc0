//! Receipts as a table: `ingest_batches`.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, Date32Array, Int32Array, Int64Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use marquee_event::Date;
use marquee_lake::receipt::{Kind, Receipt};

use crate::MartsError;

/// The table's name.
pub(crate) const INGEST_BATCHES: &str = "ingest_batches";

fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let needed = |name: &str, kind| Field::new(name, kind, false);
        Arc::new(Schema::new(vec![
            needed("ingest_date", DataType::Date32),
            needed("ingest_hour", DataType::Int32),
            needed("kind", DataType::Utf8),
            needed("batch", DataType::Utf8),
            needed("shard_id", DataType::Utf8),
            needed("records", DataType::Int64),
            needed("received", DataType::Int64),
            needed("processed", DataType::Int64),
            needed("quarantined", DataType::Int64),
            needed("received_bytes", DataType::Int64),
        ]))
    });
    SCHEMA.clone()
}

/// A row a receipt.
pub(crate) fn rows(receipts: &[Receipt]) -> Result<RecordBatch, MartsError> {
    let dates = receipts
        .iter()
        .map(|receipt| {
            let date: Result<Date, _> = receipt.ingest_date.parse();
            date.map(Date::days).map_err(|fault| MartsError::Key {
                key: receipt.key(),
                why: fault.to_string(),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let text = |of: fn(&Receipt) -> &str| -> ArrayRef {
        Arc::new(
            receipts
                .iter()
                .map(|receipt| Some(of(receipt)))
                .collect::<StringArray>(),
        )
    };
    let number = |of: fn(&Receipt) -> u64| -> ArrayRef {
        let numbers = receipts
            .iter()
            .map(of)
            .map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        Arc::new(Int64Array::from_iter_values(numbers))
    };
    let hours = receipts
        .iter()
        .map(|receipt| i32::from(receipt.ingest_hour));
    Ok(RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(Date32Array::from(dates)),
            Arc::new(Int32Array::from_iter_values(hours)),
            text(|receipt| match receipt.kind {
                Kind::Stream => "stream",
                Kind::Replay => "replay",
            }),
            text(|receipt| &receipt.batch),
            text(|receipt| &receipt.shard_id),
            number(|receipt| receipt.records),
            number(|receipt| receipt.received),
            number(|receipt| receipt.processed),
            number(|receipt| receipt.quarantined),
            number(|receipt| receipt.received_bytes),
        ],
    )
    .map_err(datafusion::error::DataFusionError::from)?)
}
