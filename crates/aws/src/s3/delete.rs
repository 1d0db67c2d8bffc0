//! Deleting, many keys a call.

use std::collections::HashMap;

use aws_sdk_s3::types::{Delete, Error as Refusal, ObjectIdentifier};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, stream};
use object_store::Result;
use object_store::path::Path;

use super::S3Store;
use super::failure::{failure, invalid, key_failure};

/// S3's bound on the keys of one call.
const BATCH: usize = 1_000;
/// Calls under way at once.
const CONCURRENT: usize = 4;

/// Deletes what `locations` names, and gives one result for each, in order;
/// if a whole call fails, one error stands for all its keys.
pub(super) fn in_batches(
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
    let named: Vec<&Path> = batch.iter().flatten().collect();
    let mut refused = match named.as_slice() {
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

/// The errors that came in with the batch, and the one of its call.
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

/// What S3 says of each key that it would not delete.
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
    let refusals = deleted.errors.unwrap_or_default().into_iter();
    Ok(refusals
        .map(|refusal| (refusal.key().unwrap_or_default().to_owned(), refusal))
        .collect())
}
