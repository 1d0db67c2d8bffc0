//! From a date's inputs to its facts: divided, compacted, put together.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_ingest::titles::Titles;
use marquee_lake::step::StepError;
use marquee_lake::work::Work;
use marquee_lake::{LakeError, catalogue, document};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Steps;
use crate::compact::{self, Compacted, InputObject};
use crate::facts;
use crate::plan::{Compaction, DateTask};
use crate::prepare;
use crate::split::{self, Division};

/// How many documents of buckets or parts are read at a time.
const READERS: usize = 16;

/// What `split` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfPart {
    work: Work,
    part: u32,
}

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

    pub(super) async fn split(&self, input: OfPart) -> Result<Value, StepError> {
        let OfPart { work, part } = input;
        let task = self.task(&work).await?;
        let compaction = compaction(&task, "split")?;
        let division = self.planned_division(&work, compaction).await?;
        let chunks = division.chunks(part, &compaction.inputs).ok_or_else(|| {
            let parts = division.parts();
            StepError::input(
                "split",
                format!("part {part} of {parts}, counted from 0, is none"),
            )
        })?;
        let of_buckets = split::split_chunks(
            Arc::clone(&self.store),
            &task.event_date,
            &compaction.run,
            chunks,
            task.buckets,
            &self.settings.compact,
        )
        .await?;
        document::write(&*self.store, &work.split(part), &of_buckets).await?;
        let objects = of_buckets.iter().flatten();
        let rows: u64 = objects.map(|object| object.rows_of_date).sum();
        Ok(json!({ "part": part, "rows": rows }))
    }

    pub(super) async fn compact(&self, input: OfBucket) -> Result<Value, StepError> {
        let OfBucket { work, bucket } = input;
        let task = self.task(&work).await?;
        let compaction = compaction(&task, "compact")?;
        if bucket >= task.buckets {
            return Err(StepError::input(
                "compact",
                format!(
                    "bucket {bucket} of {}, counted from 0, is none",
                    task.buckets
                ),
            ));
        }
        let inputs = match task.buckets {
            1 => compaction.inputs.clone(),
            _ => self.divided(&work, compaction, bucket).await?,
        };
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

    /// How the plan divides the inputs.
    async fn planned_division(
        &self,
        work: &Work,
        compaction: &Compaction,
    ) -> Result<Division, StepError> {
        let key = work.parts();
        let division: Division = document::read(&*self.store, &key).await?;
        match division.is_of(&compaction.inputs) {
            true => Ok(division),
            false => Err(LakeError::Malformed {
                key: key.to_string(),
                cause: format!("it is not of the plan's {} inputs", compaction.inputs.len()),
            }
            .into()),
        }
    }

    /// What the split has of a bucket, part after part.
    async fn divided(
        &self,
        work: &Work,
        compaction: &Compaction,
        bucket: u32,
    ) -> Result<Vec<InputObject>, StepError> {
        let division = self.planned_division(work, compaction).await?;
        let of_parts: Vec<Vec<InputObject>> = futures::stream::iter(0..division.parts())
            .map(|part| async move {
                let key = work.split(part);
                let of_buckets: Vec<Vec<InputObject>> = document::read(&*self.store, &key).await?;
                let of_bucket = of_buckets.into_iter().nth(bucket as usize);
                of_bucket.ok_or_else(|| LakeError::Malformed {
                    key: key.to_string(),
                    cause: format!("it has no bucket {bucket}"),
                })
            })
            .buffered(READERS)
            .try_collect()
            .await?;
        Ok(of_parts.concat())
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
