//! The steps of the day that need SQL, as a state machine calls them: JSON in,
//! JSON out, and between them references to what lies in the lake.
//!
//! | step | reads | leaves |
//! |---|---|---|
//! | `check`, phase `date` | the inputs that `gather` left | what the checks of the facts found |
//! | `marts` | the inputs that `prepare` left | the tables |
//! | `check`, phase `window` | the same, and the tables | what the other checks found |

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use marquee_lake::generation::TableFiles;
use marquee_lake::work::{DateInputs, NoWork, Work};
use marquee_lake::{LakeError, document};
use marquee_sql::{Check, CheckResult, HeadError, Phase};
use object_store::ObjectStore;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{DateRun, MartsError};

/// A step that a function can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Runs checks.
    Check,
    /// Makes a date's marts.
    Marts,
}

impl Step {
    /// Its name in configuration and logs.
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

/// What goes wrong with a step.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The input is not what the step takes.
    #[error("{step} cannot be asked that: {fault}")]
    Input {
        /// The step.
        step: &'static str,
        /// What is wrong with it.
        fault: String,
    },
    /// The lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A table cannot be made, or a check not be run.
    #[error(transparent)]
    Marts(#[from] MartsError),
}

impl StepError {
    /// What a state machine can tell apart: `Store` may pass when it is tried
    /// again, the others need somebody to look.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Input { .. } => "Input",
            Self::Lake(_) | Self::Marts(MartsError::Ledger(_)) => "Store",
            Self::Marts(_) => "Failed",
        }
    }
}

impl From<HeadError> for StepError {
    fn from(fault: HeadError) -> Self {
        Self::Marts(fault.into())
    }
}

/// What `check` takes; `run` in the phase `window`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToCheck {
    work: Work,
    phase: Phase,
    run: Option<String>,
}

/// What `marts` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToMake {
    work: Work,
    run: String,
}

/// What `check` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Checked {
    /// Whether the date must not be published.
    stops: bool,
    /// The checks that are broken, warnings too.
    broken: Vec<String>,
}

/// The steps over one lake.
pub struct Steps {
    store: Arc<dyn ObjectStore>,
    /// How many tables are made side by side.
    at_once: usize,
}

impl Steps {
    /// Steps over the lake in `store`, with so many tables made side by side.
    pub fn new(store: Arc<dyn ObjectStore>, at_once: usize) -> Self {
        Self { store, at_once }
    }

    /// Does the step.
    ///
    /// # Errors
    /// [`StepError`]. Nothing that readers see has changed then.
    pub async fn call(&self, step: Step, input: Value) -> Result<Value, StepError> {
        let begun = Instant::now();
        let answer = match step {
            Step::Check => self.check(read(step, input)?).await?,
            Step::Marts => self.marts(read(step, input)?).await?,
        };
        let took = begun.elapsed();
        metrics::histogram!("Duration", "Stage" => step.name()).record(took.as_millis() as f64);
        tracing::info!(
            step = step.name(),
            took.ms = took.as_millis() as u64,
            answer = %answer,
            "step is done"
        );
        Ok(answer)
    }

    async fn check(&self, to: ToCheck) -> Result<Value, StepError> {
        let store = &*self.store;
        let (inputs, found) = match (to.phase, to.run) {
            (Phase::Date, _) => {
                let inputs = document::read(store, &to.work.date()).await?;
                (inputs, to.work.date_checks())
            }
            (Phase::Window, Some(run)) => {
                let window = to
                    .work
                    .window(&run)
                    .map_err(|fault| bad(Step::Check, &fault))?;
                let inputs: DateInputs = document::read(store, &window.inputs()).await?;
                let marts: BTreeMap<String, TableFiles> =
                    document::read(store, &window.marts()).await?;
                (inputs.with_marts(&marts), window.checks())
            }
            (Phase::Window, None) => {
                let fault = "phase `window` needs the `run` that `prepare` answered".to_owned();
                let step = Step::Check.name();
                return Err(StepError::Input { step, fault });
            }
        };
        let run = DateRun::open(Arc::clone(&self.store), inputs).await?;
        let mut results: Vec<CheckResult> = Vec::new();
        for check in checks(to.phase)? {
            results.push(run.check(&check).await?);
        }
        document::write(store, &found, &results).await?;
        let checked = Checked {
            stops: results.iter().any(CheckResult::stops),
            broken: results
                .iter()
                .filter(|result| result.broken > 0)
                .map(|result| format!("{} ({})", result.name, result.severity.name()))
                .collect(),
        };
        Ok(json!(checked))
    }

    async fn marts(&self, to: ToMake) -> Result<Value, StepError> {
        let window = to
            .work
            .window(&to.run)
            .map_err(|fault| bad(Step::Marts, &fault))?;
        let inputs: DateInputs = document::read(&*self.store, &window.inputs()).await?;
        let newest = inputs.newest;
        let wanted = marquee_sql::marts()?
            .into_iter()
            .filter(|mart| newest || mart.is_for_every_date());
        let run = Arc::new(DateRun::open(Arc::clone(&self.store), inputs).await?);
        let tables = run.build_all(wanted, self.at_once).await?;
        document::write(&*self.store, &window.marts(), &tables).await?;
        Ok(json!({ "tables": tables.len() }))
    }
}

fn checks(phase: Phase) -> Result<impl Iterator<Item = Check>, HeadError> {
    let all = marquee_sql::checks()?.into_iter();
    Ok(all.filter(move |check| check.phase() == phase))
}

fn bad(step: Step, fault: &NoWork) -> StepError {
    StepError::Input {
        step: step.name(),
        fault: fault.to_string(),
    }
}

fn read<T: DeserializeOwned>(step: Step, input: Value) -> Result<T, StepError> {
    serde_json::from_value(input).map_err(|fault| StepError::Input {
        step: step.name(),
        fault: fault.to_string(),
    })
}
