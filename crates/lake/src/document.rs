//! Small JSON objects, such as those of the ledger.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::LakeError;

/// Reads the object at `key`.
///
/// # Errors
/// [`LakeError::Store`]; [`LakeError::Malformed`] if the content is not a `T`.
pub async fn read<T: DeserializeOwned>(
    store: &dyn ObjectStore,
    key: &Path,
) -> Result<T, LakeError> {
    let bytes = store.get(key).await?.bytes().await?;
    serde_json::from_slice(&bytes).map_err(|cause| malformed(key, &cause))
}

/// Writes the object. Replaces an existing one.
///
/// # Errors
/// [`LakeError::Store`].
pub async fn write<T: Serialize>(
    store: &dyn ObjectStore,
    key: &Path,
    value: &T,
) -> Result<(), LakeError> {
    store.put(key, text(key, value)?.into()).await?;
    Ok(())
}

/// Creates the object if it is absent. Returns whether it was created.
///
/// # Errors
/// [`LakeError::Store`].
pub async fn create<T: Serialize>(
    store: &dyn ObjectStore,
    key: &Path,
    value: &T,
) -> Result<bool, LakeError> {
    let only_if_absent = PutOptions::from(PutMode::Create);
    match store
        .put_opts(key, text(key, value)?.into(), only_if_absent)
        .await
    {
        Ok(_) => Ok(true),
        Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Serializes `value` as indented JSON with a newline at the end.
fn text<T: Serialize>(key: &Path, value: &T) -> Result<Bytes, LakeError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|cause| malformed(key, &cause))?;
    text.push(b'\n');
    Ok(Bytes::from(text))
}

fn malformed(key: &Path, cause: &serde_json::Error) -> LakeError {
    LakeError::Malformed {
        key: key.to_string(),
        cause: cause.to_string(),
    }
}
