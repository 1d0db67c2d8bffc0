//! What watches and protects: logs, metrics, alarms, keys, mails.

use crate::estimate::{Group, Line, fixed, line};
use crate::measured::{KMS_SHARE, LOG_BYTES};
use crate::prices::{
    ALARM, DASHBOARD, DAYS, GB, HOURS, INVOCATION, KEY, KEY_REQUEST, LOGS_IN, LOGS_KEPT, MAIL,
    METRIC, S3_GET, S3_PUT, TRACE,
};
use crate::workload::Workload;

/// Mails of a month in which little goes wrong.
const MAILS: f64 = 30.0;
/// How often in an hour Kinesis asks for a data key, of each that writes or reads.
const KEYS_AN_HOUR: f64 = 12.0;
/// The share of calls that are traced where there are many a second.
const TRACED: f64 = 0.05;

/// What watching costs, given the other lines: they say how many calls there are.
pub(crate) fn lines(workload: &Workload, others: &[Line]) -> Vec<Line> {
    let calls = of(others, INVOCATION.unit);
    let requests = of(others, S3_PUT.unit) + of(others, S3_GET.unit);
    let logs = calls * LOG_BYTES / GB;
    // One trace a second, and a share of the others.
    let every = Workload::seconds();
    let traces = calls.min(every) + (calls - every).max(0.0) * TRACED;
    let uses = (workload.packing.producers + 1.0) * KEYS_AN_HOUR * HOURS + requests * KMS_SHARE;
    let watching = Group::Watching;
    vec![
        fixed(watching, "metrics", workload.metrics, &METRIC),
        fixed(watching, "alarms", workload.alarms, &ALARM),
        fixed(watching, "dashboards", workload.dashboards, &DASHBOARD),
        line(watching, "logs written", logs, &LOGS_IN),
        line(
            watching,
            "logs kept",
            logs * workload.kept.logs / DAYS,
            &LOGS_KEPT,
        ),
        line(watching, "traces", traces, &TRACE),
        fixed(watching, "key", 1.0, &KEY),
        line(watching, "uses of the key", uses, &KEY_REQUEST),
        fixed(watching, "mails", MAILS, &MAIL),
    ]
}

/// How much of a unit those lines count.
fn of(lines: &[Line], unit: &str) -> f64 {
    lines
        .iter()
        .filter(|line| line.unit == unit)
        .map(|line| line.quantity)
        .sum()
}
