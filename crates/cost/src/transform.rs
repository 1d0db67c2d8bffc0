//! The hot path: batches, the function, the objects.

use crate::estimate::{Group, Line, line};
use crate::measured::{
    BATCH_RECORDS, BATCH_WAITS, CORE_MB, ENVELOPE, PAYLOAD, S3_SECONDS, SLOWER, TRANSFORM_NS,
    TRANSFORM_PLAIN_NS,
};
use crate::prices::{GB_SECOND, INVOCATION, S3_GET, S3_PUT};
use crate::records::Records;
use crate::stream::shards;
use crate::workload::Workload;

/// Batches of a month.
///
/// A shard's batch is done when its window is over, or its payload or its number
/// of records is reached. A shard that gets a record less often than that has a
/// batch a record.
pub(crate) fn batches(workload: &Workload, records: &Records) -> f64 {
    let per_shard = records.per_second / shards(workload, records);
    let payload = records.bytes * 4.0 / 3.0 + ENVELOPE;
    let most = (PAYLOAD / payload).floor().clamp(1.0, BATCH_RECORDS);
    // The first record of a batch, and those that come while it waits.
    let in_batch = (1.0 + per_shard * workload.window_s).min(most);
    records.per_second / in_batch * Workload::seconds()
}

/// Objects that a batch writes beside its receipt. One of quarantine is there
/// when any event of the batch was refused.
pub(crate) fn objects(workload: &Workload, events: f64) -> f64 {
    let is_any_refused = 1.0 - (1.0 - workload.refused).powf(events);
    let raw = if workload.raw { 1.0 } else { 0.0 };
    1.0 + raw + is_any_refused
}

/// Seconds that a batch of so many events is billed.
fn seconds(workload: &Workload, events: f64) -> f64 {
    let (with_raw, without) = match workload.packing.aggregate {
        true => TRANSFORM_NS,
        false => TRANSFORM_PLAIN_NS,
    };
    let ns = if workload.raw { with_raw } else { without };
    // Time grows with the bytes; one thread uses one processor at most.
    let size = workload.avg_bytes / crate::measured::EVENT_BYTES;
    let cores = (workload.transform_mb / CORE_MB).min(1.0);
    events * ns * size * SLOWER * 1e-9 / cores + BATCH_WAITS * S3_SECONDS
}

/// What the transform costs.
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
        // Has it a receipt already, and which catalogue is current?
        line(
            Group::Transform,
            "looks at the lake",
            batches * 2.0,
            &S3_GET,
        ),
    ]
}
