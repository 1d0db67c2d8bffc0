//! A date's events and facts, as its generation will have them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_ingest::titles::Titles;
use marquee_lake::digest;
use marquee_lake::generation::{EventCounts, Generation, TableFiles};
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};

use crate::compact::parts::Sharing;
use crate::compact::{self, BucketTask, CompactSettings, Compacted, InputObject};
use crate::error::DayError;
use crate::plan::{Compaction, DateTask};
use crate::split;

/// A date's events and facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The files of each of [`compact::TABLES`].
    pub tables: BTreeMap<String, TableFiles>,
    /// What became of the rows.
    pub counts: EventCounts,
    /// The digest of the tables' contents.
    pub digest: String,
    /// How many buckets they were made in, where that is known.
    #[serde(default)]
    pub buckets: Option<u32>,
}

impl Facts {
    /// Those of all buckets, in the order of the buckets.
    fn of(buckets: Vec<Compacted>, counted: EventCounts) -> Self {
        let made_in = u32::try_from(buckets.len()).ok();
        let mut tables: BTreeMap<String, TableFiles> = BTreeMap::new();
        let mut counts = counted;
        for bucket in buckets {
            for (name, files) in bucket.tables {
                tables.entry(name).or_default().files.extend(files.files);
            }
            counts.receipt_rows += bucket.counts.receipt_rows;
            counts.redelivered += bucket.counts.redelivered;
            // These are of the whole bucket, old rows and new.
            counts.curated += bucket.counts.curated;
            counts.duplicates += bucket.counts.duplicates;
            counts.conflicts += bucket.counts.conflicts;
        }
        let digest = digest_of(&tables);
        Self {
            tables,
            counts,
            digest,
            buckets: made_in,
        }
    }

    /// What a generation has.
    fn kept(generation: &Generation) -> Self {
        let tables: BTreeMap<String, TableFiles> = generation
            .tables
            .iter()
            .filter(|(name, _)| compact::TABLES.contains(&name.as_str()))
            .map(|(name, files)| (name.clone(), files.clone()))
            .collect();
        Self {
            tables,
            counts: generation.counts,
            digest: generation.facts.clone(),
            buckets: generation.buckets,
        }
    }
}

/// The same contents in the same order, the same digest, wherever they lie.
fn digest_of(tables: &BTreeMap<String, TableFiles>) -> String {
    let mut text = String::new();
    for (name, files) in tables {
        for file in &files.files {
            text.push_str(&format!("{name} {} {}\n", file.rows, file.digest));
        }
    }
    digest::of(text.as_bytes())
}

/// Makes the date's events and facts, its buckets side by side; or keeps the
/// parent's, where nothing came that would change them.
///
/// # Errors
/// When the lake cannot be read or written, or an object is not what its
/// receipt says.
pub async fn make(
    store: &Arc<dyn ObjectStore>,
    titles: &Arc<Titles>,
    task: &DateTask,
    settings: &CompactSettings,
) -> Result<Facts, DayError> {
    let Some(compaction) = &task.compaction else {
        return gather(task, Vec::new());
    };
    let inputs = split(store, task, compaction, settings).await?;
    let tasks = (0..)
        .zip(inputs)
        .map(|(bucket, inputs)| bucket_task(task, compaction, bucket, inputs));
    let side_by_side = settings.buckets_side_by_side.max(1);
    let done: Vec<Compacted> = futures::stream::iter(tasks)
        .map(|bucket| {
            compact::compact(
                Arc::clone(store),
                Arc::clone(titles),
                bucket,
                settings.clone(),
            )
        })
        .buffered(side_by_side)
        .try_collect()
        .await?;
    gather(task, done)
}

/// The inputs of each bucket: divided, where there are several.
async fn split(
    store: &Arc<dyn ObjectStore>,
    task: &DateTask,
    compaction: &Compaction,
    settings: &CompactSettings,
) -> Result<Vec<Vec<InputObject>>, DayError> {
    match task.buckets {
        1 => Ok(vec![compaction.inputs.clone()]),
        buckets => {
            split::split(
                Arc::clone(store),
                &task.event_date,
                &compaction.run,
                &compaction.inputs,
                buckets,
                settings,
            )
            .await
        }
    }
}

/// What a bucket of the date is made from: of the last generation, the files that
/// may have its users.
pub fn bucket_task(
    task: &DateTask,
    compaction: &Compaction,
    bucket: u32,
    inputs: Vec<InputObject>,
) -> BucketTask {
    let parent = parent(task);
    let sharing = Sharing::new(parent.and_then(|parent| parent.buckets), task.buckets);
    let files = |table: &str| {
        parent
            .and_then(|parent| parent.tables.get(table))
            .map_or_else(Vec::new, |files| sharing.of_bucket(bucket, &files.files))
    };
    BucketTask {
        event_date: task.event_date.clone(),
        run: compaction.run.clone(),
        bucket,
        buckets: task.buckets,
        inputs,
        events: files("events"),
        dropped: files("dropped_events"),
        readers: sharing.readers(),
    }
}

/// The date's events and facts from those of its buckets, in their order; the
/// parent's, where nothing was compacted.
///
/// # Errors
/// [`DayError::Date`] where nothing was compacted and there is no parent.
pub fn gather(task: &DateTask, buckets: Vec<Compacted>) -> Result<Facts, DayError> {
    if task.compaction.is_none() {
        return task
            .parent
            .as_ref()
            .map(Facts::kept)
            .ok_or_else(|| DayError::Date(format!("{} has no generation", task.event_date)));
    }
    let counted = parent(task).map_or_else(EventCounts::default, |parent| EventCounts {
        receipt_rows: parent.counts.receipt_rows,
        redelivered: parent.counts.redelivered,
        ..EventCounts::default()
    });
    Ok(Facts::of(buckets, counted))
}

/// The generation whose events are compacted again with what is new.
fn parent(task: &DateTask) -> Option<&Generation> {
    let on_parent = task.compaction.as_ref().is_some_and(|made| made.on_parent);
    task.parent.as_ref().filter(|_| on_parent)
}
