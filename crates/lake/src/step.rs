//! What the steps of the day have in common: they are asked in JSON, they take
//! their time, and they fail in one of a few ways.

use std::error::Error as StdError;
use std::fmt::Display;
use std::time::Instant;

use object_store::GetRange;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use crate::error::LakeError;
use crate::staging::ParseStagingDirError;

/// How a step fails, as a state machine and its alerts tell it. The machine tries
/// again what [may pass](StepErrorKind::passes); the others need somebody to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepErrorKind {
    /// It was called with what it does not take.
    Input,
    /// A store or a table catalog refused a request or is not reachable.
    Store,
    /// An object that must be there is not.
    Gone,
    /// An object is not what the ledger says of it, or makes no sense.
    Damaged,
    /// Anything else: SQL that cannot be run, too little memory, a defect.
    Failed,
}

impl StepErrorKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Input,
        Self::Store,
        Self::Gone,
        Self::Damaged,
        Self::Failed,
    ];

    /// Its name, the name of the error in a state machine.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "Input",
            Self::Store => "Store",
            Self::Gone => "Gone",
            Self::Damaged => "Damaged",
            Self::Failed => "Failed",
        }
    }

    /// Whether trying again may help.
    pub const fn passes(self) -> bool {
        matches!(self, Self::Store)
    }

    /// That of an object store's error. An object that ends before what is read of
    /// it begins is shorter than the ledger says, however often it is read.
    pub fn of(error: &object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Gone,
            error if is_beyond_the_end(error) => Self::Damaged,
            _ => Self::Store,
        }
    }
}

/// Whether a range was asked for that the object does not have: the stores put as
/// the source of theirs what [`GetRange::as_range`] fails with, a type that
/// `object_store` gives no name to.
fn is_beyond_the_end(error: &(dyn StdError + 'static)) -> bool {
    fn is_like<T: StdError + 'static>(_: &T, error: &(dyn StdError + 'static)) -> bool {
        error.is::<T>()
    }
    let Err(beyond) = GetRange::Offset(1).as_range(0) else {
        return false;
    };
    let mut next = Some(error);
    while let Some(error) = next {
        if is_like(&beyond, error) {
            return true;
        }
        next = error.source();
    }
    false
}

impl LakeError {
    /// Of which kind it is.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Store(error) => StepErrorKind::of(error),
            Self::Malformed { .. } | Self::Parquet { .. } => StepErrorKind::Damaged,
            Self::Gone { .. } => StepErrorKind::Gone,
            Self::TitleCatalog { .. } | Self::DuplicateTitle { .. } => StepErrorKind::Input,
            Self::Encode(_) => StepErrorKind::Failed,
        }
    }
}

/// Why a step did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct StepError {
    kind: StepErrorKind,
    message: String,
}

impl StepError {
    /// An error of that kind, in that one's words.
    pub fn new(kind: StepErrorKind, error: &impl Display) -> Self {
        Self {
            kind,
            message: error.to_string(),
        }
    }

    /// The step was asked what it does not take.
    pub fn input(step: &str, fault: impl Display) -> Self {
        Self {
            kind: StepErrorKind::Input,
            message: format!("{step} cannot be asked that: {fault}"),
        }
    }

    /// Of which kind it is.
    pub fn kind(&self) -> StepErrorKind {
        self.kind
    }
}

impl From<LakeError> for StepError {
    fn from(error: LakeError) -> Self {
        Self::new(error.kind(), &error)
    }
}

impl From<ParseStagingDirError> for StepError {
    fn from(fault: ParseStagingDirError) -> Self {
        Self::new(StepErrorKind::Input, &fault)
    }
}

/// What the step is asked, out of JSON.
///
/// # Errors
/// Of [`StepErrorKind::Input`].
pub fn read<T: DeserializeOwned>(step: &str, input: Value) -> Result<T, StepError> {
    serde_json::from_value(input).map_err(|fault| StepError::input(step, fault))
}

