//! The reading side of a stream.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::error::IoContext as _;
use crate::frame::{DecodedFrame, Frame, decode};
use crate::manifest::StreamManifest;
use crate::segment::{reject_corruption, segment_path, segments, shard_dir};
use crate::{SequenceNumber, ShardId, StreamError};

const READ_BYTES: usize = 1024 * 1024;

/// A record read from a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The record's sequence number.
    pub sequence_number: SequenceNumber,
    /// The key that selected the shard.
    pub partition_key: String,
    /// The arrival time in UTC milliseconds, as given by the writer.
    pub arrived_at_ms: i64,
    /// The record's bytes.
    pub data: Vec<u8>,
}

/// A stream opened for reading.
#[derive(Debug, Clone)]
pub struct Stream {
    dir: PathBuf,
    shards: Vec<ShardId>,
}

impl Stream {
    /// Opens the stream in `dir`. A writer may append to it at the same time.
    ///
    /// # Errors
    /// [`StreamError::NotAStream`] if `dir` has no `stream.json`.
    pub fn open(dir: &Path) -> Result<Self, StreamError> {
        let manifest = StreamManifest::read(dir)?.ok_or_else(|| StreamError::NotAStream {
            dir: dir.to_owned(),
        })?;
        Ok(Self {
            dir: dir.to_owned(),
            shards: manifest.shard_ids().collect(),
        })
    }

    /// Returns the stream's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the stream's shards in order.
    pub fn shards(&self) -> &[ShardId] {
        &self.shards
    }

    /// Creates a reader that starts at the first record of `shard`, or at the
    /// record that follows `after`.
    ///
    /// # Errors
    /// [`StreamError::UnknownPosition`] if the shard does not hold `after`.
    pub fn reader(
        &self,
        shard: ShardId,
        after: Option<&SequenceNumber>,
    ) -> Result<ShardReader, StreamError> {
        if !self.shards.contains(&shard) {
            return Err(StreamError::UnknownShard { shard });
        }
        let dir = shard_dir(&self.dir, shard);
        let Some(&after) = after else {
            return Ok(ShardReader::new(shard, dir, 1));
        };
        let unknown = StreamError::UnknownPosition { shard, after };
        if after.shard() != shard {
            return Err(unknown);
        }
        let first = segments(&dir)?
            .into_iter()
            .rfind(|&first| first <= after.ordinal());
        let Some(first) = first else {
            return Err(unknown);
        };
        let mut reader = ShardReader::new(shard, dir, first);
        while reader.next_ordinal <= after.ordinal() {
            if reader.advance(|_| ())?.is_none() {
                return Err(unknown);
            }
        }
        Ok(reader)
    }
}

/// A reader of one shard's records, in order.
#[derive(Debug)]
pub struct ShardReader {
    shard: ShardId,
    dir: PathBuf,
    /// The ordinal of the next record.
    next_ordinal: u64,
    segment: Option<OpenSegment>,
}

/// The segment that a reader is positioned in.
#[derive(Debug)]
struct OpenSegment {
    first_ordinal: u64,
    path: PathBuf,
    file: File,
    /// Bytes read from the file; `buffer[at..]` is not decoded yet.
    buffer: Vec<u8>,
    at: usize,
    /// The offset of `buffer[at]` in the file.
    offset: u64,
}

impl ShardReader {
    fn new(shard: ShardId, dir: PathBuf, next_ordinal: u64) -> Self {
        Self {
            shard,
            dir,
            next_ordinal,
            segment: None,
        }
    }

    /// Returns the reader's shard.
    pub fn shard(&self) -> ShardId {
        self.shard
    }

