//! EventBridge's word of an execution.

use serde_json::Value;

use super::{Report, text};
use crate::arn::Arn;
use crate::cause::Cause;
use crate::incident::{End, Ended, Incident};

/// Reads a `Step Functions Execution Status Change`. Its `detail` is what
/// `DescribeExecution` answers, with instants in milliseconds.
pub(super) fn read(event: &Value) -> Option<Report> {
    let how = match text(event, "/detail/status")? {
        "FAILED" => End::Failed,
        "TIMED_OUT" => End::TimedOut,
        "ABORTED" => End::Aborted,
        status @ ("RUNNING" | "SUCCEEDED" | "PENDING_REDRIVE") => {
            let execution = text(event, "/detail/executionArn").unwrap_or("an execution");
            return Some(Report::Fine(format!("{execution} is {status}")));
        }
        _ => return None,
    };
    let execution = text(event, "/detail/executionArn").and_then(Arn::parse);
    let machine = text(event, "/detail/stateMachineArn").and_then(Arn::parse);
    let error = text(event, "/detail/error");
    let cause = text(event, "/detail/cause");
    let started = event.pointer("/detail/startDate").and_then(Value::as_i64);
    Some(Report::incident(Incident::Ended(Ended {
        machine: machine
            .as_ref()
            .or(execution.as_ref())
            .map(|arn| arn.name().to_owned()),
        execution,
        how,
        cause: (error.or(cause).is_some())
            .then(|| Cause::read(error.unwrap_or_default(), cause.unwrap_or_default())),
        since: started.and_then(|millis| millis.checked_mul(1_000)),
    })))
}
