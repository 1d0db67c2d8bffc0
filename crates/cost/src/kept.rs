//! What is kept, once it has been running for as long as data is kept.

use crate::estimate::{Group, Line, line};
use crate::measured::{CURATED, PROCESSED, QUARANTINE, RAW};
use crate::prices::{ATHENA, GB, S3_STANDARD};
use crate::workload::Workload;

/// Bytes of a zone when as much goes as comes.
fn gigabytes(workload: &Workload, share: f64, days: f64) -> f64 {
    workload.events_per_day * workload.avg_bytes * share * days / GB
}

/// What data costs that lies there, and what people read of it.
pub(crate) fn lines(workload: &Workload) -> Vec<Line> {
    let Workload {
        kept, refused, raw, ..
    } = workload;
    let stored = |what, share, days| {
        line(
            Group::Kept,
            what,
            gigabytes(workload, share, days),
            &S3_STANDARD,
        )
    };
    let raw_share = if *raw { RAW } else { 0.0 };
    vec![
        stored("raw", raw_share, kept.raw),
        stored("processed", PROCESSED * (1.0 - refused), kept.processed),
        stored("quarantine", QUARANTINE * refused, kept.quarantine),
        stored("curated", CURATED * (1.0 - refused), kept.curated),
        line(
            Group::Kept,
            "queries of people",
            workload.athena_tb,
            &ATHENA,
        ),
    ]
}
