//! The port for SQL over one date.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use marquee_lake::generation::TableFiles;
use marquee_lake::staging::DateInputs;
use marquee_lake::step::StepErrorKind;
use marquee_sql::{Check, CheckResult, Mart};

/// An engine that runs the files of `sql/` over the inputs of one date.
///
/// Both operations are deterministic: the same inputs give the same results, and the same
/// bytes in the files of a mart.
#[async_trait]
pub trait DateSql: Send + Sync {
    /// Runs the checks. The results have the order of `checks`.
    ///
    /// # Errors
    /// If a check cannot run.
    async fn check(
        &self,
        inputs: DateInputs,
        checks: &[&Check],
    ) -> Result<Vec<CheckResult>, DateSqlError>;

    /// Builds the marts and writes their files to the directories of the run that `inputs`
    /// names. Returns the files by mart.
    ///
    /// # Errors
    /// If a mart cannot be built. Files of other marts may exist already; a retry writes them
    /// again.
    async fn build_marts(
        &self,
        inputs: DateInputs,
        marts: &[&Mart],
    ) -> Result<BTreeMap<String, TableFiles>, DateSqlError>;
}

/// A failure of an SQL engine. It displays as the engine's own error.
#[derive(Debug)]
pub struct DateSqlError {
    source: Box<dyn Error + Send + Sync>,
    kind: StepErrorKind,
}

impl DateSqlError {
    /// Wraps the engine's error. `kind` tells whether a retry can help.
    pub fn new(kind: StepErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: source.into(),
            kind,
        }
    }

    /// Returns the error's kind, by which a state machine decides on a retry.
    pub fn kind(&self) -> StepErrorKind {
        self.kind
    }
}

impl fmt::Display for DateSqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for DateSqlError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}
