//! A state machine's own report: an error that it caught, or a finding of a step.

use serde_json::Value;

use super::text;
use crate::arn::Arn;
use crate::cause::FailureCause;
use crate::clock::parse_timestamp;
use crate::incident::{Anomaly, Finding, StepReport};

/// Parses `{"source": "marquee.state_machine", "step", "event_date", "cause",
/// "execution", "state_machine", "started_at"}`. A missing field is left out of the
/// message; the message is still sent.
///
/// `cause` is one of: the output of a catch, `{"Error", "Cause"}`; the response of
/// `book` that holds a date; the response of `audit` that does not balance; the anomalies
/// that `audit` found; a sentence.
pub(super) fn parse(input: &Value) -> StepReport {
    let arn = |pointer| text(input, pointer).and_then(Arn::parse);
    let execution = arn("/execution");
    let machine = text(input, "/state_machine").map(|machine| match Arn::parse(machine) {
        Some(machine) => machine.name().to_owned(),
        None => machine.to_owned(),
    });
    let step = text(input, "/step").map(str::to_owned);
    StepReport {
        finding: parse_finding(step.as_deref(), input.get("cause").unwrap_or(&Value::Null)),
        step,
        event_date: text(input, "/event_date").map(str::to_owned),
        machine: machine.or_else(|| Some(execution.as_ref()?.name().to_owned())),
        execution,
        since: text(input, "/started_at").and_then(parse_timestamp),
    }
}

fn parse_finding(step: Option<&str>, cause: &Value) -> Finding {
    if let Some(sentence) = cause.as_str() {
        return match step {
            Some("book") => Finding::Held(sentence.to_owned()),
            Some("audit") => Finding::Unbalanced(vec![sentence.to_owned()]),
            _ => Finding::Failed(FailureCause::parse("", sentence)),
        };
    }
    if text(cause, "/outcome") == Some("held") {
        let sentence = text(cause, "/cause").unwrap_or_default();
        return Finding::Held(sentence.to_owned());
    }
    if cause.get("balanced") == Some(&Value::Bool(false)) {
        return Finding::Unbalanced(parse_problems(cause.get("problems")));
    }
    if let Some(Value::Array(anomalies)) = cause.get("anomalies") {
        return Finding::Anomalies(anomalies.iter().map(parse_anomaly).collect());
    }
    let error = text(cause, "/Error").unwrap_or_default();
    let cause = match (text(cause, "/Cause"), cause) {
        (Some(details), _) => FailureCause::parse(error, details),
        // Show an object of an unknown form as it is.
        (None, Value::Object(fields)) if !fields.contains_key("Error") => {
            FailureCause::parse(error, &cause.to_string())
        }
        _ => FailureCause::parse(error, ""),
    };
    let name = cause.error.to_lowercase();
    if name.ends_with("held") {
        Finding::Held(cause.message)
    } else if name.ends_with("unbalanced") {
        Finding::Unbalanced(vec![cause.message])
    } else {
        Finding::Failed(cause)
    }
}

fn parse_anomaly(anomaly: &Value) -> Anomaly {
    let sentence = text(anomaly, "/sentence").or_else(|| anomaly.as_str());
    Anomaly {
        subject: text(anomaly, "/subject").unwrap_or_default().to_owned(),
        sentence: sentence.map_or_else(|| anomaly.to_string(), str::to_owned),
    }
}

/// Parses the audit's problems: the response contains either the problems or their
/// number.
fn parse_problems(problems: Option<&Value>) -> Vec<String> {
    match problems {
        Some(Value::Array(problems)) => problems
            .iter()
            .map(|problem| {
                let sentence = problem.as_str().or_else(|| text(problem, "/sentence"));
                sentence.map_or_else(|| problem.to_string(), str::to_owned)
            })
            .collect(),
        Some(Value::Number(number)) => vec![format!("problems found: {number}")],
        _ => Vec::new(),
    }
}
