//! The reading side.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::error::IoContext as _;
use crate::frame::{Decoded, Frame, decode};
use crate::manifest::Manifest;
use crate::segment::{refuse_damage, segment_path, segments, shard_dir};
use crate::{SequenceNumber, ShardId, StreamError};

const READ_BYTES: usize = 1024 * 1024;

/// A record of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number in its shard.
    pub sequence_number: SequenceNumber,
    /// The key it was put with.
    pub partition_key: String,
    /// When it arrived, UTC milliseconds, as its writer said.
    pub arrived_at_ms: i64,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// A stream, to be read.
#[derive(Debug, Clone)]
pub struct Stream {
    dir: PathBuf,
    shards: Vec<ShardId>,
}

impl Stream {
    /// Opens the stream in `dir`; a writer may be at work on it.
    ///
    /// # Errors
    /// [`StreamError::NotAStream`] when there is none.
    pub fn open(dir: &Path) -> Result<Self, StreamError> {
        let manifest = Manifest::read(dir)?.ok_or_else(|| StreamError::NotAStream {
            dir: dir.to_owned(),
        })?;
        Ok(Self {
            dir: dir.to_owned(),
            shards: manifest.shard_ids().collect(),
        })
    }

    /// The directory it lies in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its shards, in order.
    pub fn shards(&self) -> &[ShardId] {
        &self.shards
    }

    /// Reads `shard` from its beginning, or from the record behind `after`.
    ///
    /// # Errors
    /// [`StreamError::UnknownPosition`] when the shard does not hold `after`.
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

/// Reads one shard's records in order.
#[derive(Debug)]
pub struct ShardReader {
    shard: ShardId,
    dir: PathBuf,
    /// The ordinal of the record to come.
    next_ordinal: u64,
    segment: Option<OpenSegment>,
}

/// A segment that is being read.
#[derive(Debug)]
struct OpenSegment {
    first_ordinal: u64,
    path: PathBuf,
    file: File,
    /// Bytes read and not yet handed over lie in `buffer[at..]`.
    buffer: Vec<u8>,
    at: usize,
    /// Where in the file `buffer[at]` lies.
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

    /// The shard it reads.
    pub fn shard(&self) -> ShardId {
        self.shard
    }

    /// The next record; `None` when there is none now. Calling again later may
    /// give more, if a writer put more.
    ///
    /// What it gives is durable: a record that a power cut could take back
    /// would leave its sequence number to another one, which a consumer that
    /// remembers the number would then pass over.
    ///
    /// # Errors
    /// [`StreamError::Corrupt`] when a record is damaged and others follow it.
    #[allow(
        clippy::should_implement_trait,
        reason = "an iterator's end is final, this one's is not"
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

