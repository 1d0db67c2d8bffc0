//! Errors of opening, reading and writing a stream.

use std::io;
use std::path::{Path, PathBuf};

use crate::{SequenceNumber, ShardId};

/// An error of opening, reading or writing a stream.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The directory has no `stream.json`.
    #[error("no stream in {}: stream.json is missing", dir.display())]
    NotAStream {
        /// The directory that should hold the stream.
        dir: PathBuf,
    },
    /// `stream.json` is not a JSON document with a manifest's fields.
    #[error("cannot parse {}: {source}", path.display())]
    UnreadableManifest {
        /// The path of `stream.json`.
        path: PathBuf,
        /// The parser's error.
        source: serde_json::Error,
    },
    /// `stream.json` has a value that this version does not support.
    #[error("cannot use {}: {problem}", path.display())]
    InvalidManifest {
        /// The path of `stream.json`.
        path: PathBuf,
        /// The unsupported value and the supported ones.
        problem: String,
    },
    /// Another writer holds the stream's lock.
    #[error(
        "cannot write to the stream in {}: another process is writing to it; wait for it or stop it",
        dir.display()
    )]
    Locked {
        /// The stream's directory.
        dir: PathBuf,
    },
    /// A record exceeds a limit of the stream. The whole put was rejected.
    #[error("record {index} of the put {problem}")]
    InvalidEntry {
        /// The record's index in the put, from 0.
        index: usize,
        /// The limit and the record's value, as a verb phrase.
        problem: String,
    },
    /// More than [`MAX_SHARDS`](crate::MAX_SHARDS) shards were requested.
    #[error(
        "cannot create a stream of {requested} shards: the limit is {}",
        crate::MAX_SHARDS
    )]
    TooManyShards {
        /// The requested number of shards.
        requested: u32,
    },
    /// The stream has no such shard.
    #[error("the stream has no shard {shard}")]
    UnknownShard {
        /// The requested shard.
        shard: ShardId,
    },
    /// The shard does not hold the record after which a reader should start.
    #[error(
        "{shard} does not hold sequence number {after}: the position belongs to another stream, \
         or the stream was deleted and recreated"
    )]
    UnknownPosition {
        /// The shard.
        shard: ShardId,
        /// The record after which the reader should start.
        after: SequenceNumber,
    },
    /// A frame is corrupt, and whole frames follow it.
    #[error(
        "{} is corrupt at byte {offset}: {problem}, and whole records follow, so this is not an \
         unfinished write; restore the file from a copy", path.display()
    )]
    Corrupt {
        /// The segment's path.
        path: PathBuf,
        /// The byte offset of the corrupt frame.
        offset: u64,
        /// The first check that the frame fails.
        problem: &'static str,
    },
    /// An earlier put failed part-way, so the content of the files is unknown.
    #[error("cannot write to the stream: an earlier write failed; reopen the stream to continue")]
    Poisoned,
    /// A file system operation failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The operation, as a verb.
        action: &'static str,
        /// The path of the file or directory.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
}

/// Adds the operation and the path to an I/O error.
pub(crate) trait IoContext<T> {
    fn on(self, action: &'static str, path: &Path) -> Result<T, StreamError>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn on(self, action: &'static str, path: &Path) -> Result<T, StreamError> {
        self.map_err(|source| StreamError::Io {
            action,
            path: path.to_owned(),
            source,
        })
    }
}
