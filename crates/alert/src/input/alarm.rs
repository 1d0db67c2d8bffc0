//! EventBridge's event about a CloudWatch alarm.

use serde_json::Value;

use super::{AlertInput, text};
use crate::arn::Arn;
use crate::clock::parse_timestamp;
use crate::incident::{AlarmChange, Incident};
use crate::runbook::Runbook;

/// Parses a `CloudWatch Alarm State Change` of an alarm on one metric, on an expression
/// over several metrics, or on other alarms.
pub(super) fn parse(event: &Value) -> Option<AlertInput> {
    let name = text(event, "/detail/alarmName")?;
    let is_resolved = match text(event, "/detail/state/value")? {
        "ALARM" => false,
        "OK" => true,
        "INSUFFICIENT_DATA" => {
            return Some(AlertInput::Ignored(format!(
                "alarm {name} has insufficient data"
            )));
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
    Some(AlertInput::incident(Incident::Alarm(AlarmChange {
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
            .and_then(parse_timestamp),
        is_resolved,
        was_alarm: text(event, "/detail/previousState/value") == Some("ALARM"),
    })))
}

/// Returns the metrics that the alarm evaluates, in its order.
fn metrics(event: &Value) -> Vec<&Value> {
    let configured = event.pointer("/detail/configuration/metrics");
    configured
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|metric| metric.pointer("/metricStat/metric"))
        .collect()
}
