//! Reads Parquet objects: small ones as a whole, large ones one row group at a time.

use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures::StreamExt;
use marquee_kernels::{EVENT_COLUMNS, REPEATING_COLUMNS};
use marquee_lake::LakeError;
use marquee_lake::rows::{RowReader, RowReaderOptions, RowsError};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::errors::ParquetError;
use parquet::file::FOOTER_SIZE;
use parquet::file::metadata::{FooterTail, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use tokio::sync::mpsc;

use crate::error::CompactionError;

/// The size in bytes up to which an object is read as a whole.
const WHOLE_BYTES: u64 = 16 << 20;
/// The bytes at the end of a large object that are read first. They usually contain the
/// whole footer.
const TAIL_BYTES: u64 = 256 << 10;
/// The number of objects that are read in parallel.
const OBJECTS: usize = 2;
/// The number of row groups of a large object that are read in parallel.
const GROUPS: usize = 2;
/// The number of rows of a batch.
const BATCH_ROWS: usize = 16_384;

/// The options with which the kernels read events: their columns, with repeating text as
/// dictionaries.
pub(crate) const EVENT_ROWS: RowReaderOptions<'static> = RowReaderOptions {
    columns: Some(&EVENT_COLUMNS),
    dictionaries: &REPEATING_COLUMNS,
    row_group: None,
    batch_rows: Some(BATCH_ROWS),
};

/// A message of the reader.
#[derive(Debug)]
pub(crate) enum ReaderMessage {
    /// The next piece of the current object.
    Piece(ObjectPiece),
    /// The end of the current object.
    End,
}

/// A piece of an object in memory: the whole object or one row group.
#[derive(Debug)]
pub(crate) struct ObjectPiece {
    bytes: ObjectSlice,
    /// For a row group of a large object: its index and the object's footer.
    group: Option<(usize, Arc<ParquetMetaData>)>,
}

/// A range of an object's bytes, addressed by offsets in the object.
#[derive(Debug, Clone)]
struct ObjectSlice {
    start: u64,
    bytes: Bytes,
    object_bytes: u64,
}

impl Length for ObjectSlice {
    fn len(&self) -> u64 {
        self.object_bytes
    }
}

impl ChunkReader for ObjectSlice {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let end = self.start + self.bytes.len() as u64;
        let length = end.saturating_sub(start) as usize;
        Ok(self.get_bytes(start, length)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let from = start.checked_sub(self.start).map(|from| from as usize);
        let to = from.and_then(|from| from.checked_add(length));
        match (from, to) {
            (Some(from), Some(to)) if to <= self.bytes.len() => Ok(self.bytes.slice(from..to)),
            _ => Err(ParquetError::EOF(format!(
                "bytes {start} to {} are outside of the row group",
                start.saturating_add(length as u64)
            ))),
        }
    }
}

/// The state of an object after [`open`].
enum OpenedObject {
    /// A small object: all of its bytes.
    Whole(Bytes),
    /// A large object: its footer and size. The row groups are not read yet.
    Footer(Arc<ParquetMetaData>, u64),
}

/// Reads a small object, or the footer of a large one. `bytes` is its expected size.
async fn open(store: &dyn ObjectStore, key: &str, bytes: u64) -> Result<OpenedObject, LakeError> {
    let path = Path::from(key);
    let absent = |error: object_store::Error| match error {
        object_store::Error::NotFound { .. } => LakeError::Gone {
            key: key.to_owned(),
        },
        error => error.into(),
    };
    let footer_fault = |fault| LakeError::parquet(key, RowsError::Footer(fault));
    if bytes <= WHOLE_BYTES {
        let whole = store.get(&path).await.map_err(absent)?;
        return Ok(OpenedObject::Whole(whole.bytes().await?));
    }
    let size = store.head(&path).await.map_err(absent)?.size;
    let tail = |length: u64| size.saturating_sub(length)..size;
    let mut end = store.get_range(&path, tail(TAIL_BYTES)).await?;
    let footer: &[u8; FOOTER_SIZE] = end
        .last_chunk()
        .ok_or_else(|| footer_fault("the object is too short for a Parquet file"))?;
    let footer = FooterTail::try_new(footer).map_err(|cause| LakeError::parquet(key, cause))?;
    let length = footer.metadata_length().saturating_add(FOOTER_SIZE);
    if length as u64 > size {
        return Err(footer_fault("the footer is longer than the object"));
    }
    if length > end.len() {
        end = store.get_range(&path, tail(length as u64)).await?;
    }
    let metadata = end
        .len()
        .checked_sub(length)
        .and_then(|from| end.get(from..from + footer.metadata_length()))
        .ok_or_else(|| footer_fault("the store returned fewer bytes than the object has"))?;
    let metadata = ParquetMetaDataReader::decode_metadata(metadata)
        .map_err(|cause| LakeError::parquet(key, cause))?;
    Ok(OpenedObject::Footer(Arc::new(metadata), size))
}

