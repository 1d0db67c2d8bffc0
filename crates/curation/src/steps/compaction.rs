//! The steps from a date's inputs to its compacted tables: split, compact, gather.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_compaction::{
    Compacted, Compaction, InputObject, SplitPlan, bucket_task, compact_bucket, gather,
    split_chunks,
};
use marquee_lake::staging::StagingDir;
use marquee_lake::step::StepError;
use marquee_lake::{LakeError, document};
use serde::Deserialize;
use serde_json::{Value, json};

use super::context::{Steps, hand_over};
use crate::driver::title_catalog;
use crate::pipeline;
use crate::plan::DateTask;

/// The number of documents of buckets or parts that are read at a time.
const READERS: usize = 16;

/// The input of `split`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfPart {
    work: StagingDir,
    part: u32,
}

/// The input of `compact`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfBucket {
    work: StagingDir,
    bucket: u32,
}

impl Steps {
    pub(super) async fn task(&self, work: &StagingDir) -> Result<DateTask, StepError> {
        Ok(document::read(&*self.store, &work.task()).await?)
    }

    pub(super) async fn split(&self, input: OfPart) -> Result<Value, StepError> {
        let OfPart { work, part } = input;
        let task = self.task(&work).await?;
        let compaction = compaction(&task, "split")?;
        let split_plan = self.planned_split(&work, compaction).await?;
        let chunks = split_plan.chunks(part, &compaction.inputs).ok_or_else(|| {
            let parts = split_plan.parts();
            StepError::input(
                "split",
                format!("part {part} of {parts}, counted from 0, is none"),
            )
        })?;
        let of_buckets = split_chunks(
            Arc::clone(&self.store),
            task.event_date,
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
        let made = compact_bucket(
            Arc::clone(&self.store),
            Arc::new(title_catalog(&*self.store, task.title_catalog.as_ref()).await?),
            bucket_task(task.compaction_task(), compaction, bucket, inputs),
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

    /// Reads the plan's division of the inputs.
    async fn planned_split(
        &self,
        work: &StagingDir,
        compaction: &Compaction,
    ) -> Result<SplitPlan, StepError> {
        let key = work.parts();
        let split_plan: SplitPlan = document::read(&*self.store, &key).await?;
        match split_plan.is_of(&compaction.inputs) {
            true => Ok(split_plan),
            false => Err(LakeError::Malformed {
                key: key.to_string(),
                cause: format!("it is not of the plan's {} inputs", compaction.inputs.len()),
            }
            .into()),
        }
    }

    /// Lists the chunks that the split made of a bucket, part after part.
    async fn divided(
        &self,
        work: &StagingDir,
        compaction: &Compaction,
        bucket: u32,
    ) -> Result<Vec<InputObject>, StepError> {
        let split_plan = self.planned_split(work, compaction).await?;
        let of_parts: Vec<Vec<InputObject>> = futures::stream::iter(0..split_plan.parts())
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

    pub(super) async fn gather(&self, work: StagingDir) -> Result<Value, StepError> {
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
        let compacted = gather(task.compaction_task(), made)?;
        let hand_over = hand_over(&self.store, work.clone());
        let (store, definitions) = (&*self.store, &self.definitions);
        pipeline::begin(store, definitions, &hand_over, &task, &compacted).await?;
        Ok(json!({ "work": work, "events": compacted.counts.curated }))
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
