//! The steps from a date's inputs to its compacted tables: split, compact, gather.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_compaction::{
    CompactedBucket, Compaction, InputObject, SplitPlan, bucket_task, compact_bucket, gather,
    split_chunks,
};
use marquee_lake::staging::StagingDir;
use marquee_lake::step::StepError;
use marquee_lake::{LakeError, document};
use serde::Deserialize;
use serde_json::{Value, json};

use super::context::{Steps, hand_over};
use crate::driver::load_titles;
use crate::pipeline;
use crate::plan::DateTask;

/// The number of concurrent reads of documents of buckets or parts.
const READERS: usize = 16;

/// The input of `split`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SplitInput {
    work: StagingDir,
    part: u32,
}

/// The input of `compact`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CompactInput {
    work: StagingDir,
    bucket: u32,
}

impl Steps {
    pub(super) async fn task(&self, work: &StagingDir) -> Result<DateTask, StepError> {
        Ok(document::read(&*self.store, &work.task()).await?)
    }

    pub(super) async fn split(&self, input: SplitInput) -> Result<Value, StepError> {
        let SplitInput { work, part } = input;
        let task = self.task(&work).await?;
        let compaction = compaction(&task, "split")?;
        let split_plan = self.planned_split(&work, compaction).await?;
        let chunks = split_plan.chunks(part, &compaction.inputs).ok_or_else(|| {
            let parts = split_plan.parts();
            StepError::input("split", format!("part {part} is out of range 0..{parts}"))
        })?;
        let by_bucket = split_chunks(
            Arc::clone(&self.store),
            task.event_date,
            &compaction.run,
            chunks,
            task.buckets,
            &self.settings.compact,
        )
        .await?;
        document::write(&*self.store, &work.split(part), &by_bucket).await?;
        let objects = by_bucket.iter().flatten();
        let rows: u64 = objects.map(|object| object.rows_of_date).sum();
        Ok(json!({ "part": part, "rows": rows }))
    }

    pub(super) async fn compact(&self, input: CompactInput) -> Result<Value, StepError> {
        let CompactInput { work, bucket } = input;
        let task = self.task(&work).await?;
        let compaction = compaction(&task, "compact")?;
        if bucket >= task.buckets {
            return Err(StepError::input(
                "compact",
                format!("bucket {bucket} is out of range 0..{}", task.buckets),
            ));
        }
        let inputs = match task.buckets {
            1 => compaction.inputs.clone(),
            _ => self.bucket_chunks(&work, compaction, bucket).await?,
        };
        let compacted = compact_bucket(
            Arc::clone(&self.store),
            Arc::new(load_titles(&*self.store, task.title_catalog.as_ref()).await?),
            bucket_task(task.compaction_task(), compaction, bucket, inputs)?,
            self.settings.compact.clone(),
        )
        .await?;
        document::write(&*self.store, &work.bucket(bucket), &compacted).await?;
        Ok(json!({
            "bucket": bucket,
            "events": compacted.counts.curated,
            "duplicates": compacted.counts.duplicates,
        }))
    }

    /// Reads the plan of the split, and checks that it covers the task's inputs.
    async fn planned_split(
        &self,
        work: &StagingDir,
        compaction: &Compaction,
    ) -> Result<SplitPlan, StepError> {
        let key = work.parts();
        let split_plan: SplitPlan = document::read(&*self.store, &key).await?;
        match split_plan.covers(&compaction.inputs) {
            true => Ok(split_plan),
            false => Err(LakeError::Malformed {
                key: key.to_string(),
                cause: format!(
                    "the plan of the split does not cover the task's {} inputs",
                    compaction.inputs.len()
                ),
            }
            .into()),
        }
    }

    /// Lists the objects that the split wrote for a bucket, in the order of parts.
    async fn bucket_chunks(
        &self,
        work: &StagingDir,
        compaction: &Compaction,
        bucket: u32,
    ) -> Result<Vec<InputObject>, StepError> {
        let split_plan = self.planned_split(work, compaction).await?;
        let by_part: Vec<Vec<InputObject>> = futures::stream::iter(0..split_plan.parts())
            .map(|part| async move {
                let key = work.split(part);
                let by_bucket: Vec<Vec<InputObject>> = document::read(&*self.store, &key).await?;
                let objects = by_bucket.into_iter().nth(bucket as usize);
                objects.ok_or_else(|| LakeError::Malformed {
                    key: key.to_string(),
                    cause: format!("bucket {bucket} is missing"),
                })
            })
            .buffered(READERS)
            .try_collect()
            .await?;
        Ok(by_part.concat())
    }

    pub(super) async fn gather(&self, work: StagingDir) -> Result<Value, StepError> {
        let task = self.task(&work).await?;
        let buckets = match task.compaction {
            Some(_) => task.buckets,
            None => 0,
        };
        let compacted: Vec<CompactedBucket> = futures::stream::iter(0..buckets)
            .map(|bucket| {
                let key = work.bucket(bucket);
                async move { document::read(&*self.store, &key).await }
            })
            .buffered(READERS)
            .try_collect()
            .await?;
        let compacted = gather(task.compaction_task(), compacted)?;
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
                "the plan of {} has `compact: false`: the date keeps its compacted tables",
                task.event_date
            ),
        )
    })
}
