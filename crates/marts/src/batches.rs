//! The table `ingest_batches`, one row per receipt.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, Date32Array, Int32Array, Int64Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use marquee_lake::LakeError;
use marquee_lake::receipt::{Receipt, ReceiptKind};

use crate::MartsError;

/// The name of the table.
pub(crate) const INGEST_BATCHES: &str = "ingest_batches";

fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let required = |name: &str, kind| Field::new(name, kind, false);
        Arc::new(Schema::new(vec![
            required("ingest_date", DataType::Date32),
            required("ingest_hour", DataType::Int32),
            required("kind", DataType::Utf8),
            required("batch", DataType::Utf8),
            required("shard_id", DataType::Utf8),
            required("records", DataType::Int64),
            required("received", DataType::Int64),
            required("processed", DataType::Int64),
            required("quarantined", DataType::Int64),
            required("received_bytes", DataType::Int64),
        ]))
    });
    SCHEMA.clone()
}

/// Converts receipts to rows.
///
/// # Errors
/// Returns [`MartsError::Ledger`] for a receipt with a count that is out of range.
pub(crate) fn rows(receipts: &[Receipt]) -> Result<RecordBatch, MartsError> {
    let dates = receipts.iter().map(|receipt| receipt.ingest_date.days());
    let text = |of: fn(&Receipt) -> &str| -> ArrayRef {
        Arc::new(
            receipts
                .iter()
                .map(|receipt| Some(of(receipt)))
                .collect::<StringArray>(),
        )
    };
    let count = |of: fn(&Receipt) -> u64| -> Result<ArrayRef, MartsError> {
        let counts = receipts.iter().map(|receipt| {
            let count = of(receipt);
            i64::try_from(count)
                .map_err(|_| malformed(receipt, format!("its count {count} is out of range")))
        });
        let counts = counts.collect::<Result<Vec<_>, _>>()?;
        Ok(Arc::new(Int64Array::from(counts)))
    };
    let hours = receipts
        .iter()
        .map(|receipt| i32::from(receipt.ingest_hour));
    Ok(RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(Date32Array::from_iter_values(dates)),
            Arc::new(Int32Array::from_iter_values(hours)),
            text(|receipt| match receipt.kind {
                ReceiptKind::Stream => "stream",
                ReceiptKind::Replay => "replay",
            }),
            text(|receipt| &receipt.batch),
            text(|receipt| &receipt.shard_id),
            count(|receipt| receipt.records)?,
            count(|receipt| receipt.received)?,
            count(|receipt| receipt.processed)?,
            count(|receipt| receipt.quarantined)?,
            count(|receipt| receipt.received_bytes)?,
        ],
    )
    .map_err(datafusion::error::DataFusionError::from)?)
}

fn malformed(receipt: &Receipt, cause: String) -> MartsError {
    MartsError::Ledger(LakeError::Malformed {
        key: receipt.key(),
        cause,
    })
}
