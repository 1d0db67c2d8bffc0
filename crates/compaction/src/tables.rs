//! The compacted tables of a date, from all buckets.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use marquee_ingest::titles::Titles;
use marquee_lake::digest;
use marquee_lake::generation::{EventCounts, FileEntry, Generation, TableFiles};
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};

use crate::bucket::compact_bucket;
use crate::bucket_files::BucketMapping;
use crate::error::CompactionError;
use crate::split::split_date;
use crate::task::{BucketTask, CompactSettings, CompactedBucket, InputObject, TABLES};

/// The inputs of a date's compaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compaction {
    /// The run, which is the last part of the tables' directories.
    pub run: String,
    /// The processed objects to read.
    pub inputs: Vec<InputObject>,
    /// Whether to read the parent's events too, if there is a parent. Otherwise `inputs` are
    /// all receipts' objects.
    pub on_parent: bool,
}

/// A date whose compacted tables are made or kept.
#[derive(Debug, Clone, Copy)]
pub struct CompactionTask<'t> {
    /// The date.
    pub event_date: Date,
    /// The number of the date's buckets.
    pub buckets: u32,
    /// The inputs of the tables; `None` keeps those of `parent`.
    pub compaction: Option<&'t Compaction>,
    /// The date's current generation.
    pub parent: Option<&'t Generation>,
}

/// The compacted tables of a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompactedTables {
    /// The files of each of [`TABLES`].
    pub tables: BTreeMap<String, TableFiles>,
    /// The row counts.
    pub counts: EventCounts,
    /// The digest of the tables' contents.
    pub digest: String,
    /// The number of buckets of the tables; `None` if it is unknown.
    #[serde(default)]
    pub buckets: Option<u32>,
}

impl CompactedTables {
    /// Combines the tables of all buckets, in the order of the buckets. `counted` has the
    /// counts of the parent that the buckets do not repeat.
    fn combine(buckets: Vec<CompactedBucket>, counted: EventCounts, count: u32) -> Self {
        let mut tables: BTreeMap<String, TableFiles> = BTreeMap::new();
        let mut counts = counted;
        for bucket in buckets {
            for (name, files) in bucket.tables {
                tables.entry(name).or_default().files.extend(files.files);
            }
            counts.receipt_rows += bucket.counts.receipt_rows;
            counts.redelivered += bucket.counts.redelivered;
            // The bucket counted these over all its rows, including those of the parent.
            counts.curated += bucket.counts.curated;
            counts.duplicates += bucket.counts.duplicates;
            counts.conflicts += bucket.counts.conflicts;
        }
        let digest = digest_of(&tables);
        Self {
            tables,
            counts,
            digest,
            buckets: Some(count),
        }
    }

    /// Returns the compacted tables of a generation.
    fn keep(generation: &Generation) -> Result<Self, CompactionError> {
        let mut tables = BTreeMap::new();
        for name in TABLES {
            tables.insert(name.to_owned(), table(generation, name)?.clone());
        }
        Ok(Self {
            tables,
            counts: generation.counts,
            digest: generation.facts.clone(),
            buckets: generation.buckets,
        })
    }
}

/// Returns the files of a compacted table, which every generation lists.
fn table<'g>(
    generation: &'g Generation,
    table: &'static str,
) -> Result<&'g TableFiles, CompactionError> {
    let files = generation.tables.get(table);
    files.ok_or(CompactionError::NoTable {
        event_date: generation.event_date,
        generation: generation.generation,
        table,
    })
}

/// Returns the digest of the tables' contents. It does not depend on the files' keys.
fn digest_of(tables: &BTreeMap<String, TableFiles>) -> String {
    let mut text = String::new();
    for (name, files) in tables {
        for file in &files.files {
            text.push_str(&format!("{name} {} {}\n", file.rows, file.digest));
        }
    }
    digest::of(text.as_bytes())
}

/// Makes the compacted tables of a date, several buckets in parallel, or keeps those of its
/// parent.
///
/// # Errors
/// If the lake cannot be read or written, or an object differs from its receipt.
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
        .map(|(bucket, inputs)| bucket_task(task, compaction, bucket, inputs))
        .collect::<Result<Vec<_>, _>>()?;
    let buckets_in_parallel = settings.buckets_side_by_side.max(1);
    let compacted: Vec<CompactedBucket> = futures::stream::iter(tasks)
        .map(|bucket| {
            compact_bucket(
                Arc::clone(store),
                Arc::clone(titles),
                bucket,
                settings.clone(),
            )
        })
        .buffered(buckets_in_parallel)
        .try_collect()
        .await?;
    gather(task, compacted)
}

/// Returns the inputs of each bucket. If there are several buckets, it splits the inputs.
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

/// Returns the task of one bucket. It includes the parent's files that can contain users of
/// the bucket.
///
/// # Errors
/// [`CompactionError::NoTable`] if the parent lacks a compacted table.
pub fn bucket_task(
    task: CompactionTask<'_>,
    compaction: &Compaction,
    bucket: u32,
    inputs: Vec<InputObject>,
) -> Result<BucketTask, CompactionError> {
    let parent = parent(task);
    let mapping = BucketMapping::new(parent.and_then(|parent| parent.buckets), task.buckets);
    let files = |name| -> Result<Vec<FileEntry>, CompactionError> {
        match parent {
            None => Ok(Vec::new()),
            Some(parent) => Ok(mapping.files_of(bucket, &table(parent, name)?.files)),
        }
    };
    Ok(BucketTask {
        event_date: task.event_date,
        run: compaction.run.clone(),
        bucket,
        buckets: task.buckets,
        inputs,
        events: files("events")?,
        dropped: files("dropped_events")?,
        readers: mapping.readers(),
    })
}

/// Combines the tables of a date's buckets, in the order of the buckets. If the task has no
/// compaction, it returns the parent's tables.
///
/// # Errors
/// [`CompactionError::NoGeneration`] if the task has neither compaction nor parent;
/// [`CompactionError::BucketCountMismatch`] if `buckets` are not all buckets of the task.
pub fn gather(
    task: CompactionTask<'_>,
    buckets: Vec<CompactedBucket>,
) -> Result<CompactedTables, CompactionError> {
    if task.compaction.is_none() {
        let parent = task.parent.ok_or(CompactionError::NoGeneration {
            event_date: task.event_date,
        })?;
        return CompactedTables::keep(parent);
    }
    if buckets.len() != task.buckets as usize {
        return Err(CompactionError::BucketCountMismatch {
            event_date: task.event_date,
            expected: task.buckets,
            found: buckets.len(),
        });
    }
    let counted = parent(task).map_or_else(EventCounts::default, |parent| EventCounts {
        receipt_rows: parent.counts.receipt_rows,
        redelivered: parent.counts.redelivered,
        ..EventCounts::default()
    });
    Ok(CompactedTables::combine(buckets, counted, task.buckets))
}

/// Returns the generation whose events are compacted together with the new ones.
fn parent<'t>(task: CompactionTask<'t>) -> Option<&'t Generation> {
    let on_parent = task
        .compaction
        .is_some_and(|compaction| compaction.on_parent);
    task.parent.filter(|_| on_parent)
}
