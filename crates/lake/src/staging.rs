//! What the steps of a date leave for each other.
//!
//! A plan has a directory, each of its dates one below, and what looks at
//! earlier dates one below that, named after its run: so two runs of the same
//! plan never mix what they saw. Every object in it is written whole by one
//! step, and the same again when the step is tried again.

use std::collections::BTreeMap;

use marquee_event::Date;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::generation::{FileEntry, TableFiles};
use crate::receipt::Receipt;
use crate::title_catalog::TitleCatalogPointer;
use crate::zone::STAGING;

/// The directory of a date, as it passes from step to step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StagingDir(String);

/// A text that is no directory of a date's steps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no directory of a plan's date: it is `{STAGING}/plans/…`, as `plan` answered it")]
pub struct ParseStagingDirError(String);

impl StagingDir {
    /// That of the date in the plan.
    pub fn new(plan: &str, event_date: Date) -> Self {
        Self(format!("{STAGING}/plans/{plan}/event_date={event_date}"))
    }

    /// What was planned.
    pub fn task(&self) -> Path {
        self.document("task")
    }

    /// How the inputs are divided, in which parts.
    pub fn parts(&self) -> Path {
        self.document("parts")
    }

    /// What each bucket is made from, of a part.
    pub fn split(&self, part: u32) -> Path {
        self.document(&format!("split-{part:04}"))
    }

    /// What compaction made of a bucket.
    pub fn bucket(&self, bucket: u32) -> Path {
        self.document(&format!("bucket-{bucket:04}"))
    }

    /// The date's events and facts.
    pub fn facts(&self) -> Path {
        self.document("facts")
    }

    /// The [`DateInputs`] of what needs the date alone.
    pub fn date(&self) -> Path {
        self.document("date")
    }

    /// What the checks of the date alone found.
    pub fn date_checks(&self) -> Path {
        self.document("checks-date")
    }

    /// What looks at earlier dates too, in the run of that name.
    ///
    /// # Errors
    /// [`ParseStagingDirError`] for what is no run's name.
    pub fn window(&self, run: &str) -> Result<Window, ParseStagingDirError> {
        let is_name = !run.is_empty()
            && run
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        match is_name {
            true => Ok(Window(Self(format!("{}/run={run}", self.0)))),
            false => Err(ParseStagingDirError(format!("{}/run={run}", self.0))),
        }
    }

    fn document(&self, name: &str) -> Path {
        Path::from(format!("{}/{name}.json", self.0))
    }
}

impl TryFrom<String> for StagingDir {
    type Error = ParseStagingDirError;

    fn try_from(text: String) -> Result<Self, ParseStagingDirError> {
        let parts: Vec<&str> = text.split('/').collect();
        let is_work = match parts[..] {
            [STAGING, "plans", plan, date] => {
                !plan.is_empty()
                    && date
                        .strip_prefix("event_date=")
                        .is_some_and(|date| date.parse::<Date>().is_ok())
                    && Path::parse(&text).is_ok()
            }
            _ => false,
        };
        match is_work {
            true => Ok(Self(text)),
            false => Err(ParseStagingDirError(text)),
        }
    }
}

impl From<StagingDir> for String {
    fn from(work: StagingDir) -> Self {
        work.0
    }
}

/// The directory of what a run of a date looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window(StagingDir);

impl Window {
    /// The [`DateInputs`] of the marts, and of the checks that need more than
    /// the date.
    pub fn inputs(&self) -> Path {
        self.0.document("inputs")
    }

    /// The tables that SQL made.
    pub fn marts(&self) -> Path {
        self.0.document("marts")
    }

    /// What the checks that need more than the date found.
    pub fn checks(&self) -> Path {
        self.0.document("checks")
    }

    /// The tables beside the facts, of a date whose book is closed.
    pub fn ready(&self) -> Path {
        self.0.document("ready")
    }
}

/// What a date's tables are made from, and its checks look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateInputs {
    /// The date.
    pub event_date: Date,
    /// The run, `{generation}-{digest}`, for the keys of what is written.
    pub run: String,
    /// Whether no later date has events, so that it has more tables.
    pub newest: bool,
    /// The version of the title catalog that the run pins; `None` without one.
    #[serde(rename = "catalogue")]
    pub title_catalog: Option<TitleCatalogPointer>,
    /// The receipts that are to be seen as `ingest_batches`.
    pub receipts: Vec<Receipt>,
    /// The facts of the earlier dates that are looked back at, by their digest.
    pub looked_back: BTreeMap<Date, String>,
    /// Files by table and `event_date`: facts of the date and of as many days
    /// before as are looked back on; for checks after the marts, the date's
    /// marts too.
    pub tables: BTreeMap<String, BTreeMap<Date, Vec<FileEntry>>>,
}

impl DateInputs {
    /// Returns the inputs of a date that has nothing yet.
    pub fn new(event_date: Date) -> Self {
        Self {
            event_date,
            run: String::new(),
            newest: false,
            title_catalog: None,
            receipts: Vec::new(),
            looked_back: BTreeMap::new(),
            tables: BTreeMap::new(),
        }
    }

    /// The same with the date's marts, for the checks that look at them.
    #[must_use]
    pub fn with_marts(mut self, marts: &BTreeMap<String, TableFiles>) -> Self {
        for (name, files) in marts {
            let of_date = (self.event_date, files.files.clone());
            self.tables.insert(name.clone(), [of_date].into());
        }
        self
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_work_goes_through_json_as_its_key() {
        let work = StagingDir::new("3f9c", "2026-01-05".parse().unwrap());
        let text = serde_json::to_string(&work).unwrap();
        assert_eq!(text, r#""staging/plans/3f9c/event_date=2026-01-05""#);
        assert_eq!(serde_json::from_str::<StagingDir>(&text).unwrap(), work);
        assert_eq!(
            work.bucket(3).as_ref(),
            "staging/plans/3f9c/event_date=2026-01-05/bucket-0003.json"
        );
        assert_eq!(
            work.split(12).as_ref(),
            "staging/plans/3f9c/event_date=2026-01-05/split-0012.json"
        );
        assert_eq!(
            work.window("000001-ab").unwrap().marts().as_ref(),
            "staging/plans/3f9c/event_date=2026-01-05/run=000001-ab/marts.json"
        );
    }

    #[test]
    fn nothing_else_is_a_work() {
        for text in [
            "",
            "staging/plans/3f9c",
            "staging/plans//event_date=2026-01-05",
            "staging/plans/3f9c/event_date=x",
            "curated/plans/3f9c/event_date=2026-01-05",
            "staging/plans/3f9c/event_date=2026-01-05/task.json",
            "staging/plans/../event_date=2026-01-05",
        ] {
            assert!(StagingDir::try_from(text.to_owned()).is_err(), "{text}");
        }
        let work = StagingDir::new("3f9c", "2026-01-05".parse().unwrap());
        for run in ["", "../x", "a/b", "a b"] {
            assert!(work.window(run).is_err(), "{run}");
        }
    }
}
