//! EventBridge's event about an execution of a state machine.

use serde_json::Value;

use super::{AlertInput, text};
use crate::arn::Arn;
use crate::cause::FailureCause;
use crate::incident::{ExecutionStatus, FailedExecution, Incident};

/// Parses a `Step Functions Execution Status Change`. Its `detail` is the response of
/// `DescribeExecution`, with timestamps in milliseconds.
pub(super) fn parse(event: &Value) -> Option<AlertInput> {
    let status = match text(event, "/detail/status")? {
        "FAILED" => ExecutionStatus::Failed,
        "TIMED_OUT" => ExecutionStatus::TimedOut,
        "ABORTED" => ExecutionStatus::Aborted,
        status @ ("RUNNING" | "SUCCEEDED" | "PENDING_REDRIVE") => {
            let execution = text(event, "/detail/executionArn").unwrap_or("an execution");
            return Some(AlertInput::Ignored(format!("{execution} is {status}")));
        }
        _ => return None,
    };
    let execution = text(event, "/detail/executionArn").and_then(Arn::parse);
    let machine = text(event, "/detail/stateMachineArn").and_then(Arn::parse);
    let error = text(event, "/detail/error");
    let cause = text(event, "/detail/cause");
    let started = event.pointer("/detail/startDate").and_then(Value::as_i64);
    Some(AlertInput::incident(Incident::Execution(FailedExecution {
        machine: machine
            .as_ref()
            .or(execution.as_ref())
            .map(|arn| arn.name().to_owned()),
        execution,
        status,
        cause: (error.or(cause).is_some())
            .then(|| FailureCause::parse(error.unwrap_or_default(), cause.unwrap_or_default())),
        since: started.and_then(|millis| millis.checked_mul(1_000)),
    })))
}
