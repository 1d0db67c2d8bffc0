//! Uploads files to the object store piece by piece.

use std::collections::BTreeMap;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};
use tokio::sync::mpsc;

use crate::error::CompactionError;

/// The number of parts of a multipart upload that are in flight.
const PARTS_IN_FLIGHT: usize = 2;

/// The next piece of a file.
#[derive(Debug)]
pub(crate) struct FilePiece {
    /// The file's key.
    pub(crate) key: String,
    /// The bytes, which follow those of the previous piece.
    pub(crate) bytes: Vec<Bytes>,
    /// True for the last piece of the file.
    pub(crate) is_last: bool,
}

/// The state of a file whose last piece has not arrived.
enum Upload {
    /// A small file: its blocks and their total size in bytes.
    Buffered(Vec<Bytes>, usize),
    /// A file of at least the part size.
    Multipart(WriteMultipart),
}

/// Uploads the files whose pieces arrive. A file of at least `part_bytes` bytes becomes a
/// multipart upload with parts of that size. It aborts the upload of a file whose last piece
/// does not arrive.
pub(crate) async fn upload(
    store: &dyn ObjectStore,
    part_bytes: usize,
    mut pieces: mpsc::Receiver<FilePiece>,
) -> Result<(), CompactionError> {
    let mut uploads: BTreeMap<String, Upload> = BTreeMap::new();
    let uploaded = receive_all(store, part_bytes, &mut pieces, &mut uploads).await;
    // Close the channel, so that the sender stops after a failure.
    drop(pieces);
    for upload in uploads.into_values() {
        if let Upload::Multipart(upload) = upload
            && let Err(error) = upload.abort().await
        {
            tracing::warn!(%error, "cannot abort an unfinished multipart upload");
        }
    }
    uploaded
}

async fn receive_all(
    store: &dyn ObjectStore,
    part_bytes: usize,
    pieces: &mut mpsc::Receiver<FilePiece>,
    uploads: &mut BTreeMap<String, Upload>,
) -> Result<(), CompactionError> {
    while let Some(piece) = pieces.recv().await {
        let path = Path::from(piece.key.as_str());
        let upload = uploads.remove(&piece.key);
        let mut upload = upload.unwrap_or_else(|| Upload::Buffered(Vec::new(), 0));
        let added = upload.add(store, part_bytes, &path, piece.bytes).await;
        if added.is_ok() && piece.is_last {
            upload.finish(store, &path).await?;
        } else {
            // After an error, the caller aborts the upload.
            uploads.insert(piece.key, upload);
        }
        added?;
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
        if let Self::Buffered(blocks, length) = self {
            *length += bytes.iter().map(Bytes::len).sum::<usize>();
            blocks.extend(bytes);
            if *length >= part_bytes {
                let upload = store.put_multipart(path).await?;
                let mut upload = WriteMultipart::new_with_chunk_size(upload, part_bytes);
                blocks.drain(..).for_each(|bytes| upload.put(bytes));
                *self = Self::Multipart(upload);
            }
        } else if let Self::Multipart(upload) = self {
            for bytes in bytes {
                upload.put(bytes);
                upload.wait_for_capacity(PARTS_IN_FLIGHT).await?;
            }
        }
        if let Self::Multipart(upload) = self {
            upload.wait_for_capacity(PARTS_IN_FLIGHT).await?;
        }
        Ok(())
    }

    async fn finish(self, store: &dyn ObjectStore, path: &Path) -> Result<(), CompactionError> {
        match self {
            Self::Buffered(blocks, _) => {
                store
                    .put(path, blocks.into_iter().collect::<PutPayload>())
                    .await?
            }
            Self::Multipart(upload) => upload.finish().await?,
        };
        Ok(())
    }
}
