//! The steps of the day as a state machine calls them: JSON in, JSON out, and
//! between them references to what lies in the lake.
//!
//! What passes from step to step is the [`StagingDir`] of a date, a directory that
//! each step reads from and leaves its own document in. A step that is tried
//! again writes the same. The steps that need SQL, `check` and `marts`, are the
//! `marts` crate's.
//!
//! ```text
//! plan ─▶ [split] ─▶ compact ─▶ gather ─▶ (check) ─▶ prepare ─▶ (marts ─▶ check) ─▶ book ─▶ publish
//!         a part     a bucket   side by side         dates ascending
//! ```

mod compaction;
mod context;
mod maintenance;
mod plan;
mod publish;

use marquee_lake::staging::StagingDir;
use marquee_lake::step::{self, StepError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use context::answer;

pub use context::{DATES_AT_ONCE, StepSettings, Steps};
pub use maintenance::AuditAnswer;
pub use plan::{PlanAnswer, PlanInput, PlanMode, PlannedDate, UnloadedAnswer};
pub use publish::{BookAnswer, PrepareAnswer, PublishAnswer};

/// A step that a function can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// PlanMode dates are due.
    Plan,
    /// Divides a part of a date's inputs into buckets of users.
    Split,
    /// Makes a bucket's events and facts.
    Compact,
    /// Puts the buckets of a date together.
    Gather,
    /// Says what the tables of a date look at.
    Prepare,
    /// Closes the event book.
    Book,
    /// Commits a date, and shows it to engines.
    Publish,
    /// Holds the two books against the lake.
    Audit,
    /// Runs what is in quarantine through today's transform.
    Replay,
    /// Makes processed objects anew from raw.
    Rebuild,
    /// Removes what nothing needs any more.
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

    /// Its name in configuration and logs.
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

/// A date, for a step that needs no more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfDate {
    work: StagingDir,
}

impl Steps {
    /// Does the step. `now` is in UTC microseconds; it decides which dates a
    /// plan looks at and what a sweep removes, and reaches no object.
    ///
    /// # Errors
    /// [`StepError`], which is logged. What was done before stands, and is found
    /// done when it is tried again.
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
