//! The steps from a date's compacted tables to its audited generation. Each runs a stage of
//! the [pipeline](crate::pipeline), with the hand-over in the lake's `staging/`.

use marquee_audit::{self as audit, Anomaly, Audit, Status};
use marquee_event::Date;
use marquee_lake::generation::TableFiles;
use marquee_lake::staging::StagingDir;
use marquee_lake::step::StepError;
use serde::{Deserialize, Serialize};

use super::context::{DATES_AT_ONCE, Steps, hand_over, hand_over_of_run};
use crate::close::Closed;
use crate::pipeline;
use crate::projection;
use crate::publish::PublishOutcome;
use crate::unaudited;

/// The input of a step that needs a run of a date.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunInput {
    pub(super) work: StagingDir,
    pub(super) run: String,
}

/// The input of `publish`: a run of a date, or no fields to update a stale table catalog.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishInput {
    work: Option<StagingDir>,
    run: Option<String>,
}

/// The input of `audit`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditInput {
    event_date: Date,
}

/// The answer of `prepare`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrepareAnswer {
    /// True if the inputs equal those of the current generation, so there is nothing to do.
    pub is_unchanged: bool,
    /// The name of the run; empty for an unchanged date.
    pub run: String,
}

/// The answer of `book`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum BookAnswer {
    /// The date may be published.
    Balanced,
    /// The date must not be published.
    Held {
        /// The reason, in a sentence.
        cause: String,
    },
}

/// The answer of `publish`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum PublishAnswer {
    /// The date has a new generation.
    Published {
        /// The date.
        event_date: Date,
        /// The generation's number.
        generation: u32,
        /// Rows of all its tables.
        rows: u64,
    },
    /// Another run published the date first. The date must be planned again.
    Lost {
        /// The date.
        event_date: Date,
    },
    /// The table catalog shows the generations of runs that ended early.
    CaughtUp {
        /// The number of dates that were projected again.
        dates: usize,
        /// The first published dates whose current generation has no audit, ascending, at most
        /// [`DATES_AT_ONCE`].
        unaudited: Vec<Date>,
    },
}

/// The answer of `audit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditAnswer {
    /// The date.
    pub event_date: Date,
    /// True if the audit found no problem.
    pub balanced: bool,
    /// The status: provisional while the books can still change.
    pub status: Status,
    /// The number of problems. The document `books.json` lists them.
    pub problems: usize,
    /// Figures far from those of the same weekday in the weeks before.
    pub anomalies: Vec<Anomaly>,
}

impl Steps {
    pub(super) async fn prepare(&self, work: StagingDir) -> Result<PrepareAnswer, StepError> {
        let hand_over = hand_over(&self.store, work);
        let prepared = pipeline::prepare(&*self.store, &self.definitions, &hand_over).await?;
        Ok(PrepareAnswer {
            is_unchanged: prepared.is_none(),
            run: prepared.map_or_else(String::new, |of_run| of_run.run().to_owned()),
        })
    }

    pub(super) async fn book(&self, input: RunInput) -> Result<BookAnswer, StepError> {
        let hand_over = hand_over_of_run(&self.store, input.work, &input.run)?;
        let booked = pipeline::book(&*self.store, &self.definitions, &hand_over).await?;
        Ok(match booked.closed {
            Closed::Held { cause, .. } => {
                let event_date = hand_over.task().await?.event_date;
                metrics::counter!("HeldDates").increment(1);
                tracing::warn!(event.date = %event_date, cause, "date is held");
                BookAnswer::Held { cause }
            }
            Closed::Balanced { .. } => BookAnswer::Balanced,
        })
    }

    pub(super) async fn publish(&self, input: PublishInput) -> Result<PublishAnswer, StepError> {
        let (work, run) = match (input.work, input.run) {
            (Some(work), Some(run)) => (work, run),
            (None, None) => return self.catch_up().await,
            _ => {
                let fault = "`work` and `run` must be given together, or neither";
                return Err(StepError::input("publish", fault));
            }
        };
        let store = &*self.store;
        let hand_over = hand_over_of_run(&self.store, work, &run)?;
        let catalog = &*self.table_catalog;
        let outcome = pipeline::publish(store, &self.definitions, catalog, &hand_over).await?;
        let task = hand_over.task().await?;
        let PublishOutcome::Published(generation) = outcome else {
            return Ok(PublishAnswer::Lost {
                event_date: task.event_date,
            });
        };
        let before = task.parent.map_or(0, |parent| parent.counts.duplicates);
        let duplicates = generation.counts.duplicates.saturating_sub(before);
        metrics::counter!("Duplicates").increment(duplicates);
        metrics::counter!("PublishedDates").increment(1);
        Ok(PublishAnswer::Published {
            rows: generation.tables.values().map(TableFiles::rows).sum(),
            generation: generation.generation,
            event_date: generation.event_date,
        })
    }

