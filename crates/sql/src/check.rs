//! An expectation: a query for the rows that break it.

use serde::{Deserialize, Serialize};

use crate::head::{Head, HeadError, days};

/// What a broken expectation means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The date is not published.
    Error,
    /// The date is published, and the report says so.
    Warn,
}

impl Severity {
    /// Its name in files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
        }
    }
}

/// When a check runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// As soon as events and facts are there, before any mart is made.
    Compact,
    /// When all tables are there.
    Marts,
}

/// What must be there before a check can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The date's own events and facts: dates are checked side by side.
    Date,
    /// Its marts or earlier dates too: dates are checked in their order.
    Window,
}

/// A file of `sql/checks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// What is expected, in the file's own words.
    pub about: String,
    /// What a broken expectation means.
    pub severity: Severity,
    /// When it runs.
    pub after: After,
    /// How many days before its date it reads; none when the head does not say.
    pub looks_back: u32,
    /// The whole file.
    pub sql: String,
}

const NAMES: [&str; 3] = ["severity", "after", "looks back"];

impl Check {
    /// Reads the file `{name}.sql`.
    ///
    /// # Errors
    /// [`HeadError`] when its head says too little, or what cannot be.
    pub fn parse(name: &str, text: &str) -> Result<Self, HeadError> {
        let head = Head::new(name, text);
        let [severity, after, looks_back] = NAMES;
        Ok(Self {
            name: name.to_owned(),
            about: head.words(&NAMES),
            severity: head.needed(severity, "error or warn", |value| match value {
                "error" => Some(Severity::Error),
                "warn" => Some(Severity::Warn),
                _ => None,
            })?,
            after: head.needed(after, "compact or marts", |value| match value {
                "compact" => Some(After::Compact),
                "marts" => Some(After::Marts),
                _ => None,
            })?,
            looks_back: head
                .optional(looks_back, "a number of days such as `7 days`", days)?
                .unwrap_or(0),
            sql: text.to_owned(),
        })
    }

    /// What must be there before it can run.
    pub fn phase(&self) -> Phase {
        match (self.after, self.looks_back) {
            (After::Compact, 0) => Phase::Date,
            _ => Phase::Window,
        }
    }

    /// Returns what the check expects: its code and settings, without its comments.
    pub fn definition(&self) -> String {
        let after = match self.after {
            After::Compact => "compact",
            After::Marts => "marts",
        };
        let (name, severity, looks_back) = (&self.name, self.severity.name(), self.looks_back);
        let code = crate::code(&self.sql);
        format!("{name}\0{severity}\0{after}\0{looks_back}\0{code}")
    }

    /// The SQL that finds what breaks it on that date, `YYYY-MM-DD`.
    pub fn sql_for(&self, date: &str) -> String {
        crate::for_date(&self.sql, date)
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The check's name.
    pub name: String,
    /// What it means when it is broken.
    pub severity: Severity,
    /// What is expected, in words.
    pub about: String,
    /// How many rows break it.
    pub broken: u64,
    /// The first of these rows, each as a JSON object.
    pub sample: Vec<String>,
}

impl CheckResult {
    /// Whether the date must not be published for it.
    pub fn stops(&self) -> bool {
        self.severity == Severity::Error && self.broken > 0
    }
}
