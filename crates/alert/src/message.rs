//! The message about an incident.

use serde_json::{Map, Value};

use crate::clock::format_minute;
use crate::incident::{
    AlarmChange, DeadLetter, DiscardedBatch, ExecutionStatus, FailedExecution, Finding, Incident,
    StepReport,
};
use crate::message_builder::{MessageBuilder, escape, truncate};
use crate::runbook::Runbook;

/// The maximum length of a cause in a message, in characters.
const MAX_CAUSE: usize = 2_000;
/// The maximum number of names of fields of an unknown input, and their length in characters.
const MAX_FIELDS: usize = 20;
const MAX_FIELD_CHARS: usize = 200;
/// The maximum number of audit problems, or of anomalies, in a message.
const MAX_ENTRIES: usize = 10;

/// The steps that are Lambda functions named `{prefix}-{step}`.
const FUNCTIONS: [&str; 14] = [
    "plan", "split", "compact", "gather", "check", "prepare", "marts", "book", "publish", "audit",
    "replay", "rebuild", "sweep", "load",
];

/// A message for a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The subject: one line of ASCII, fewer than 100 characters.
    pub subject: String,
    /// The body: plain text.
    pub body: String,
}

/// The facts of a message that are not part of its incident.
#[derive(Debug, Clone, Copy, Default)]
pub struct MessageContext<'a> {
    /// The address of `docs/OPERATIONS.md`.
    pub runbook_url: Option<&'a str>,
    /// The number of reports since the last message that were not sent, and the time of
    /// that message (UTC microseconds).
    pub unsent: Option<(u64, i64)>,
    /// The key under which the lake stores the dead letter or the unknown input, if the
    /// incident is one.
    pub stored_key: Option<&'a str>,
}

impl Message {
    /// Builds the message: what failed, on which date or shard, since when, its impact,
    /// the action, and links.
    pub fn about(incident: &Incident, context: &MessageContext<'_>) -> Self {
        let mut builder = match incident {
            Incident::Step(report) => for_step(report),
            Incident::Execution(failed) => for_execution(failed),
            Incident::Alarm(alarm) => for_alarm(alarm),
            Incident::Batch(batch) => for_batch(batch),
            Incident::DeadLetter(letter) => return for_dead_letter(letter, context),
            Incident::Unknown { payload } => for_unknown(payload, context),
        };
        let is_resolved = incident.alarm().is_some_and(|alarm| alarm.is_resolved);
        if let Some(runbook) = incident.runbook().filter(|_| !is_resolved) {
            builder.runbook(runbook, context.runbook_url);
        }
        add_unsent(&mut builder, context);
        builder.finish()
    }
}

/// Adds the number of reports since the last message that were not sent.
fn add_unsent(builder: &mut MessageBuilder, context: &MessageContext<'_>) {
    if let Some((reports, notified_at)) = context.unsent.filter(|(reports, _)| *reports > 0) {
        let notified_at = format_minute(notified_at);
        let noun = if reports == 1 { "report" } else { "reports" };
        builder.line(
            "Repeats",
            &format!("{reports} more {noun} since the last message, {notified_at}"),
        );
    }
}

