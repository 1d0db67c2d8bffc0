//! Files on their way to the store, piece by piece.

use std::collections::BTreeMap;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};
use tokio::sync::mpsc;

use crate::error::CompactionError;

/// How many parts of a file are under way at a time.
const PARTS: usize = 2;

/// The next piece of a file.
#[derive(Debug)]
pub(crate) struct Part {
    /// The file's key.
    pub(crate) key: String,
    /// What follows.
    pub(crate) bytes: Vec<Bytes>,
    /// Whether that was all.
    pub(crate) is_last: bool,
}

/// A file of which the end did not come yet.
enum Upload {
    /// It is still small.
    Waiting(Vec<Bytes>, usize),
    /// It goes in parts.
    Parts(WriteMultipart),
}

/// Puts every file that comes; one of `part_bytes` and more goes in parts of so
/// much. One whose last piece does not come is not put.
pub(crate) async fn upload(
    store: &dyn ObjectStore,
    part_bytes: usize,
    mut parts: mpsc::Receiver<Part>,
) -> Result<(), CompactionError> {
    let mut uploads: BTreeMap<String, Upload> = BTreeMap::new();
    let uploaded = take_all(store, part_bytes, &mut parts, &mut uploads).await;
    // Who still sends has to hear of a failure.
    drop(parts);
    for upload in uploads.into_values() {
        if let Upload::Parts(upload) = upload
            && let Err(error) = upload.abort().await
        {
            tracing::warn!(%error, "an unfinished upload could not be given up");
        }
    }
    uploaded
}

async fn take_all(
    store: &dyn ObjectStore,
    part_bytes: usize,
    parts: &mut mpsc::Receiver<Part>,
    uploads: &mut BTreeMap<String, Upload>,
) -> Result<(), CompactionError> {
    while let Some(part) = parts.recv().await {
        let path = Path::from(part.key.as_str());
        let upload = uploads
            .entry(part.key.clone())
            .or_insert_with(|| Upload::Waiting(Vec::new(), 0));
        upload.add(store, part_bytes, &path, part.bytes).await?;
        if part.is_last
            && let Some(upload) = uploads.remove(&part.key)
        {
            upload.finish(store, &path).await?;
        }
    }
    Ok(())
}

impl Upload {
    async fn add(
        &mut self,
        store: &dyn ObjectStore,
        part_bytes: usize,
        path: &Path,
        bytes: Vec<Bytes>,
    ) -> Result<(), CompactionError> {
        if let Self::Waiting(waiting, length) = self {
            *length += bytes.iter().map(Bytes::len).sum::<usize>();
            waiting.extend(bytes);
            if *length >= part_bytes {
                let upload = store.put_multipart(path).await?;
                let mut upload = WriteMultipart::new_with_chunk_size(upload, part_bytes);
                waiting.drain(..).for_each(|bytes| upload.put(bytes));
                *self = Self::Parts(upload);
            }
        } else if let Self::Parts(upload) = self {
            for bytes in bytes {
                upload.put(bytes);
                upload.wait_for_capacity(PARTS).await?;
            }
        }
        if let Self::Parts(upload) = self {
            upload.wait_for_capacity(PARTS).await?;
        }
        Ok(())
    }

    async fn finish(self, store: &dyn ObjectStore, path: &Path) -> Result<(), CompactionError> {
        match self {
            Self::Waiting(waiting, _) => {
                store
                    .put(path, waiting.into_iter().collect::<PutPayload>())
                    .await?
            }
            Self::Parts(upload) => upload.finish().await?,
        };
        Ok(())
    }
}
