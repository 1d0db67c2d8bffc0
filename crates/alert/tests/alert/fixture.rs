//! Events in the form of AWS: the examples of its documentation with this pipeline's names.

use marquee_alert::input::AlertInput;
use marquee_alert::message::MessageContext;
use marquee_alert::{Message, incident::Incident};
use serde_json::Value;

pub(crate) const RUNBOOK: &str = "https://example.com/docs/OPERATIONS.md";

macro_rules! fixtures {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) fn $name() -> Value {
            serde_json::from_str(include_str!(concat!("fixtures/", $file))).unwrap()
        })*
    };
}

fixtures! {
    step_failed = "step-failed.json";
    step_held = "step-held.json";
    step_unbalanced = "step-unbalanced.json";
    step_anomalies = "step-anomalies.json";
    execution_failed = "execution-failed.json";
    execution_timed_out = "execution-timed-out.json";
    alarm_metric = "alarm-metric.json";
    alarm_expression = "alarm-expression.json";
    alarm_composite = "alarm-composite.json";
    alarm_execution = "alarm-execution.json";
    alarm_held = "alarm-held.json";
    dead_letters = "dead-letters.json";
    failed_call = "failed-call.json";
    discarded_batch = "discarded-batch.json";
}

/// Replaces the value at a JSON pointer.
pub(crate) fn with(mut value: Value, pointer: &str, new: impl Into<Value>) -> Value {
    *value.pointer_mut(pointer).expect(pointer) = new.into();
    value
}

/// Returns a batch of one dead letter with this body.
pub(crate) fn dead_letter_with(body: &str) -> Value {
    let mut batch = dead_letters();
    let records = batch["Records"].as_array_mut().unwrap();
    records.truncate(1);
    records[0]["body"] = body.into();
    batch
}

/// Returns the event that resolves the alarm.
pub(crate) fn resolved(alarm: Value) -> Value {
    let alarm = with(alarm, "/detail/state/value", "OK");
    let alarm = with(
        alarm,
        "/detail/state/timestamp",
        "2026-01-06T17:31:40.989+0000",
    );
    with(alarm, "/detail/previousState/value", "ALARM")
}

/// Returns the incident that an input reports.
pub(crate) fn incident(input: &Value) -> Incident {
    match AlertInput::parse(input) {
        AlertInput::Incident(incident) => *incident,
        AlertInput::DeadLetters(mut letters) => {
            Incident::DeadLetter(Box::new(letters.remove(0).expect("a dead letter")))
        }
        AlertInput::Ignored(reason) => panic!("the input needs no message: {reason}"),
    }
}

/// Returns the message about an input: the subject in brackets, then the body.
pub(crate) fn message(input: &Value) -> String {
    let context = MessageContext {
        runbook_url: Some(RUNBOOK),
        ..MessageContext::default()
    };
    let Message { subject, body } = Message::about(&incident(input), &context);
    format!("[{subject}]\n{body}")
}
