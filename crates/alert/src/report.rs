//! Reading what the function is called with: one of four kinds, or something
//! else. Nothing is refused.

mod alarm;
mod caught;
mod execution;
mod letters;

use serde_json::Value;

use crate::incident::{Incident, Letter};

pub use letters::Refused;

/// What was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// One incident.
    Incident(Box<Incident>),
    /// A batch from a dead letter queue, in its order.
    Letters(Vec<Result<Letter, Refused>>),
    /// What is known, and nobody has to hear of; said for the log.
    Fine(String),
}

impl Report {
    /// Reads the input.
    ///
    /// | from | told by |
    /// |---|---|
    /// | a state machine | `source` `marquee.state_machine` |
    /// | EventBridge, of an execution | `detail-type` `Step Functions Execution Status Change` |
    /// | EventBridge, of an alarm | `detail-type` `CloudWatch Alarm State Change` |
    /// | a dead letter queue | `Records` that are all of SQS |
    ///
    /// Anything else, and what claims to be one of these without being it, is
    /// an [`Incident::Unknown`].
    pub fn read(input: &Value) -> Self {
        letters::read(input)
            .map(Self::Letters)
            .or_else(|| Self::event(input))
            .unwrap_or_else(|| {
                let payload = input.to_string();
                Self::incident(Incident::Unknown { payload })
            })
    }

    /// Reads what may also lie in a letter.
    fn event(input: &Value) -> Option<Self> {
        match (text(input, "/source"), text(input, "/detail-type")) {
            (Some("marquee.state_machine"), _) => {
                Some(Self::incident(Incident::Caught(caught::read(input))))
            }
            (_, Some("Step Functions Execution Status Change")) => execution::read(input),
            (_, Some("CloudWatch Alarm State Change")) => alarm::read(input),
            _ => None,
        }
    }

    fn incident(incident: Incident) -> Self {
        Self::Incident(Box::new(incident))
    }
}

/// The text at that place, if there is one that is not empty.
fn text<'v>(value: &'v Value, place: &str) -> Option<&'v str> {
    let text = value.pointer(place)?.as_str()?;
    (!text.is_empty()).then_some(text)
}
