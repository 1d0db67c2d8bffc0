//! The steps that need SQL: the checks and the marts.
//!
//! | step | reads | writes |
//! |---|---|---|
//! | `check`, phase `date` | the inputs from `gather` | the results of the checks of the date alone |
//! | `marts` | the inputs from `prepare` | the marts |
//! | `check`, phase `window` | the inputs from `prepare`, and the marts | the results of the other checks |

use std::str::FromStr;
use std::sync::Arc;

use marquee_lake::staging::StagingDir;
use marquee_lake::step::{self, StepError};
use marquee_sql::{CheckResult, Phase};
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::context::{hand_over, hand_over_of_run, to_json};
use super::publish::RunInput;
use crate::pipeline::{self, DateSql};
use crate::plan::Definitions;

/// A step that needs SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlStep {
    /// Runs checks.
    Check,
    /// Builds a date's marts.
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

/// The input of `check`. The phase `window` requires `run`.
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
    /// True if the date must not be published.
    stops: bool,
    /// The violated checks, including those of severity `warn`.
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
    /// [`StepError`], which is logged. Readers see no change.
    pub async fn call(&self, step: SqlStep, input: Value) -> Result<Value, StepError> {
        let name = step.name();
        let answer = async {
            match step {
                SqlStep::Check => self.check(step::read(name, input)?).await,
                SqlStep::Marts => self.marts(step::read(name, input)?).await,
            }
        };
        step::run_logged(name, answer).await
    }

    async fn check(&self, input: CheckInput) -> Result<Value, StepError> {
        let CheckInput { work, phase, run } = input;
        let hand_over = match (phase, run) {
            (Phase::Date, _) => hand_over(&self.store, work),
            (Phase::Window, Some(run)) => hand_over_of_run(&self.store, work, &run)?,
            (Phase::Window, None) => {
                let fault = "the phase `window` requires `run`, an output of `prepare`";
                return Err(StepError::input(SqlStep::Check.name(), fault));
            }
        };
        let results = pipeline::check(&*self.sql, &self.definitions, &hand_over, phase).await?;
        to_json(CheckAnswer {
            stops: results.iter().any(CheckResult::stops),
            broken: results
                .iter()
                .filter(|result| result.broken > 0)
                .map(|result| format!("{} ({})", result.name, result.severity.name()))
                .collect(),
        })
    }

    async fn marts(&self, input: RunInput) -> Result<Value, StepError> {
        let hand_over = hand_over_of_run(&self.store, input.work, &input.run)?;
        let tables = pipeline::marts(&*self.sql, &self.definitions, &hand_over).await?;
        Ok(json!({ "tables": tables.len() }))
    }
}