    /// Updates the table catalog for runs that ended early, and lists dates without an audit.
    async fn catch_up(&self) -> Result<PublishAnswer, StepError> {
        let store = &*self.store;
        let dates = projection::catch_up(store, &*self.table_catalog, &self.definitions).await?;
        let mut unaudited = unaudited::unaudited(store).await?;
        unaudited.truncate(DATES_AT_ONCE);
        Ok(PublishAnswer::CaughtUp { dates, unaudited })
    }

    pub(super) async fn audit(
        &self,
        input: AuditInput,
        now: i64,
    ) -> Result<AuditAnswer, StepError> {
        let audit = pipeline::audit(&self.store, input.event_date, None).await?;
        metrics::histogram!("AuditImbalance").record(audit.problems.len() as f64);
        if !audit.balanced {
            let problems: Vec<String> = audit.problems.iter().map(ToString::to_string).collect();
            tracing::error!(
                event.date = %audit.date,
                ?problems,
                "audit found problems"
            );
        }
        let anomalies = self.anomalies(&audit, now).await?;
        Ok(AuditAnswer {
            anomalies,
            event_date: audit.date,
            balanced: audit.balanced,
            status: audit.status,
            problems: audit.problems.len(),
        })
    }

    /// Finds the anomalies of a date that is over and whose audit balances. Until a date
    /// ends, its figures are too small; without balance, they are unreliable.
    async fn anomalies(&self, audit: &Audit, now: i64) -> Result<Vec<Anomaly>, StepError> {
        if !audit.balanced || audit.date >= Date::of(now) {
            return Ok(Vec::new());
        }
        let found = audit::anomalies(&*self.store, audit, &self.settings.anomalies).await?;
        for anomaly in &found {
            tracing::warn!(event.date = %audit.date, "anomaly: {}", anomaly.sentence);
        }
        Ok(found)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use marquee_audit::BOOKS;
    use marquee_lake::generation::generation_key;
    use marquee_lake::step::StepErrorKind;
    use marquee_lake::zone::run_artifact_key;
    use marquee_table_catalog::EmbeddedTableCatalog;
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{ObjectStore, ObjectStoreExt};
    use serde_json::json;

    use super::*;
    use crate::plan::Definitions;
    use crate::projection_marks;
    use crate::steps::{Step, StepSettings};

    #[tokio::test]
    async fn catching_up_lists_the_dates_without_an_audit() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let first: Date = "2026-01-05".parse().unwrap();
        for day in 0..=DATES_AT_ONCE {
            let date = first.after(u32::try_from(day).unwrap());
            let key = Path::from(generation_key(date, 1));
            store.put(&key, "{}".into()).await.unwrap();
            projection_marks::mark(&*store, date, 1).await.unwrap();
        }
        let books = run_artifact_key(first, "audit", BOOKS);
        let audited = r#"{"event": {"generation": 1}}"#;
        store.put(&books, audited.into()).await.unwrap();
        let steps = Steps::new(
            Arc::clone(&store),
            Arc::new(EmbeddedTableCatalog::new(store)),
            Definitions::built_in().unwrap(),
            StepSettings::default(),
        );
        let answer = steps.call(Step::Publish, json!({}), 0).await.unwrap();
        let PublishAnswer::CaughtUp { dates, unaudited } = serde_json::from_value(answer).unwrap()
        else {
            panic!("another outcome than `caught_up`");
        };
        assert_eq!((dates, unaudited.len()), (0, DATES_AT_ONCE));
        assert_eq!(unaudited[0], first.after(1));
        assert!(unaudited.is_sorted());

        let error = steps.call(Step::Publish, json!({ "run": "000001-d" }), 0);
        let error = error.await.unwrap_err();
        assert_eq!(error.kind(), StepErrorKind::Input, "{error}");
    }
}
