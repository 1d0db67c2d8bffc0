//! A message while it is written: a headline, then a line a fact.

use crate::cause::Cause;
use crate::clock::minute;
use crate::message::Message;
use crate::runbook::Runbook;

/// What every subject begins with, for people's mail filters.
const MARK: &str = "Marquee: ";
/// SNS takes subjects under 100 characters.
const SUBJECT: usize = 99;

/// A message while it is written.
pub(crate) struct Page {
    headline: String,
    machine: Option<String>,
    date: Option<String>,
    lines: Vec<String>,
    links: Vec<String>,
    how_bad: Option<&'static str>,
}

impl Page {
    /// What happened, in a clause.
    pub(crate) fn new(headline: &str) -> Self {
        Self {
            headline: headline.to_owned(),
            machine: None,
            date: None,
            lines: Vec::new(),
            links: Vec::new(),
            how_bad: None,
        }
    }

    /// Which state machine it happened in.
    pub(crate) fn of(&mut self, machine: Option<&str>) {
        self.machine = machine.map(str::to_owned);
    }

    /// Which date it is about.
    pub(crate) fn about(&mut self, date: Option<&str>) {
        self.line("Date", date.unwrap_or_default());
        self.date = date.map(str::to_owned);
    }

    /// A fact, when there is one.
    pub(crate) fn line(&mut self, what: &str, fact: &str) {
        if !fact.is_empty() {
            self.lines.push(format!("{what}: {fact}"));
        }
    }

    /// Where to look.
    pub(crate) fn link(&mut self, what: &str, address: String) {
        self.links.push(format!("{what}: {address}"));
    }

    /// Since when (UTC microseconds).
    pub(crate) fn since(&mut self, since: Option<i64>) {
        if let Some(since) = since {
            self.line("Since", &minute(since));
        }
    }

    /// Why, and what its kind of reason has to do with.
    pub(crate) fn cause(&mut self, cause: &Cause, characters: usize) {
        let why = match (cause.error.as_str(), cause.message.as_str()) {
            ("", "") => "no cause was given".to_owned(),
            (error, "") => error.to_owned(),
            ("", message) => message.to_owned(),
            (error, message) => format!("{message} ({error})"),
        };
        self.line("Why", &shortened(&why, characters));
        self.line("Hint", cause.hint().unwrap_or_default());
        if let Some(started) = &cause.started {
            self.link("Started execution", started.console().execution(started));
        }
    }

    /// How bad it is, when that is not what the runbook's heading has.
    pub(crate) fn how_bad(&mut self, sentences: &'static str) {
        self.how_bad = Some(sentences);
    }

    /// How bad it is, what to do, and where that is written.
    pub(crate) fn runbook(&mut self, runbook: Runbook, address: Option<&str>) {
        let how_bad = self.how_bad.unwrap_or(runbook.how_bad());
        self.line("How bad", how_bad);
        let what_to_do = match &self.date {
            Some(date) => &runbook.what_to_do().replace("DATE", date),
            None => runbook.what_to_do(),
        };
        self.line("What to do", what_to_do);
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

    /// The message.
    pub(crate) fn finish(self) -> Message {
        let clause = match &self.machine {
            Some(machine) => format!("{} ({machine})", self.headline),
            None => self.headline,
        };
        let mut body = sentence(&clause);
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
            subject: subject(&clause),
            body,
        }
    }
}

/// With a full stop, and a capital, unless it begins with a name.
fn sentence(clause: &str) -> String {
    let word = clause.split(' ').next().unwrap_or_default();
    let mut rest = clause.chars();
    match rest.next() {
        Some(first) if !word.contains('-') => {
            format!("{}{}.", first.to_uppercase(), rest.as_str())
        }
        _ => format!("{clause}."),
    }
}

/// A subject as SNS takes one: ASCII, one line, under 100 characters.
fn subject(clause: &str) -> String {
    let plain: String = format!("{MARK}{clause}")
        .chars()
        .map(|c| match c {
            c if c.is_whitespace() || c.is_control() => ' ',
            c if c.is_ascii() => c,
            _ => '?',
        })
        .collect();
    match plain.get(..SUBJECT - 3) {
        Some(begin) if plain.len() > SUBJECT => format!("{begin}..."),
        _ => plain,
    }
}

/// A text of at most so many characters, and that it was longer.
pub(crate) fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some((end, _)) => {
            let begin = text.get(..end).unwrap_or_default();
            let all = text.chars().count();
            format!("{begin}… (the first {characters} of {all} characters)")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_what_sns_takes() {
        for clause in [
            "short".to_owned(),
            "é\nü\u{7f}\u{2028}".repeat(40),
            "a".repeat(90),
            "a".repeat(91),
            String::new(),
        ] {
            let subject = subject(&clause);
            assert!(subject.len() < 100 && subject.is_ascii(), "{subject:?}");
            assert!(!subject.contains(|c: char| c.is_control()), "{subject:?}");
        }
        assert_eq!(subject("a").len(), MARK.len() + 1);
        assert!(subject(&"a".repeat(91)).ends_with("aaa..."));
        assert!(subject(&"a".repeat(90)).ends_with("aaaa"));
    }

    #[test]
    fn a_long_text_says_that_it_was_cut() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äöü… (the first 3 of 4 characters)");
    }
}
