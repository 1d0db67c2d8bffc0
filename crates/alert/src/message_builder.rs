//! A builder for messages: a headline, then one line per fact, then links.

use crate::cause::FailureCause;
use crate::clock::format_minute;
use crate::message::Message;
use crate::runbook::Runbook;

/// The start of every subject, for mail filters.
const SUBJECT_PREFIX: &str = "Marquee: ";
/// The maximum length of a subject: SNS accepts fewer than 100 characters.
const MAX_SUBJECT: usize = 99;

/// A message under construction.
pub(crate) struct MessageBuilder {
    headline: String,
    machine: Option<String>,
    date: Option<String>,
    lines: Vec<String>,
    links: Vec<String>,
    impact: Option<&'static str>,
}

impl MessageBuilder {
    /// Creates a builder with a headline that states what happened.
    pub(crate) fn new(headline: &str) -> Self {
        Self {
            headline: headline.to_owned(),
            machine: None,
            date: None,
            lines: Vec::new(),
            links: Vec::new(),
            impact: None,
        }
    }

    /// Sets the state machine, which the headline shows in parentheses.
    pub(crate) fn machine(&mut self, machine: Option<&str>) {
        self.machine = machine.map(str::to_owned);
    }

    /// Sets the affected date and adds a line for it.
    pub(crate) fn date(&mut self, date: Option<&str>) {
        self.line("Date", date.unwrap_or_default());
        self.date = date.map(str::to_owned);
    }

    /// Adds a line, unless `value` is empty. Escapes control characters, so that a text from
    /// outside cannot begin another line.
    pub(crate) fn line(&mut self, label: &str, value: &str) {
        if !value.is_empty() {
            self.lines.push(format!("{label}: {}", escape(value)));
        }
    }

    /// Adds a link.
    pub(crate) fn link(&mut self, label: &str, address: String) {
        self.links.push(format!("{label}: {address}"));
    }

    /// Adds the start time (UTC microseconds).
    pub(crate) fn since(&mut self, since: Option<i64>) {
        if let Some(since) = since {
            self.line("Since", &format_minute(since));
        }
    }

    /// Adds the cause, cut to `max_chars` characters, and its hint.
    pub(crate) fn cause(&mut self, cause: &FailureCause, max_chars: usize) {
        let text = match (cause.error.as_str(), cause.message.as_str()) {
            ("", "") => "not stated".to_owned(),
            (error, "") => error.to_owned(),
            ("", message) => message.to_owned(),
            (error, message) => format!("{message} ({error})"),
        };
        self.line("Cause", &truncate(&text, max_chars));
        self.line("Hint", cause.hint().unwrap_or_default());
        if let Some(child) = &cause.child_execution {
            self.link("Child execution", child.console().execution(child));
        }
    }

    /// Overrides the impact that the runbook heading states.
    pub(crate) fn impact(&mut self, sentences: &'static str) {
        self.impact = Some(sentences);
    }

    /// Adds the impact, the action, and the link to the runbook heading.
    pub(crate) fn runbook(&mut self, runbook: Runbook, address: Option<&str>) {
        let impact = self.impact.unwrap_or(runbook.impact());
        self.line("Impact", impact);
        let action = match &self.date {
            Some(date) => &runbook.action().replace("DATE", date),
            None => runbook.action(),
        };
        self.line("Action", action);
        let heading = runbook.heading();
        match address {
            Some(address) => {
                let page = address.split('#').next().unwrap_or(address);
                let anchor = runbook.anchor();
                self.link("Runbook", format!("{heading}, {page}#{anchor}"));
            }
            None => self.link("Runbook", format!("{heading}, in docs/OPERATIONS.md")),
        }
    }

    /// Builds the message.
    pub(crate) fn finish(self) -> Message {
        let headline = match &self.machine {
            Some(machine) => format!("{} ({machine})", self.headline),
            None => self.headline,
        };
        let mut body = sentence(&headline);
        body.push_str("\n\n");
        for line in &self.lines {
            body.push_str(line);
            body.push('\n');
        }
        if !self.links.is_empty() {
            body.push('\n');
        }
        for link in &self.links {
            body.push_str(link);
            body.push('\n');
        }
        Message {
            subject: subject(&headline),
            body,
        }
    }
}

/// Turns a headline into a sentence. The first letter becomes a capital, unless the
/// first word is a resource name (it contains a hyphen).
fn sentence(headline: &str) -> String {
    let word = headline.split(' ').next().unwrap_or_default();
    let mut rest = headline.chars();
    match rest.next() {
        Some(first) if !word.contains('-') => {
            format!("{}{}.", first.to_uppercase(), rest.as_str())
        }
        _ => format!("{headline}."),
    }
}

/// Returns a subject that SNS accepts: ASCII, one line, fewer than 100 characters.
fn subject(headline: &str) -> String {
    let plain: String = format!("{SUBJECT_PREFIX}{headline}")
        .chars()
        .map(|c| match c {
            c if c.is_whitespace() || c.is_control() => ' ',
            c if c.is_ascii() => c,
            _ => '?',
        })
        .collect();
    match plain.get(..MAX_SUBJECT - 3) {
        Some(start) if plain.len() > MAX_SUBJECT => format!("{start}..."),
        _ => plain,
    }
}

/// Escapes control characters: U+001B becomes `\u{1b}`.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() {
            true => escaped.extend(c.escape_default()),
            false => escaped.push(c),
        }
    }
    escaped
}

/// Cuts a text to `max_chars` characters, and notes the full length if it was longer.
pub(crate) fn truncate(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some((end, _)) => {
            let start = text.get(..end).unwrap_or_default();
            let total = text.chars().count();
            format!("{start}… (the first {max_chars} of {total} characters)")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sns_accepts_the_subject() {
        for headline in [
            "short".to_owned(),
            "é\nü\u{7f}\u{2028}".repeat(40),
            "a".repeat(90),
            "a".repeat(91),
            String::new(),
        ] {
            let subject = subject(&headline);
            assert!(subject.len() < 100 && subject.is_ascii(), "{subject:?}");
            assert!(!subject.contains(|c: char| c.is_control()), "{subject:?}");
        }
        assert_eq!(subject("a").len(), SUBJECT_PREFIX.len() + 1);
        assert!(subject(&"a".repeat(91)).ends_with("aaa..."));
        assert!(subject(&"a".repeat(90)).ends_with("aaaa"));
    }

    #[test]
    fn a_value_stays_in_its_line() {
        let mut builder = MessageBuilder::new("something failed");
        builder.line("Cause", "a\u{1b}[2J\nAction: pay");
        let body = builder.finish().body;
        assert!(
            body.contains("Cause: a\\u{1b}[2J\\nAction: pay\n"),
            "{body}"
        );
    }

    #[test]
    fn a_truncated_text_states_its_full_length() {
        assert_eq!(truncate("äöü", 3), "äöü");
        assert_eq!(truncate("äöüß", 3), "äöü… (the first 3 of 4 characters)");
    }
}
