//! What becomes of events in the stream.

use serde::Serialize;

use crate::measured::{AGGREGATED, COMPRESSED, KEYED};
use crate::workload::{Packing, Workload};

/// Bytes of a PUT payload unit, which an aggregate aims to fill.
const PUT_UNIT: f64 = 25_600.0;
/// Bytes that on-demand streams round a record up to.
const KB: f64 = 1_024.0;

/// The records of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Records {
    /// Records of the mean second.
    pub per_second: f64,
    /// Events in a record.
    pub events: f64,
    /// Bytes of a record.
    pub bytes: f64,
}

impl Records {
    /// The records that the workload's producers make.
    pub fn of(workload: &Workload) -> Self {
        let packing = &workload.packing;
        let events = match packing.aggregate {
            true => filled(workload).min(most(packing, workload.avg_bytes)),
            false => 1.0,
        };
        Self {
            per_second: workload.per_second() / events,
            events,
            bytes: bytes(packing, workload.avg_bytes, events),
        }
    }

    /// Bytes of the mean second.
    pub fn bytes_per_second(&self) -> f64 {
        self.per_second * self.bytes
    }

    /// PUT payload units of a record.
    pub fn put_units(&self) -> f64 {
        (self.bytes / PUT_UNIT).ceil()
    }

    /// Bytes that a record counts as on demand.
    pub fn rounded_bytes(&self) -> f64 {
        (self.bytes / KB).ceil() * KB
    }
}

/// How many events a record has when its time is over: the first, and those that
/// came to the same bucket of the same producer while it waited.
fn filled(workload: &Workload) -> f64 {
    let packing = &workload.packing;
    1.0 + workload.per_second() / (packing.producers * packing.buckets) * packing.linger_s
}

/// How many events fill a PUT unit; one at least.
fn most(packing: &Packing, avg_bytes: f64) -> f64 {
    let (mut fits, mut does_not) = (1.0, PUT_UNIT);
    for _ in 0..64 {
        let middle = f64::midpoint(fits, does_not);
        match bytes(packing, avg_bytes, middle) <= PUT_UNIT {
            true => fits = middle,
            false => does_not = middle,
        }
    }
    fits
}

/// Bytes of a record of so many events.
fn bytes(packing: &Packing, avg_bytes: f64, events: f64) -> f64 {
    match (packing.compress, packing.aggregate) {
        (true, _) => events * avg_bytes * compressed(events),
        (false, true) => events * (avg_bytes + AGGREGATED.0) + AGGREGATED.1,
        (false, false) => avg_bytes + KEYED,
    }
}

/// What compression leaves of a record of so many events: between two that were
/// measured, by the logarithm of the number.
fn compressed(events: f64) -> f64 {
    let mut below = COMPRESSED[0];
    for above in COMPRESSED {
        if events <= above.0 {
            let span = (above.0 / below.0).ln();
            let way = if span > 0.0 {
                (events / below.0).ln() / span
            } else {
                1.0
            };
            return below.1 + (above.1 - below.1) * way;
        }
        below = above;
    }
    below.1
}
