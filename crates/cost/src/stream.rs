//! The cost of the Kinesis stream.

use crate::estimate::{Group, Line, fixed, line};
use crate::prices::{
    DAYS, GB, HOURS, PUT_UNIT, SHARD_HOUR, SHARD_HOUR_KEPT, STREAM_HOUR, STREAM_IN, STREAM_KEPT,
    STREAM_OUT,
};
use crate::records::Records;
use crate::workload::{Mode, Workload};

/// The write limits of a shard per second.
const SHARD_BYTES: f64 = 1_048_576.0;
const SHARD_RECORDS: f64 = 1_000.0;

/// Returns the number of shards that the peak rate needs.
pub(crate) fn shards_for_peak(workload: &Workload, records: &Records) -> f64 {
    let by_bytes = records.bytes_per_second() * workload.peak / SHARD_BYTES;
    let by_records = records.per_second * workload.peak / SHARD_RECORDS;
    by_bytes.max(by_records).ceil().max(1.0)
}

/// Returns the number of shards of the stream. An on-demand stream has at least four,
/// and Kinesis adds more as needed.
pub(crate) fn shards(workload: &Workload, records: &Records) -> f64 {
    let needed = shards_for_peak(workload, records);
    match (workload.mode, workload.shards) {
        (Mode::OnDemand, _) => needed.max(4.0),
        (Mode::Provisioned, Some(given)) => f64::from(given),
        (Mode::Provisioned, None) => needed,
    }
}

/// Returns the lines of the stream.
pub(crate) fn lines(workload: &Workload, records: &Records) -> Vec<Line> {
    let records_per_month = records.per_second * Workload::seconds();
    let is_extended = workload.stream_hours > 24.0;
    match workload.mode {
        Mode::Provisioned => {
            let hours = shards(workload, records) * HOURS;
            let extended = if is_extended { hours } else { 0.0 };
            vec![
                fixed(Group::Stream, "shards", hours, &SHARD_HOUR),
                fixed(
                    Group::Stream,
                    "extended retention",
                    extended,
                    &SHARD_HOUR_KEPT,
                ),
                line(
                    Group::Stream,
                    "PUT units",
                    records_per_month * records.put_units(),
                    &PUT_UNIT,
                ),
            ]
        }
        Mode::OnDemand => {
            let incoming = records_per_month * records.rounded_bytes() / GB;
            let outgoing = records_per_month * records.bytes / GB;
            let extended_days = (workload.stream_hours - 24.0) / 24.0;
            vec![
                fixed(Group::Stream, "stream", HOURS, &STREAM_HOUR),
                line(Group::Stream, "data in", incoming, &STREAM_IN),
                line(Group::Stream, "data out", outgoing, &STREAM_OUT),
                line(
                    Group::Stream,
                    "extended retention",
                    incoming / DAYS * extended_days,
                    &STREAM_KEPT,
                ),
            ]
        }
    }
}
