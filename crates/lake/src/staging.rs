//! Staging directories: the documents that the steps of a date leave for each other.
//!
//! A plan has a directory with a subdirectory for each date. Documents that depend on
//! earlier dates are one level below, in a directory with the name of the run, so that two
//! runs of one plan never mix their inputs. One step writes a document as a whole, and
//! writes the same document again when it is retried.

use std::collections::{BTreeMap, BTreeSet};

use marquee_event::Date;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::generation::{FileEntry, TableFiles};
use crate::receipt::Receipt;
use crate::title_catalog::TitleCatalogPointer;
use crate::zone::STAGING;

/// The staging directory of a date, which is passed from step to step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StagingDir(String);

/// An error of parsing a [`StagingDir`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid staging directory {0:?}: expected `{STAGING}/plans/…`, as the step `plan` returned it"
)]
pub struct ParseStagingDirError(String);

impl StagingDir {
    /// Creates the directory of a date in a plan.
    pub fn new(plan: &str, event_date: Date) -> Self {
        Self(format!("{STAGING}/plans/{plan}/event_date={event_date}"))
    }

    /// Returns the key of the date's task.
    pub fn task(&self) -> Path {
        self.document("task")
    }

    /// Returns the key of the parts into which the inputs are divided.
    pub fn parts(&self) -> Path {
        self.document("parts")
    }

    /// Returns the key of the objects that the split wrote for a part.
    pub fn split(&self, part: u32) -> Path {
        self.document(&format!("split-{part:04}"))
    }

    /// Returns the key of the result of compacting a bucket.
    pub fn bucket(&self, bucket: u32) -> Path {
        self.document(&format!("bucket-{bucket:04}"))
    }

    /// Returns the key of the date's compacted tables.
    pub fn facts(&self) -> Path {
        self.document("facts")
    }

    /// Returns the key of the [`DateInputs`] of the checks that read only the date.
    pub fn date(&self) -> Path {
        self.document("date")
    }

    /// Returns the key of the results of the checks that read only the date.
    pub fn date_checks(&self) -> Path {
        self.document("checks-date")
    }

    /// Returns the directory of the documents of a run that depend on earlier dates.
    ///
    /// # Errors
    /// [`ParseStagingDirError`] if `run` is not the name of a run.
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
        let is_valid = match parts[..] {
            [STAGING, "plans", plan, date] => {
                !plan.is_empty()
                    && date
                        .strip_prefix("event_date=")
                        .is_some_and(|date| date.parse::<Date>().is_ok())
                    && Path::parse(&text).is_ok()
            }
            _ => false,
        };
        match is_valid {
            true => Ok(Self(text)),
            false => Err(ParseStagingDirError(text)),
        }
    }
}

impl From<StagingDir> for String {
    fn from(dir: StagingDir) -> Self {
        dir.0
    }
}

/// The directory of the documents of a run that depend on earlier dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window(StagingDir);

impl Window {
    /// Returns the key of the [`DateInputs`] of the marts, and of the checks that read
    /// earlier dates.
    pub fn inputs(&self) -> Path {
        self.0.document("inputs")
    }

    /// Returns the key of the tables that SQL wrote.
    pub fn marts(&self) -> Path {
        self.0.document("marts")
    }

    /// Returns the key of the results of the checks that read earlier dates.
    pub fn checks(&self) -> Path {
        self.0.document("checks")
    }

    /// Returns the key of the tables to publish besides the compacted ones, of a date whose
    /// event book balances.
    pub fn ready(&self) -> Path {
        self.0.document("ready")
    }
}

/// The inputs of a date's marts and checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateInputs {
    /// The date.
    pub event_date: Date,
    /// The name of the run, `{generation}-{digest}`, for the keys of its files.
    pub run: String,
    /// True if no later date has events. The date then has the latest-only tables.
    pub newest: bool,
    /// The version of the title catalog that the run pins; `None` without one.
    #[serde(rename = "catalogue")]
    pub title_catalog: Option<TitleCatalogPointer>,
    /// The receipts that queries read as `ingest_batches`.
    pub receipts: Vec<Receipt>,
    /// The digest of the facts of each earlier date in the look-back window.
    pub looked_back: BTreeMap<Date, String>,
    /// The files by table and `event_date`: the facts of the date and of its look-back
    /// window, except dates that only state tables read and whose rows they carry over. For
    /// checks after the marts also the marts of the date.
    pub tables: BTreeMap<String, BTreeMap<Date, Vec<FileEntry>>>,
    /// The rows that the state tables of the date carry over.
    #[serde(default)]
    pub carried: CarriedState,
}

/// The rows that the state tables of a date carry over from the previous state, which is
/// the last generation with latest-only tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedState {
    /// The dates with the same facts as in the previous state. Only their rows are carried
    /// over.
    pub dates: BTreeSet<Date>,
    /// The files of the previous state, by table.
    pub tables: BTreeMap<String, Vec<FileEntry>>,
}

impl DateInputs {
    /// Creates the inputs of a date, without receipts and files.
    pub fn new(event_date: Date) -> Self {
        Self {
            event_date,
            run: String::new(),
            newest: false,
            title_catalog: None,
            receipts: Vec::new(),
            looked_back: BTreeMap::new(),
            tables: BTreeMap::new(),
            carried: CarriedState::default(),
        }
    }

    /// Adds the marts of the date, for the checks that read them.
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
    fn a_staging_directory_is_its_key_in_json() {
        let dir = StagingDir::new("3f9c", "2026-01-05".parse().unwrap());
        let text = serde_json::to_string(&dir).unwrap();
        assert_eq!(text, r#""staging/plans/3f9c/event_date=2026-01-05""#);
        assert_eq!(serde_json::from_str::<StagingDir>(&text).unwrap(), dir);
        assert_eq!(
            dir.bucket(3).as_ref(),
            "staging/plans/3f9c/event_date=2026-01-05/bucket-0003.json"
        );
        assert_eq!(
            dir.split(12).as_ref(),
            "staging/plans/3f9c/event_date=2026-01-05/split-0012.json"
        );
        assert_eq!(
            dir.window("000001-ab").unwrap().marts().as_ref(),
            "staging/plans/3f9c/event_date=2026-01-05/run=000001-ab/marts.json"
        );
    }

    #[test]
    fn other_keys_are_rejected() {
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
        let dir = StagingDir::new("3f9c", "2026-01-05".parse().unwrap());
        for run in ["", "../x", "a/b", "a b"] {
            assert!(dir.window(run).is_err(), "{run}");
        }
    }
}
