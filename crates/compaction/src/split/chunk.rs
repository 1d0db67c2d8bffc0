//! One chunk of inputs, divided by the users of its rows.

use std::collections::BTreeMap;

use bytes::Bytes;
use marquee_event::Date;
use marquee_kernels::{BucketSink, CompactError, Divider};
use marquee_tables::encode::{Chunk, EncodeError, FileLayout, FileWriter};
use tokio::sync::mpsc;

use crate::error::CompactionError;
use crate::pieces::{self, Read};
use crate::task::InputObject;

/// What of a chunk is one bucket's.
pub(super) struct BucketFile {
    pub(super) rows: u64,
    pub(super) content: Bytes,
}

/// The files of the buckets that have rows.
struct Files {
    layout: FileLayout,
    open: BTreeMap<u32, OpenFile>,
}

struct OpenFile {
    rows: u64,
    writer: FileWriter<Vec<u8>>,
}

/// Divides the inputs' rows of the date. Blocks its thread for as long as it
/// takes.
pub(super) fn divide(
    inputs: &[InputObject],
    mut from_store: mpsc::Receiver<Result<Read, CompactionError>>,
    date: Date,
    buckets: u32,
) -> Result<BTreeMap<u32, BucketFile>, CompactionError> {
    let mut divider = Divider::new(date.days(), buckets)?;
    let mut files = Files {
        layout: FileLayout::new(&Divider::schema())?,
        open: BTreeMap::new(),
    };
    for input in inputs {
        let mut found = 0;
        loop {
            let Read::Piece(piece) = pieces::next(&mut from_store)? else {
                break;
            };
            for batch in piece.rows(&input.key)? {
                let pushed = divider.push(&batch?.into_record_batch(), &mut files);
                found += pushed.map_err(|error| match error {
                    CompactError::Encode(error) => error.into(),
                    CompactError::Table(error) => CompactionError::table(&input.key, error),
                })?;
            }
        }
        if found != input.rows_of_date {
            return Err(CompactionError::Differs {
                key: input.key.clone(),
                what: "rows of the date",
                expected: input.rows_of_date,
                found,
            });
        }
    }
    divider.finish(&mut files)?;
    let finish = |(bucket, file): (u32, OpenFile)| {
        let file = BucketFile {
            rows: file.rows,
            content: file.writer.finish()?.into(),
        };
        Ok((bucket, file))
    };
    files.open.into_iter().map(finish).collect()
}

impl BucketSink for Files {
    fn take(&mut self, bucket: u32, rows: u64, chunks: Vec<Chunk>) -> Result<(), EncodeError> {
        let file = match self.open.entry(bucket) {
            std::collections::btree_map::Entry::Occupied(file) => file.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => place.insert(OpenFile {
                rows: 0,
                writer: FileWriter::new(&self.layout, Vec::new())?,
            }),
        };
        file.rows += rows;
        file.writer.write_group(chunks)
    }
}
