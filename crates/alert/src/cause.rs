//! Why a step failed, out of what Step Functions says about it.

use serde_json::{Map, Value};

use crate::arn::Arn;

/// How deep causes within causes are followed: an execution that started an
/// execution that called a function.
const DEPTH: u32 = 4;
/// What Step Functions puts before an answer that it could not make sense of.
const RETURNED: &str = "Returned payload: ";

/// Why something failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// Its name: `States.Timeout`, `Lambda.Unknown`, or what a function called
    /// it.
    pub error: String,
    /// What was said about it; may be empty.
    pub message: String,
    /// The execution that failed, when it is another that was started.
    pub started: Option<Arn>,
}

impl Cause {
    /// Reads `Error` and `Cause` as a catch or a failed execution has them. The
    /// cause of a function's failure is a JSON object in a string, and that of
    /// an execution's is one with another such pair.
    pub fn read(error: &str, cause: &str) -> Self {
        Self::read_within(error, cause, DEPTH)
    }

    fn read_within(error: &str, cause: &str, depth: u32) -> Self {
        let plain = Self {
            error: error.to_owned(),
            message: cause.trim().to_owned(),
            started: None,
        };
        let returned = cause.split_once(RETURNED).map(|(_, payload)| payload);
        let said = [Some(cause), returned]
            .into_iter()
            .flatten()
            .find_map(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
        let Some(said) = said else {
            return plain;
        };
        let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Some(started) = Arn::parse(text("ExecutionArn")) {
            let error = match text("Error") {
                "" => error,
                error => error,
            };
            let within = match depth.checked_sub(1) {
                Some(depth) => Self::read_within(error, text("Cause"), depth),
                None => plain,
            };
            return Self {
                started: Some(started),
                ..within
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
                started: None,
            },
        }
    }

    /// What to look at first, where the failure is one that has a usual reason.
    pub fn hint(&self) -> Option<&'static str> {
        let has = |text: &str| self.error.contains(text) || self.message.contains(text);
        let any = |texts: &[&str]| texts.iter().any(|text| has(text));
        if any(&["timed out after", "States.Timeout", "Sandbox.Timedout"]) {
            Some(
                "It took longer than it may: give the function more memory, which is also more CPU, or more time.",
            )
        } else if any(&["signal: killed", "OutOfMemory", "Runtime.ExitError"]) {
            Some(
                "The process ended, as it does for lack of memory: give the function more, or lower MARQUEE_MEMORY_MIB.",
            )
        } else if any(&["TooManyRequests", "Rate Exceeded", "ThrottlingException"]) {
            Some(
                "AWS refused calls for their number: see whether the account's concurrency is used up, then start it again.",
            )
        } else if any(&["AccessDenied", "AccessDeniedException", "not authorized"]) {
            Some("A right is missing: `terraform plan` shows whether a role was changed by hand.")
        } else if any(&["States.DataLimitExceeded"]) {
            Some(
                "A state held more than 256 KB: fewer dates at a time, with a backfill of a shorter span.",
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
    fn a_functions_failure_is_unwrapped() {
        let cause = Cause::read(
            "DayError",
            r#"{"errorMessage":"it is gone","errorType":"DayError"}"#,
        );
        assert_eq!((&*cause.error, &*cause.message), ("DayError", "it is gone"));
        let unknown = Cause::read(
            "Lambda.Unknown",
            r#"The cause could not be determined because Lambda did not return an error type. Returned payload: {"errorMessage":"2026-01-06T00:36:39.604Z 5b1c Task timed out after 900.15 seconds"}"#,
        );
        assert_eq!(unknown.error, "Lambda.Unknown");
        assert_eq!(
            unknown.message,
            "2026-01-06T00:36:39.604Z 5b1c Task timed out after 900.15 seconds"
        );
        assert!(unknown.hint().is_some_and(|hint| hint.contains("longer")));
    }

    #[test]
    fn an_executions_failure_is_that_of_what_it_called() {
        let inner = r#"{"errorMessage":"it is gone","errorType":"DayError"}"#;
        let arn = "arn:aws:states:us-east-1:1:execution:m-daily:one";
        let said = serde_json::json!({
            "ExecutionArn": arn, "Status": "FAILED", "Error": "DayError", "Cause": inner,
        });
        let cause = Cause::read("States.TaskFailed", &said.to_string());
        assert_eq!((&*cause.error, &*cause.message), ("DayError", "it is gone"));
        assert_eq!(cause.started.as_ref().map(Arn::as_str), Some(arn));
    }

    #[test]
    fn what_is_no_json_is_said_as_it_is() {
        for text in ["", "a sentence", "{", "[]", "{\"other\":1}"] {
            let cause = Cause::read("States.Runtime", text);
            assert_eq!((&*cause.error, &*cause.message), ("States.Runtime", text));
            assert_eq!(cause.hint(), None);
        }
    }

    #[test]
    fn causes_within_causes_end() {
        let mut cause = String::from("the end");
        for _ in 0..8 {
            let arn = "arn:aws:states:us-east-1:1:execution:m:one";
            cause = serde_json::json!({"ExecutionArn": arn, "Cause": cause}).to_string();
        }
        let read = Cause::read("E", &cause);
        assert!(read.started.is_some() && read.message.contains("ExecutionArn"));
    }
}
