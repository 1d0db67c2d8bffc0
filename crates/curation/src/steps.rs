//! The steps as a state machine calls them: JSON in, JSON out, and between them references
//! to objects of the lake.
//!
//! A date's steps share its [`StagingDir`]: each step reads the documents of the steps
//! before it and leaves its own. A retried step writes the same documents. The steps after
//! `gather` are the stages of the [pipeline](crate::pipeline). [`SqlSteps`] has those that
//! need SQL, [`Steps`] all others, because they are deployed as functions of their own.
//!
//! ```text
//! plan ─▶ [split] ─▶ compact ─▶ gather ─▶ (check) ─▶ prepare ─▶ (marts ─▶ check) ─▶ book ─▶ publish ─▶ audit
//!         a part     a bucket   side by side         dates ascending
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

use context::answer;

pub use context::{DATES_AT_ONCE, StepSettings, Steps};
pub use plan::{PlanAnswer, PlanInput, PlanMode, PlannedDate, UnloadedAnswer};
pub use publish::{AuditAnswer, BookAnswer, PrepareAnswer, PublishAnswer};
pub use sql::{SqlStep, SqlSteps};

/// A step that a function can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Lists the dates that are due.
    Plan,
    /// Splits a part of a date's inputs into buckets of users.
    Split,
    /// Makes a bucket's events and facts.
    Compact,
    /// Puts the buckets of a date together.
    Gather,
    /// Lists the inputs of a date's marts and checks.
    Prepare,
    /// Closes the event book.
    Book,
    /// Commits a date, and shows it to query engines.
    Publish,
    /// Counts both books of a date again from the lake.
    Audit,
    /// Runs quarantined units through the current transform.
    Replay,
    /// Makes processed objects again from raw.
    Rebuild,
    /// Removes objects that nothing needs any more.
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

/// The input of a step that needs the date alone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfDate {
    work: StagingDir,
}

impl Steps {
    /// Runs the step. `now` is in UTC microseconds; it decides which dates a plan looks at
    /// and what a sweep removes, and reaches no object.
    ///
    /// # Errors
    /// [`StepError`], which is logged. Work that was done before the failure stands; a retry
    /// finds it done.
    pub async fn call(&self, step: Step, input: Value, now: i64) -> Result<Value, StepError> {
        step::run_logged(step.name(), self.done(step, input, now)).await
    }

    async fn done(&self, step: Step, input: Value, now: i64) -> Result<Value, StepError> {
        Ok(match step {
            Step::Plan => self.plan(read(step, input)?, now).await?,
            Step::Split => self.split(read(step, input)?).await?,
            Step::Compact => self.compact(read(step, input)?).await?,
            Step::Gather => self.gather(read::<OfDate>(step, input)?.work).await?,
            Step::Prepare => answer(self.prepare(read::<OfDate>(step, input)?.work).await?),
            Step::Book => answer(self.book(read(step, input)?).await?),
            Step::Publish => answer(self.publish(read(step, input)?).await?),
            Step::Audit => answer(self.audit(read(step, input)?).await?),
            Step::Replay => self.replay(read(step, input)?).await?,
            Step::Rebuild => self.rebuild(read(step, input)?).await?,
            Step::Sweep => self.sweep(now).await?,
        })
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
