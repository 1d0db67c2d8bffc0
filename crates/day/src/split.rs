//! The split: where a date has several buckets, its inputs are divided first.
//!
//! Inputs are taken chunk by chunk, a chunk being objects one after the other
//! with so many rows of the date. Of each chunk and bucket there is one object
//! with these rows, in the order of the inputs and with all columns of
//! processed events. So a few late events in many objects make few new ones.
//! The last generation's files are not split, as each is of one bucket: the
//! same one reads it again; where late events made more buckets of one, each of
//! these does, and takes its users' rows.

mod chunk;

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_lake::zone::STAGING;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::sync::mpsc;

use crate::compact::{CompactSettings, InputObject, read};
use crate::date::Date;
use crate::error::DayError;

/// How many pieces wait for being divided.
const AHEAD: usize = 1;

/// Where a run's split lies.
pub fn directory(event_date: &str, run: &str) -> String {
    format!("{STAGING}/days/event_date={event_date}/run={run}/split")
}

/// Divides the inputs of a date into so many buckets, several chunks at a time;
/// the inputs of each bucket.
///
/// What is written depends on the inputs and their order, on the number of
/// buckets and on the size of chunks. Dividing again writes the same objects.
///
/// # Errors
/// When the lake cannot be read or written; [`DayError::Gone`] for an input
/// that is not there; [`DayError::Parquet`] where an object is no Parquet file
/// of processed events; [`DayError::Differs`] where it has not as many rows of
/// the date as its receipt says.
pub async fn split(
    store: Arc<dyn ObjectStore>,
    event_date: &str,
    run: &str,
    inputs: &[InputObject],
    buckets: u32,
    settings: &CompactSettings,
) -> Result<Vec<Vec<InputObject>>, DayError> {
    let date = read::date(event_date)?;
    let directory = directory(event_date, run);
    let most = ChunkSize {
        rows_of_date: settings.split_chunk_rows,
        bytes: settings.split_chunk_bytes,
    };
    let chunks = (0..).zip(chunks(inputs, most));
    let divide = |(number, inputs): (usize, &[InputObject])| {
        let (store, inputs) = (Arc::clone(&store), inputs.to_vec());
        let directory = format!("{directory}/chunk-{number:04}");
        async move { divide(&*store, inputs, directory, date, buckets).await }
    };
    let divided: Vec<Vec<(u32, InputObject)>> = futures::stream::iter(chunks)
        .map(divide)
        .buffered(settings.buckets_side_by_side.max(1))
        .try_collect()
        .await?;
    let mut of_buckets = vec![Vec::new(); buckets as usize];
    for (bucket, object) in divided.into_iter().flatten() {
        if let Some(objects) = of_buckets.get_mut(bucket as usize) {
            objects.push(object);
        }
    }
    Ok(of_buckets)
}

/// How much a chunk has of inputs.
#[derive(Debug, Clone, Copy, Default)]
struct ChunkSize {
    rows_of_date: u64,
    bytes: u64,
}

/// The inputs, in their order, in chunks that are closed when they have as many
/// rows of the date, or bytes.
fn chunks(inputs: &[InputObject], most: ChunkSize) -> Vec<&[InputObject]> {
    let mut chunks = Vec::new();
    let (mut begin, mut has) = (0, ChunkSize::default());
    for (at, input) in inputs.iter().enumerate() {
        has.rows_of_date = has.rows_of_date.saturating_add(input.rows_of_date);
        has.bytes = has.bytes.saturating_add(input.bytes);
        let is_full = has.rows_of_date >= most.rows_of_date || has.bytes >= most.bytes;
        if is_full || at + 1 == inputs.len() {
            chunks.extend(inputs.get(begin..=at));
            (begin, has) = (at + 1, ChunkSize::default());
        }
    }
    chunks
}

/// Divides one chunk; the object of each bucket that has rows in it.
async fn divide(
    store: &dyn ObjectStore,
    inputs: Vec<InputObject>,
    directory: String,
    date: Date,
    buckets: u32,
) -> Result<Vec<(u32, InputObject)>, DayError> {
    let objects: Vec<(String, u64)> = inputs
        .iter()
        .map(|input| (input.key.clone(), input.bytes))
        .collect();
    let (to, pieces) = mpsc::channel(AHEAD);
    let work = tokio::task::spawn_blocking(move || chunk::divide(&inputs, pieces, date, buckets));
    let (files, ()) = tokio::join!(work, read::send(store, objects.into_iter(), to));
    let mut divided = Vec::new();
    for (bucket, file) in read::joined(files)? {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_closed_when_it_is_full() {
        let input = |(rows_of_date, bytes): (u64, u64)| InputObject {
            key: bytes.to_string(),
            bytes,
            rows_of_date,
        };
        let inputs = [(3, 1), (3, 1), (3, 1), (9, 1), (1, 70), (1, 20)].map(input);
        let lengths = |rows_of_date, bytes| -> Vec<usize> {
            let most = ChunkSize {
                rows_of_date,
                bytes,
            };
            let chunks = chunks(&inputs, most);
            assert_eq!(chunks.concat(), inputs);
            chunks.iter().map(|chunk| chunk.len()).collect()
        };
        assert_eq!(lengths(5, u64::MAX), [2, 2, 2]);
        assert_eq!(lengths(u64::MAX, 71), [5, 1]);
        assert_eq!(lengths(9, 70), [3, 1, 1, 1]);
        assert_eq!(lengths(0, u64::MAX), [1; 6]);
        assert_eq!(lengths(u64::MAX, u64::MAX), [6]);
        assert!(chunks(&[], ChunkSize::default()).is_empty());
    }
}
