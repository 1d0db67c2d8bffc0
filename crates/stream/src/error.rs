//! What can go wrong with a stream, in sentences a person can act on.

use std::io;
use std::path::{Path, PathBuf};

use crate::{SequenceNumber, ShardId};

/// Why a stream could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The directory holds no stream.
    #[error("there is no stream in {}: it has no stream.json", dir.display())]
    NotAStream {
        /// Where a stream was looked for.
        dir: PathBuf,
    },
    /// `stream.json` is not one that this version can use.
    #[error("{} is not usable: {problem}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Another writer has the stream.
    #[error("the stream in {} is being written by another process; wait for it or stop it", dir.display())]
    Locked {
        /// The stream's directory.
        dir: PathBuf,
    },
    /// A record does not fit the stream's limits. Nothing of its put was written.
    #[error("record {index} of the put {problem}")]
    BadEntry {
        /// Its place in the put, from 0.
        index: usize,
        /// Which limit it breaks.
        problem: String,
    },
    /// More shards were asked for than a stream may have.
    #[error("a stream has at most {} shards, not {asked}", crate::MAX_SHARDS)]
    TooManyShards {
        /// How many were asked for.
        asked: u32,
    },
    /// The stream has no such shard.
    #[error("the stream has no shard {shard}")]
    UnknownShard {
        /// The shard that was asked for.
        shard: ShardId,
    },
    /// A reader was to go on after a record that the shard does not hold.
    #[error(
        "{shard} does not hold sequence number {after}: the position belongs to another stream, \
         or the stream was made anew"
    )]
    UnknownPosition {
        /// The shard.
        shard: ShardId,
        /// The record to go on after.
        after: SequenceNumber,
    },
    /// A frame is damaged, and acknowledged records follow it.
    #[error(
        "{} is damaged at byte {offset}: {problem}, and it is not the shard's unfinished end; \
         restore the file from a copy", path.display()
    )]
    Corrupt {
        /// The segment.
        path: PathBuf,
        /// Where the damaged frame begins.
        offset: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An earlier put failed half-way, so what the files hold is not known.
    #[error("an earlier write to the stream failed; open the stream again to go on")]
    Poisoned,
    /// The file system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Says what was tried on which path when an I/O result is an error.
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
