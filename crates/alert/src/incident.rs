//! An incident: one failure, or one alarm that is resolved.

use std::fmt;

use marquee_lake::digest;
use serde_json::Value;

use crate::arn::Arn;
use crate::cause::FailureCause;
use crate::runbook::Runbook;

/// One failure, or one alarm that is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incident {
    /// A step of a state machine reported a failure or a finding.
    Step(StepReport),
    /// An execution of a state machine failed, timed out or was aborted.
    Execution(FailedExecution),
    /// A CloudWatch alarm changed its state.
    Alarm(AlarmChange),
    /// The event source mapping discarded a batch.
    Batch(DiscardedBatch),
    /// A message arrived in a dead letter queue.
    DeadLetter(Box<DeadLetter>),
    /// The input has no known form.
    Unknown {
        /// The input.
        payload: Value,
    },
}

/// A failure or finding that a step of a state machine reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReport {
    /// The step: `compact`.
    pub step: Option<String>,
    /// The event date that the step processed.
    pub event_date: Option<String>,
    /// The execution that the step belongs to.
    pub execution: Option<Arn>,
    /// The state machine's name.
    pub machine: Option<String>,
    /// When the execution started (UTC microseconds).
    pub since: Option<i64>,
    /// The failure or finding.
    pub finding: Finding,
}

/// The result that a step reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The step failed.
    Failed(FailureCause),
    /// The date is held, with the reason.
    Held(String),
    /// The date's audit does not balance, with the problems.
    Unbalanced(Vec<String>),
    /// Figures of the date are far from their usual values.
    Anomalies(Vec<Anomaly>),
}

/// A figure of a date that is far from its usual value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// The figure: `volume`, `country DE`.
    pub subject: String,
    /// The figure and its usual value, in words.
    pub sentence: String,
}

/// An execution of a state machine that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedExecution {
    /// The execution.
    pub execution: Option<Arn>,
    /// The state machine's name.
    pub machine: Option<String>,
    /// The final status.
    pub status: ExecutionStatus,
    /// The cause, if the event has one.
    pub cause: Option<FailureCause>,
    /// When the execution started (UTC microseconds).
    pub since: Option<i64>,
}

/// The final status of an execution that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// The execution failed.
    Failed,
    /// The execution exceeded its time limit.
    TimedOut,
    /// A person or program aborted the execution.
    Aborted,
}

/// A change of state of a CloudWatch alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmChange {
    /// The alarm's name.
    pub name: String,
    /// The alarm's ARN.
    pub arn: Option<Arn>,
    /// The alarm's description.
    pub description: String,
    /// The runbook heading that covers the alarm, if one is known.
    pub runbook: Option<Runbook>,
    /// The function that the alarm watches, if it watches one.
    pub function: Option<String>,
    /// The state machine that the alarm watches, if it watches one.
    pub machine: Option<String>,
    /// The reason for the change, as CloudWatch states it.
    pub reason: String,
    /// When the state changed (UTC microseconds).
    pub since: Option<i64>,
    /// True if the alarm went to `OK`, false if it went to `ALARM`.
    pub is_resolved: bool,
    /// True if the previous state was `ALARM`.
    pub was_alarm: bool,
}

/// A batch that the event source mapping discarded after its retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscardedBatch {
    /// The shard: `shardId-…`.
    pub shard_id: String,
    /// The sequence number of the first record.
    pub first: String,
    /// The number of records.
    pub records: u64,
    /// When the first record arrived (UTC microseconds).
    pub since: Option<i64>,
    /// The reason that Lambda gives: `RetryAttemptsExhausted`.
    pub condition: String,
    /// The function that failed on the batch.
    pub function: Option<Arn>,
}

/// A message from a dead letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The queue.
    pub queue: Arn,
    /// The message id.
    pub id: String,
    /// When the message entered the queue (UTC microseconds).
    pub since: Option<i64>,
    /// The reason why delivery failed.
    pub error: String,
    /// The intended receiver.
    pub target: Option<String>,
    /// The content of the message.
    pub body: String,
    /// The incident that the message was to report, if it contains one.
    pub incident: Option<Incident>,
}

