//! What was reported: one thing that is wrong, or over.

use std::fmt;

use marquee_lake::digest;

use crate::arn::Arn;
use crate::cause::Cause;
use crate::runbook::Runbook;

/// One thing that is wrong, or over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incident {
    /// A state machine's step found it, and said so itself.
    Caught(Caught),
    /// An execution of a state machine ended, and not well.
    Ended(Ended),
    /// A CloudWatch alarm began, or is over.
    Alarm(Alarm),
    /// The event source mapping gave up a batch.
    Batch(Batch),
    /// A message that found nobody to take it.
    Letter(Box<Letter>),
    /// Something else.
    Unknown {
        /// What was given, as JSON.
        payload: String,
    },
}

/// What a step of a state machine found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caught {
    /// The step: `compact`.
    pub step: Option<String>,
    /// The date that it was about.
    pub event_date: Option<String>,
    /// The execution that it belongs to.
    pub execution: Option<Arn>,
    /// The state machine's name.
    pub machine: Option<String>,
    /// When the execution began (UTC microseconds).
    pub since: Option<i64>,
    /// What it found.
    pub finding: Finding,
}

/// What a step found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The step failed.
    Failed(Cause),
    /// The date is held back, for this reason.
    Held(String),
    /// The date's audit does not balance.
    Unbalanced(Vec<String>),
}

/// An execution that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The execution.
    pub execution: Option<Arn>,
    /// The state machine's name.
    pub machine: Option<String>,
    /// How it ended.
    pub how: End,
    /// Why.
    pub cause: Option<Cause>,
    /// When it began (UTC microseconds).
    pub since: Option<i64>,
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It failed.
    Failed,
    /// It took longer than it may.
    TimedOut,
    /// Somebody stopped it.
    Aborted,
}

/// A change of a CloudWatch alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// What it is called.
    pub name: String,
    /// The alarm itself.
    pub arn: Option<Arn>,
    /// What its maker wrote about it.
    pub description: String,
    /// What it watches, as far as that is known.
    pub runbook: Option<Runbook>,
    /// The function that it watches, when it watches one.
    pub function: Option<String>,
    /// The state machine that it watches, when it watches one.
    pub machine: Option<String>,
    /// Why its state changed, in CloudWatch's words.
    pub reason: String,
    /// When its state changed (UTC microseconds).
    pub since: Option<i64>,
    /// Whether it is over, not begun.
    pub is_over: bool,
    /// Whether it was in alarm before.
    pub was_alarm: bool,
}

/// A batch that the event source mapping gave up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The shard, `shardId-…`.
    pub shard_id: String,
    /// The sequence number of its first record.
    pub first: String,
    /// How many records it has.
    pub records: u64,
    /// When its first record arrived (UTC microseconds).
    pub since: Option<i64>,
    /// Why the mapping gave it up: `RetryAttemptsExhausted`.
    pub condition: String,
    /// The function that refused it.
    pub function: Option<Arn>,
}

/// A message from a dead letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The queue.
    pub queue: Arn,
    /// The message's own number.
    pub id: String,
    /// When it came into the queue (UTC microseconds).
    pub since: Option<i64>,
    /// Why it could not be delivered.
    pub error: String,
    /// Who it could not be delivered to.
    pub target: Option<String>,
    /// What it says.
    pub body: String,
    /// The incident that it was to report.
    pub carries: Option<Incident>,
}

/// An incident's name in the lake. Two reports with the same one are about the
/// same thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(String);

