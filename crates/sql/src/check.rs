//! Data quality checks: queries for the rows that violate an expectation.

use serde::{Deserialize, Serialize};

use crate::head::{Head, HeadError, days};

/// The consequence of a violated check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The date is not published.
    Error,
    /// The date is published with a warning in its report.
    Warn,
}

impl Severity {
    /// Returns the name used in files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
        }
    }
}

/// The step that must precede a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Compaction: the check reads events and facts only.
    Compact,
    /// The marts: the check reads any table.
    Marts,
}

/// The inputs of a check, which decide when it can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Only the date's own events and facts: dates are checked concurrently.
    Date,
    /// Also marts or earlier dates: dates are checked in order.
    Window,
}

/// A check, a file of `sql/checks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The name of the file without `.sql`.
    pub name: String,
    /// The expectation, from the comments of the head.
    pub about: String,
    /// The consequence of a violation.
    pub severity: Severity,
    /// The step that must precede the check.
    pub after: After,
    /// The number of days before its date that the check reads; 0 by default.
    pub looks_back: u32,
    /// The text of the file.
    pub sql: String,
}

const NAMES: [&str; 3] = ["severity", "after", "looks back"];

impl Check {
    /// Parses the file `{name}.sql`.
    ///
    /// # Errors
    /// Returns [`HeadError`] if a setting of its head is missing or invalid.
    pub fn parse(name: &str, text: &str) -> Result<Self, HeadError> {
        let head = Head::new(name, text);
        let [severity, after, looks_back] = NAMES;
        Ok(Self {
            name: name.to_owned(),
            about: head.prose(&NAMES),
            severity: head.required(severity, "error or warn", |value| match value {
                "error" => Some(Severity::Error),
                "warn" => Some(Severity::Warn),
                _ => None,
            })?,
            after: head.required(after, "compact or marts", |value| match value {
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

    /// Returns the phase in which the check runs.
    pub fn phase(&self) -> Phase {
        match (self.after, self.looks_back) {
            (After::Compact, 0) => Phase::Date,
            _ => Phase::Window,
        }
    }

    /// Returns the check's code and settings, without its comments.
    pub fn definition(&self) -> String {
        let after = match self.after {
            After::Compact => "compact",
            After::Marts => "marts",
        };
        let (name, severity, looks_back) = (&self.name, self.severity.name(), self.looks_back);
        let code = crate::code(&self.sql);
        format!("{name}\0{severity}\0{after}\0{looks_back}\0{code}")
    }

    /// Returns the SQL that finds the violations on a date, `YYYY-MM-DD`.
    pub fn sql_for(&self, date: &str) -> String {
        crate::for_date(&self.sql, date)
    }
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The check's name.
    pub name: String,
    /// The consequence of a violation.
    pub severity: Severity,
    /// The expectation.
    pub about: String,
    /// The number of rows that violate the expectation.
    pub broken: u64,
    /// The first of these rows, each as a JSON object.
    pub sample: Vec<String>,
}

impl CheckResult {
    /// Returns `true` if this result prevents the publication of the date.
    pub fn stops(&self) -> bool {
        self.severity == Severity::Error && self.broken > 0
    }
}
