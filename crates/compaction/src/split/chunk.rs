//! The split of one chunk of inputs by bucket.

use std::collections::BTreeMap;

use bytes::Bytes;
use marquee_encode::{Chunk, EncodeError, FileLayout, FileWriter};
use marquee_event::Date;
use marquee_kernels::{BucketSink, BucketSplitter};
use tokio::sync::mpsc;

use crate::error::CompactionError;
use crate::object_reader::{self, ReaderMessage};
use crate::task::InputObject;

/// The object of one bucket: the rows of a chunk that belong to it.
pub(super) struct BucketFile {
    pub(super) rows: u64,
    pub(super) content: Bytes,
}

/// The open files of the buckets that have rows.
struct BucketFiles {
    layout: FileLayout,
    open: BTreeMap<u32, OpenFile>,
}

struct OpenFile {
    rows: u64,
    writer: FileWriter<Vec<u8>>,
}

/// Splits the inputs' rows of the date by bucket; returns the object of each bucket that has
/// rows. This blocks the thread.
pub(super) fn split(
    inputs: &[InputObject],
    mut from_store: mpsc::Receiver<Result<ReaderMessage, CompactionError>>,
    date: Date,
    buckets: u32,
) -> Result<BTreeMap<u32, BucketFile>, CompactionError> {
    let mut splitter = BucketSplitter::new(date.days(), buckets)?;
    let mut files = BucketFiles {
        layout: FileLayout::new(&*BucketSplitter::schema()?)?,
        open: BTreeMap::new(),
    };
    for input in inputs {
        let mut found = 0;
        loop {
            let ReaderMessage::Piece(piece) = object_reader::receive(&mut from_store)? else {
                break;
            };
            for batch in piece.rows(&input.key)? {
                let pushed = splitter.push(&batch?.into_record_batch(), &mut files);
                found += pushed.map_err(|error| {
                    CompactionError::kernel(error, |source| {
                        CompactionError::table(&input.key, source)
                    })
                })?;
            }
        }
        if found != input.rows_of_date {
            return Err(CompactionError::RowCountMismatch {
                key: input.key.clone(),
                expected: input.rows_of_date,
                found,
            });
        }
    }
    splitter.finish(&mut files)?;
    let finish = |(bucket, file): (u32, OpenFile)| {
        let file = BucketFile {
            rows: file.rows,
            content: file.writer.finish()?.into(),
        };
        Ok((bucket, file))
    };
    files.open.into_iter().map(finish).collect()
}

impl BucketSink for BucketFiles {
    fn write(&mut self, bucket: u32, rows: u64, chunks: Vec<Chunk>) -> Result<(), EncodeError> {
        let file = match self.open.entry(bucket) {
            std::collections::btree_map::Entry::Occupied(file) => file.into_mut(),
            std::collections::btree_map::Entry::Vacant(vacant) => vacant.insert(OpenFile {
                rows: 0,
                writer: FileWriter::new(&self.layout, Vec::new())?,
            }),
        };
        file.rows += rows;
        file.writer.write_group(chunks)
    }
}