impl Fingerprint {
    fn of(parts: &[&str]) -> Self {
        // A part may hold anything, so each is told with its length.
        let mut told = String::new();
        for part in parts {
            told.push_str(&format!("{}:{part};", part.len()));
        }
        Self(digest::of(told.as_bytes()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a machine's execution ends that met what it told nobody, as an alert of it
/// could not be sent.
const UNTOLD: &str = "Marquee.Untold";
/// How it ends with a step that failed, whatever it met before.
const STEP_FAILED: &str = "Marquee.StepFailed";

/// Whether errors of that name are Step Functions' own, and no state's or
/// function's.
fn is_runtimes(error: &str) -> bool {
    error.starts_with("States.") && error != "States.TaskFailed"
}

impl Incident {
    /// What it is known by: what, which step, which date. It is the same for
    /// the next execution that fails in the same way.
    pub fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Caught(caught) => Fingerprint::of(&[
                caught.finding.name(),
                caught.machine.as_deref().unwrap_or_default(),
                caught.step.as_deref().unwrap_or_default(),
                caught.event_date.as_deref().unwrap_or_default(),
            ]),
            Self::Ended(ended) => {
                let execution = ended.execution.as_ref().map_or("", Arn::as_str);
                Fingerprint::of(&["ended", ended.how.name(), execution])
            }
            Self::Alarm(alarm) => {
                let name = alarm.arn.as_ref().map_or(&*alarm.name, Arn::as_str);
                Fingerprint::of(&["alarm", name])
            }
            Self::Batch(batch) => Fingerprint::of(&["batch", &batch.shard_id, &batch.first]),
            Self::Letter(letter) => match &letter.carries {
                Some(incident) => incident.fingerprint(),
                None => Fingerprint::of(&[
                    "letter",
                    letter.queue.as_str(),
                    letter.target.as_deref().unwrap_or_default(),
                ]),
            },
            Self::Unknown { payload } => Fingerprint::of(&["unknown", payload]),
        }
    }

    /// What else people know when they are told this. What a step said of an
    /// execution, EventBridge says again when it has ended, and an alarm when
    /// the metric has come.
    pub fn settles(&self) -> Vec<Fingerprint> {
        match self {
            Self::Caught(caught) => {
                let machine = caught.machine.as_deref().unwrap_or_default();
                let mut settles = vec![rings(Runbook::ExecutionFailed, machine)];
                // Of what befell a date the execution goes on, and fails in the end
                // for having met it, but may fail for something else before. A
                // backfill ends with its month.
                let is_end = caught.event_date.is_none() || caught.step.as_deref() == Some("daily");
                let of_execution = match caught.finding {
                    Finding::Failed(_) if is_end => failed,
                    _ => found,
                };
                settles.extend(caught.execution.as_ref().map(of_execution));
                if let Some(runbook) = self.runbook()
                    && runbook != Runbook::ExecutionFailed
                    && let Some((deployment, _)) = machine.rsplit_once('-')
                {
                    settles.push(rings(runbook, deployment));
                }
                settles
            }
            Self::Ended(ended) => {
                let machine = ended.machine.as_deref().unwrap_or_default();
                vec![rings(Runbook::ExecutionFailed, machine)]
            }
            Self::Letter(letter) => letter
                .carries
                .as_ref()
                .map(Self::settles)
                .unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// Which of these it may be settled by.
    pub fn settled_by(&self) -> Vec<Fingerprint> {
        match self {
            Self::Ended(Ended {
                execution: Some(execution),
                how: End::Failed,
                cause,
                ..
            }) => match cause {
                Some(cause) if cause.error == UNTOLD => Vec::new(),
                Some(cause) if cause.error != STEP_FAILED && !is_runtimes(&cause.error) => {
                    vec![failed(execution), found(execution)]
                }
                _ => vec![failed(execution)],
            },
            Self::Alarm(alarm) if !alarm.is_over => alarm.repeats().into_iter().collect(),
            Self::Letter(letter) => letter
                .carries
                .as_ref()
                .map(Self::settled_by)
                .unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// The alarm's change, when it is one.
    pub fn alarm(&self) -> Option<&Alarm> {
        match self {
            Self::Alarm(alarm) => Some(alarm),
            Self::Letter(letter) => letter.carries.as_ref()?.alarm(),
            _ => None,
        }
    }

    /// What the runbook has about it.
    pub fn runbook(&self) -> Option<Runbook> {
        match self {
            Self::Caught(caught) => Some(match caught.finding {
                Finding::Failed(_) => Runbook::ExecutionFailed,
                Finding::Held(_) => Runbook::HeldDates,
                Finding::Unbalanced(_) => Runbook::AuditImbalance,
            }),
            Self::Ended(ended) => Some(match ended.how {
                End::Failed | End::Aborted => Runbook::ExecutionFailed,
                End::TimedOut => Runbook::ExecutionLate,
            }),
            Self::Alarm(alarm) => alarm.runbook,
            Self::Batch(_) => Some(Runbook::FailedBatches),
            Self::Letter(letter) => match &letter.carries {
                Some(incident) => incident.runbook(),
                None => Some(Runbook::DeadLetters),
            },
            Self::Unknown { .. } => None,
        }
    }
}

/// That the execution fails because of a step that failed.
fn failed(execution: &Arn) -> Fingerprint {
    Fingerprint::of(&["execution", "failed", execution.as_str()])
}

/// That the execution fails in the end, because of what a step found.
fn found(execution: &Arn) -> Fingerprint {
    Fingerprint::of(&["execution", "found", execution.as_str()])
}

/// That the alarm will ring which watches a state machine's failures, or what is
/// found in a deployment.
fn rings(runbook: Runbook, of: &str) -> Fingerprint {
    Fingerprint::of(&["rings", runbook.heading(), of])
}

impl Alarm {
    /// What settles it, when it says by a metric what a step or EventBridge says
    /// as well.
    fn repeats(&self) -> Option<Fingerprint> {
        let runbook = self.runbook?;
        match runbook {
            Runbook::ExecutionFailed => Some(rings(runbook, self.machine.as_deref()?)),
            Runbook::HeldDates | Runbook::AuditImbalance => {
                let deployment = self.name.strip_suffix(&format!("-{}", runbook.anchor()))?;
                Some(rings(runbook, deployment))
            }
            _ => None,
        }
    }
}

impl Finding {
    fn name(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::Held(_) => "held",
            Self::Unbalanced(_) => "unbalanced",
        }
    }
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Aborted => "aborted",
        }
    }
}
