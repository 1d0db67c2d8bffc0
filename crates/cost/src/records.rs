//! Number and size of the records in the stream.

use serde::Serialize;

use crate::measured::{AGGREGATE_OVERHEAD, COMPRESSED, KEY_BYTES};
use crate::workload::{Packing, Workload};

/// The size of a PUT payload unit in bytes, the target size of an aggregate.
const PUT_UNIT: f64 = 25_600.0;
/// The multiple to which on-demand streams round up the size of a record, in bytes.
const KB: f64 = 1_024.0;

/// The mean records of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Records {
    /// The number of records per second.
    pub per_second: f64,
    /// The number of events per record.
    pub events: f64,
    /// The size of a record in bytes.
    pub bytes: f64,
}

impl Records {
    /// Computes the records that the workload's producers send.
    pub fn of(workload: &Workload) -> Self {
        let packing = &workload.packing;
        let events = match packing.aggregate {
            true => {
                events_within_linger(workload).min(events_per_unit(packing, workload.avg_bytes))
            }
            false => 1.0,
        };
        Self {
            per_second: workload.per_second() / events,
            events,
            bytes: bytes(packing, workload.avg_bytes, events),
        }
    }

    /// Returns the mean number of bytes per second.
    pub fn bytes_per_second(&self) -> f64 {
        self.per_second * self.bytes
    }

    /// Returns the number of PUT payload units per record.
    pub fn put_units(&self) -> f64 {
        (self.bytes / PUT_UNIT).ceil()
    }

    /// Returns the billed size of a record in an on-demand stream, in bytes.
    pub fn rounded_bytes(&self) -> f64 {
        (self.bytes / KB).ceil() * KB
    }
}

/// Returns the number of events in a record at the end of its linger time: the first
/// event, and later ones in the same bucket of the same producer.
fn events_within_linger(workload: &Workload) -> f64 {
    let packing = &workload.packing;
    1.0 + workload.per_second() / (packing.producers * packing.buckets) * packing.linger_s
}

/// Returns the number of events that fill a PUT unit, at least one.
fn events_per_unit(packing: &Packing, avg_bytes: f64) -> f64 {
    // Bisection: `low` events fit, `high` do not.
    let (mut low, mut high) = (1.0, PUT_UNIT);
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        match bytes(packing, avg_bytes, middle) <= PUT_UNIT {
            true => low = middle,
            false => high = middle,
        }
    }
    low
}

/// Returns the size of a record with this number of events, in bytes.
fn bytes(packing: &Packing, avg_bytes: f64, events: f64) -> f64 {
    match (packing.compress, packing.aggregate) {
        (true, _) => events * avg_bytes * compressed(events),
        (false, true) => events * (avg_bytes + AGGREGATE_OVERHEAD.0) + AGGREGATE_OVERHEAD.1,
        (false, false) => avg_bytes + KEY_BYTES,
    }
}

/// Returns the compressed share of a record with this number of events, interpolated
/// between the measurements by the logarithm of the number.
fn compressed(events: f64) -> f64 {
    let mut below = COMPRESSED[0];
    for above in COMPRESSED {
        if events <= above.0 {
            let span = (above.0 / below.0).ln();
            let fraction = if span > 0.0 {
                (events / below.0).ln() / span
            } else {
                1.0
            };
            return below.1 + (above.1 - below.1) * fraction;
        }
        below = above;
    }
    below.1
}
