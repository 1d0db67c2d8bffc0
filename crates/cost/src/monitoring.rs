//! The cost of monitoring and encryption: logs, metrics, alarms, keys, email.

use crate::estimate::{Group, Line, fixed, line};
use crate::measured::{KMS_SHARE, LOG_BYTES};
use crate::prices::{
    ALARM, DASHBOARD, DAYS, GB, HOURS, INVOCATION, KEY, KEY_REQUEST, LOGS_IN, LOGS_KEPT, MAIL,
    METRIC, S3_GET, S3_PUT, TRACE,
};
use crate::workload::Workload;

/// The number of email notifications in a month with few failures.
const MAILS: f64 = 30.0;
/// The data key requests of Kinesis per hour, for each producer and consumer.
const KEY_REQUESTS_PER_HOUR: f64 = 12.0;
/// The share of traced calls beyond the first call of each second.
const TRACED_SHARE: f64 = 0.05;

/// Returns the lines of monitoring. `others`, the lines of the other components, give the
/// number of calls and requests.
pub(crate) fn lines(workload: &Workload, others: &[Line]) -> Vec<Line> {
    let calls = quantity(others, INVOCATION.unit);
    let requests = quantity(others, S3_PUT.unit) + quantity(others, S3_GET.unit);
    let logs = calls * LOG_BYTES / GB;
    // X-Ray traces one call per second, and a share of the others.
    let seconds = Workload::seconds();
    let traces = calls.min(seconds) + (calls - seconds).max(0.0) * TRACED_SHARE;
    let clients = workload.packing.producers + 1.0;
    let key_requests = clients * KEY_REQUESTS_PER_HOUR * HOURS + requests * KMS_SHARE;
    let group = Group::Monitoring;
    vec![
        fixed(group, "metrics", workload.metrics, &METRIC),
        fixed(group, "alarms", workload.alarms, &ALARM),
        fixed(group, "dashboards", workload.dashboards, &DASHBOARD),
        line(group, "log ingestion", logs, &LOGS_IN),
        line(
            group,
            "log storage",
            logs * workload.retention.logs / DAYS,
            &LOGS_KEPT,
        ),
        line(group, "traces", traces, &TRACE),
        fixed(group, "KMS key", 1.0, &KEY),
        line(group, "KMS requests", key_requests, &KEY_REQUEST),
        fixed(group, "email notifications", MAILS, &MAIL),
    ]
}

/// Returns the total quantity of the lines with this unit.
fn quantity(lines: &[Line], unit: &str) -> f64 {
    lines
        .iter()
        .filter(|line| line.unit == unit)
        .map(|line| line.quantity)
        .sum()
}
