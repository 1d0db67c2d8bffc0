//! From a date's facts to its generation.

use std::collections::BTreeMap;

use marquee_lake::document;
use marquee_lake::generation::TableFiles;
use marquee_lake::step::StepError;
use marquee_lake::work::{DateInputs, Work};
use marquee_sql::CheckResult;
use serde::{Deserialize, Serialize};

use super::Steps;
use crate::close::{self, Closed};
use crate::date::Date;
use crate::error::DayError;
use crate::facts::Facts;
use crate::prepare::{self, Prepared};
use crate::publish::{self, Outcome, Ready};
use crate::show;

/// A run of a date.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfRun {
    work: Work,
    run: String,
}

/// What `publish` takes: a run of a date, or nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToPublish {
    work: Option<Work>,
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
        /// Why, in words.
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
        event_date: String,
        /// The generation's number.
        generation: u32,
        /// Rows of all its tables.
        rows: u64,
    },
    /// Another run was first: the date is to be planned again.
    Lost {
        /// The date.
        event_date: String,
    },
    /// Engines were shown what runs that broke off had published.
    CaughtUp {
        /// How many dates that were.
        dates: usize,
    },
}

impl Steps {
    pub(super) async fn prepare(&self, work: Work) -> Result<PrepareAnswer, StepError> {
        let task = self.task(&work).await?;
        let facts: Facts = document::read(&*self.store, &work.facts()).await?;
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
        let facts: Facts = document::read(store, &of.work.facts()).await?;
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
                tracing::warn!(event.date = task.event_date, cause, "date is held back");
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
            let dates = show::catch_up(store, &*self.catalog, &self.definitions).await?;
            return Ok(PublishAnswer::CaughtUp { dates });
        };
        let window = work.window(&run)?;
        let task = self.task(&work).await?;
        let facts: Facts = document::read(store, &work.facts()).await?;
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
        show::show_and_mark(store, &*self.catalog, &self.definitions, &generation).await?;
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

/// A date of the lake's own.
pub(super) fn date(text: &str) -> Result<Date, DayError> {
    let date = text.parse();
    date.map_err(|fault: crate::date::NoDate| DayError::Date(fault.to_string()))
}
