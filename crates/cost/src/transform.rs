//! The cost of the transform: function calls and S3 requests per batch.

use crate::estimate::{Group, Line, line};
use crate::measured::{
    BATCH_RECORDS, BATCH_WAITS, CORE_MB, CPU_SLOWDOWN, ENVELOPE_BYTES, PAYLOAD_BYTES, S3_SECONDS,
    TRANSFORM_NS, TRANSFORM_PLAIN_NS,
};
use crate::prices::{GB_SECOND, INVOCATION, S3_GET, S3_PUT};
use crate::records::Records;
use crate::stream::shards;
use crate::workload::Workload;

/// Returns the number of batches per month.
///
/// A shard's batch ends with its window, or when it reaches the maximum payload or
/// number of records. A shard with less than one record per window has one batch per
/// record.
pub(crate) fn batches(workload: &Workload, records: &Records) -> f64 {
    let per_shard = records.per_second / shards(workload, records);
    let payload = records.bytes * 4.0 / 3.0 + ENVELOPE_BYTES;
    let max_records = (PAYLOAD_BYTES / payload).floor().clamp(1.0, BATCH_RECORDS);
    // The first record of a batch, and those that arrive within its window.
    let in_batch = (1.0 + per_shard * workload.window_s).min(max_records);
    records.per_second / in_batch * Workload::seconds()
}

/// Returns the mean number of objects that a batch writes besides its receipt. A batch
/// with a rejected event writes one to quarantine.
pub(crate) fn objects(workload: &Workload, events: f64) -> f64 {
    let any_rejected = 1.0 - (1.0 - workload.rejected).powf(events);
    let raw = if workload.raw { 1.0 } else { 0.0 };
    1.0 + raw + any_rejected
}

/// Returns the billed duration of a batch with this number of events, in seconds.
fn seconds(workload: &Workload, events: f64) -> f64 {
    let (with_raw, without) = match workload.packing.aggregate {
        true => TRANSFORM_NS,
        false => TRANSFORM_PLAIN_NS,
    };
    let ns = if workload.raw { with_raw } else { without };
    // CPU time grows with the bytes; the single thread uses at most one CPU.
    let size = workload.avg_bytes / crate::measured::EVENT_BYTES;
    let cores = (workload.transform_mb / CORE_MB).min(1.0);
    events * ns * size * CPU_SLOWDOWN * 1e-9 / cores + BATCH_WAITS * S3_SECONDS
}

/// Returns the lines of the transform.
pub(crate) fn lines(workload: &Workload, records: &Records) -> Vec<Line> {
    let batches = batches(workload, records);
    let events = workload.events() / batches;
    let gb_seconds = batches * seconds(workload, events) * workload.transform_mb / 1_024.0;
    vec![
        line(Group::Transform, "invocations", batches, &INVOCATION),
        line(Group::Transform, "duration", gb_seconds, &GB_SECOND),
        line(
            Group::Transform,
            "objects and receipts written",
            batches * (objects(workload, events) + 1.0),
            &S3_PUT,
        ),
        // The check for an earlier receipt, and the pointer of the title catalog.
        line(
            Group::Transform,
            "receipt and catalog reads",
            batches * 2.0,
            &S3_GET,
        ),
    ]
}
