//! The steps of the day as a state machine calls them: JSON in, JSON out, and
//! between them references to what lies in the lake.
//!
//! What passes from step to step is the [`Work`] of a date, a directory that
//! each step reads from and leaves its own document in. A step that is tried
//! again writes the same. The steps that need SQL, `check` and `marts`, are the
//! `marts` crate's.
//!
//! ```text
//! plan ─▶ [split] ─▶ compact ─▶ gather ─▶ (check) ─▶ prepare ─▶ (marts ─▶ check) ─▶ book ─▶ publish
//!         a part     a bucket   side by side         dates ascending
//! ```

mod errand;
mod facts;
mod plan;
mod publish;

use std::sync::Arc;
use std::time::Duration;

use marquee_lake::step::{self, StepError};
use marquee_lake::work::Work;
use object_store::ObjectStore;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::Catalog;
use crate::compact::CompactSettings;
use crate::plan::{Definitions, Settings as PlanSettings};
use crate::split::Extent;

pub use errand::AuditAnswer;
pub use plan::{DATES_AT_ONCE, PlanAnswer, PlanInput, PlannedDate, UnloadedAnswer, Which};
pub use publish::{BookAnswer, PrepareAnswer, PublishAnswer};

/// A step that a function can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Which dates are due.
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

/// How the steps go about it.
#[derive(Debug, Clone)]
pub struct StepSettings {
    /// Which dates are due, and how they are divided.
    pub plan: PlanSettings,
    /// Memory and the size of files.
    pub compact: CompactSettings,
    /// How much of a date's inputs a call of `split` divides, about.
    pub part: Extent,
    /// What replay and rebuild hold an event's time against.
    pub transform: marquee_ingest::Settings,
    /// How long files stay that no current generation needs.
    pub keep: Duration,
}

/// Full chunks of a part of a split.
const PART_CHUNKS: u64 = 16;

impl Default for StepSettings {
    fn default() -> Self {
        let compact = CompactSettings::default();
        Self {
            plan: PlanSettings {
                collects_receipts: true,
                ..PlanSettings::default()
            },
            part: Extent {
                rows_of_date: PART_CHUNKS * compact.split_chunk_rows,
                bytes: PART_CHUNKS * compact.split_chunk_bytes,
            },
            compact,
            transform: marquee_ingest::Settings::default(),
            keep: Duration::from_secs(7 * 86_400),
        }
    }
}

/// A date, for a step that needs no more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfDate {
    work: Work,
}

/// The steps over one lake.
pub struct Steps {
    store: Arc<dyn ObjectStore>,
    catalog: Arc<dyn Catalog>,
    definitions: Definitions,
    settings: StepSettings,
}

impl Steps {
    /// Steps over the lake in `store`, shown to engines through `catalog`.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        catalog: Arc<dyn Catalog>,
        definitions: Definitions,
        settings: StepSettings,
    ) -> Self {
        Self {
            store,
            catalog,
            definitions,
            settings,
        }
    }

    /// Does the step. `now` is in UTC microseconds; it decides which dates a
    /// plan looks at and what a sweep removes, and reaches no object.
    ///
    /// # Errors
    /// [`StepError`], which is logged. What was done before stands, and is found
    /// done when it is tried again.
    pub async fn call(&self, step: Step, input: Value, now: i64) -> Result<Value, StepError> {
        step::told(step.name(), self.done(step, input, now)).await
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

/// An answer as JSON. Nothing that a step answers can fail to be.
fn answer(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
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
