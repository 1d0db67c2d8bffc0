//! What is kept, once it has been running for as long as data is kept.

use crate::estimate::{Group, Line, line};
use crate::measured::{CURATED, PROCESSED, QUARANTINE, RAW};
use crate::prices::{ATHENA, DAYS, GB, S3_IA, S3_STANDARD, S3_TO_IA};
use crate::records::Records;
use crate::transform::batches;
use crate::workload::Workload;

/// Objects of less than this stay in S3 Standard.
const LEAST_COLD: f64 = 131_072.0;

/// What data costs that lies there, and what people read of it.
pub(crate) fn lines(workload: &Workload, records: &Records) -> Vec<Line> {
    let Workload { kept, refused, .. } = workload;
    let stored = |what, share: f64, days| {
        let gigabytes = workload.events_per_day * workload.avg_bytes * share * days / GB;
        line(Group::Kept, what, gigabytes, &S3_STANDARD)
    };
    let mut lines = raw(workload, records);
    lines.extend([
        stored("processed", PROCESSED * (1.0 - refused), kept.processed),
        stored("quarantine", QUARANTINE * refused, kept.quarantine),
        stored("curated", CURATED * (1.0 - refused), kept.curated),
        line(
            Group::Kept,
            "queries of people",
            workload.athena_tb,
            &ATHENA,
        ),
    ]);
    lines
}

/// The raw zone, which moves to a cheaper class when it is old and its objects are
/// large enough.
fn raw(workload: &Workload, records: &Records) -> Vec<Line> {
    let kept = &workload.kept;
    if !workload.raw {
        return Vec::new();
    }
    let objects = batches(workload, records);
    let of_day = workload.events_per_day * workload.avg_bytes * RAW;
    let is_large = of_day * DAYS / objects >= LEAST_COLD;
    let moves = kept.raw_cold_after > 0.0 && kept.raw_cold_after < kept.raw && is_large;
    let warm_days = if moves { kept.raw_cold_after } else { kept.raw };
    let moved = if moves { objects } else { 0.0 };
    let cold = of_day * (kept.raw - warm_days) / GB;
    vec![
        line(Group::Kept, "raw", of_day * warm_days / GB, &S3_STANDARD),
        line(Group::Kept, "raw, cold", cold, &S3_IA),
        line(Group::Kept, "raw objects that turn cold", moved, &S3_TO_IA),
    ]
}
