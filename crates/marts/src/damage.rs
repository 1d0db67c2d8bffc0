//! The search for a damaged file after a failed query.

use marquee_lake::{LakeError, digest};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

/// Returns the key of the first file whose content differs from its digest; `files`
/// holds keys and digests.
///
/// # Errors
/// Returns [`LakeError::Store`] if a file is missing or cannot be read.
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