    /// Returns the next record, or `None` at the current end of the shard. A later
    /// call returns records that a writer appended meanwhile.
    ///
    /// The reader syncs a segment before it returns records of it. Without the
    /// sync, a power loss could remove a record that a consumer has checkpointed;
    /// its sequence number would go to another record, which the consumer would
    /// skip.
    ///
    /// # Errors
    /// [`StreamError::Corrupt`] if a record is corrupt and others follow it.
    #[allow(
        clippy::should_implement_trait,
        reason = "an iterator's end is usually final; this one continues"
    )]
    pub fn next(&mut self) -> Result<Option<Record>, StreamError> {
        let shard = self.shard;
        self.advance(|frame| Record {
            sequence_number: SequenceNumber::new(shard, frame.ordinal),
            partition_key: frame.partition_key.to_owned(),
            arrived_at_ms: frame.arrived_at_ms,
            data: frame.data.to_vec(),
        })
    }

    /// Applies `take` to the next frame, if there is one.
    fn advance<T>(&mut self, take: impl Fn(&Frame<'_>) -> T) -> Result<Option<T>, StreamError> {
        loop {
            if let Some(taken) = self.advance_in_segment(&take)? {
                return Ok(Some(taken));
            }
            if !self.has_later_segment()? {
                return Ok(None);
            }
            // A later segment means that this one no longer grows. It may have
            // grown since the first attempt, so try once more.
            if let Some(taken) = self.advance_in_segment(&take)? {
                return Ok(Some(taken));
            }
            self.enter_next_segment()?;
        }
    }

    fn advance_in_segment<T>(
        &mut self,
        take: impl Fn(&Frame<'_>) -> T,
    ) -> Result<Option<T>, StreamError> {
        if self.segment.is_none() {
            self.segment = OpenSegment::open(&self.dir, self.next_ordinal)?;
        }
        let Some(segment) = &mut self.segment else {
            return Ok(None);
        };
        let taken = segment.advance(self.next_ordinal, take)?;
        self.next_ordinal += u64::from(taken.is_some());
        Ok(taken)
    }

    /// Returns whether the shard has a segment after the current one. Before the
    /// first segment exists, the current one is the one that will start with
    /// `next_ordinal`: a writer may create it at any time.
    fn has_later_segment(&self) -> Result<bool, StreamError> {
        let current = match &self.segment {
            Some(segment) => segment.first_ordinal,
            None => self.next_ordinal,
        };
        Ok(segments(&self.dir)?.last() > Some(&current))
    }

    fn enter_next_segment(&mut self) -> Result<(), StreamError> {
        if let Some(segment) = &self.segment {
            segment.check_finished(self.next_ordinal)?;
        }
        self.segment = OpenSegment::open(&self.dir, self.next_ordinal)?;
        if self.segment.is_none() {
            return Err(StreamError::Corrupt {
                path: segment_path(&self.dir, self.next_ordinal),
                offset: 0,
                problem: "the segment that starts with the next record is missing",
            });
        }
        Ok(())
    }
}

impl OpenSegment {
    /// Opens the segment that starts with `first_ordinal`; `None` if it does not
    /// exist.
    fn open(shard_dir: &Path, first_ordinal: u64) -> Result<Option<Self>, StreamError> {
        let path = segment_path(shard_dir, first_ordinal);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).on("open", &path),
        };
        Ok(Some(Self {
            first_ordinal,
            path,
            file,
            buffer: Vec::new(),
            at: 0,
            offset: 0,
        }))
    }

    fn advance<T>(
        &mut self,
        ordinal: u64,
        take: impl Fn(&Frame<'_>) -> T,
    ) -> Result<Option<T>, StreamError> {
        let mut reread = false;
        loop {
            let problem = match decode(&self.buffer[self.at..]) {
                DecodedFrame::Whole(frame, length) if frame.ordinal == ordinal => {
                    let taken = take(&frame);
                    self.at += length;
                    self.offset += length as u64;
                    return Ok(Some(taken));
                }
                DecodedFrame::Whole(..) => "the record is not the next one",
                DecodedFrame::Incomplete(needed) => {
                    if self.fill(needed)? {
                        continue;
                    }
                    "the record is cut short"
                }
                DecodedFrame::Invalid(problem) => problem,
            };
            let rest = &self.buffer[self.at..];
            if rest.is_empty() {
                return Ok(None);
            }
            if reread {
                reject_corruption(&self.path, self.offset, problem, rest)?;
                self.discard_buffer()?;
                return Ok(None);
            }
            // The buffer may be stale: a writer may have completed the record, or
            // truncated it and written another. Decide only on the whole tail,
            // read in one pass.
            self.discard_buffer()?;
            self.fill(usize::MAX)?;
            reread = true;
        }
    }

    /// Reads until the buffer holds `wanted` bytes; returns `false` if the file
    /// ends first.
    fn fill(&mut self, wanted: usize) -> Result<bool, StreamError> {
        self.buffer.drain(..self.at);
        self.at = 0;
        let missing = wanted.saturating_sub(self.buffer.len()).max(READ_BYTES);
        (&self.file)
            .take(missing as u64)
            .read_to_end(&mut self.buffer)
            .on("read", &self.path)?;
        if cfg!(unix) {
            self.file.sync_data().on("sync", &self.path)?;
        }
        Ok(self.buffer.len() >= wanted)
    }

    /// Discards the buffer, so that the next `fill` reads the same bytes again.
    fn discard_buffer(&mut self) -> Result<(), StreamError> {
        self.buffer.clear();
        self.at = 0;
        self.file
            .seek(SeekFrom::Start(self.offset))
            .on("read", &self.path)?;
        Ok(())
    }

    /// Checks that a segment with a successor holds records and ends with a whole
    /// one. `next_ordinal` follows the last record read from it.
    ///
    /// # Errors
    /// [`StreamError::Corrupt`] if it does not.
    fn check_finished(&self, next_ordinal: u64) -> Result<(), StreamError> {
        let length = self.file.metadata().on("read", &self.path)?.len();
        if length > self.offset || self.first_ordinal == next_ordinal {
            return Err(StreamError::Corrupt {
                path: self.path.clone(),
                offset: self.offset,
                problem: "the segment's last record is incomplete",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::fs;
    use std::num::NonZeroU32;

    use super::*;
    use crate::{PutEntry, Writer};

    const SHARD: ShardId = ShardId::new(0);

    /// Creates a stream whose shard has no segment yet.
    fn stream_without_segments(dir: &Path) -> ShardReader {
        fs::create_dir(shard_dir(dir, SHARD)).unwrap();
        StreamManifest::new(0, 1).unwrap().create(dir).unwrap();
        Stream::open(dir).unwrap().reader(SHARD, None).unwrap()
    }

    fn writer(dir: &Path) -> Writer {
        Writer::open(dir, NonZeroU32::MIN)
            .unwrap()
            .with_segment_bytes(1)
    }

    fn put(dir: &Path, data: &[u8]) {
        let placed = writer(dir).put(&[PutEntry {
            partition_key: "k",
            data,
            arrived_at_ms: 0,
        }]);
        assert_eq!(placed.unwrap().len(), 1);
    }

    fn next(reader: &mut ShardReader) -> Option<Vec<u8>> {
        reader.next().unwrap().map(|record| record.data)
    }

    fn frame(ordinal: u64, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        Frame {
            ordinal,
            arrived_at_ms: 0,
            partition_key: "k",
            data,
        }
        .encode(&mut bytes);
        bytes
    }

    /// Runs the steps of `next` up to the check for a later segment, with the
    /// writer's `work` before that check.
    fn has_later_segment_after(reader: &mut ShardReader, work: impl FnOnce()) -> bool {
        assert_eq!(reader.advance_in_segment(|_| ()).unwrap(), None);
        work();
        reader.has_later_segment().unwrap()
    }

    #[test]
    fn the_first_segment_may_appear_during_the_check_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut reader = stream_without_segments(dir.path());
        assert_eq!(next(&mut reader), None);
        let begin = || drop(writer(dir.path()));
        assert!(!has_later_segment_after(&mut reader, begin));
        assert_eq!(next(&mut reader), None);
        put(dir.path(), b"first");
        assert_eq!(next(&mut reader).unwrap(), b"first");
        assert_eq!(next(&mut reader), None);
    }

    #[test]
    fn a_next_segment_may_appear_during_the_check_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut reader = stream_without_segments(dir.path());
        put(dir.path(), b"first");
        assert_eq!(next(&mut reader).unwrap(), b"first");
        let begin = || {
            File::create(segment_path(&shard_dir(dir.path(), SHARD), 2)).unwrap();
        };
        assert!(has_later_segment_after(&mut reader, begin));
        assert_eq!(next(&mut reader), None);
        assert_eq!(next(&mut reader), None);
        put(dir.path(), b"second");
        // Roll once more, so that the reader finds the second segment complete.
        put(dir.path(), b"third");
        assert_eq!(next(&mut reader).unwrap(), b"second");
        assert_eq!(next(&mut reader).unwrap(), b"third");
        assert_eq!(next(&mut reader), None);
    }

    #[test]
    fn an_empty_segment_before_another_is_corruption() {
        let dir = tempfile::tempdir().unwrap();
        let mut reader = stream_without_segments(dir.path());
        for first_ordinal in [1, 2] {
            File::create(segment_path(&shard_dir(dir.path(), SHARD), first_ordinal)).unwrap();
        }
        assert!(matches!(reader.next(), Err(StreamError::Corrupt { .. })));
    }

    #[test]
    fn a_writer_may_replace_a_torn_tail_during_a_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = segment_path(dir.path(), 1);
        let torn = frame(1, b"never acknowledged");
        fs::write(&path, &torn[..torn.len() - 1]).unwrap();
        let mut segment = OpenSegment::open(dir.path(), 1).unwrap().unwrap();
        assert!(!segment.fill(torn.len()).unwrap());
        fs::write(
            &path,
            [frame(1, b"in its place, longer"), frame(2, b"b")].concat(),
        )
        .unwrap();
        for ordinal in [1, 2] {
            let taken = segment.advance(ordinal, |frame| frame.ordinal).unwrap();
            assert_eq!(taken, Some(ordinal));
        }
        assert_eq!(segment.advance(3, |_| ()).unwrap(), None);
    }
}
