//! The cause of a failure, extracted from the `Error` and `Cause` of Step Functions.

use serde_json::{Map, Value};

use crate::arn::Arn;

/// The maximum number of nested child executions whose causes are unwrapped.
const MAX_DEPTH: u32 = 4;
/// The text that Step Functions puts before a response that it could not interpret.
const RETURNED_PAYLOAD: &str = "Returned payload: ";

/// The cause of a failed step or execution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailureCause {
    /// The error name: `States.Timeout`, `Lambda.Unknown`, or the function's own error
    /// type.
    pub error: String,
    /// The error message; may be empty.
    pub message: String,
    /// The child execution that failed, if the step had started one.
    pub child_execution: Option<Arn>,
}

impl FailureCause {
    /// Parses the `Error` and `Cause` of a catch or of a failed execution. The `Cause`
    /// of a failed function is a JSON object in a string. The `Cause` of a failed child
    /// execution is such an object with another `Error` and `Cause` in it.
    pub fn parse(error: &str, cause: &str) -> Self {
        Self::parse_nested(error, cause, MAX_DEPTH)
    }

    fn parse_nested(error: &str, cause: &str, depth: u32) -> Self {
        let plain = Self {
            error: error.to_owned(),
            message: cause.trim().to_owned(),
            child_execution: None,
        };
        let returned = cause
            .split_once(RETURNED_PAYLOAD)
            .map(|(_, payload)| payload);
        let details = [Some(cause), returned]
            .into_iter()
            .flatten()
            .find_map(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
        let Some(details) = details else {
            return plain;
        };
        let text = |name: &str| {
            details
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        if let Some(child) = Arn::parse(text("ExecutionArn")) {
            let error = match text("Error") {
                "" => error,
                error => error,
            };
            let nested = match depth.checked_sub(1) {
                Some(depth) => Self::parse_nested(error, text("Cause"), depth),
                None => plain,
            };
            return Self {
                child_execution: Some(child),
                ..nested
            };
        }
        match (text("errorMessage"), text("errorType")) {
            ("", _) => plain,
            (message, "") => Self {
                message: message.to_owned(),
                ..plain
            },
            (message, error) => Self {
                error: error.to_owned(),
                message: message.to_owned(),
                child_execution: None,
            },
        }
    }

    /// Returns a hint for failures with a well-known reason.
    pub fn hint(&self) -> Option<&'static str> {
        let has = |text: &str| self.error.contains(text) || self.message.contains(text);
        let any = |texts: &[&str]| texts.iter().any(|text| has(text));
        if any(&["timed out after", "States.Timeout", "Sandbox.Timedout"]) {
            Some(
                "The call exceeded its time limit. Give the function more memory (Lambda adds CPU with memory) or more time.",
            )
        } else if any(&["signal: killed", "OutOfMemory", "Runtime.ExitError"]) {
            Some(
                "The process was killed, most likely because it ran out of memory. Give the function more memory, or lower MARQUEE_MEMORY_MIB.",
            )
        } else if any(&["TooManyRequests", "Rate Exceeded", "ThrottlingException"]) {
            Some(
                "AWS throttled the calls. Check whether the account's concurrency is exhausted, then start the execution again.",
            )
        } else if any(&["AccessDenied", "AccessDeniedException", "not authorized"]) {
            Some(
                "A permission is missing. Run `terraform plan` to see whether a role was changed by hand.",
            )
        } else if any(&["States.DataLimitExceeded"]) {
            Some(
                "The input or output of a state exceeded 256 KB. Process fewer dates at a time: start a backfill of a shorter date range.",
            )
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_of_a_function_is_unwrapped() {
        let cause = FailureCause::parse(
            "DayError",
            r#"{"errorMessage":"object missing","errorType":"DayError"}"#,
        );
        assert_eq!(
            (&*cause.error, &*cause.message),
            ("DayError", "object missing")
        );
        let unknown = FailureCause::parse(
            "Lambda.Unknown",
            r#"The cause could not be determined because Lambda did not return an error type. Returned payload: {"errorMessage":"2026-01-06T00:36:39.604Z 5b1c Task timed out after 900.15 seconds"}"#,
        );
        assert_eq!(unknown.error, "Lambda.Unknown");
        assert_eq!(
            unknown.message,
            "2026-01-06T00:36:39.604Z 5b1c Task timed out after 900.15 seconds"
        );
        assert!(
            unknown
                .hint()
                .is_some_and(|hint| hint.contains("time limit"))
        );
    }

    #[test]
    fn the_failure_of_a_child_execution_is_unwrapped() {
        let inner = r#"{"errorMessage":"object missing","errorType":"DayError"}"#;
        let arn = "arn:aws:states:us-east-1:1:execution:m-daily:one";
        let child = serde_json::json!({
            "ExecutionArn": arn, "Status": "FAILED", "Error": "DayError", "Cause": inner,
        });
        let cause = FailureCause::parse("States.TaskFailed", &child.to_string());
        assert_eq!(
            (&*cause.error, &*cause.message),
            ("DayError", "object missing")
        );
        assert_eq!(cause.child_execution.as_ref().map(Arn::as_str), Some(arn));
    }

    #[test]
    fn a_cause_that_is_not_json_is_kept_as_text() {
        for text in ["", "a sentence", "{", "[]", "{\"other\":1}"] {
            let cause = FailureCause::parse("States.Runtime", text);
            assert_eq!((&*cause.error, &*cause.message), ("States.Runtime", text));
            assert_eq!(cause.hint(), None);
        }
    }

    #[test]
    fn unwrapping_stops_at_the_maximum_depth() {
        let mut cause = String::from("the end");
        for _ in 0..8 {
            let arn = "arn:aws:states:us-east-1:1:execution:m:one";
            cause = serde_json::json!({"ExecutionArn": arn, "Cause": cause}).to_string();
        }
        let parsed = FailureCause::parse("E", &cause);
        assert!(parsed.child_execution.is_some() && parsed.message.contains("ExecutionArn"));
    }
}
