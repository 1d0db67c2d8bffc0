//! How far a consumer has come in each shard.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use marquee_stream::{SequenceNumber, ShardId};
use serde::{Deserialize, Serialize};

/// A consumer of a stream: its checkpoints, in `consumers/NAME/` of the
/// stream's directory, which it has to itself as long as it lives.
#[derive(Debug)]
pub struct Consumer {
    dir: PathBuf,
    /// Its lock goes with it, however the process ends.
    _lock: File,
}

/// Why a consumer's checkpoints could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ConsumerError {
    /// Not a name for a consumer.
    #[error("{0:?} is no consumer's name: use up to 64 letters, digits, `-` and `_`")]
    Name(String),
    /// Another mapping is at work under that name.
    #[error("consumer {name} is at work in another process; wait for it, or take another name")]
    Locked {
        /// The consumer's name.
        name: String,
    },
    /// A checkpoint is none.
    #[error("{} is no checkpoint: {problem}; remove it to begin that shard anew", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
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

/// The content of a checkpoint's file.
#[derive(Debug, Serialize, Deserialize)]
struct Checkpoint {
    /// The last record that is done or safely given up.
    sequence_number: String,
}

impl Consumer {
    /// Takes the consumer `name` of the stream in `stream_dir`.
    ///
    /// # Errors
    /// [`ConsumerError::Locked`] while another mapping has it.
    pub fn open(stream_dir: &Path, name: &str) -> Result<Self, ConsumerError> {
        Self::check_name(name)?;
        let dir = stream_dir.join("consumers").join(name);
        fs::create_dir_all(&dir).map_err(failing("create", &dir))?;
        let path = dir.join("consumer.lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failing("open", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ConsumerError::Locked {
                name: name.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(failing("lock", &path)(error)),
        }
    }

    /// Whether a consumer may have that name: it becomes a directory's.
    ///
    /// # Errors
    /// [`ConsumerError::Name`] if not.
    pub fn check_name(name: &str) -> Result<(), ConsumerError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=64).contains(&name.len()) || !name.bytes().all(is_allowed) {
            return Err(ConsumerError::Name(name.to_owned()));
        }
        Ok(())
    }

    /// The last record of `shard` that needs no more work; `None` before any.
    pub fn position(&self, shard: ShardId) -> Result<Option<SequenceNumber>, ConsumerError> {
        let path = self.checkpoint_path(shard);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failing("read", &path)(error)),
        };
        let unreadable = |problem| ConsumerError::Unreadable {
            path: path.clone(),
            problem,
        };
        let checkpoint: Checkpoint =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        SequenceNumber::parse(&checkpoint.sequence_number)
            .map(Some)
            .ok_or_else(|| {
                unreadable(format!(
                    "{:?} is no sequence number",
                    checkpoint.sequence_number
                ))
            })
    }

    /// Remembers that everything in `reached`'s shard up to it needs no more work.
    pub fn advance(&self, reached: SequenceNumber) -> Result<(), ConsumerError> {
        let path = self.checkpoint_path(reached.shard());
        let draft = path.with_extension("json.draft");
        let text = format!("{{\"sequence_number\":\"{reached}\"}}\n");
        // The content is synced before it gets its name, so that a power cut
        // leaves a whole checkpoint. The name itself is not: an older
        // checkpoint only has a batch delivered again.
        let mut file = File::create(&draft).map_err(failing("create", &draft))?;
        file.write_all(text.as_bytes())
            .map_err(failing("write", &draft))?;
        file.sync_data().map_err(failing("sync", &draft))?;
        fs::rename(&draft, &path).map_err(failing("replace", &path))
    }

    fn checkpoint_path(&self, shard: ShardId) -> PathBuf {
        self.dir.join(format!("{shard}.json"))
    }
}

fn failing(action: &'static str, path: &Path) -> impl Fn(io::Error) -> ConsumerError {
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
    fn remembers_how_far_it_came() {
        let dir = tempfile::tempdir().unwrap();
        let consumer = Consumer::open(dir.path(), "transform").unwrap();
        assert_eq!(consumer.position(SHARD).unwrap(), None);
        for ordinal in [5, 9] {
            consumer
                .advance(SequenceNumber::new(SHARD, ordinal))
                .unwrap();
        }
        drop(consumer);
        let consumer = Consumer::open(dir.path(), "transform").unwrap();
        assert_eq!(
            consumer.position(SHARD).unwrap(),
            Some(SequenceNumber::new(SHARD, 9))
        );
        assert_eq!(consumer.position(ShardId::new(1)).unwrap(), None);
        let other = Consumer::open(dir.path(), "other").unwrap();
        assert_eq!(other.position(SHARD).unwrap(), None);
    }

    #[test]
    fn is_one_process_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = Consumer::open(dir.path(), "transform").unwrap();
        let second = Consumer::open(dir.path(), "transform");
        assert!(matches!(second, Err(ConsumerError::Locked { .. })));
        drop(first);
        Consumer::open(dir.path(), "transform").unwrap();
    }

    #[test]
    fn names_are_plain() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["", "..", "a/b", "a b", "é", &"a".repeat(65)] {
            let refused = Consumer::open(dir.path(), name);
            assert!(matches!(refused, Err(ConsumerError::Name(_))), "{name}");
        }
        assert!(!dir.path().join("consumers").exists());
    }

    #[test]
    fn a_broken_checkpoint_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let consumer = Consumer::open(dir.path(), "transform").unwrap();
        for text in ["", "{}", "{\"sequence_number\":\"12\"}"] {
            fs::write(consumer.checkpoint_path(SHARD), text).unwrap();
            let error = consumer.position(SHARD).unwrap_err().to_string();
            assert!(
                error.contains("shardId-000000000002.json is no checkpoint"),
                "{error}"
            );
        }
    }
}
