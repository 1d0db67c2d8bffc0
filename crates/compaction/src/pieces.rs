//! Parquet objects, whole or a row group at a time.

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

/// Objects up to this size are read at once.
const WHOLE_BYTES: u64 = 16 << 20;
/// How much of a large object's end is read first: mostly all of its footer.
const TAIL_BYTES: u64 = 256 << 10;
/// How many objects are read at a time.
const OBJECTS: usize = 2;
/// How many row groups of a large object are read at a time.
const GROUPS: usize = 2;
/// Rows of a batch.
const BATCH_ROWS: usize = 16_384;

/// The form in which kernels take events: their columns, text that repeats as numbers
/// into a dictionary.
pub(crate) const EVENT_ROWS: RowReaderOptions<'static> = RowReaderOptions {
    columns: Some(&EVENT_COLUMNS),
    dictionaries: &REPEATING_COLUMNS,
    row_group: None,
    batch_rows: Some(BATCH_ROWS),
};

/// What comes of reading several objects.
#[derive(Debug)]
pub(crate) enum Read {
    /// A part of the next object.
    Piece(Piece),
    /// That was all of the object.
    End,
}

/// A part of an object, in memory.
#[derive(Debug)]
pub(crate) struct Piece {
    bytes: Slice,
    /// For a row group of a large object: which, and the object's footer.
    group: Option<(usize, Arc<ParquetMetaData>)>,
}

/// What of an object is in memory, under the places it has in the object.
#[derive(Debug, Clone)]
struct Slice {
    start: u64,
    bytes: Bytes,
    object_bytes: u64,
}

impl Length for Slice {
    fn len(&self) -> u64 {
        self.object_bytes
    }
}

impl ChunkReader for Slice {
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
                "bytes {start} to {} are beyond the row group",
                start.saturating_add(length as u64)
            ))),
        }
    }
}

/// How an object begins to be read.
enum Opened {
    /// All of it.
    Whole(Bytes),
    /// Its footer; the row groups are still to be read.
    Footer(Arc<ParquetMetaData>, u64),
}

/// Reads an object of about that size, or its footer where it is large.
async fn open(store: &dyn ObjectStore, key: &str, bytes: u64) -> Result<Opened, LakeError> {
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
        return Ok(Opened::Whole(whole.bytes().await?));
    }
    let size = store.head(&path).await.map_err(absent)?.size;
    let tail = |length: u64| size.saturating_sub(length)..size;
    let mut end = store.get_range(&path, tail(TAIL_BYTES)).await?;
    let footer: &[u8; FOOTER_SIZE] = end
        .last_chunk()
        .ok_or_else(|| footer_fault("it is too short for a Parquet file"))?;
    let footer = FooterTail::try_new(footer).map_err(|cause| LakeError::parquet(key, cause))?;
    let length = footer.metadata_length().saturating_add(FOOTER_SIZE);
    if length as u64 > size {
        return Err(footer_fault("its footer is longer than it is"));
    }
    if length > end.len() {
        end = store.get_range(&path, tail(length as u64)).await?;
    }
    let metadata = end
        .len()
        .checked_sub(length)
        .and_then(|from| end.get(from..from + footer.metadata_length()))
        .unwrap_or_default();
    let metadata = ParquetMetaDataReader::decode_metadata(metadata)
        .map_err(|cause| LakeError::parquet(key, cause))?;
    Ok(Opened::Footer(Arc::new(metadata), size))
}

/// Reads several objects, a few ahead of who takes their pieces, and sends
/// these in order; the pieces of each are followed by [`Read::End`].
///
/// Ends early when nobody takes them any more, and after a failure, which is
/// the last that is sent.
pub(crate) async fn send(
    store: &dyn ObjectStore,
    objects: impl Iterator<Item = (String, u64)>,
    to: mpsc::Sender<Result<Read, CompactionError>>,
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
                // Who has gone does not want to know.
                let _gone = to.send(Err(error.into())).await;
                return;
            }
        }
    }
}

/// Whether somebody still listens.
async fn send_object(
    store: &dyn ObjectStore,
    key: &str,
    opened: Opened,
    to: &mpsc::Sender<Result<Read, CompactionError>>,
) -> Result<bool, LakeError> {
    match opened {
        Opened::Whole(bytes) => {
            let piece = Piece {
                bytes: Slice {
                    start: 0,
                    object_bytes: bytes.len() as u64,
                    bytes,
                },
                group: None,
            };
            if to.send(Ok(Read::Piece(piece))).await.is_err() {
                return Ok(false);
            }
        }
        Opened::Footer(metadata, object_bytes) => {
            let read = |group: usize| {
                let metadata = Arc::clone(&metadata);
                async move {
                    let range = group_range(&metadata, group).ok_or_else(|| {
                        LakeError::parquet(key, RowsError::Footer("a row group has no place in it"))
                    })?;
                    let bytes = store.get_range(&Path::from(key), range.clone()).await?;
                    Ok::<Piece, LakeError>(Piece {
                        bytes: Slice {
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
                if to.send(Ok(Read::Piece(piece?))).await.is_err() {
                    return Ok(false);
                }
            }
        }
    }
    Ok(to.send(Ok(Read::End)).await.is_ok())
}

/// Where a row group's columns lie, all of them.
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

impl Piece {
    /// Opens the piece's rows as [`EVENT_ROWS`] says.
    pub(crate) fn rows(self, key: &str) -> Result<RowReader, LakeError> {
        let options = RowReaderOptions {
            row_group: self.group,
            ..EVENT_ROWS
        };
        RowReader::open_with(key, self.bytes, &options)
    }
}

/// What comes next, for a thread that may wait for it.
pub(crate) fn next(
    pieces: &mut mpsc::Receiver<Result<Read, CompactionError>>,
) -> Result<Read, CompactionError> {
    let ended = CompactionError::Interrupted("the objects are read no further");
    pieces.blocking_recv().ok_or(ended)?
}

/// What a blocking task gave, or its panic.
pub(crate) fn joined<T>(
    joined: Result<Result<T, CompactionError>, tokio::task::JoinError>,
) -> Result<T, CompactionError> {
    match joined {
        Ok(done) => done,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(CompactionError::Interrupted("the runtime is shutting down")),
        },
    }
}
