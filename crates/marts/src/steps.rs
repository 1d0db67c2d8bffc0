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

use marquee_lake::document;
use marquee_lake::generation::TableFiles;
use marquee_lake::staging::{DateInputs, StagingDir};
use marquee_lake::step::{self, StepError};
use marquee_sql::{Check, CheckResult, Phase};
use object_store::ObjectStore;
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

/// What `check` takes; `run` in the phase `window`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToCheck {
    work: StagingDir,
    phase: Phase,
    run: Option<String>,
}

/// What `marts` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToMake {
    work: StagingDir,
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
    settings: Settings,
}

/// How much is taken of a machine.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many tables are made side by side.
    pub at_once: usize,
    /// What the queries of a step hold in memory at most; what is more is spilled.
    pub memory_bytes: usize,
}

impl Steps {
    /// Steps over the lake in `store`.
    pub fn new(store: Arc<dyn ObjectStore>, settings: Settings) -> Self {
        Self { store, settings }
    }

    async fn date_run(&self, inputs: DateInputs) -> Result<DateRun, MartsError> {
        let run = DateRun::open(Arc::clone(&self.store), inputs).await?;
        run.within(self.settings.memory_bytes)
    }

    /// Does the step.
    ///
    /// # Errors
    /// [`StepError`], which is logged. Nothing that readers see has changed then.
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

    async fn check(&self, to: ToCheck) -> Result<Value, StepError> {
        let store = &*self.store;
        let (inputs, found) = match (to.phase, to.run) {
            (Phase::Date, _) => {
                let inputs = document::read(store, &to.work.date()).await?;
                (inputs, to.work.date_checks())
            }
            (Phase::Window, Some(run)) => {
                let window = to.work.window(&run)?;
                let inputs: DateInputs = document::read(store, &window.inputs()).await?;
                let marts: BTreeMap<String, TableFiles> =
                    document::read(store, &window.marts()).await?;
                (inputs.with_marts(&marts), window.checks())
            }
            (Phase::Window, None) => {
                let fault = "phase `window` needs the `run` that `prepare` answered";
                return Err(StepError::input(Step::Check.name(), fault));
            }
        };
        let run = self.date_run(inputs).await?;
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
        let window = to.work.window(&to.run)?;
        let inputs: DateInputs = document::read(&*self.store, &window.inputs()).await?;
        let newest = inputs.newest;
        let wanted = marquee_sql::marts()
            .map_err(MartsError::from)?
            .into_iter()
            .filter(|mart| newest || mart.is_for_every_date());
        let run = Arc::new(self.date_run(inputs).await?);
        let tables = run.build_all(wanted, self.settings.at_once).await?;
        document::write(&*self.store, &window.marts(), &tables).await?;
        Ok(json!({ "tables": tables.len() }))
    }
}

fn checks(phase: Phase) -> Result<impl Iterator<Item = Check>, MartsError> {
    let all = marquee_sql::checks()?.into_iter();
    Ok(all.filter(move |check| check.phase() == phase))
}
