//! Checkpoints: the position of a consumer in each shard.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use marquee_stream::{SequenceNumber, ShardId};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A consumer of a stream, with its checkpoints in `consumers/NAME/` of the
/// stream's directory. It holds an exclusive lock until it is dropped.
#[derive(Debug)]
pub struct Consumer {
    dir: PathBuf,
    /// Holds the exclusive lock; closing the file releases it, also after a crash.
    _lock: File,
}

/// An error of opening a consumer, or of reading or writing its checkpoints.
#[derive(Debug, thiserror::Error)]
pub enum ConsumerError {
    /// The name is not allowed.
    #[error("invalid consumer name {0:?}: use 1 to 64 letters, digits, `-` and `_`")]
    InvalidName(String),
    /// Another mapping runs as this consumer.
    #[error("consumer {name} is running in another process; wait for it, or use another name")]
    Locked {
        /// The consumer's name.
        name: String,
    },
    /// A checkpoint's file is invalid.
    #[error(
        "cannot read checkpoint {}: {source}; delete the file to restart the shard from its \
         first record", path.display()
    )]
    InvalidCheckpoint {
        /// The path of the checkpoint.
        path: PathBuf,
        /// The parser's error.
        source: serde_json::Error,
    },
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

/// The content of a checkpoint's file.
#[derive(Debug, Deserialize)]
struct Checkpoint {
    /// The last record that is processed or a dead letter.
    #[serde(deserialize_with = "parse_sequence_number")]
    sequence_number: SequenceNumber,
}

fn parse_sequence_number<'de, D: Deserializer<'de>>(text: D) -> Result<SequenceNumber, D::Error> {
    let text = String::deserialize(text)?;
    SequenceNumber::parse(&text)
        .ok_or_else(|| D::Error::custom(format_args!("{text:?} is not a sequence number")))
}

impl Consumer {
    /// Opens the consumer `name` of the stream in `stream_dir` and locks it.
    ///
    /// # Errors
    /// [`ConsumerError::Locked`] while another mapping runs as this consumer.
    pub fn open(stream_dir: &Path, name: &str) -> Result<Self, ConsumerError> {
        Self::check_name(name)?;
        let dir = stream_dir.join("consumers").join(name);
        fs::create_dir_all(&dir).map_err(io_error("create", &dir))?;
        let path = dir.join("consumer.lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(io_error("open", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ConsumerError::Locked {
                name: name.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(io_error("lock", &path)(error)),
        }
    }

    /// Checks a consumer's name, which becomes the name of a directory.
    ///
    /// # Errors
    /// [`ConsumerError::InvalidName`] if the name is not allowed.
    pub fn check_name(name: &str) -> Result<(), ConsumerError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=64).contains(&name.len()) || !name.bytes().all(is_allowed) {
            return Err(ConsumerError::InvalidName(name.to_owned()));
        }
        Ok(())
    }

    /// Returns the checkpoint of `shard`: the last record that needs no delivery;
    /// `None` if the shard has no checkpoint.
    pub fn checkpoint(&self, shard: ShardId) -> Result<Option<SequenceNumber>, ConsumerError> {
        let path = self.checkpoint_path(shard);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("read", &path)(error)),
        };
        match serde_json::from_slice::<Checkpoint>(&bytes) {
            Ok(checkpoint) => Ok(Some(checkpoint.sequence_number)),
            Err(source) => Err(ConsumerError::InvalidCheckpoint { path, source }),
        }
    }

    /// Saves `last` as the checkpoint of its shard: it and the records before it need no
    /// delivery.
    pub fn save_checkpoint(&self, last: SequenceNumber) -> Result<(), ConsumerError> {
        let path = self.checkpoint_path(last.shard());
        let draft = path.with_extension("json.draft");
        let text = format!("{{\"sequence_number\":\"{last}\"}}\n");
        // Sync the content before the rename, so that a power loss leaves a whole
        // checkpoint. The rename itself is not synced: an older checkpoint only
        // causes a redelivery.
        let mut file = File::create(&draft).map_err(io_error("create", &draft))?;
        file.write_all(text.as_bytes())
            .map_err(io_error("write", &draft))?;
        file.sync_data().map_err(io_error("sync", &draft))?;
        fs::rename(&draft, &path).map_err(io_error("replace", &path))
    }

    fn checkpoint_path(&self, shard: ShardId) -> PathBuf {
        self.dir.join(format!("{shard}.json"))
    }
}

fn io_error(action: &'static str, path: &Path) -> impl Fn(io::Error) -> ConsumerError {
    let path = path.to_owned();
    move |source| ConsumerError::Io {
        action,
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    const SHARD: ShardId = ShardId::new(2);

    #[test]
    fn checkpoints_survive_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let consumer = Consumer::open(dir.path(), "transform").unwrap();
        assert_eq!(consumer.checkpoint(SHARD).unwrap(), None);
        for ordinal in [5, 9] {
            consumer
                .save_checkpoint(SequenceNumber::new(SHARD, ordinal))
                .unwrap();
        }
        drop(consumer);
        let consumer = Consumer::open(dir.path(), "transform").unwrap();
        assert_eq!(
            consumer.checkpoint(SHARD).unwrap(),
            Some(SequenceNumber::new(SHARD, 9))
        );
        assert_eq!(consumer.checkpoint(ShardId::new(1)).unwrap(), None);
        let other = Consumer::open(dir.path(), "other").unwrap();
        assert_eq!(other.checkpoint(SHARD).unwrap(), None);
    }

    #[test]
    fn a_consumer_is_exclusive() {
        let dir = tempfile::tempdir().unwrap();
        let first = Consumer::open(dir.path(), "transform").unwrap();
        let second = Consumer::open(dir.path(), "transform");
        assert!(matches!(second, Err(ConsumerError::Locked { .. })));
        drop(first);
        Consumer::open(dir.path(), "transform").unwrap();
    }

    #[test]
    fn names_are_restricted() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["", "..", "a/b", "a b", "é", &"a".repeat(65)] {
            let opened = Consumer::open(dir.path(), name);
            assert!(
                matches!(opened, Err(ConsumerError::InvalidName(_))),
                "{name}"
            );
        }
        assert!(!dir.path().join("consumers").exists());
    }

    #[test]
    fn an_invalid_checkpoint_is_an_error_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let consumer = Consumer::open(dir.path(), "transform").unwrap();
        for text in ["", "{}", "{\"sequence_number\":\"12\"}"] {
            fs::write(consumer.checkpoint_path(SHARD), text).unwrap();
            let error = consumer.checkpoint(SHARD).unwrap_err().to_string();
            assert!(error.starts_with("cannot read checkpoint"), "{error}");
            assert!(error.contains("shardId-000000000002.json: "), "{error}");
        }
    }
}
