//! From a date's facts to its generation.

use std::collections::BTreeMap;

use marquee_compaction::CompactedTables;
use marquee_event::Date;
use marquee_lake::document;
use marquee_lake::generation::TableFiles;
use marquee_lake::staging::{DateInputs, StagingDir};
use marquee_lake::step::StepError;
use marquee_sql::CheckResult;
use serde::{Deserialize, Serialize};

use super::context::{DATES_AT_ONCE, Steps};
use crate::close::{self, Closed};
use crate::prepare::{self, Prepared};
use crate::publish::{self, Outcome, Ready};
use crate::show;
use crate::unaudited;

/// A run of a date.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfRun {
    work: StagingDir,
    run: String,
}

/// What `publish` takes: a run of a date, or nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToPublish {
    work: Option<StagingDir>,
    run: Option<String>,
}

/// What `prepare` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrepareAnswer {
    /// Whether the date is as it was published, with nothing to do.
    pub is_unchanged: bool,
    /// The run that its tables are made in; empty where there is none.
    pub run: String,
}

/// What `book` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum BookAnswer {
    /// The date may be published.
    Balanced,
    /// It must not.
    Held {
        /// RebuildReason, in words.
        cause: String,
    },
}

/// What `publish` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum PublishAnswer {
    /// It is the date's generation.
    Published {
        /// The date.
        event_date: Date,
        /// The generation's number.
        generation: u32,
        /// Rows of all its tables.
        rows: u64,
    },
    /// Another run was first: the date is to be planned again.
    Lost {
        /// The date.
        event_date: Date,
    },
    /// Engines were shown what runs that broke off had published.
    CaughtUp {
        /// How many dates that were.
        dates: usize,
        /// Published dates whose current generation nobody has audited, ascending:
        /// the first of them, [`DATES_AT_ONCE`] at most.
        unaudited: Vec<Date>,
    },
}

impl Steps {
    pub(super) async fn prepare(&self, work: StagingDir) -> Result<PrepareAnswer, StepError> {
        let task = self.task(&work).await?;
        let facts: CompactedTables = document::read(&*self.store, &work.facts()).await?;
        let prepared = prepare::prepare(&*self.store, &self.definitions, &task, &facts).await?;
        let Prepared::Ready(inputs) = prepared else {
            return Ok(PrepareAnswer {
                is_unchanged: true,
                run: String::new(),
            });
        };
        let window = work.window(&inputs.run)?;
        document::write(&*self.store, &window.inputs(), &inputs).await?;
        Ok(PrepareAnswer {
            is_unchanged: false,
            run: inputs.run,
        })
    }

    pub(super) async fn book(&self, of: OfRun) -> Result<BookAnswer, StepError> {
        let store = &*self.store;
        let window = of.work.window(&of.run)?;
        let task = self.task(&of.work).await?;
        let facts: CompactedTables = document::read(store, &of.work.facts()).await?;
        let inputs: DateInputs = document::read(store, &window.inputs()).await?;
        let mut checks: Vec<CheckResult> = document::read(store, &of.work.date_checks()).await?;
        let mut marts = BTreeMap::new();
        if !checks.iter().any(CheckResult::stops) {
            let later: Vec<CheckResult> = document::read(store, &window.checks()).await?;
            checks.extend(later);
            marts = document::read(store, &window.marts()).await?;
        }
        self.definitions.sort(&mut checks);
        let closed = close::close(store, &task, &facts, &inputs, &checks, marts).await?;
        Ok(match closed {
            Closed::Held { cause, .. } => {
                metrics::counter!("HeldDates").increment(1);
                tracing::warn!(event.date = %task.event_date, cause, "date is held back");
                BookAnswer::Held { cause }
            }
            Closed::Balanced { tables, .. } => {
                document::write(store, &window.ready(), &tables).await?;
                BookAnswer::Balanced
            }
        })
    }

    pub(super) async fn publish(&self, to: ToPublish) -> Result<PublishAnswer, StepError> {
        let store = &*self.store;
        let (Some(work), Some(run)) = (to.work, to.run) else {
            let dates = show::catch_up(store, &*self.table_catalog, &self.definitions).await?;
            let mut unaudited = unaudited::unaudited(store).await?;
            unaudited.truncate(DATES_AT_ONCE);
            return Ok(PublishAnswer::CaughtUp { dates, unaudited });
        };
        let window = work.window(&run)?;
        let task = self.task(&work).await?;
        let facts: CompactedTables = document::read(store, &work.facts()).await?;
        let inputs: DateInputs = document::read(store, &window.inputs()).await?;
        let marts: BTreeMap<String, TableFiles> = document::read(store, &window.ready()).await?;
        let ready = Ready {
            task: &task,
            facts: &facts,
            marts,
            definitions: self.definitions.digest(),
            looked_back: inputs.looked_back,
            run: inputs.run,
        };
        let Outcome::Published(generation) = publish::publish(store, ready).await? else {
            return Ok(PublishAnswer::Lost {
                event_date: task.event_date,
            });
        };
        show::show_and_mark(store, &*self.table_catalog, &self.definitions, &generation).await?;
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
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use marquee_audit::BOOKS;
    use marquee_lake::generation::generation_key;
    use marquee_lake::zone::run_artifact_key;
    use marquee_table_catalog::EmbeddedTableCatalog;
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{ObjectStore, ObjectStoreExt};
    use serde_json::json;

    use super::*;
    use crate::plan::Definitions;
    use crate::projected;
    use crate::steps::{Step, StepSettings};

    #[tokio::test]
    async fn what_nobody_has_audited_is_named_when_engines_are_shown_what_is_new() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let first: Date = "2026-01-05".parse().unwrap();
        for day in 0..=DATES_AT_ONCE {
            let date = first.after(u32::try_from(day).unwrap());
            let key = Path::from(generation_key(date, 1));
            store.put(&key, "{}".into()).await.unwrap();
            projected::mark(&*store, date, 1).await.unwrap();
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
        let said = steps.call(Step::Publish, json!({}), 0).await.unwrap();
        let PublishAnswer::CaughtUp { dates, unaudited } = serde_json::from_value(said).unwrap()
        else {
            panic!("it has not caught up");
        };
        assert_eq!((dates, unaudited.len()), (0, DATES_AT_ONCE));
        assert_eq!(unaudited[0], first.after(1));
        assert!(unaudited.is_sorted());
    }
}
