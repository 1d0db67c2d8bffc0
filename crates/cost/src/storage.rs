//! The cost of storage after the pipeline has run for the full retention.

use crate::estimate::{Group, Line, line};
use crate::measured::{CURATED, PROCESSED, QUARANTINE, RAW};
use crate::prices::{ATHENA, DAYS, GB, S3_IA, S3_STANDARD, S3_TO_IA};
use crate::records::Records;
use crate::transform::batches;
use crate::workload::Workload;

/// The size in bytes below which objects stay in S3 Standard.
const MIN_COLD_BYTES: f64 = 131_072.0;

/// Returns the lines of storage and of queries of analysts.
pub(crate) fn lines(workload: &Workload, records: &Records) -> Vec<Line> {
    let Workload {
        retention,
        rejected,
        ..
    } = workload;
    let stored = |zone, share: f64, days| {
        let gigabytes = workload.events_per_day * workload.avg_bytes * share * days / GB;
        line(Group::Storage, zone, gigabytes, &S3_STANDARD)
    };
    let mut lines = raw(workload, records);
    lines.extend([
        stored(
            "processed",
            PROCESSED * (1.0 - rejected),
            retention.processed,
        ),
        stored("quarantine", QUARANTINE * rejected, retention.quarantine),
        stored("curated", CURATED * (1.0 - rejected), retention.curated),
        line(
            Group::Storage,
            "Athena queries",
            workload.athena_tb,
            &ATHENA,
        ),
    ]);
    lines
}

/// Returns the lines of the raw zone, which moves to Standard-IA after some days if its
/// objects are large enough.
fn raw(workload: &Workload, records: &Records) -> Vec<Line> {
    let retention = &workload.retention;
    if !workload.raw {
        return Vec::new();
    }
    let objects = batches(workload, records);
    let bytes_per_day = workload.events_per_day * workload.avg_bytes * RAW;
    let is_large = bytes_per_day * DAYS / objects >= MIN_COLD_BYTES;
    let cold_after = retention.raw_cold_after;
    let moves = cold_after > 0.0 && cold_after < retention.raw && is_large;
    let warm_days = if moves { cold_after } else { retention.raw };
    let moved = if moves { objects } else { 0.0 };
    let warm = bytes_per_day * warm_days / GB;
    let cold = bytes_per_day * (retention.raw - warm_days) / GB;
    vec![
        line(Group::Storage, "raw", warm, &S3_STANDARD),
        line(Group::Storage, "raw, Standard-IA", cold, &S3_IA),
        line(
            Group::Storage,
            "raw, transitions to Standard-IA",
            moved,
            &S3_TO_IA,
        ),
    ]
}
