//! From a date's inputs to its facts: divided, compacted, put together.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_ingest::titles::Titles;
use marquee_lake::catalogue;
use marquee_lake::document;
use marquee_lake::step::StepError;
use marquee_lake::work::Work;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Steps;
use crate::compact::{self, Compacted, InputObject};
use crate::facts;
use crate::plan::{Compaction, DateTask};
use crate::prepare;

/// How many buckets' documents are read at a time.
const READERS: usize = 16;

/// What `compact` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfBucket {
    work: Work,
    bucket: u32,
}

impl Steps {
    pub(super) async fn task(&self, work: &Work) -> Result<DateTask, StepError> {
        Ok(document::read(&*self.store, &work.task()).await?)
    }

    pub(super) async fn split(&self, work: Work) -> Result<Value, StepError> {
        let task = self.task(&work).await?;
        let compaction = compaction(&task, "split")?;
        let inputs = facts::split(&self.store, &task, compaction, &self.settings.compact).await?;
        document::write(&*self.store, &work.split(), &inputs).await?;
        Ok(json!({ "work": work }))
    }

    pub(super) async fn compact(&self, input: OfBucket) -> Result<Value, StepError> {
        let OfBucket { work, bucket } = input;
        let task = self.task(&work).await?;
        let compaction = compaction(&task, "compact")?;
        let mut inputs: Vec<Vec<InputObject>> = match task.buckets {
            1 => vec![compaction.inputs.clone()],
            _ => document::read(&*self.store, &work.split()).await?,
        };
        if bucket as usize >= inputs.len() {
            return Err(StepError::input(
                "compact",
                format!(
                    "bucket {bucket} of {}, counted from 0, is none",
                    inputs.len()
                ),
            ));
        }
        let inputs = inputs.swap_remove(bucket as usize);
        let made = compact::compact(
            Arc::clone(&self.store),
            Arc::new(self.titles(&task).await?),
            facts::bucket_task(&task, compaction, bucket, inputs),
            self.settings.compact.clone(),
        )
        .await?;
        document::write(&*self.store, &work.bucket(bucket), &made).await?;
        Ok(json!({
            "bucket": bucket,
            "events": made.counts.curated,
            "duplicates": made.counts.duplicates,
        }))
    }

    pub(super) async fn gather(&self, work: Work) -> Result<Value, StepError> {
        let task = self.task(&work).await?;
        let buckets = match task.compaction {
            Some(_) => task.buckets,
            None => 0,
        };
        let made: Vec<Compacted> = futures::stream::iter(0..buckets)
            .map(|bucket| {
                let key = work.bucket(bucket);
                async move { document::read(&*self.store, &key).await }
            })
            .buffered(READERS)
            .try_collect()
            .await?;
        let facts = facts::gather(&task, made)?;
        document::write(&*self.store, &work.facts(), &facts).await?;
        let inputs = prepare::of_date(&*self.store, &self.definitions, &task, &facts).await?;
        document::write(&*self.store, &work.date(), &inputs).await?;
        Ok(json!({ "work": work, "events": facts.counts.curated }))
    }

    /// The titles of the catalogue that the plan pins.
    async fn titles(&self, task: &DateTask) -> Result<Titles, StepError> {
        Ok(match &task.catalogue {
            Some(pointer) => {
                let titles = catalogue::load(&*self.store, pointer).await?;
                Titles::new(Some(pointer.version.clone()), titles)
            }
            None => Titles::default(),
        })
    }
}

fn compaction<'t>(task: &'t DateTask, step: &'static str) -> Result<&'t Compaction, StepError> {
    task.compaction.as_ref().ok_or_else(|| {
        StepError::input(
            step,
            format!(
                "{} keeps its facts, the plan says `compact: false`",
                task.event_date
            ),
        )
    })
}
