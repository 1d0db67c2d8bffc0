//! Batch deletes: many keys in one call.

use std::collections::HashMap;

use aws_sdk_s3::types::{Delete, Error as Refusal, ObjectIdentifier};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, stream};
use object_store::Result;
use object_store::path::Path;

use super::S3Store;
use super::failure::{failure, invalid, key_failure};

/// S3's limit on the keys of one call.
const BATCH: usize = 1_000;
/// The number of concurrent calls.
const CONCURRENT: usize = 4;

/// Deletes the objects at `locations` and returns one result for each, in order. If a
/// whole call fails, one error stands for all its keys.
pub(super) fn delete_in_batches(
    store: S3Store,
    locations: BoxStream<'static, Result<Path>>,
) -> impl Stream<Item = Result<Path>> + Send + 'static {
    locations
        .chunks(BATCH)
        .map(move |batch| delete_batch(store.clone(), batch))
        .buffered(CONCURRENT)
        .flat_map(stream::iter)
}

async fn delete_batch(store: S3Store, batch: Vec<Result<Path>>) -> Vec<Result<Path>> {
    let paths: Vec<&Path> = batch.iter().flatten().collect();
    let mut refused = match paths.as_slice() {
        [] => HashMap::new(),
        [one] => match delete_one(&store, one).await {
            Ok(()) => HashMap::new(),
            Err(error) => return with_error(batch, error),
        },
        many => match delete_many(&store, many).await {
            Ok(refused) => refused,
            Err(error) => return with_error(batch, error),
        },
    };
    let mut result = |path: Path| match refused.remove(path.as_ref()) {
        Some(refusal) => Err(key_failure("DeleteObjects", &path, refusal)),
        None => Ok(path),
    };
    batch.into_iter().map(|path| result(path?)).collect()
}

/// Returns the errors that came in with the batch, followed by the error of its call.
fn with_error(batch: Vec<Result<Path>>, error: object_store::Error) -> Vec<Result<Path>> {
    let mut results: Vec<_> = batch.into_iter().filter(Result::is_err).collect();
    results.push(Err(error));
    results
}

async fn delete_one(store: &S3Store, path: &Path) -> Result<()> {
    let request = store
        .client
        .delete_object()
        .bucket(&*store.bucket)
        .key(path.as_ref());
    let deleted = request.send().await;
    deleted
        .map(drop)
        .map_err(|error| failure("DeleteObject", path, error))
}

/// Deletes the objects in one call and returns S3's error for each key that it did
/// not delete.
///
/// # Errors
/// When the call fails, or reports an error for a key that is not in the batch.
async fn delete_many(store: &S3Store, paths: &[&Path]) -> Result<HashMap<String, Refusal>> {
    let keys: Vec<ObjectIdentifier> = paths
        .iter()
        .map(|path| ObjectIdentifier::builder().key(path.as_ref()).build())
        .collect::<Result<_, _>>()
        .map_err(invalid)?;
    let delete = Delete::builder()
        .set_objects(Some(keys))
        .quiet(true)
        .build()
        .map_err(invalid)?;
    let first = paths.first().copied().cloned().unwrap_or_default();
    let deleted = store
        .client
        .delete_objects()
        .bucket(&*store.bucket)
        .delete(delete)
        .send()
        .await
        .map_err(|error| failure("DeleteObjects", &first, error))?;
    let mut refused = HashMap::new();
    for refusal in deleted.errors.unwrap_or_default() {
        let key = refusal.key.clone().unwrap_or_default();
        if !paths.iter().any(|path| path.as_ref() == key) {
            return Err(invalid(format!(
                "DeleteObjects reported an error for a key that it was not given: {refusal:?}"
            )));
        }
        refused.insert(key, refusal);
    }
    Ok(refused)
}
