//! The steps of the state machines: JSON in, JSON out. Large documents stay in the lake, and
//! steps pass references to them.
//!
//! A date's steps share its [`StagingDir`]: each step reads the documents of the steps before
//! it and writes its own. A step is idempotent: a retry writes the same documents. The steps
//! after `gather` are the stages of the [pipeline](crate::pipeline). [`SqlSteps`] has the
//! steps that need SQL, which are deployed as separate functions; [`Steps`] has all others.
//!
//! ```text
//! plan ─▶ [split] ─▶ compact ─▶ gather ─▶ (check) ─▶ prepare ─▶ (marts ─▶ check) ─▶ book ─▶ publish ─▶ audit
//!         a part     a bucket   dates in parallel    dates one by one, ascending
//! ```

mod compaction;
mod context;
mod maintenance;
mod plan;
mod publish;
mod sql;

use marquee_lake::staging::StagingDir;
use marquee_lake::step::{self, StepError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use context::to_json;

pub use marquee_audit::AnomalySettings;

pub use context::{DATES_AT_ONCE, StepSettings, Steps};
pub use plan::{PlanAnswer, PlanInput, PlanMode, PlannedDate, UnloadedAnswer};
pub use publish::{AuditAnswer, BookAnswer, PrepareAnswer, PublishAnswer};
pub use sql::{SqlStep, SqlSteps};

/// A step without SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Lists the dates that are due.
    Plan,
    /// Splits a part of a date's inputs into buckets of users.
    Split,
    /// Compacts a bucket.
    Compact,
    /// Combines the compacted buckets of a date.
    Gather,
    /// Lists the inputs of a date's marts and checks.
    Prepare,
    /// Closes the event book.
    Book,
    /// Commits a date and updates the table catalog.
    Publish,
    /// Recounts both books of a date from the lake.
    Audit,
    /// Runs quarantined units through the current transform.
    Replay,
    /// Restores processed and quarantine objects from raw.
    Rebuild,
    /// Deletes old files that no generation needs.
    Sweep,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 11] = [
        Self::Plan,
        Self::Split,
        Self::Compact,
        Self::Gather,
        Self::Prepare,
        Self::Book,
        Self::Publish,
        Self::Audit,
        Self::Replay,
        Self::Rebuild,
        Self::Sweep,
    ];

    /// Returns the step's name in configuration and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Split => "split",
            Self::Compact => "compact",
            Self::Gather => "gather",
            Self::Prepare => "prepare",
            Self::Book => "book",
            Self::Publish => "publish",
            Self::Audit => "audit",
            Self::Replay => "replay",
            Self::Rebuild => "rebuild",
            Self::Sweep => "sweep",
        }
    }
}

impl std::str::FromStr for Step {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|step| step.name() == text)
            .ok_or(())
    }
}

/// The input of `gather` and `prepare`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DateInput {
    work: StagingDir,
}

impl Steps {
    /// Runs the step. `now` is in UTC microseconds. It decides which dates a plan considers,
    /// whether a date is over for `audit`, and which files a sweep deletes; it is not written
    /// to any object.
    ///
    /// # Errors
    /// [`StepError`], which is logged. A retry repeats the work before the failure and writes
    /// the same documents.
    pub async fn call(&self, step: Step, input: Value, now: i64) -> Result<Value, StepError> {
        step::run_logged(step.name(), self.dispatch(step, input, now)).await
    }

    async fn dispatch(&self, step: Step, input: Value, now: i64) -> Result<Value, StepError> {
        match step {
            Step::Plan => self.plan(read(step, input)?, now).await,
            Step::Split => self.split(read(step, input)?).await,
            Step::Compact => self.compact(read(step, input)?).await,
            Step::Gather => self.gather(read::<DateInput>(step, input)?.work).await,
            Step::Prepare => to_json(self.prepare(read::<DateInput>(step, input)?.work).await?),
            Step::Book => to_json(self.book(read(step, input)?).await?),
            Step::Publish => to_json(self.publish(read(step, input)?).await?),
            Step::Audit => to_json(self.audit(read(step, input)?, now).await?),
            Step::Replay => self.replay(read(step, input)?).await,
            Step::Rebuild => self.rebuild(read(step, input)?).await,
            Step::Sweep => self.sweep(now).await,
        }
    }
}

fn read<T: DeserializeOwned>(step: Step, input: Value) -> Result<T, StepError> {
    step::read(step.name(), input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_found_by_its_name() {
        for step in Step::ALL {
            assert_eq!(step.name().parse(), Ok(step));
        }
        assert_eq!("Plan".parse::<Step>(), Err(()));
    }
}
