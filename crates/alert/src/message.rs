//! An incident, in words a person can act on.

use crate::clock::minute;
use crate::incident::{Alarm, Batch, Caught, End, Ended, Finding, Incident, Letter};
use crate::page::{Page, shortened};
use crate::runbook::Runbook;

/// How much of a cause is said, in characters.
const CAUSE: usize = 2_000;
/// How much of a payload is said, in characters.
const PAYLOAD: usize = 2_000;
/// How many problems of an audit are said.
const PROBLEMS: usize = 10;

/// The steps that are functions of their own, `{prefix}-{step}`.
const FUNCTIONS: [&str; 14] = [
    "plan", "split", "compact", "gather", "check", "prepare", "marts", "book", "publish", "audit",
    "replay", "rebuild", "sweep", "load",
];

/// A message as a topic takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line of ASCII, under 100 characters.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// What a message says beside its incident.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// Where `docs/OPERATIONS.md` can be read.
    pub runbook_url: Option<&'a str>,
    /// How often it was reported and not told since it was last told, and when
    /// that was (UTC microseconds).
    pub untold: Option<(u64, i64)>,
    /// The key of the letter in the lake, when it came in one.
    pub kept: Option<&'a str>,
}

impl Message {
    /// Says what failed, for which date or shard, since when, how bad it is,
    /// what to do, and where to look.
    pub fn about(incident: &Incident, context: &Context<'_>) -> Self {
        let mut page = match incident {
            Incident::Caught(caught) => of_caught(caught),
            Incident::Ended(ended) => of_ended(ended),
            Incident::Alarm(alarm) => of_alarm(alarm),
            Incident::Batch(batch) => of_batch(batch),
            Incident::Letter(letter) => return of_letter(letter, context),
            Incident::Unknown { payload } => of_unknown(payload),
        };
        let is_over = incident.alarm().is_some_and(|alarm| alarm.is_over);
        if let Some(runbook) = incident.runbook().filter(|_| !is_over) {
            page.runbook(runbook, context.runbook_url);
        }
        if let Some((reports, told_at)) = context.untold.filter(|(reports, _)| *reports > 0) {
            let told_at = minute(told_at);
            let times = if reports == 1 { "time" } else { "times" };
            page.line(
                "Before",
                &format!("reported {reports} {times} more since the last message, {told_at}"),
            );
        }
        page.finish()
    }
}

fn of_caught(caught: &Caught) -> Page {
    let step = caught.step.as_deref().unwrap_or("a step");
    let date = caught.event_date.as_deref();
    let the_date = date.unwrap_or("a date");
    let mut page = match &caught.finding {
        Finding::Failed(_) => match date {
            Some(date) => Page::new(&format!("{step} failed for {date}")),
            None => Page::new(&format!("{step} failed")),
        },
        Finding::Held(_) => Page::new(&format!("{the_date} is held back")),
        Finding::Unbalanced(_) => Page::new(&format!("the books of {the_date} do not balance")),
    };
    page.of(caught.machine.as_deref());
    page.about(date);
    match &caught.finding {
        Finding::Failed(cause) => {
            page.cause(cause, CAUSE);
            page.how_bad(of_step(step).unwrap_or(Runbook::ExecutionFailed.how_bad()));
        }
        Finding::Held(cause) => page.line("Why", &shortened(cause, CAUSE)),
        Finding::Unbalanced(problems) => {
            for problem in problems.iter().take(PROBLEMS) {
                page.line("Problem", &shortened(problem, CAUSE / 4));
            }
            if problems.len() > PROBLEMS {
                let more = problems.len() - PROBLEMS;
                page.line("And", &format!("{more} more problems"));
            }
        }
    }
    page.since(caught.since);
    if let Some(execution) = &caught.execution {
        page.link("Execution", execution.console().execution(execution));
        let prefix = caught.machine.as_deref().and_then(|m| m.rsplit_once('-'));
        if let Some((prefix, _)) = prefix.filter(|_| FUNCTIONS.contains(&step)) {
            let log = execution.console().log_of(&format!("{prefix}-{step}"));
            page.link("Log", log);
        }
    }
    page
}

/// What is at stake when that step fails, where it is not what it is for others.
fn of_step(step: &str) -> Option<&'static str> {
    Some(match step {
        "plan" => "No date is made. What was published stands, and what is due stays due.",
        "publish" => {
            "If the date's generation was created it is published, and the next run shows it to engines and audits it; else the date stays due."
        }
        "load" => {
            "The lake is right and complete; the warehouse has the older generation, and is given this one by the next run."
        }
        "audit" => {
            "The date is published, and nobody has counted yet whether its books balance: the next run does."
        }
        "sweep" => "Only files that nothing needs stay longer than they should.",
        "replay" => {
            "Quarantine still has every unit. What went on before the failure stands; replaying again adds the rest, and nothing twice."
        }
        "rebuild" => {
            "Nothing is worse than it was: objects that came back stand, the others are as they were."
        }
        _ => return None,
    })
}

