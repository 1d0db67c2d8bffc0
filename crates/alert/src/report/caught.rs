//! What a state machine's catch says, and what its steps found.

use serde_json::Value;

use super::text;
use crate::arn::Arn;
use crate::cause::Cause;
use crate::clock::instant;
use crate::incident::{Caught, Finding};

/// Reads `{"source": "marquee.state_machine", "step", "event_date", "cause",
/// "execution", "state_machine", "started_at"}`. Whatever is missing is left
/// out of the message, never the message.
///
/// `cause` is what a catch gives, `{"Error", "Cause"}`; or the answer of `book`
/// that holds a date; or the answer of `audit` that does not balance; or a
/// sentence.
pub(super) fn read(input: &Value) -> Caught {
    let arn = |place| text(input, place).and_then(Arn::parse);
    let execution = arn("/execution");
    let machine = text(input, "/state_machine").map(|machine| match Arn::parse(machine) {
        Some(machine) => machine.name().to_owned(),
        None => machine.to_owned(),
    });
    let step = text(input, "/step").map(str::to_owned);
    Caught {
        finding: finding(step.as_deref(), input.get("cause").unwrap_or(&Value::Null)),
        step,
        event_date: text(input, "/event_date").map(str::to_owned),
        machine: machine.or_else(|| Some(execution.as_ref()?.name().to_owned())),
        execution,
        since: text(input, "/started_at").and_then(instant),
    }
}

fn finding(step: Option<&str>, cause: &Value) -> Finding {
    if let Some(sentence) = cause.as_str() {
        return match step {
            Some("book") => Finding::Held(sentence.to_owned()),
            Some("audit") => Finding::Unbalanced(vec![sentence.to_owned()]),
            _ => Finding::Failed(Cause::read("", sentence)),
        };
    }
    if text(cause, "/outcome") == Some("held") {
        let sentence = text(cause, "/cause").unwrap_or_default();
        return Finding::Held(sentence.to_owned());
    }
    if cause.get("balanced") == Some(&Value::Bool(false)) {
        return Finding::Unbalanced(problems(cause.get("problems")));
    }
    let error = text(cause, "/Error").unwrap_or_default();
    let cause = match (text(cause, "/Cause"), cause) {
        (Some(said), _) => Cause::read(error, said),
        // Said in no form that is known, so it is shown as it is.
        (None, Value::Object(fields)) if !fields.contains_key("Error") => {
            Cause::read(error, &cause.to_string())
        }
        _ => Cause::read(error, ""),
    };
    let named = cause.error.to_lowercase();
    if named.ends_with("held") {
        Finding::Held(cause.message)
    } else if named.ends_with("unbalanced") {
        Finding::Unbalanced(vec![cause.message])
    } else {
        Finding::Failed(cause)
    }
}

/// The audit's problems as sentences: it answers them, or how many there are.
fn problems(problems: Option<&Value>) -> Vec<String> {
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
