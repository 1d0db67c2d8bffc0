//! Parquet objects, whole or a row group at a time.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};
use bytes::{Buf, Bytes};
use futures::StreamExt;
use marquee_facts::REPEATING_COLUMNS;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::FOOTER_SIZE;
use parquet::file::metadata::{FooterTail, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use tokio::sync::mpsc;

use crate::date::{Date, NoDate};
use crate::error::DayError;

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

/// A Parquet file's fault.
pub(crate) fn malformed(key: &str, cause: impl ToString) -> DayError {
    DayError::Parquet {
        key: key.to_owned(),
        cause: cause.to_string(),
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
async fn open(store: &dyn ObjectStore, key: &str, bytes: u64) -> Result<Opened, DayError> {
    let path = Path::from(key);
    let gone = |error: object_store::Error| match error {
        object_store::Error::NotFound { .. } => DayError::Gone {
            key: key.to_owned(),
        },
        error => error.into(),
    };
    if bytes <= WHOLE_BYTES {
        let whole = store.get(&path).await.map_err(gone)?;
        return Ok(Opened::Whole(whole.bytes().await?));
    }
    let size = store.head(&path).await.map_err(gone)?.size;
    let tail = |length: u64| size.saturating_sub(length)..size;
    let mut end = store.get_range(&path, tail(TAIL_BYTES)).await?;
    let footer: &[u8; FOOTER_SIZE] = end
        .last_chunk()
        .ok_or_else(|| malformed(key, "it is too short for a Parquet file"))?;
    let footer = FooterTail::try_new(footer).map_err(|cause| malformed(key, cause))?;
    let length = footer.metadata_length().saturating_add(FOOTER_SIZE);
    if length as u64 > size {
        return Err(malformed(key, "its footer is longer than it is"));
    }
    if length > end.len() {
        end = store.get_range(&path, tail(length as u64)).await?;
    }
    let metadata = end
        .len()
        .checked_sub(length)
        .and_then(|from| end.get(from..from + footer.metadata_length()))
        .unwrap_or_default();
    let metadata =
        ParquetMetaDataReader::decode_metadata(metadata).map_err(|cause| malformed(key, cause))?;
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
    to: mpsc::Sender<Result<Read, DayError>>,
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
                let _gone = to.send(Err(error)).await;
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
    to: &mpsc::Sender<Result<Read, DayError>>,
) -> Result<bool, DayError> {
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
                    let range = group_range(&metadata, group)
                        .ok_or_else(|| malformed(key, "a row group has no place in it"))?;
                    let bytes = store.get_range(&Path::from(key), range.clone()).await?;
                    Ok::<Piece, DayError>(Piece {
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
    /// Its rows: of the columns that are `wanted`, text that repeats as
    /// numbers into a dictionary.
    pub(crate) fn batches(
        self,
        key: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, DayError>>, DayError> {
        let mut reader = unless_damaged(key, || {
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let footer = match &self.group {
                Some((_, metadata)) => ArrowReaderMetadata::try_new(Arc::clone(metadata), options),
                None => ArrowReaderMetadata::load(&self.bytes, options),
            };
            let groups = self.group.as_ref().map(|(group, _)| vec![*group]);
            batches(self.bytes, footer?, groups, wanted)
        })?;
        let next = move || {
            let next = || reader.next().transpose().map_err(ParquetError::from);
            unless_damaged(key, next).transpose()
        };
        Ok(std::iter::from_fn(next))
    }
}

/// Does what a Parquet reader does. Some damage makes the `parquet` crate panic
/// where it should refuse; that is an error here like any other.
fn unless_damaged<T>(
    key: &str,
    read: impl FnOnce() -> Result<T, ParquetError>,
) -> Result<T, DayError> {
    match std::panic::catch_unwind(AssertUnwindSafe(read)) {
        Ok(done) => done.map_err(|cause| malformed(key, cause)),
        Err(panic) => {
            let cause = panic.downcast_ref::<String>().map(String::as_str);
            let cause = cause.or(panic.downcast_ref::<&str>().copied());
            let cause = cause.unwrap_or("its reader gave up");
            Err(malformed(key, format!("it is damaged: {cause}")))
        }
    }
}

/// The rows of a file, or of some row groups.
pub(crate) fn batches<R: ChunkReader + 'static>(
    file: R,
    footer: ArrowReaderMetadata,
    groups: Option<Vec<usize>>,
    wanted: impl Fn(&str) -> bool,
) -> Result<ParquetRecordBatchReader, ParquetError> {
    let with_dictionaries = with_dictionaries(footer.schema());
    let options = ArrowReaderOptions::new()
        .with_skip_arrow_metadata(true)
        .with_schema(Arc::new(with_dictionaries));
    let footer = ArrowReaderMetadata::try_new(Arc::clone(footer.metadata()), options)?;
    let columns = footer.schema().fields().iter().zip(0..);
    let wanted: Vec<usize> = columns
        .filter(|(field, _)| wanted(field.name()))
        .map(|(_, place)| place)
        .collect();
    let mask = ProjectionMask::roots(footer.parquet_schema(), wanted);
    let mut reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer)
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS);
    if let Some(groups) = groups {
        reader = reader.with_row_groups(groups);
    }
    reader.build()
}

fn with_dictionaries(schema: &Schema) -> Schema {
    let field = |field: &Arc<Field>| {
        let repeats = REPEATING_COLUMNS.contains(&field.name().as_str());
        match field.data_type() {
            DataType::Utf8 if repeats => {
                let dictionary =
                    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                Arc::new(field.as_ref().clone().with_data_type(dictionary))
            }
            _ => Arc::clone(field),
        }
    };
    Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>())
}

/// What comes next, for a thread that may wait for it.
pub(crate) fn next(pieces: &mut mpsc::Receiver<Result<Read, DayError>>) -> Result<Read, DayError> {
    let ended = || std::io::Error::other("nobody reads the objects any more");
    pieces.blocking_recv().ok_or_else(ended)?
}

/// The date that is written so.
pub(crate) fn date(text: &str) -> Result<Date, DayError> {
    text.parse()
        .map_err(|fault: NoDate| DayError::Date(fault.to_string()))
}

/// What a blocking task gave, or its panic.
pub(crate) fn joined<T>(
    joined: Result<Result<T, DayError>, tokio::task::JoinError>,
) -> Result<T, DayError> {
    match joined {
        Ok(done) => done,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(std::io::Error::other("the runtime is shutting down").into()),
        },
    }
}
