//! The writing side.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use crate::error::IoContext as _;
use crate::frame::Frame;
use crate::manifest::Manifest;
use crate::segment::{Tail, find_tail, segment_path, segments, shard_dir, sync_dir};
use crate::{SequenceNumber, ShardId, StreamError};

const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// A record to be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Decides the shard; 1 to 256 characters.
    pub partition_key: &'a str,
    /// The record's bytes, up to [`MAX_DATA_BYTES`](crate::MAX_DATA_BYTES).
    pub data: &'a [u8],
    /// When it arrived, UTC milliseconds, on the sender's own clock. Kept as
    /// given; like a server's stamps they need not ascend.
    pub arrived_at_ms: i64,
}

/// Where a record was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The shard.
    pub shard_id: ShardId,
    /// Its number there.
    pub sequence_number: SequenceNumber,
}

/// Appends records to a stream; the only one to do so as long as it lives.
#[derive(Debug)]
pub struct Writer {
    shards: Vec<ShardLog>,
    segment_bytes: u64,
    poisoned: bool,
    /// Its lock goes with it.
    _lock: File,
}

impl Writer {
    /// Opens the stream in `dir` and cuts torn tails. Creates it with `shards`
    /// shards if it is not there; an existing stream keeps its own number.
    ///
    /// # Errors
    /// [`StreamError::Locked`] while another writer has it;
    /// [`StreamError::Corrupt`] when a shard's last segment is damaged.
    pub fn open(dir: &Path, shards: NonZeroU32) -> Result<Self, StreamError> {
        Self::open_from(dir, 0, shards)
    }

    /// As [`Writer::open`], but the first shard of a stream that is created has
    /// the index `first_shard`. A record's identity in a lake is its shard and
    /// its place in it: streams that share a lake need shards of their own.
    ///
    /// # Errors
    /// As [`Writer::open`].
    pub fn open_from(
        dir: &Path,
        first_shard: u32,
        shards: NonZeroU32,
    ) -> Result<Self, StreamError> {
        let to_create = Manifest::new(first_shard, shards.get())?;
        fs::create_dir_all(dir).on("create", dir)?;
        let lock = lock(dir)?;
        let existing = Manifest::read(dir)?;
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

    /// Begins a new segment once one has so many bytes; 64 MiB unless told.
    #[must_use]
    pub fn with_segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes;
        self
    }

    /// How many shards the stream has.
    pub fn shard_count(&self) -> u32 {
        self.shards.len() as u32
    }

    /// Appends `entries`, each to its key's shard, in the order given. They are
    /// written and synced when it returns, one sync a shard touched.
    ///
    /// # Errors
    /// [`StreamError::BadEntry`] before anything is written. After any other
    /// error some of the entries may be there, so putting them again can
    /// double them, and the writer refuses further puts.
    pub fn put(&mut self, entries: &[Entry<'_>]) -> Result<Vec<Placed>, StreamError> {
        if self.poisoned {
            return Err(StreamError::Poisoned);
        }
        for (index, entry) in entries.iter().enumerate() {
            if let Some(problem) = Frame::refusal(entry.partition_key, entry.data) {
                return Err(StreamError::BadEntry { index, problem });
            }
        }
        let count = self.shard_count();
        let mut placed = Vec::with_capacity(entries.len());
        for entry in entries {
            let place = ShardId::of_partition_key(entry.partition_key, count).index();
            let shard = &mut self.shards[place as usize];
            placed.push(Placed {
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

/// Takes the writer's lock; it is freed with the process, however that ends.
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

/// A shard's last segment, and what is to be appended to it.
#[derive(Debug)]
struct ShardLog {
    id: ShardId,
    dir: PathBuf,
    path: PathBuf,
    file: File,
    /// Bytes in the segment.
    length: u64,
    /// The next record's, counting the staged ones.
    next_ordinal: u64,
    staged: Vec<u8>,
    /// The first staged record's.
    staged_from: u64,
}

impl ShardLog {
    fn open(stream_dir: &Path, id: ShardId) -> Result<Self, StreamError> {
        let dir = shard_dir(stream_dir, id);
        let first_ordinal = segments(&dir)?.last().copied().unwrap_or(1);
        let path = segment_path(&dir, first_ordinal);
        let Tail {
            length,
            next_ordinal,
            torn,
        } = find_tail(&path, first_ordinal)?;
        let file = open_segment(&dir, &path)?;
        if torn {
            file.set_len(length).on("cut the torn tail of", &path)?;
        }
        // A writer that was killed may have left whole records unsynced.
        file.sync_all().on("sync", &path)?;
        Ok(Self {
            id,
            dir,
            path,
            file,
            length,
            next_ordinal,
            staged: Vec::new(),
            staged_from: next_ordinal,
        })
    }

    fn stage(&mut self, entry: &Entry<'_>) -> SequenceNumber {
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

    /// Writes and syncs what is staged, all of it into one segment: so only a
    /// shard's last segment can have a torn tail.
    fn flush(&mut self, segment_bytes: u64) -> Result<(), StreamError> {
        if self.length > 0 && self.length >= segment_bytes {
            self.path = segment_path(&self.dir, self.staged_from);
            self.file = open_segment(&self.dir, &self.path)?;
            self.length = 0;
        }
        self.file.write_all(&self.staged).on("write", &self.path)?;
        self.file.sync_data().on("sync", &self.path)?;
        self.length += self.staged.len() as u64;
        self.staged_from = self.next_ordinal;
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
