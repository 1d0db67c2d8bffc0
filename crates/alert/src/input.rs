//! The input of the function: one of four known forms, or anything else. No input is
//! rejected.

mod alarm;
mod dead_letters;
mod execution;
mod step;

use serde_json::Value;

use crate::incident::{DeadLetter, Incident};

pub use dead_letters::InvalidDeadLetter;

/// The parsed input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertInput {
    /// One incident.
    Incident(Box<Incident>),
    /// A batch from a dead letter queue, in its order.
    DeadLetters(Vec<Result<DeadLetter, InvalidDeadLetter>>),
    /// A known input that needs no message, with a description for the log.
    Ignored(String),
}

impl AlertInput {
    /// Parses the input.
    ///
    /// | source | recognized by |
    /// |---|---|
    /// | a state machine | `source` is `marquee.state_machine` |
    /// | EventBridge, about an execution | `detail-type` is `Step Functions Execution Status Change` |
    /// | EventBridge, about an alarm | `detail-type` is `CloudWatch Alarm State Change` |
    /// | a dead letter queue | all `Records` are from SQS |
    ///
    /// Any other input becomes an [`Incident::Unknown`], also one that has the marks of
    /// a known form but lacks its fields.
    pub fn parse(input: &Value) -> Self {
        dead_letters::parse(input)
            .map(Self::DeadLetters)
            .or_else(|| Self::parse_event(input))
            .unwrap_or_else(|| {
                let payload = input.clone();
                Self::incident(Incident::Unknown { payload })
            })
    }

    /// Parses an event, which a dead letter may also contain.
    fn parse_event(input: &Value) -> Option<Self> {
        match (text(input, "/source"), text(input, "/detail-type")) {
            (Some("marquee.state_machine"), _) => {
                Some(Self::incident(Incident::Step(step::parse(input))))
            }
            (_, Some("Step Functions Execution Status Change")) => execution::parse(input),
            (_, Some("CloudWatch Alarm State Change")) => alarm::parse(input),
            _ => None,
        }
    }

    fn incident(incident: Incident) -> Self {
        Self::Incident(Box::new(incident))
    }
}

/// Returns the string at a JSON pointer, unless it is missing or empty.
fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    let text = value.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then_some(text)
}
