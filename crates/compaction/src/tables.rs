//! The compacted tables of a date: its events and facts, from all buckets.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use marquee_ingest::titles::Titles;
use marquee_lake::digest;
use marquee_lake::generation::{EventCounts, Generation, TableFiles};
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};

use crate::bucket::compact_bucket;
use crate::bucket_files::BucketMapping;
use crate::error::CompactionError;
use crate::split::split_date;
use crate::task::{BucketTask, CompactSettings, Compacted, InputObject, TABLES};

/// The inputs of a date's events and facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compaction {
    /// The last part of their directories.
    pub run: String,
    /// Processed objects to read.
    pub inputs: Vec<InputObject>,
    /// Whether the parent's events are read too, or all comes from `inputs`.
    pub on_parent: bool,
}

/// A date whose events and facts are to be made, or kept.
#[derive(Debug, Clone, Copy)]
pub struct CompactionTask<'t> {
    /// The date.
    pub event_date: Date,
    /// The number of buckets that the date's users are divided into.
    pub buckets: u32,
    /// What to make the tables from; `None` keeps those of `parent`.
    pub compaction: Option<&'t Compaction>,
    /// The date's current generation.
    pub parent: Option<&'t Generation>,
}

/// A date's events and facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompactedTables {
    /// The files of each of [`TABLES`].
    pub tables: BTreeMap<String, TableFiles>,
    /// What became of the rows.
    pub counts: EventCounts,
    /// The digest of the tables' contents.
    pub digest: String,
    /// How many buckets they were made in, where that is known.
    #[serde(default)]
    pub buckets: Option<u32>,
}

impl CompactedTables {
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
            .filter(|(name, _)| TABLES.contains(&name.as_str()))
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
pub async fn compact_date(
    store: &Arc<dyn ObjectStore>,
    titles: &Arc<Titles>,
    task: CompactionTask<'_>,
    settings: &CompactSettings,
) -> Result<CompactedTables, CompactionError> {
    let Some(compaction) = task.compaction else {
        return gather(task, Vec::new());
    };
    let inputs = split(store, task, compaction, settings).await?;
    let tasks = (0..)
        .zip(inputs)
        .map(|(bucket, inputs)| bucket_task(task, compaction, bucket, inputs));
    let side_by_side = settings.buckets_side_by_side.max(1);
    let done: Vec<Compacted> = futures::stream::iter(tasks)
        .map(|bucket| {
            compact_bucket(
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
    task: CompactionTask<'_>,
    compaction: &Compaction,
    settings: &CompactSettings,
) -> Result<Vec<Vec<InputObject>>, CompactionError> {
    match task.buckets {
        1 => Ok(vec![compaction.inputs.clone()]),
        buckets => {
            split_date(
                Arc::clone(store),
                task.event_date,
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
    task: CompactionTask<'_>,
    compaction: &Compaction,
    bucket: u32,
    inputs: Vec<InputObject>,
) -> BucketTask {
    let parent = parent(task);
    let mapping = BucketMapping::new(parent.and_then(|parent| parent.buckets), task.buckets);
    let files = |table: &str| {
        parent
            .and_then(|parent| parent.tables.get(table))
            .map_or_else(Vec::new, |files| mapping.of_bucket(bucket, &files.files))
    };
    BucketTask {
        event_date: task.event_date,
        run: compaction.run.clone(),
        bucket,
        buckets: task.buckets,
        inputs,
        events: files("events"),
        dropped: files("dropped_events"),
        readers: mapping.readers(),
    }
}

/// The date's events and facts from those of its buckets, in their order; the
/// parent's, where nothing was compacted.
///
/// # Errors
/// [`CompactionError::NoGeneration`] where nothing was compacted and there is no parent.
pub fn gather(
    task: CompactionTask<'_>,
    buckets: Vec<Compacted>,
) -> Result<CompactedTables, CompactionError> {
    if task.compaction.is_none() {
        return task.parent.map(CompactedTables::kept).ok_or_else(|| {
            CompactionError::NoGeneration {
                event_date: task.event_date,
            }
        });
    }
    let counted = parent(task).map_or_else(EventCounts::default, |parent| EventCounts {
        receipt_rows: parent.counts.receipt_rows,
        redelivered: parent.counts.redelivered,
        ..EventCounts::default()
    });
    Ok(CompactedTables::of(buckets, counted))
}

/// The generation whose events are compacted again with what is new.
fn parent<'t>(task: CompactionTask<'t>) -> Option<&'t Generation> {
    let on_parent = task.compaction.is_some_and(|made| made.on_parent);
    task.parent.filter(|_| on_parent)
}
