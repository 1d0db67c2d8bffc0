//! Kinesis.

use crate::estimate::{Group, Line, fixed, line};
use crate::prices::{
    DAYS, GB, HOURS, PUT_UNIT, SHARD_HOUR, SHARD_HOUR_KEPT, STREAM_HOUR, STREAM_IN, STREAM_KEPT,
    STREAM_OUT,
};
use crate::records::Records;
use crate::workload::{Mode, Workload};

/// What a shard takes in a second.
const SHARD_BYTES: f64 = 1_048_576.0;
const SHARD_RECORDS: f64 = 1_000.0;

/// How many shards carry the busiest second.
pub(crate) fn shards_for_peak(workload: &Workload, records: &Records) -> f64 {
    let bytes = records.bytes_per_second() * workload.peak / SHARD_BYTES;
    let numbers = records.per_second * workload.peak / SHARD_RECORDS;
    bytes.max(numbers).ceil().max(1.0)
}

/// The stream's shards. On demand Kinesis has at least four, and as many as it
/// sees fit.
pub(crate) fn shards(workload: &Workload, records: &Records) -> f64 {
    let needed = shards_for_peak(workload, records);
    match (workload.mode, workload.shards) {
        (Mode::OnDemand, _) => needed.max(4.0),
        (Mode::Provisioned, Some(given)) => f64::from(given),
        (Mode::Provisioned, None) => needed,
    }
}

/// What the stream costs.
pub(crate) fn lines(workload: &Workload, records: &Records) -> Vec<Line> {
    let of_month = records.per_second * Workload::seconds();
    let is_kept_longer = workload.stream_hours > 24.0;
    match workload.mode {
        Mode::Provisioned => {
            let hours = shards(workload, records) * HOURS;
            let kept = if is_kept_longer { hours } else { 0.0 };
            vec![
                fixed(Group::Stream, "shards", hours, &SHARD_HOUR),
                fixed(
                    Group::Stream,
                    "records kept past a day",
                    kept,
                    &SHARD_HOUR_KEPT,
                ),
                line(
                    Group::Stream,
                    "PUT units",
                    of_month * records.put_units(),
                    &PUT_UNIT,
                ),
            ]
        }
        Mode::OnDemand => {
            let incoming = of_month * records.rounded_bytes() / GB;
            let outgoing = of_month * records.bytes / GB;
            let days_kept = (workload.stream_hours - 24.0) / 24.0;
            vec![
                fixed(Group::Stream, "stream", HOURS, &STREAM_HOUR),
                line(Group::Stream, "data in", incoming, &STREAM_IN),
                line(Group::Stream, "data out", outgoing, &STREAM_OUT),
                line(
                    Group::Stream,
                    "records kept past a day",
                    incoming / DAYS * days_kept,
                    &STREAM_KEPT,
                ),
            ]
        }
    }
}
