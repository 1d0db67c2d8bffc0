//! EventBridge's word of a CloudWatch alarm.

use serde_json::Value;

use super::{Report, text};
use crate::arn::Arn;
use crate::clock::instant;
use crate::incident::{Alarm, Incident};
use crate::runbook::Runbook;

/// Reads a `CloudWatch Alarm State Change`, of a metric, of several by
/// expression, or of other alarms.
pub(super) fn read(event: &Value) -> Option<Report> {
    let name = text(event, "/detail/alarmName")?;
    let is_over = match text(event, "/detail/state/value")? {
        "ALARM" => false,
        "OK" => true,
        "INSUFFICIENT_DATA" => {
            return Some(Report::Fine(format!("alarm {name} lacks data")));
        }
        _ => return None,
    };
    let metrics = metrics(event);
    let description = text(event, "/detail/configuration/description").unwrap_or_default();
    let of_metrics = || {
        metrics.iter().find_map(|metric| {
            let namespace = text(metric, "/namespace").unwrap_or_default();
            Runbook::of_metric(namespace, text(metric, "/name")?)
        })
    };
    let machine = metrics
        .iter()
        .find_map(|metric| text(metric, "/dimensions/StateMachineArn"))
        .and_then(Arn::parse);
    let function = metrics
        .iter()
        .find_map(|metric| text(metric, "/dimensions/FunctionName"));
    Some(Report::incident(Incident::Alarm(Alarm {
        name: name.to_owned(),
        arn: text(event, "/resources/0").and_then(Arn::parse),
        description: description.to_owned(),
        runbook: Runbook::of_description(description)
            .or_else(|| Runbook::of_name(name))
            .or_else(of_metrics),
        machine: machine.map(|machine| machine.name().to_owned()),
        function: function.map(str::to_owned),
        reason: text(event, "/detail/state/reason")
            .unwrap_or_default()
            .to_owned(),
        since: text(event, "/detail/state/timestamp")
            .or_else(|| text(event, "/time"))
            .and_then(instant),
        is_over,
        was_alarm: text(event, "/detail/previousState/value") == Some("ALARM"),
    })))
}

/// The metrics that the alarm looks at, in its order.
fn metrics(event: &Value) -> Vec<&Value> {
    let configured = event.pointer("/detail/configuration/metrics");
    configured
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|metric| metric.pointer("/metricStat/metric"))
        .collect()
}