fn of_ended(ended: &Ended) -> Page {
    let machine = ended.machine.as_deref().unwrap_or("a state machine");
    let mut page = Page::new(&match ended.how {
        End::Failed => format!("{machine} failed"),
        End::TimedOut => format!("{machine} took longer than it may, and was ended"),
        End::Aborted => format!("{machine} was stopped by hand"),
    });
    if let Some(cause) = &ended.cause {
        page.cause(cause, CAUSE);
    }
    page.since(ended.since);
    if let Some(execution) = &ended.execution {
        page.link("Execution", execution.console().execution(execution));
    }
    page
}

fn of_alarm(alarm: &Alarm) -> Page {
    let what = alarm.runbook.map_or("alarm", Runbook::heading);
    let ends = alarm.runbook.is_none_or(Runbook::ends_with_its_alarm);
    let mut page = Page::new(&match (alarm.is_over, ends) {
        (false, _) => format!("{what} ({})", alarm.name),
        (true, true) => format!("over: {what} ({})", alarm.name),
        (true, false) => format!("not again: {what} ({})", alarm.name),
    });
    page.line("Alarm", &alarm.description);
    page.line("Why", &shortened(&alarm.reason, CAUSE));
    page.since(alarm.since);
    if alarm.is_over {
        page.line(
            "What to do",
            match ends {
                true => "Nothing: it has gone back to normal.",
                false => {
                    "It was not found again. What was found before stands until it is mended, as the runbook says."
                }
            },
        );
    } else if alarm.runbook.is_none() {
        page.line(
            "What to do",
            "The runbook does not know this alarm: look at what it watches, and write a heading for it.",
        );
    }
    if let Some(arn) = &alarm.arn {
        page.link("Alarm", arn.console().alarm(&alarm.name));
        if let Some(function) = &alarm.function {
            page.link("Log", arn.console().log_of(function));
        }
    }
    page
}

fn of_batch(batch: &Batch) -> Page {
    let records = batch.records;
    let mut page = Page::new(&format!(
        "{records} {} of {} were given up",
        if records == 1 { "record" } else { "records" },
        batch.shard_id
    ));
    page.line("Shard", &batch.shard_id);
    page.line("First record", &batch.first);
    page.line("Why", &batch.condition);
    page.since(batch.since);
    if let Some(function) = &batch.function {
        page.link("Log", function.console().log_of(function.name()));
    }
    page
}

/// What could not be delivered is what people are told of, when that can be
/// read; the letter itself is, when it cannot.
fn of_letter(letter: &Letter, context: &Context<'_>) -> Message {
    let queue = letter.queue.name();
    let kept = context.kept.unwrap_or_default();
    if let Some(incident) = &letter.carries {
        let mut message = Message::about(incident, context);
        // A batch is given up to a queue, and nothing was late.
        if matches!(incident, Incident::Batch(_)) {
            return message;
        }
        let error = match letter.error.as_str() {
            "" => "for a reason that was not said",
            error => &shortened(error, CAUSE / 4),
        };
        message.body.push_str(&format!(
            "\nThis came late, by the dead letter queue {queue}, as it could not be delivered: {error}\n"
        ));
        return message;
    }
    let mut page = Page::new(&format!("a dead letter came into {queue}"));
    page.line("To", letter.target.as_deref().unwrap_or_default());
    page.line("Why", &shortened(&letter.error, CAUSE));
    page.since(letter.since);
    page.line("Message", &letter.id);
    page.line("Kept as", kept);
    page.line("It says", &shortened(&letter.body, PAYLOAD));
    page.runbook(Runbook::DeadLetters, context.runbook_url);
    if let Some((reports, told_at)) = context.untold.filter(|(reports, _)| *reports > 0) {
        let told_at = minute(told_at);
        page.line(
            "Before",
            &format!("{reports} more came since the last message, {told_at}"),
        );
    }
    page.finish()
}

fn of_unknown(payload: &str) -> Page {
    let mut page = Page::new("something that is not known was reported");
    page.line(
        "How bad",
        "That cannot be told: it is none of the kinds that are known.",
    );
    page.line(
        "What to do",
        "Read it; if it comes again, see who calls the alert function with it.",
    );
    page.line("It says", &shortened(payload, PAYLOAD));
    page
}
