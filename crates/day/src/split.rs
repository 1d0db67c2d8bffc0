//! The split: where a date has several buckets, its inputs are divided first.
//!
//! Inputs are taken chunk by chunk, a chunk being objects of so many bytes one
//! after the other. Of each chunk and bucket there is one object with the rows
//! of the date, in the order of the inputs and with all columns of processed
//! events. The last generation's files are not split, as each is of one bucket:
//! the same one reads it again; where late events made more buckets of one, each
//! of these does, and takes its users' rows.

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
/// buckets and on `split_chunk_bytes`. Dividing again writes the same objects.
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
    let chunks = (0..).zip(chunks(inputs, settings.split_chunk_bytes));
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

/// The inputs, in their order, in chunks that are closed when they have so many
/// bytes.
fn chunks(inputs: &[InputObject], chunk_bytes: u64) -> Vec<&[InputObject]> {
    let mut chunks = Vec::new();
    let (mut begin, mut bytes) = (0, 0u64);
    for (at, input) in inputs.iter().enumerate() {
        bytes = bytes.saturating_add(input.bytes);
        if bytes >= chunk_bytes || at + 1 == inputs.len() {
            chunks.extend(inputs.get(begin..=at));
            (begin, bytes) = (at + 1, 0);
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
        let input = |bytes: u64| InputObject {
            key: bytes.to_string(),
            bytes,
            rows_of_date: 1,
        };
        let inputs = [3, 3, 3, 9, 1, 1].map(input);
        let lengths = |bytes| -> Vec<usize> {
            let chunks = chunks(&inputs, bytes);
            assert_eq!(chunks.concat(), inputs);
            chunks.iter().map(|chunk| chunk.len()).collect()
        };
        assert_eq!(lengths(5), [2, 2, 2]);
        assert_eq!(lengths(0), [1; 6]);
        assert_eq!(lengths(u64::MAX), [6]);
        assert!(chunks(&[], 5).is_empty());
    }
}
