//! The common parts of all steps: JSON input, logging, and the kinds of errors.

use std::error::Error as StdError;
use std::fmt::Display;
use std::time::Instant;

use object_store::GetRange;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use crate::error::LakeError;
use crate::staging::ParseStagingDirError;

/// The kind of an error of a step, by which state machines and alerts distinguish errors.
/// A state machine retries a [transient](StepErrorKind::is_transient) error. All others
/// need an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepErrorKind {
    /// The input of the step is invalid.
    Input,
    /// A store or a table catalog refused a request or is not reachable.
    Store,
    /// A required object is missing.
    Gone,
    /// An object differs from its description in the ledger, or is malformed.
    Damaged,
    /// Any other error: SQL that cannot run, too little memory, a defect.
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

    /// Returns the name of the error in a state machine.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "Input",
            Self::Store => "Store",
            Self::Gone => "Gone",
            Self::Damaged => "Damaged",
            Self::Failed => "Failed",
        }
    }

    /// Returns whether a retry may help.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Store)
    }

    /// Returns the kind of an object store's error. If a range lies beyond the end of an
    /// object, the object is shorter than the ledger states, and a retry does not help.
    pub fn of(error: &object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Gone,
            error if is_beyond_the_end(error) => Self::Damaged,
            _ => Self::Store,
        }
    }
}

/// Returns whether the requested range lies beyond the end of the object. The stores wrap
/// the error of [`GetRange::as_range`], whose type `object_store` does not export.
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
    /// Returns the kind of the error.
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

/// An error of a step.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct StepError {
    kind: StepErrorKind,
    message: String,
}

impl StepError {
    /// Creates an error with the message of `error`.
    pub fn new(kind: StepErrorKind, error: &impl Display) -> Self {
        Self {
            kind,
            message: error.to_string(),
        }
    }

    /// Creates the error of an invalid input.
    pub fn input(step: &str, fault: impl Display) -> Self {
        Self {
            kind: StepErrorKind::Input,
            message: format!("invalid input of the step {step}: {fault}"),
        }
    }

    /// Returns the kind of the error.
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

/// Parses the input of a step.
///
/// # Errors
/// An error of kind [`StepErrorKind::Input`].
pub fn read<T: DeserializeOwned>(step: &str, input: Value) -> Result<T, StepError> {
    serde_json::from_value(input).map_err(|fault| StepError::input(step, fault))
}

/// Runs a step and logs its outcome in one line. Records the duration of a successful step
/// as the metric `Duration`. Callers must not log the error again.
///
/// # Errors
/// The error of the step.
pub async fn run_logged(
    step: &'static str,
    running: impl Future<Output = Result<Value, StepError>>,
) -> Result<Value, StepError> {
    let begun = Instant::now();
    let done = running.await;
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

    /// Reads a file of the repository.
    fn text(path: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        std::fs::read_to_string(root.join(path)).unwrap()
    }

    /// Returns the error kinds that each state of a state machine retries.
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
    fn the_state_machines_retry_transient_errors() {
        let transient: BTreeSet<String> = StepErrorKind::ALL
            .into_iter()
            .filter(|kind| kind.is_transient())
            .map(|kind| kind.name().to_owned())
            .collect();
        for name in ["daily", "replay", "backfill"] {
            let states = retried(&text(&format!("state_machines/{name}.asl.json")));
            assert!(states.contains(&transient), "{name}");
            for names in states {
                // A state that starts an execution calls no step.
                assert!(names.is_empty() || names == transient, "{name}: {names:?}");
            }
        }
    }

    #[test]
    fn every_kind_is_documented() {
        for page in ["docs/OPERATIONS.md", "docs/adr/0006-on-aws.md"] {
            let page_text = text(page);
            for kind in StepErrorKind::ALL {
                let name = format!("`{}`", kind.name());
                assert!(page_text.contains(&name), "{name} is not in {page}");
            }
        }
    }

    #[tokio::test]
    async fn a_failed_read_has_the_kind_gone_damaged_or_store() {
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
        assert!(slow.kind().is_transient());
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
        // At any depth of the chain of causes.
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
    async fn an_invalid_input_is_an_error() {
        let parsed = async { read::<u8>("plan", "soon".into()).map(Value::from) };
        let error = run_logged("plan", parsed).await.unwrap_err();
        assert_eq!(error.kind(), StepErrorKind::Input);
        assert_eq!(
            error.to_string(),
            "invalid input of the step plan: invalid type: string \"soon\", expected u8"
        );
    }
}
