//! Events as AWS sends them: its documentation's own, with this pipeline's names.

use marquee_alert::message::Context;
use marquee_alert::report::Report;
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
    caught_step = "caught-step.json";
    caught_book = "caught-book.json";
    caught_audit = "caught-audit.json";
    execution_failed = "execution-failed.json";
    execution_timed_out = "execution-timed-out.json";
    alarm_metric = "alarm-metric.json";
    alarm_expression = "alarm-expression.json";
    alarm_composite = "alarm-composite.json";
    alarm_execution = "alarm-execution.json";
    alarm_held = "alarm-held.json";
    letters = "letters.json";
    destination = "destination.json";
    batch = "batch.json";
}

/// The same with another value at that place.
pub(crate) fn with(mut value: Value, place: &str, other: impl Into<Value>) -> Value {
    *value.pointer_mut(place).expect(place) = other.into();
    value
}

/// The batch with one letter that says this.
pub(crate) fn letter_with(body: &str) -> Value {
    let mut batch = letters();
    let records = batch["Records"].as_array_mut().unwrap();
    records.truncate(1);
    records[0]["body"] = body.into();
    batch
}

/// The alarm's end.
pub(crate) fn over(alarm: Value) -> Value {
    let alarm = with(alarm, "/detail/state/value", "OK");
    let alarm = with(
        alarm,
        "/detail/state/timestamp",
        "2026-01-06T17:31:40.989+0000",
    );
    with(alarm, "/detail/previousState/value", "ALARM")
}

/// The incident that an input reports.
pub(crate) fn incident(input: &Value) -> Incident {
    match Report::read(input) {
        Report::Incident(incident) => *incident,
        Report::Letters(mut letters) => {
            Incident::Letter(Box::new(letters.remove(0).expect("a letter")))
        }
        Report::Fine(why) => panic!("nobody has to hear of it: {why}"),
    }
}

/// The message about an input, on one page.
pub(crate) fn page(input: &Value) -> String {
    let context = Context {
        runbook_url: Some(RUNBOOK),
        ..Context::default()
    };
    let Message { subject, body } = Message::about(&incident(input), &context);
    format!("[{subject}]\n{body}")
}