    /// Passes the next frame to `take`, if there is one.
    fn advance<T>(&mut self, take: impl Fn(&Frame<'_>) -> T) -> Result<Option<T>, StreamError> {
        loop {
            if let Some(taken) = self.advance_in_segment(&take)? {
                return Ok(Some(taken));
            }
            if !self.has_later_segment()? {
                return Ok(None);
            }
            // The later segment says that this one is finished: it may have
            // grown since it was looked at, but will not any more.
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

    /// Whether a segment lies behind the one that is being read, or that is to
    /// be read once it is there: a writer may begin it at any moment, also
    /// between the look for it and this one.
    fn has_later_segment(&self) -> Result<bool, StreamError> {
        let current = match &self.segment {
            Some(segment) => segment.first_ordinal,
            None => self.next_ordinal,
        };
        Ok(segments(&self.dir)?.last() > Some(&current))
    }

    fn enter_next_segment(&mut self) -> Result<(), StreamError> {
        if let Some(segment) = &self.segment {
            segment.must_be_finished(self.next_ordinal)?;
        }
        self.segment = OpenSegment::open(&self.dir, self.next_ordinal)?;
        if self.segment.is_none() {
            return Err(StreamError::Corrupt {
                path: segment_path(&self.dir, self.next_ordinal),
                offset: 0,
                problem: "the segment is missing",
            });
        }
        Ok(())
    }
}

impl OpenSegment {
    /// Opens the segment that begins with `first_ordinal`, if there is one.
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
        let mut looked_again = false;
        loop {
            let problem = match decode(&self.buffer[self.at..]) {
                Decoded::Whole(frame, length) if frame.ordinal == ordinal => {
                    let taken = take(&frame);
                    self.at += length;
                    self.offset += length as u64;
                    return Ok(Some(taken));
                }
                Decoded::Whole(..) => "the record is not the next one",
                Decoded::Unfinished(needed) => {
                    if self.fill(needed)? {
                        continue;
                    }
                    "the record is cut short"
                }
                Decoded::Broken(problem) => problem,
            };
            let rest = &self.buffer[self.at..];
            if rest.is_empty() {
                return Ok(None);
            }
            if looked_again {
                refuse_damage(&self.path, self.offset, problem, rest)?;
                self.forget_tail()?;
                return Ok(None);
            }
            // What is buffered may be older than what is there by now: a writer
            // may have finished the record, or cut it and written another. So
            // nothing is judged but all of the tail, read at one go.
            self.forget_tail()?;
            self.fill(usize::MAX)?;
            looked_again = true;
        }
    }

    /// Reads on until `wanted` bytes are buffered; `false` if the file ends before.
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

    /// Drops what is buffered, so that it is read anew.
    fn forget_tail(&mut self) -> Result<(), StreamError> {
        self.buffer.clear();
        self.at = 0;
        self.file
            .seek(SeekFrom::Start(self.offset))
            .on("read", &self.path)?;
        Ok(())
    }

    /// A segment that another follows holds records, and ends with a whole one;
    /// `next_ordinal` is the one behind what it gave.
    fn must_be_finished(&self, next_ordinal: u64) -> Result<(), StreamError> {
        let length = self.file.metadata().on("read", &self.path)?.len();
        if length > self.offset || self.first_ordinal == next_ordinal {
            return Err(StreamError::Corrupt {
                path: self.path.clone(),
                offset: self.offset,
                problem: "the segment's last record is broken",
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
    use crate::{Entry, Writer};

    const SHARD: ShardId = ShardId::new(0);

    /// A stream whose writer has not yet begun the shard's first segment.
    fn new_stream(dir: &Path) -> ShardReader {
        fs::create_dir(shard_dir(dir, SHARD)).unwrap();
        Manifest::new(0, 1).unwrap().create(dir).unwrap();
        Stream::open(dir).unwrap().reader(SHARD, None).unwrap()
    }

    fn writer(dir: &Path) -> Writer {
        Writer::open(dir, NonZeroU32::MIN)
            .unwrap()
            .with_segment_bytes(1)
    }

    fn put(dir: &Path, data: &[u8]) {
        let placed = writer(dir).put(&[Entry {
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

    /// Takes the steps of one call of `next`, up to its look for a later
    /// segment, with the writer's `work` between them.
    fn has_later_segment_after(reader: &mut ShardReader, work: impl FnOnce()) -> bool {
        assert_eq!(reader.advance_in_segment(|_| ()).unwrap(), None);
        work();
        reader.has_later_segment().unwrap()
    }

    #[test]
    fn the_first_segment_may_come_while_it_is_looked_for() {
        let dir = tempfile::tempdir().unwrap();
        let mut reader = new_stream(dir.path());
        assert_eq!(next(&mut reader), None);
        let begin = || drop(writer(dir.path()));
        assert!(!has_later_segment_after(&mut reader, begin));
        assert_eq!(next(&mut reader), None);
        put(dir.path(), b"first");
        assert_eq!(next(&mut reader).unwrap(), b"first");
        assert_eq!(next(&mut reader), None);
    }

    #[test]
    fn a_next_segment_may_come_while_it_is_looked_for() {
        let dir = tempfile::tempdir().unwrap();
        let mut reader = new_stream(dir.path());
        put(dir.path(), b"first");
        assert_eq!(next(&mut reader).unwrap(), b"first");
        let begin = || {
            File::create(segment_path(&shard_dir(dir.path(), SHARD), 2)).unwrap();
        };
        assert!(has_later_segment_after(&mut reader, begin));
        assert_eq!(next(&mut reader), None);
        assert_eq!(next(&mut reader), None);
        put(dir.path(), b"second");
        // Rolls once more, so that the reader finds the second finished.
        put(dir.path(), b"third");
        assert_eq!(next(&mut reader).unwrap(), b"second");
        assert_eq!(next(&mut reader).unwrap(), b"third");
        assert_eq!(next(&mut reader), None);
    }

    #[test]
    fn a_segment_without_records_that_another_follows_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        let mut reader = new_stream(dir.path());
        for first_ordinal in [1, 2] {
            File::create(segment_path(&shard_dir(dir.path(), SHARD), first_ordinal)).unwrap();
        }
        assert!(matches!(reader.next(), Err(StreamError::Corrupt { .. })));
    }

    #[test]
    fn a_torn_tail_may_be_written_anew_while_it_is_read() {
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
