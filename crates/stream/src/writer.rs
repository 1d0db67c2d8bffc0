//! The writing side of a stream.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use crate::error::IoContext as _;
use crate::frame::Frame;
use crate::manifest::StreamManifest;
use crate::segment::{SegmentTail, find_tail, segment_path, segments, shard_dir, sync_dir};
use crate::{SequenceNumber, ShardId, StreamError};

const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// A record to append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutEntry<'a> {
    /// The key that selects the shard; 1 to 256 characters.
    pub partition_key: &'a str,
    /// The record's bytes, up to [`MAX_DATA_BYTES`](crate::MAX_DATA_BYTES).
    pub data: &'a [u8],
    /// The arrival time in UTC milliseconds on the sender's clock. The stream
    /// stores it unchanged and does not require ascending times.
    pub arrived_at_ms: i64,
}

/// The position of an appended record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedRecord {
    /// The record's shard.
    pub shard_id: ShardId,
    /// The record's sequence number.
    pub sequence_number: SequenceNumber,
}

/// The exclusive writer of a stream. It holds the stream's lock until it is
/// dropped.
#[derive(Debug)]
pub struct Writer {
    shards: Vec<ShardLog>,
    segment_bytes: u64,
    poisoned: bool,
    /// Holds the exclusive lock; closing the file releases it.
    _lock: File,
}

impl Writer {
    /// Opens the stream in `dir` and truncates torn tails. Creates the stream with
    /// `shards` shards if it does not exist; an existing stream keeps its shards.
    ///
    /// # Errors
    /// [`StreamError::Locked`] while another writer is open;
    /// [`StreamError::Corrupt`] if a shard's last segment is corrupt.
    pub fn open(dir: &Path, shards: NonZeroU32) -> Result<Self, StreamError> {
        Self::open_from(dir, 0, shards)
    }

    /// Opens the stream like [`Writer::open`], but a newly created stream numbers
    /// its shards from `first_shard`. A record's identity in a lake is its sequence
    /// number, so streams that feed the same lake need disjoint shards.
    ///
    /// # Errors
    /// The same as [`Writer::open`].
    pub fn open_from(
        dir: &Path,
        first_shard: u32,
        shards: NonZeroU32,
    ) -> Result<Self, StreamError> {
        let to_create = StreamManifest::new(first_shard, shards.get())?;
        fs::create_dir_all(dir).on("create", dir)?;
        let lock = lock(dir)?;
        let existing = StreamManifest::read(dir)?;
        let manifest = existing.unwrap_or(to_create);
        let ids = manifest.shard_ids();
        if existing.is_none() {
            for shard in ids.clone() {
                let path = shard_dir(dir, shard);
                fs::create_dir_all(&path).on("create", &path)?;
            }
            manifest.create(dir)?;
        }
        Ok(Self {
            shards: ids
                .map(|id| ShardLog::open(dir, id))
                .collect::<Result<_, _>>()?,
            segment_bytes: SEGMENT_BYTES,
            poisoned: false,
            _lock: lock,
        })
    }

    /// Sets the segment size in bytes, 64 MiB by default. A segment that has
    /// reached it takes no further put.
    #[must_use]
    pub fn with_segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes;
        self
    }

    /// Returns the number of shards.
    pub fn shard_count(&self) -> u32 {
        self.shards.len() as u32
    }

    /// Appends `entries` in order, each to the shard of its partition key. Writes
    /// and syncs them before it returns, with one sync per affected shard.
    ///
    /// # Errors
    /// [`StreamError::InvalidEntry`] before anything is written. After any other
    /// error some of the entries may be stored: a retry can duplicate them, and
    /// this writer rejects further puts with [`StreamError::Poisoned`].
    pub fn put(&mut self, entries: &[PutEntry<'_>]) -> Result<Vec<PlacedRecord>, StreamError> {
        if self.poisoned {
            return Err(StreamError::Poisoned);
        }
        for (index, entry) in entries.iter().enumerate() {
            if let Some(problem) = Frame::limit_violation(entry.partition_key, entry.data) {
                return Err(StreamError::InvalidEntry { index, problem });
            }
        }
        let count = self.shard_count();
        let mut placed = Vec::with_capacity(entries.len());
        for entry in entries {
            let place = ShardId::of_partition_key(entry.partition_key, count).index();
            let shard = &mut self.shards[place as usize];
            placed.push(PlacedRecord {
                shard_id: shard.id,
                sequence_number: shard.stage(entry),
            });
        }
        self.poisoned = true;
        for shard in self
            .shards
            .iter_mut()
            .filter(|shard| !shard.staged.is_empty())
        {
            shard.flush(self.segment_bytes)?;
        }
        self.poisoned = false;
        Ok(placed)
    }
}

/// Takes the writer's lock. The operating system releases it when the process
/// ends, also after a crash.
fn lock(dir: &Path) -> Result<File, StreamError> {
    let path = dir.join("writer.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .on("open", &path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StreamError::Locked {
            dir: dir.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(error).on("lock", &path),
    }
}

/// The last segment of a shard, and the records staged for it.
#[derive(Debug)]
struct ShardLog {
    id: ShardId,
    dir: PathBuf,
    path: PathBuf,
    file: File,
    /// The segment's size in bytes.
    length: u64,
    /// The ordinal after the last staged record.
    next_ordinal: u64,
    staged: Vec<u8>,
    first_staged_ordinal: u64,
}

impl ShardLog {
    fn open(stream_dir: &Path, id: ShardId) -> Result<Self, StreamError> {
        let dir = shard_dir(stream_dir, id);
        let first_ordinal = segments(&dir)?.last().copied().unwrap_or(1);
        let path = segment_path(&dir, first_ordinal);
        let SegmentTail {
            length,
            next_ordinal,
            torn,
        } = find_tail(&path, first_ordinal)?;
        let file = open_segment(&dir, &path)?;
        if torn {
            file.set_len(length)
                .on("truncate the torn tail of", &path)?;
        }
        // A killed writer may have left whole records unsynced.
        file.sync_all().on("sync", &path)?;
        Ok(Self {
            id,
            dir,
            path,
            file,
            length,
            next_ordinal,
            staged: Vec::new(),
            first_staged_ordinal: next_ordinal,
        })
    }

    fn stage(&mut self, entry: &PutEntry<'_>) -> SequenceNumber {
        let ordinal = self.next_ordinal;
        Frame {
            ordinal,
            arrived_at_ms: entry.arrived_at_ms,
            partition_key: entry.partition_key,
            data: entry.data,
        }
        .encode(&mut self.staged);
        self.next_ordinal += 1;
        SequenceNumber::new(self.id, ordinal)
    }

    /// Writes and syncs the staged records. All of them go into one segment, so
    /// only a shard's last segment can have a torn tail.
    fn flush(&mut self, segment_bytes: u64) -> Result<(), StreamError> {
        if self.length > 0 && self.length >= segment_bytes {
            self.path = segment_path(&self.dir, self.first_staged_ordinal);
            self.file = open_segment(&self.dir, &self.path)?;
            self.length = 0;
        }
        self.file.write_all(&self.staged).on("write", &self.path)?;
        self.file.sync_data().on("sync", &self.path)?;
        self.length += self.staged.len() as u64;
        self.first_staged_ordinal = self.next_ordinal;
        self.staged.clear();
        Ok(())
    }
}

fn open_segment(dir: &Path, path: &Path) -> Result<File, StreamError> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .on("open", path)?;
    sync_dir(dir)?;
    Ok(file)
}