/// Does a step, and says what came of it: one line of the log, and how long it took
/// as the metric `Duration`. Nobody else logs what it fails with.
///
/// # Errors
/// What the step fails with.
pub async fn run_logged(
    step: &'static str,
    doing: impl Future<Output = Result<Value, StepError>>,
) -> Result<Value, StepError> {
    let begun = Instant::now();
    let done = doing.await;
    let took = begun.elapsed().as_millis() as u64;
    match &done {
        Ok(answer) => {
            metrics::histogram!("Duration", "Stage" => step).record(took as f64);
            tracing::info!(step, took.ms = took, %answer, "step is done");
        }
        Err(error) => {
            let kind = error.kind().name();
            tracing::error!(step, kind, took.ms = took, "{error}");
        }
    }
    done
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;
    use crate::document;

    /// A text of the repository.
    fn text(path: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        std::fs::read_to_string(root.join(path)).unwrap()
    }

    /// The errors of ours that a machine tries again, by state.
    fn retried(machine: &str) -> Vec<BTreeSet<String>> {
        let mut states = Vec::new();
        for state in machine.split("\"Retry\":").skip(1) {
            let retries = state.split("\"Catch\":").next().unwrap();
            let words = retries.split('"').skip(1).step_by(2);
            let names =
                words.filter(|word| StepErrorKind::ALL.iter().any(|kind| kind.name() == *word));
            states.push(names.map(str::to_owned).collect());
        }
        states
    }

    #[test]
    fn the_machines_try_again_what_may_pass() {
        let passing: BTreeSet<String> = StepErrorKind::ALL
            .into_iter()
            .filter(|kind| kind.passes())
            .map(|kind| kind.name().to_owned())
            .collect();
        for name in ["daily", "replay", "backfill"] {
            let states = retried(&text(&format!("state_machines/{name}.asl.json")));
            assert!(states.contains(&passing), "{name}");
            for names in states {
                // What starts an execution calls no step.
                assert!(names.is_empty() || names == passing, "{name}: {names:?}");
            }
        }
    }

    #[test]
    fn every_kind_is_explained() {
        for page in ["docs/OPERATIONS.md", "docs/adr/0006-on-aws.md"] {
            let page_text = text(page);
            for kind in StepErrorKind::ALL {
                let name = format!("`{}`", kind.name());
                assert!(page_text.contains(&name), "{name} is not in {page}");
            }
        }
    }

    #[tokio::test]
    async fn a_document_is_gone_damaged_or_in_a_store_that_fails() {
        let store = InMemory::new();
        let key = "ledger/a.json".into();
        let kind = async || {
            let read = document::read::<Vec<u8>>(&store, &key).await;
            StepError::from(read.unwrap_err()).kind()
        };
        assert_eq!(kind().await, StepErrorKind::Gone);
        store.put(&key, "[1, 2".into()).await.unwrap();
        assert_eq!(kind().await, StepErrorKind::Damaged);
        let slow = object_store::Error::Generic {
            store: "S3",
            source: "GetObject was answered with 503 SlowDown".into(),
        };
        let slow = StepError::from(LakeError::from(slow));
        assert_eq!(slow.kind(), StepErrorKind::Store);
        assert!(slow.kind().passes());
        assert_eq!(
            slow.to_string(),
            "object store: Generic S3 error: GetObject was answered with 503 SlowDown"
        );
    }

    #[tokio::test]
    async fn an_object_that_ends_too_early_is_damaged() {
        let store = InMemory::new();
        let key = "curated/a.parquet".into();
        store.put(&key, "short".into()).await.unwrap();
        let beyond = store.get_range(&key, 100..108).await.unwrap_err();
        assert_eq!(
            StepErrorKind::of(&beyond),
            StepErrorKind::Damaged,
            "{beyond}"
        );
        // However deep it lies.
        let wrapped = object_store::Error::Generic {
            store: "S3",
            source: beyond.into(),
        };
        assert_eq!(
            StepErrorKind::of(&wrapped),
            StepErrorKind::Damaged,
            "{wrapped}"
        );
    }

    #[tokio::test]
    async fn what_a_step_is_asked_must_be_right() {
        let asked = async { read::<u8>("plan", "soon".into()).map(Value::from) };
        let error = run_logged("plan", asked).await.unwrap_err();
        assert_eq!(error.kind(), StepErrorKind::Input);
        assert_eq!(
            error.to_string(),
            "plan cannot be asked that: invalid type: string \"soon\", expected u8"
        );
    }
}
