//! The curation steps that run SQL, as a state machine calls them: JSON in, JSON out.
//! Larger data stays in the staging directory of the date.
//!
//! | step | reads | writes |
//! |---|---|---|
//! | `check`, phase `date` | the inputs from `gather` | the results of the checks of the date's own facts |
//! | `marts` | the inputs from `prepare` | the marts |
//! | `check`, phase `window` | the inputs from `prepare`, the marts | the results of the other checks |

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use marquee_lake::document;
use marquee_lake::generation::TableFiles;
use marquee_lake::staging::{DateInputs, StagingDir};
use marquee_lake::step::{self, StepError};
use marquee_sql::{Check, CheckResult, Phase};
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{DateRun, MartsError};

/// A step that a function can perform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Runs checks.
    Check,
    /// Builds the marts of a date.
    Marts,
}

impl Step {
    /// Returns the name used in configuration and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Marts => "marts",
        }
    }
}

impl FromStr for Step {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "check" => Ok(Self::Check),
            "marts" => Ok(Self::Marts),
            _ => Err(()),
        }
    }
}

/// The input of `check`; the phase `window` requires `run`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckInput {
    work: StagingDir,
    phase: Phase,
    run: Option<String>,
}

/// The input of `marts`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MartsInput {
    work: StagingDir,
    run: String,
}

/// The output of `check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct CheckOutput {
    /// `true` if a violated check holds the date.
    stops: bool,
    /// The violated checks, including warnings.
    broken: Vec<String>,
}

/// The steps over one lake.
pub struct Steps {
    store: Arc<dyn ObjectStore>,
    settings: MartsSettings,
}

/// Limits on the resources of a step.
#[derive(Debug, Clone, Copy)]
pub struct MartsSettings {
    /// The number of marts to build concurrently.
    pub concurrency: usize,
    /// The memory limit of the queries of a step, in bytes. Queries spill beyond it.
    pub memory_bytes: usize,
}

impl Steps {
    /// Creates the steps over the lake in `store`.
    pub fn new(store: Arc<dyn ObjectStore>, settings: MartsSettings) -> Self {
        Self { store, settings }
    }

    async fn date_run(&self, inputs: DateInputs) -> Result<DateRun, MartsError> {
        let run = DateRun::open(Arc::clone(&self.store), inputs).await?;
        run.with_memory_limit(self.settings.memory_bytes)
    }

    /// Performs a step.
    ///
    /// # Errors
    /// Logs and returns [`StepError`]. A failed step changes nothing that readers see.
    pub async fn call(&self, step: Step, input: Value) -> Result<Value, StepError> {
        let name = step.name();
        let done = async {
            match step {
                Step::Check => self.check(step::read(name, input)?).await,
                Step::Marts => self.marts(step::read(name, input)?).await,
            }
        };
        step::run_logged(name, done).await
    }

    async fn check(&self, input: CheckInput) -> Result<Value, StepError> {
        let store = &*self.store;
        let (inputs, results_key) = match (input.phase, input.run) {
            (Phase::Date, _) => {
                let inputs = document::read(store, &input.work.date()).await?;
                (inputs, input.work.date_checks())
            }
            (Phase::Window, Some(run)) => {
                let window = input.work.window(&run)?;
                let inputs: DateInputs = document::read(store, &window.inputs()).await?;
                let marts: BTreeMap<String, TableFiles> =
                    document::read(store, &window.marts()).await?;
                (inputs.with_marts(&marts), window.checks())
            }
            (Phase::Window, None) => {
                let fault = "phase `window` requires `run`, an output of `prepare`";
                return Err(StepError::input(Step::Check.name(), fault));
            }
        };
        let run = self.date_run(inputs).await?;
        let mut results: Vec<CheckResult> = Vec::new();
        for check in checks(input.phase)? {
            results.push(run.check(&check).await?);
        }
        document::write(store, &results_key, &results).await?;
        let output = CheckOutput {
            stops: results.iter().any(CheckResult::stops),
            broken: results
                .iter()
                .filter(|result| result.broken > 0)
                .map(|result| format!("{} ({})", result.name, result.severity.name()))
                .collect(),
        };
        Ok(json!(output))
    }

    async fn marts(&self, input: MartsInput) -> Result<Value, StepError> {
        let window = input.work.window(&input.run)?;
        let inputs: DateInputs = document::read(&*self.store, &window.inputs()).await?;
        let newest = inputs.newest;
        let marts = marquee_sql::marts()
            .map_err(MartsError::from)?
            .into_iter()
            .filter(|mart| newest || mart.is_for_every_date());
        let run = Arc::new(self.date_run(inputs).await?);
        let tables = run.build_all(marts, self.settings.concurrency).await?;
        document::write(&*self.store, &window.marts(), &tables).await?;
        Ok(json!({ "tables": tables.len() }))
    }
}

fn checks(phase: Phase) -> Result<impl Iterator<Item = Check>, MartsError> {
    let all = marquee_sql::checks()?.into_iter();
    Ok(all.filter(move |check| check.phase() == phase))
}
