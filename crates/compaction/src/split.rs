//! The split: divides the inputs of a date by bucket, if the date has several buckets.
//!
//! A chunk is a number of consecutive inputs, bounded by their rows and bytes. The split
//! writes one object for each chunk and bucket. The object has the chunk's rows of the
//! bucket, in the order of the inputs, with the columns that compaction reads. Chunks keep
//! the number of objects small if many inputs have a few late events each.
//!
//! The name of an object contains the range of the chunk's inputs. A part is a number of
//! consecutive chunks. Parts are independent: together they write the same objects as
//! [`split_date`].
//!
//! The parent generation's files are not split, because each belongs to one bucket. If the
//! number of buckets has grown, several buckets read the same file and select the rows of
//! their users.

mod chunk;
mod split_plan;

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_encode::EncodeError;
use marquee_event::Date;
use marquee_lake::zone::STAGING;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::sync::mpsc;

use crate::error::CompactionError;
use crate::object_reader;
use crate::task::{CompactSettings, InputObject};

pub use split_plan::{SizeLimit, SplitChunk, SplitPlan};

/// The capacity of the channel between the reader and the splitter, in pieces.
const CHANNEL_PIECES: usize = 1;

/// Returns the directory of the objects of a run's split.
pub fn split_directory(event_date: Date, run: &str) -> String {
    format!("{STAGING}/days/event_date={event_date}/run={run}/split")
}

/// Splits the inputs of a date by bucket, several chunks in parallel; returns the inputs of
/// each bucket.
///
/// The split is idempotent. Its objects depend only on the inputs and their order, on the
/// number of buckets, and on the size of chunks, which is part of their keys.
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

/// Splits some chunks of a date's inputs, as [`split_date`] does with all of them; returns
/// the new inputs of each bucket.
///
/// # Errors
/// - [`LakeError::Gone`](marquee_lake::LakeError::Gone) if an input is missing;
/// - [`LakeError::Parquet`](marquee_lake::LakeError::Parquet) if an object is not a Parquet
///   file;
/// - [`CompactionError::Table`] if it does not have the columns of processed events;
/// - [`CompactionError::RowCountMismatch`] if the number of its rows of the date differs from
///   that in its receipt;
/// - [`CompactionError::Lake`] if the lake cannot be read or written.
pub async fn split_chunks(
    store: Arc<dyn ObjectStore>,
    event_date: Date,
    run: &str,
    chunks: Vec<SplitChunk<'_>>,
    buckets: u32,
    settings: &CompactSettings,
) -> Result<Vec<Vec<InputObject>>, CompactionError> {
    let directory = split_directory(event_date, run);
    let split = |chunk: SplitChunk<'_>| {
        let (store, inputs) = (Arc::clone(&store), chunk.inputs.to_vec());
        let directory = format!("{directory}/{}", chunk.name());
        async move { split_chunk(&*store, inputs, directory, event_date, buckets).await }
    };
    let objects: Vec<Vec<(u32, InputObject)>> = futures::stream::iter(chunks)
        .map(split)
        .buffered(settings.buckets_side_by_side.max(1))
        .try_collect()
        .await?;
    let mut inputs_of_buckets = vec![Vec::new(); buckets as usize];
    for (bucket, object) in objects.into_iter().flatten() {
        let inputs = inputs_of_buckets.get_mut(bucket as usize);
        let out_of_range = EncodeError::Row("its bucket is out of range");
        inputs.ok_or(out_of_range)?.push(object);
    }
    Ok(inputs_of_buckets)
}

/// Splits one chunk; returns the object of each bucket that has rows in it.
async fn split_chunk(
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
    let (to_splitter, from_store) = mpsc::channel(CHANNEL_PIECES);
    let splitting =
        tokio::task::spawn_blocking(move || chunk::split(&inputs, from_store, date, buckets));
    let (files, ()) = tokio::join!(
        splitting,
        object_reader::send_pieces(store, objects.into_iter(), to_splitter)
    );
    let mut objects = Vec::new();
    for (bucket, file) in object_reader::join_blocking(files)? {
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
        objects.push((bucket, object));
    }
    Ok(objects)
}
