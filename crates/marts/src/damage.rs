//! Which file is at fault when a query gives up.

use marquee_lake::{LakeError, digest};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

/// The first of those files, by key and digest, that has other bytes.
///
/// # Errors
/// [`LakeError::Store`], also for a file that is gone.
pub(crate) async fn find(
    store: &dyn ObjectStore,
    files: Vec<(&str, &str)>,
) -> Result<Option<String>, LakeError> {
    for (key, expected) in files {
        let content = store.get(&Path::from(key)).await?.bytes().await?;
        if digest::of(&content) != expected {
            return Ok(Some(key.to_owned()));
        }
    }
    Ok(None)
}
