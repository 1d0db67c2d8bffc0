//! The steps that need SQL: the checks and the marts.
//!
//! | step | reads | leaves |
//! |---|---|---|
//! | `check`, phase `date` | the inputs that `gather` left | the results of the date's own checks |
//! | `marts` | the inputs that `prepare` left | the tables |
//! | `check`, phase `window` | the same, and the tables | the results of the other checks |

use std::str::FromStr;
use std::sync::Arc;

use marquee_lake::staging::StagingDir;
use marquee_lake::step::{self, StepError};
use marquee_sql::{CheckResult, Phase};
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::context::{answer, hand_over, hand_over_of_run};
use super::publish::OfRun;
use crate::pipeline::{self, DateSql};
use crate::plan::Definitions;

/// A step that needs SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlStep {
    /// Runs checks.
    Check,
    /// Makes a date's marts.
    Marts,
}

impl SqlStep {
    /// Returns the step's name in configuration and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Marts => "marts",
        }
    }
}

impl FromStr for SqlStep {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "check" => Ok(Self::Check),
            "marts" => Ok(Self::Marts),
            _ => Err(()),
        }
    }
}

/// The input of `check`; `run` in the phase `window`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckInput {
    work: StagingDir,
    phase: Phase,
    run: Option<String>,
}

/// The answer of `check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct CheckAnswer {
    /// Whether the date must not be published.
    stops: bool,
    /// The checks that are broken, warnings too.
    broken: Vec<String>,
}

/// The steps that need SQL, over one lake.
pub struct SqlSteps {
    store: Arc<dyn ObjectStore>,
    sql: Arc<dyn DateSql>,
    definitions: Definitions,
}

impl SqlSteps {
    /// Creates the steps over the lake in `store`, which `sql` reads and writes.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        sql: Arc<dyn DateSql>,
        definitions: Definitions,
    ) -> Self {
        Self {
            store,
            sql,
            definitions,
        }
    }

    /// Runs the step.
    ///
    /// # Errors
    /// [`StepError`], which is logged. Nothing that readers see has changed then.
    pub async fn call(&self, step: SqlStep, input: Value) -> Result<Value, StepError> {
        let name = step.name();
        let done = async {
            match step {
                SqlStep::Check => self.check(step::read(name, input)?).await,
                SqlStep::Marts => self.marts(step::read(name, input)?).await,
            }
        };
        step::run_logged(name, done).await
    }

    async fn check(&self, input: CheckInput) -> Result<Value, StepError> {
        let CheckInput { work, phase, run } = input;
        let hand_over = match (phase, run) {
            (Phase::Date, _) => hand_over(&self.store, work),
            (Phase::Window, Some(run)) => hand_over_of_run(&self.store, work, &run)?,
            (Phase::Window, None) => {
                let fault = "phase `window` requires `run`, an output of `prepare`";
                return Err(StepError::input(SqlStep::Check.name(), fault));
            }
        };
        let results = pipeline::check(&*self.sql, &self.definitions, &hand_over, phase).await?;
        Ok(answer(CheckAnswer {
            stops: results.iter().any(CheckResult::stops),
            broken: results
                .iter()
                .filter(|result| result.broken > 0)
                .map(|result| format!("{} ({})", result.name, result.severity.name()))
                .collect(),
        }))
    }

    async fn marts(&self, input: OfRun) -> Result<Value, StepError> {
        let hand_over = hand_over_of_run(&self.store, input.work, &input.run)?;
        let tables = pipeline::marts(&*self.sql, &self.definitions, &hand_over).await?;
        Ok(json!({ "tables": tables.len() }))
    }
}