fn for_step(report: &StepReport) -> MessageBuilder {
    let step = report.step.as_deref().unwrap_or("a step");
    let date = report.event_date.as_deref();
    let date_name = date.unwrap_or("a date");
    let mut builder = match &report.finding {
        Finding::Failed(_) => match date {
            Some(date) => MessageBuilder::new(&format!("{step} failed for {date}")),
            None => MessageBuilder::new(&format!("{step} failed")),
        },
        Finding::Held(_) => MessageBuilder::new(&format!("{date_name} is held")),
        Finding::Unbalanced(_) => {
            MessageBuilder::new(&format!("the audit of {date_name} does not balance"))
        }
        Finding::Anomalies(_) => MessageBuilder::new(&format!("{date_name} is unusual")),
    };
    builder.machine(report.machine.as_deref());
    builder.date(date);
    match &report.finding {
        Finding::Failed(cause) => {
            builder.cause(cause, MAX_CAUSE);
            builder.impact(step_impact(step).unwrap_or(Runbook::ExecutionFailed.impact()));
        }
        Finding::Held(cause) => builder.line("Cause", &truncate(cause, MAX_CAUSE)),
        Finding::Unbalanced(problems) => {
            let problems: Vec<&str> = problems.iter().map(String::as_str).collect();
            add_list(&mut builder, "Problem", "More problems", &problems);
        }
        Finding::Anomalies(anomalies) => {
            let sentences: Vec<&str> = anomalies.iter().map(|a| &*a.sentence).collect();
            add_list(&mut builder, "Anomaly", "More anomalies", &sentences);
        }
    }
    builder.since(report.since);
    if let Some(execution) = &report.execution {
        builder.link("Execution", execution.console().execution(execution));
        let prefix = report.machine.as_deref().and_then(|m| m.rsplit_once('-'));
        if let Some((prefix, _)) = prefix.filter(|_| FUNCTIONS.contains(&step)) {
            let log = execution.console().log_group(&format!("{prefix}-{step}"));
            builder.link("Log", log);
        }
    }
    builder
}

/// Adds the first entries of a list, each under `label`, and the number of the others.
fn add_list(builder: &mut MessageBuilder, label: &str, more_label: &str, entries: &[&str]) {
    for entry in entries.iter().take(MAX_ENTRIES) {
        builder.line(label, &truncate(entry, MAX_CAUSE / 4));
    }
    if entries.len() > MAX_ENTRIES {
        let more = entries.len() - MAX_ENTRIES;
        builder.line(more_label, &more.to_string());
    }
}

/// Returns the impact of a failed step, where it differs from that of
/// [`Runbook::ExecutionFailed`].
fn step_impact(step: &str) -> Option<&'static str> {
    Some(match step {
        "plan" => "No date is processed. Published dates stay available, and due dates stay due.",
        "publish" => {
            "If the generation was created, the date is published, and the next run registers it in the table catalog and audits it. Otherwise the date stays due."
        }
        "load" => {
            "The lake is correct and complete. The warehouse keeps the older generation until the next run loads the new one."
        }
        "audit" => "The date is published but not audited. The next run audits it.",
        "sweep" => "Only obsolete files stay longer than planned.",
        "replay" => {
            "Quarantine still has every unit. Units that were replayed before the failure stay; replaying again adds the rest without duplicates."
        }
        "rebuild" => {
            "The lake is not worse than before: restored objects stay, the others are unchanged."
        }
        _ => return None,
    })
}

fn for_execution(failed: &FailedExecution) -> MessageBuilder {
    let machine = failed.machine.as_deref().unwrap_or("a state machine");
    let mut builder = MessageBuilder::new(&match failed.status {
        ExecutionStatus::Failed => format!("{machine} failed"),
        ExecutionStatus::TimedOut => format!("{machine} timed out"),
        ExecutionStatus::Aborted => format!("{machine} was aborted"),
    });
    if let Some(cause) = &failed.cause {
        builder.cause(cause, MAX_CAUSE);
    }
    builder.since(failed.since);
    if let Some(execution) = &failed.execution {
        builder.link("Execution", execution.console().execution(execution));
    }
    builder
}

