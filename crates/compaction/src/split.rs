//! The split: where a date has several buckets, its inputs are divided first.
//!
//! Inputs are taken chunk by chunk, a chunk being objects one after the other
//! with so many rows of the date. Of each chunk and bucket there is one object
//! with these rows, in the order of the inputs and with the columns that
//! compaction reads. So a few late events in many objects make few new ones.
//! A chunk is called by its inputs, and so many chunks are a part, which can be
//! divided by itself: parts write between them what the whole does.
//! The last generation's files are not split, as each is of one bucket: the
//! same one reads it again; where late events made more buckets of one, each of
//! these does, and takes its users' rows.

mod chunk;
mod split_plan;

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use marquee_lake::zone::STAGING;
use marquee_tables::encode::EncodeError;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::sync::mpsc;

use crate::error::CompactionError;
use crate::pieces;
use crate::task::{CompactSettings, InputObject};

pub use split_plan::{SizeLimit, SplitChunk, SplitPlan};

/// How many pieces wait for being divided.
const AHEAD: usize = 1;

/// Where a run's split lies.
pub fn split_directory(event_date: Date, run: &str) -> String {
    format!("{STAGING}/days/event_date={event_date}/run={run}/split")
}

/// Divides the inputs of a date into so many buckets, several chunks at a time;
/// the inputs of each bucket.
///
/// What is written depends on the inputs and their order, on the number of
/// buckets and on the size of chunks; its names say so. Dividing again writes the
/// same objects.
///
/// # Errors
/// As [`split_chunks`].
pub async fn split_date(
    store: Arc<dyn ObjectStore>,
    event_date: Date,
    run: &str,
    inputs: &[InputObject],
    buckets: u32,
    settings: &CompactSettings,
) -> Result<Vec<Vec<InputObject>>, CompactionError> {
    let chunks = split_plan::chunks(inputs, settings);
    split_chunks(store, event_date, run, chunks, buckets, settings).await
}

/// Divides those chunks of a date's inputs, as [`split_date`] does all of them; what
/// each bucket gets of them.
///
/// # Errors
/// When the lake cannot be read or written; [`LakeError::Gone`] for an input
/// that is not there; [`LakeError::Parquet`] where an object is no Parquet file
/// of processed events; [`CompactionError::Differs`] where it has not as many rows of
/// the date as its receipt says.
pub async fn split_chunks(
    store: Arc<dyn ObjectStore>,
    event_date: Date,
    run: &str,
    chunks: Vec<SplitChunk<'_>>,
    buckets: u32,
    settings: &CompactSettings,
) -> Result<Vec<Vec<InputObject>>, CompactionError> {
    let directory = split_directory(event_date, run);
    let divide = |chunk: SplitChunk<'_>| {
        let (store, inputs) = (Arc::clone(&store), chunk.inputs.to_vec());
        let directory = format!("{directory}/{}", chunk.name());
        async move { divide(&*store, inputs, directory, event_date, buckets).await }
    };
    let divided: Vec<Vec<(u32, InputObject)>> = futures::stream::iter(chunks)
        .map(divide)
        .buffered(settings.buckets_side_by_side.max(1))
        .try_collect()
        .await?;
    let mut of_buckets = vec![Vec::new(); buckets as usize];
    for (bucket, object) in divided.into_iter().flatten() {
        let objects = of_buckets.get_mut(bucket as usize);
        let beyond = EncodeError::Row("its bucket is beyond the plan's");
        objects.ok_or(beyond)?.push(object);
    }
    Ok(of_buckets)
}

/// Divides one chunk; the object of each bucket that has rows in it.
async fn divide(
    store: &dyn ObjectStore,
    inputs: Vec<InputObject>,
    directory: String,
    date: Date,
    buckets: u32,
) -> Result<Vec<(u32, InputObject)>, CompactionError> {
    let objects: Vec<(String, u64)> = inputs
        .iter()
        .map(|input| (input.key.clone(), input.bytes))
        .collect();
    let (to, from_store) = mpsc::channel(AHEAD);
    let work =
        tokio::task::spawn_blocking(move || chunk::divide(&inputs, from_store, date, buckets));
    let (files, ()) = tokio::join!(work, pieces::send(store, objects.into_iter(), to));
    let mut divided = Vec::new();
    for (bucket, file) in pieces::joined(files)? {
        let key = format!("{directory}/bucket-{bucket:04}.parquet");
        let bytes = file.content.len() as u64;
        store
            .put(&Path::from(key.as_str()), file.content.into())
            .await?;
        let object = InputObject {
            key,
            bytes,
            rows_of_date: file.rows,
        };
        divided.push((bucket, object));
    }
    Ok(divided)
}
