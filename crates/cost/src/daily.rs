//! The day: Step Functions, compaction, marts, Glue.

use crate::estimate::{Group, Line, fixed, line};
use crate::measured::{
    BUCKET_ROWS, CHECKS_NS, COMPACT_NS, CORE_MB, CURATED, LAMBDA_IO, LATE_DATES, MARTS_BUSY,
    MARTS_NS, PART_CHUNKS, PROCESSED, ROW_GROUP, SLOWER, SPLIT_CHUNK, SPLIT_NS, STEP_SECONDS,
};
use crate::prices::{
    DAYS, GB_SECOND, GLUE_REQUEST, INVOCATION, S3_GET, S3_PUT, SCHEDULE, TRANSITION,
};
use crate::records::Records;
use crate::transform::batches;
use crate::workload::Workload;

/// Transitions of an execution around its dates, and of a date around its
/// buckets; of a bucket, or a part of the split.
const AROUND_DATES: f64 = 10.0;
const AROUND_BUCKETS: f64 = 16.0;
const OF_BUCKET: f64 = 2.0;
/// Functions that a date's run calls beside those of its buckets.
const STEPS: f64 = 11.0;
/// Calls of Glue that show a table's partition, and how many tables there are: four of
/// compaction, eighteen marts. Dates that are not the newest have fewer.
const SHOWING: f64 = 4.0;
const TABLES: f64 = 22.0;
/// Small objects that a date's run writes: references, checks, books, marks; and
/// a file each of the tables.
const DOCUMENTS: f64 = 20.0 + TABLES;
/// Reads of one object: its end, then what is needed of it.
const READS: f64 = 2.0;

/// The work of a month's runs.
struct Work {
    /// Of dates, each as often as it is made.
    runs: f64,
    /// Of a date.
    buckets: f64,
    /// Parts that the inputs are divided in, of all runs.
    parts: f64,
    /// Seconds that compaction, and splitting before it, take.
    compact_s: f64,
    /// Seconds that marts and checks take.
    marts_s: f64,
    /// Objects that inputs are split into.
    splits: f64,
    /// Reads of objects.
    reads: f64,
}

/// Buckets of a date, a power of two.
fn buckets(rows: f64) -> f64 {
    let least = (rows / BUCKET_ROWS).ceil() as u64;
    least.next_power_of_two() as f64
}

/// What a date's runs have to do.
///
/// The first run reads what arrived; where there is more than one bucket it first
/// divides it, and reads what it wrote. A later one reads what is curated, once, as a
/// bucket reads the files that its users are in; and, for a few rows of each, the
/// batches that brought late events, which are taken to be all of a day. Only where late events double
/// the number of buckets does each file serve two, and is read twice: a run in the
/// life of a date, if any, which is left out.
fn work(workload: &Workload, records: &Records) -> Work {
    let rows = workload.events_per_day * (1.0 - workload.refused);
    let runs = workload.dates_per_day * DAYS;
    let later = (workload.dates_per_day - 1.0) * DAYS;
    let late = later.min(LATE_DATES * DAYS);
    let buckets = buckets(rows);
    let io = |share: f64| rows * workload.avg_bytes * share / LAMBDA_IO;
    let kernel = rows * COMPACT_NS * SLOWER * 1e-9;
    let divide = rows * SPLIT_NS * SLOWER * 1e-9;
    let is_divided = f64::from(buckets > 1.0);

    let division = is_divided * (divide + 2.0 * io(PROCESSED));
    let first = division + kernel + io(PROCESSED) + io(CURATED);
    let again = kernel + io(CURATED) + io(CURATED);
    let search = if buckets > 1.0 { divide } else { kernel };
    let marts =
        rows * (MARTS_NS + CHECKS_NS) * SLOWER * 1e-9 / MARTS_BUSY * CORE_MB / workload.day_mb;

    let (chunk_rows, chunk_bytes) = SPLIT_CHUNK;
    let of_date = (rows / chunk_rows).ceil();
    let of_late = (rows * workload.avg_bytes * PROCESSED / chunk_bytes).ceil();
    let splits = is_divided * (DAYS * of_date + late * of_late) * buckets;
    let parts = |chunks: f64| (chunks / PART_CHUNKS).ceil();
    let groups = (rows / ROW_GROUP).ceil();
    let arrived = batches(workload, records) / DAYS * READS;
    Work {
        runs,
        buckets,
        parts: is_divided * (DAYS * parts(of_date) + late * parts(of_late)),
        compact_s: DAYS * first + later * again + late * (search + io(PROCESSED)),
        marts_s: runs * (marts + io(CURATED)),
        splits,
        reads: (DAYS + late) * arrived + splits + later * groups + runs * groups * READS,
    }
}

/// What the day costs.
pub(crate) fn lines(workload: &Workload, records: &Records) -> Vec<Line> {
    let work = work(workload, records);
    let side_by_side = work.parts + work.runs * work.buckets;
    let calls = work.runs * STEPS + side_by_side;
    let memory = workload.day_mb / 1_024.0;
    let around = calls * STEP_SECONDS * memory;
    let transitions = work.runs * AROUND_BUCKETS + OF_BUCKET * side_by_side + DAYS * AROUND_DATES;
    let written = work.runs * (DOCUMENTS + 4.0 * work.buckets);
    let shown = work.runs * TABLES * SHOWING;
    let day = Group::Day;
    vec![
        fixed(day, "schedule", DAYS, &SCHEDULE),
        fixed(day, "state transitions", transitions, &TRANSITION),
        line(day, "invocations", calls, &INVOCATION),
        fixed(day, "duration of starting and waiting", around, &GB_SECOND),
        line(
            day,
            "duration of compaction",
            work.compact_s * memory,
            &GB_SECOND,
        ),
        line(
            day,
            "duration of marts and checks",
            work.marts_s * memory,
            &GB_SECOND,
        ),
        fixed(day, "objects written", written, &S3_PUT),
        line(day, "objects of splits written", work.splits, &S3_PUT),
        line(day, "objects read", work.reads, &S3_GET),
        fixed(day, "tables shown", shown, &GLUE_REQUEST),
    ]
}
