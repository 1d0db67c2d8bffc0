//! The cost of the daily pipeline: Step Functions, compaction, marts, Glue.

use crate::estimate::{Group, Line, fixed, line};
use crate::measured::{
    BUCKET_ROWS, CHECKS_NS, COMPACT_NS, CORE_MB, CPU_SLOWDOWN, CURATED, LAMBDA_IO, LATE_DATES,
    MARTS_BUSY, MARTS_NS, PART_CHUNKS, PROCESSED, ROW_GROUP, SPLIT_CHUNK, SPLIT_NS, STEP_SECONDS,
};
use crate::prices::{
    DAYS, GB_SECOND, GLUE_REQUEST, INVOCATION, S3_GET, S3_PUT, SCHEDULE, TRANSITION,
};
use crate::records::Records;
use crate::transform::batches;
use crate::workload::Workload;

/// State transitions per execution, outside the maps over dates and buckets.
const TRANSITIONS_PER_EXECUTION: f64 = 10.0;
/// Function calls per execution, before the first date: `publish` of what an earlier
/// execution left, and `plan`.
const CALLS_PER_EXECUTION: f64 = 2.0;
/// State transitions per run of a date, outside the maps over buckets and parts.
const TRANSITIONS_PER_RUN: f64 = 16.0;
/// State transitions per bucket or part.
const TRANSITIONS_PER_BUCKET: f64 = 2.0;
/// Function calls per run of a date, except those of its buckets and parts.
const STEPS: f64 = 11.0;
/// Glue requests to register a table's partition.
const REQUESTS_PER_TABLE: f64 = 4.0;
/// The number of tables: four of compaction and nineteen marts. Dates other than the
/// newest have fewer.
const TABLES: f64 = 23.0;
/// Objects written per run of a date: references, results of checks, books and markers,
/// and one file per table.
const OBJECTS_PER_RUN: f64 = 20.0 + TABLES;
/// Read requests per object: the footer, then the needed ranges.
const READS: f64 = 2.0;

/// The amount of work of all runs of a month.
struct DailyLoad {
    /// Runs of dates.
    runs: f64,
    /// Buckets per date.
    buckets: f64,
    /// Parts of the inputs of all runs.
    parts: f64,
    /// Seconds of compaction, including the split.
    compact_s: f64,
    /// Seconds of marts and checks.
    marts_s: f64,
    /// Objects that the split writes.
    splits: f64,
    /// Read requests.
    reads: f64,
}

/// Returns the number of buckets of a date, a power of two.
fn buckets(rows: f64) -> f64 {
    let needed = (rows / BUCKET_ROWS).ceil() as u64;
    needed.next_power_of_two() as f64
}

/// Computes the work of all runs of a month.
///
/// The first run of a date reads its arrivals. If the date has more than one bucket, the
/// run first splits them and then reads the split objects. A later run reads the curated
/// tables once, because a bucket reads only the files with its users. It also searches
/// the batches with late events, assumed to be all batches of a day, for a few rows.
///
/// If late events double the number of buckets, two buckets read each file. This happens
/// in at most one run of a date, so the model ignores it.
fn daily_load(workload: &Workload, records: &Records) -> DailyLoad {
    let rows = workload.events_per_day * (1.0 - workload.rejected);
    let runs = workload.dates_per_day * DAYS;
    let later = (workload.dates_per_day - 1.0) * DAYS;
    let late = later.min(LATE_DATES * DAYS);
    let buckets = buckets(rows);
    let io = |share: f64| rows * workload.avg_bytes * share / LAMBDA_IO;
    let kernel = rows * COMPACT_NS * CPU_SLOWDOWN * 1e-9;
    let divide = rows * SPLIT_NS * CPU_SLOWDOWN * 1e-9;
    let is_split = f64::from(buckets > 1.0);

    let split = is_split * (divide + 2.0 * io(PROCESSED));
    let first = split + kernel + io(PROCESSED) + io(CURATED);
    let again = kernel + io(CURATED) + io(CURATED);
    let search = if buckets > 1.0 { divide } else { kernel };
    let marts = rows * (MARTS_NS + CHECKS_NS) * CPU_SLOWDOWN * 1e-9 / MARTS_BUSY * CORE_MB
        / workload.day_mb;

    let (chunk_rows, chunk_bytes) = SPLIT_CHUNK;
    let date_chunks = (rows / chunk_rows).ceil();
    let late_chunks = (rows * workload.avg_bytes * PROCESSED / chunk_bytes).ceil();
    let splits = is_split * (DAYS * date_chunks + late * late_chunks) * buckets;
    let parts = |chunks: f64| (chunks / PART_CHUNKS).ceil();
    let groups = (rows / ROW_GROUP).ceil();
    let arrived = batches(workload, records) / DAYS * READS;
    DailyLoad {
        runs,
        buckets,
        parts: is_split * (DAYS * parts(date_chunks) + late * parts(late_chunks)),
        compact_s: DAYS * first + later * again + late * (search + io(PROCESSED)),
        marts_s: runs * (marts + io(CURATED)),
        splits,
        reads: (DAYS + late) * arrived + splits + later * groups + runs * groups * READS,
    }
}

/// Returns the lines of the daily pipeline.
pub(crate) fn lines(workload: &Workload, records: &Records) -> Vec<Line> {
    let load = daily_load(workload, records);
    let concurrent_calls = load.parts + load.runs * load.buckets;
    let executions = workload.executions_per_day * DAYS;
    let calls = executions * CALLS_PER_EXECUTION + load.runs * STEPS + concurrent_calls;
    let memory = workload.day_mb / 1_024.0;
    let overhead = calls * STEP_SECONDS * memory;
    let transitions = load.runs * TRANSITIONS_PER_RUN
        + TRANSITIONS_PER_BUCKET * concurrent_calls
        + executions * TRANSITIONS_PER_EXECUTION;
    let written = load.runs * (OBJECTS_PER_RUN + 4.0 * load.buckets);
    let registrations = load.runs * TABLES * REQUESTS_PER_TABLE;
    let day = Group::Day;
    vec![
        fixed(day, "schedule", executions, &SCHEDULE),
        fixed(day, "state transitions", transitions, &TRANSITION),
        line(day, "invocations", calls, &INVOCATION),
        fixed(day, "duration, startup and waiting", overhead, &GB_SECOND),
        line(
            day,
            "duration, compaction",
            load.compact_s * memory,
            &GB_SECOND,
        ),
        line(
            day,
            "duration, marts and checks",
            load.marts_s * memory,
            &GB_SECOND,
        ),
        fixed(day, "objects written", written, &S3_PUT),
        line(day, "split objects written", load.splits, &S3_PUT),
        line(day, "objects read", load.reads, &S3_GET),
        fixed(day, "tables registered", registrations, &GLUE_REQUEST),
    ]
}