/// Reads several objects, a few ahead of the receiver, and sends their pieces in order.
/// [`ReaderMessage::End`] follows the pieces of each object.
///
/// It ends early if the receiver is dropped. After an error, it sends the error and ends.
pub(crate) async fn send_pieces(
    store: &dyn ObjectStore,
    objects: impl Iterator<Item = (String, u64)>,
    to: mpsc::Sender<Result<ReaderMessage, CompactionError>>,
) {
    let open = |(key, bytes): (String, u64)| async move {
        let opened = open(store, &key, bytes).await;
        (key, opened)
    };
    let mut opened = futures::stream::iter(objects).map(open).buffered(OBJECTS);
    while let Some((key, opened)) = opened.next().await {
        let sent = match opened {
            Ok(opened) => send_object(store, &key, opened, &to).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                // Ignore a failure to send: the receiver was dropped.
                let _dropped = to.send(Err(error.into())).await;
                return;
            }
        }
    }
}

/// Sends the pieces of one object; returns false if the receiver was dropped.
async fn send_object(
    store: &dyn ObjectStore,
    key: &str,
    opened: OpenedObject,
    to: &mpsc::Sender<Result<ReaderMessage, CompactionError>>,
) -> Result<bool, LakeError> {
    match opened {
        OpenedObject::Whole(bytes) => {
            let piece = ObjectPiece {
                bytes: ObjectSlice {
                    start: 0,
                    object_bytes: bytes.len() as u64,
                    bytes,
                },
                group: None,
            };
            if to.send(Ok(ReaderMessage::Piece(piece))).await.is_err() {
                return Ok(false);
            }
        }
        OpenedObject::Footer(metadata, object_bytes) => {
            let read = |group: usize| {
                let metadata = Arc::clone(&metadata);
                async move {
                    let range = group_range(&metadata, group).ok_or_else(|| {
                        LakeError::parquet(
                            key,
                            RowsError::Footer("a row group has no valid byte range"),
                        )
                    })?;
                    let bytes = store.get_range(&Path::from(key), range.clone()).await?;
                    Ok::<ObjectPiece, LakeError>(ObjectPiece {
                        bytes: ObjectSlice {
                            start: range.start,
                            bytes,
                            object_bytes,
                        },
                        group: Some((group, metadata)),
                    })
                }
            };
            let groups = 0..metadata.num_row_groups();
            let mut pieces = futures::stream::iter(groups).map(read).buffered(GROUPS);
            while let Some(piece) = pieces.next().await {
                if to.send(Ok(ReaderMessage::Piece(piece?))).await.is_err() {
                    return Ok(false);
                }
            }
        }
    }
    Ok(to.send(Ok(ReaderMessage::End)).await.is_ok())
}

/// Returns the range of all column chunks of a row group.
fn group_range(metadata: &ParquetMetaData, group: usize) -> Option<Range<u64>> {
    let columns = metadata.row_groups().get(group)?.columns();
    let mut range: Option<Range<u64>> = None;
    for column in columns {
        let start = column
            .dictionary_page_offset()
            .unwrap_or(column.data_page_offset());
        let start = u64::try_from(start).ok()?;
        let end = start.checked_add(u64::try_from(column.compressed_size()).ok()?)?;
        range = Some(range.map_or(start..end, |range| {
            range.start.min(start)..range.end.max(end)
        }));
    }
    range
}

impl ObjectPiece {
    /// Opens the piece's rows with the options [`EVENT_ROWS`].
    pub(crate) fn rows(self, key: &str) -> Result<RowReader, LakeError> {
        let options = RowReaderOptions {
            row_group: self.group,
            ..EVENT_ROWS
        };
        RowReader::open_with(key, self.bytes, &options)
    }
}

/// Receives the next message. This blocks the thread.
pub(crate) fn receive(
    pieces: &mut mpsc::Receiver<Result<ReaderMessage, CompactionError>>,
) -> Result<ReaderMessage, CompactionError> {
    let ended = CompactionError::Interrupted("the reader of objects ended early");
    pieces.blocking_recv().ok_or(ended)?
}

/// Returns the result of a blocking task, or resumes its panic.
pub(crate) fn join_blocking<T>(
    joined: Result<Result<T, CompactionError>, tokio::task::JoinError>,
) -> Result<T, CompactionError> {
    match joined {
        Ok(done) => done,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(CompactionError::Interrupted("the runtime shuts down")),
        },
    }
}