/// The identity of an incident, used as its object name in the lake. Reports with
/// equal fingerprints are about the same incident.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(String);

impl Fingerprint {
    fn of(parts: &[&str]) -> Self {
        // The length before each part keeps the encoding unambiguous, whatever
        // characters a part contains.
        let mut encoded = String::new();
        for part in parts {
            encoded.push_str(&format!("{}:{part};", part.len()));
        }
        Self(digest::of(encoded.as_bytes()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The error name of an execution that could not deliver one of its own alerts.
const ALERT_NOT_DELIVERED: &str = "Marquee.Untold";
/// The error name of an execution that a failed step ended.
const STEP_FAILED: &str = "Marquee.StepFailed";

/// Returns true if Step Functions itself raised the error, not a state or function.
fn is_step_functions_error(error: &str) -> bool {
    error.starts_with("States.") && error != "States.TaskFailed"
}

impl Incident {
    /// Returns the identity of the incident: its kind, step and date. It is the same
    /// when the next execution fails in the same way.
    pub fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Step(report) => {
                let mut parts = vec![
                    report.finding.name(),
                    report.machine.as_deref().unwrap_or_default(),
                    report.step.as_deref().unwrap_or_default(),
                    report.event_date.as_deref().unwrap_or_default(),
                ];
                // Without the numbers: late events change them a little.
                if let Finding::Anomalies(anomalies) = &report.finding {
                    parts.extend(anomalies.iter().map(|anomaly| &*anomaly.subject));
                }
                Fingerprint::of(&parts)
            }
            Self::Execution(failed) => {
                let execution = failed.execution.as_ref().map_or("", Arn::as_str);
                Fingerprint::of(&["ended", failed.status.name(), execution])
            }
            Self::Alarm(alarm) => {
                let name = alarm.arn.as_ref().map_or(&*alarm.name, Arn::as_str);
                Fingerprint::of(&["alarm", name])
            }
            Self::Batch(batch) => Fingerprint::of(&["batch", &batch.shard_id, &batch.first]),
            Self::DeadLetter(letter) => match &letter.incident {
                Some(incident) => incident.fingerprint(),
                None => Fingerprint::of(&[
                    "letter",
                    letter.queue.as_str(),
                    letter.target.as_deref().unwrap_or_default(),
                ]),
            },
            Self::Unknown { payload } => Fingerprint::of(&["unknown", &payload.to_string()]),
        }
    }

    /// Returns the fingerprints of later reports about the same failure. EventBridge
    /// repeats a step's report when the execution ends, and an alarm repeats it when
    /// the metric arrives. [`Incident::suppressed_by`] returns the same fingerprints
    /// for these.
    pub fn suppresses(&self) -> Vec<Fingerprint> {
        match self {
            // The execution continues and does not fail because of anomalies.
            Self::Step(report) if report.has_anomalies() => Vec::new(),
            Self::Step(report) => {
                let machine = report.machine.as_deref().unwrap_or_default();
                let mut suppressed = vec![expected_alarm(Runbook::ExecutionFailed, machine)];
                // After a failure of one date, the execution continues. It fails at its
                // end because of that date, but another error may end it earlier. A
                // backfill ends with its failed month (step `daily`).
                let ends_execution =
                    report.event_date.is_none() || report.step.as_deref() == Some("daily");
                let of_execution = match report.finding {
                    Finding::Failed(_) if ends_execution => execution_ended_by_step,
                    _ => execution_with_finding,
                };
                suppressed.extend(report.execution.as_ref().map(of_execution));
                if let Some(runbook) = self.runbook()
                    && runbook != Runbook::ExecutionFailed
                    && let Some((deployment, _)) = machine.rsplit_once('-')
                {
                    suppressed.push(expected_alarm(runbook, deployment));
                }
                suppressed
            }
            Self::Execution(failed) => {
                let machine = failed.machine.as_deref().unwrap_or_default();
                vec![expected_alarm(Runbook::ExecutionFailed, machine)]
            }
            Self::DeadLetter(letter) => letter
                .incident
                .as_ref()
                .map(Self::suppresses)
                .unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// Returns the fingerprints that suppress this incident if one of them was
    /// recorded recently. See [`Incident::suppresses`].
    pub fn suppressed_by(&self) -> Vec<Fingerprint> {
        match self {
            Self::Execution(FailedExecution {
                execution: Some(execution),
                status: ExecutionStatus::Failed,
                cause,
                ..
            }) => match cause {
                Some(cause) if cause.error == ALERT_NOT_DELIVERED => Vec::new(),
                Some(cause)
                    if cause.error != STEP_FAILED && !is_step_functions_error(&cause.error) =>
                {
                    vec![
                        execution_ended_by_step(execution),
                        execution_with_finding(execution),
                    ]
                }
                _ => vec![execution_ended_by_step(execution)],
            },
            Self::Alarm(alarm) if !alarm.is_resolved => alarm.suppressed_by().into_iter().collect(),
            Self::DeadLetter(letter) => letter
                .incident
                .as_ref()
                .map(Self::suppressed_by)
                .unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// Returns the alarm's change if the incident is one, also inside a dead letter.
    pub fn alarm(&self) -> Option<&AlarmChange> {
        match self {
            Self::Alarm(alarm) => Some(alarm),
            Self::DeadLetter(letter) => letter.incident.as_ref()?.alarm(),
            _ => None,
        }
    }

    /// Returns the runbook heading that covers the incident.
    pub fn runbook(&self) -> Option<Runbook> {
        match self {
            Self::Step(report) => Some(match report.finding {
                Finding::Failed(_) => Runbook::ExecutionFailed,
                Finding::Held(_) => Runbook::HeldDates,
                Finding::Unbalanced(_) => Runbook::AuditImbalance,
                Finding::Anomalies(_) => Runbook::Anomalies,
            }),
            Self::Execution(failed) => Some(match failed.status {
                ExecutionStatus::Failed | ExecutionStatus::Aborted => Runbook::ExecutionFailed,
                ExecutionStatus::TimedOut => Runbook::ExecutionLate,
            }),
            Self::Alarm(alarm) => alarm.runbook,
            Self::Batch(_) => Some(Runbook::FailedBatches),
            Self::DeadLetter(letter) => match &letter.incident {
                Some(incident) => incident.runbook(),
                None => Some(Runbook::DeadLetters),
            },
            Self::Unknown { .. } => None,
        }
    }
}

/// Returns the fingerprint of an execution's end that a failed step causes.
fn execution_ended_by_step(execution: &Arn) -> Fingerprint {
    Fingerprint::of(&["execution", "failed", execution.as_str()])
}

/// Returns the fingerprint of an execution's end that a finding about a date causes.
fn execution_with_finding(execution: &Arn) -> Fingerprint {
    Fingerprint::of(&["execution", "found", execution.as_str()])
}

/// Returns the fingerprint of the alarm that is expected to follow. `scope` is the
/// state machine or the deployment that the alarm watches.
fn expected_alarm(runbook: Runbook, scope: &str) -> Fingerprint {
    Fingerprint::of(&["rings", runbook.heading(), scope])
}

impl AlarmChange {
    /// Returns the fingerprint that suppresses the alarm, if a step or EventBridge
    /// reports the same failure as the alarm's metric.
    fn suppressed_by(&self) -> Option<Fingerprint> {
        let runbook = self.runbook?;
        match runbook {
            Runbook::ExecutionFailed => Some(expected_alarm(runbook, self.machine.as_deref()?)),
            Runbook::HeldDates | Runbook::AuditImbalance => {
                let deployment = self.name.strip_suffix(&format!("-{}", runbook.anchor()))?;
                Some(expected_alarm(runbook, deployment))
            }
            _ => None,
        }
    }
}

impl StepReport {
    /// Returns true if the step found anomalies of a date.
    pub fn has_anomalies(&self) -> bool {
        matches!(self.finding, Finding::Anomalies(_))
    }
}

impl Finding {
    fn name(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::Held(_) => "held",
            Self::Unbalanced(_) => "unbalanced",
            Self::Anomalies(_) => "anomalies",
        }
    }
}

impl ExecutionStatus {
    fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Aborted => "aborted",
        }
    }
}