fn for_alarm(alarm: &AlarmChange) -> MessageBuilder {
    let heading = alarm.runbook.map_or("alarm", Runbook::heading);
    let means_fixed = alarm.runbook.is_none_or(Runbook::ok_means_fixed);
    let mut builder = MessageBuilder::new(&match (alarm.is_resolved, means_fixed) {
        (false, _) => format!("{heading} ({})", alarm.name),
        (true, true) => format!("resolved: {heading} ({})", alarm.name),
        (true, false) => format!("not detected again: {heading} ({})", alarm.name),
    });
    builder.line("Alarm", &alarm.description);
    builder.line("Reason", &truncate(&alarm.reason, MAX_CAUSE));
    builder.since(alarm.since);
    if alarm.is_resolved {
        builder.line(
            "Action",
            match means_fixed {
                true => "None: the alarm returned to OK.",
                false => {
                    "The condition was not detected again. Fix what was detected before, as the runbook says: the alarm's return to OK does not fix it."
                }
            },
        );
    } else if alarm.runbook.is_none() {
        builder.line(
            "Action",
            "The runbook does not cover this alarm. Check the metric that it watches, then add a heading to the runbook.",
        );
    }
    if let Some(arn) = &alarm.arn {
        builder.link("Alarm", arn.console().alarm(&alarm.name));
        if let Some(function) = &alarm.function {
            builder.link("Log", arn.console().log_group(function));
        }
    }
    builder
}

fn for_batch(batch: &DiscardedBatch) -> MessageBuilder {
    let records = batch.records;
    let mut builder = MessageBuilder::new(&format!(
        "{records} {} of {} discarded",
        if records == 1 { "record" } else { "records" },
        batch.shard_id
    ));
    builder.line("Shard", &batch.shard_id);
    builder.line("First record", &batch.first);
    builder.line("Cause", &batch.condition);
    builder.since(batch.since);
    if let Some(function) = &batch.function {
        builder.link("Log", function.console().log_group(function.name()));
    }
    builder
}

/// Builds the message of the incident that a dead letter contains, or a message about
/// the dead letter itself if it contains none.
fn for_dead_letter(letter: &DeadLetter, context: &MessageContext<'_>) -> Message {
    let queue = letter.queue.name();
    if let Some(incident) = &letter.incident {
        let mut message = Message::about(incident, context);
        // The queue is the regular destination of discarded batches: not a late delivery.
        if matches!(incident, Incident::Batch(_)) {
            return message;
        }
        let error = match letter.error.as_str() {
            "" => "no reason was stated",
            error => &truncate(error, MAX_CAUSE / 4),
        };
        message.body.push_str(&format!(
            "\nThis message is late: it came through the dead letter queue {queue}, because its delivery failed: {}\n",
            escape(error)
        ));
        return message;
    }
    let mut builder = MessageBuilder::new(&format!("dead letter in {queue}"));
    builder.line("Target", letter.target.as_deref().unwrap_or_default());
    builder.line("Cause", &truncate(&letter.error, MAX_CAUSE));
    builder.since(letter.since);
    builder.line("Message id", &letter.id);
    builder.line("Stored as", context.stored_key.unwrap_or_default());
    builder.runbook(Runbook::DeadLetters, context.runbook_url);
    add_unsent(&mut builder, context);
    builder.finish()
}

fn for_unknown(payload: &Value, context: &MessageContext<'_>) -> MessageBuilder {
    let mut builder = MessageBuilder::new("the alert function received an unknown input");
    builder.line("Impact", "Unknown: the input has none of the known forms.");
    builder.line(
        "Action",
        "Read the stored input, and find out who calls the alert function with it.",
    );
    builder.line("Input", &describe_payload(payload));
    builder.line("Stored as", context.stored_key.unwrap_or_default());
    builder
}

/// Describes an input by its size and the names of its first fields. Its values stay out of
/// the message: an unknown input can contain data of viewers.
fn describe_payload(payload: &Value) -> String {
    let size = format!("{} bytes of JSON", payload.to_string().len());
    let fields = payload.as_object().into_iter().flat_map(Map::keys);
    let fields: Vec<&str> = fields.take(MAX_FIELDS).map(String::as_str).collect();
    match fields.is_empty() {
        true => size,
        false => format!(
            "{size} with the fields {}",
            truncate(&fields.join(", "), MAX_FIELD_CHARS)
        ),
    }
}
