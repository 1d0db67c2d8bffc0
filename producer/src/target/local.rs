//! The target for an embedded stream.

use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use marquee_stream::{MAX_SHARDS, PutEntry, StreamError, Writer};

use super::{RecordFailure, Target, TargetError};
use crate::PutRecord;

/// A target that appends to a stream in a directory. Records are durable when a put
/// returns.
#[derive(Debug)]
pub struct LocalTarget {
    writer: Arc<Mutex<Writer>>,
}

impl LocalTarget {
    /// Opens the stream in `dir`, or creates it with `shards` shards. A new stream
    /// gets random shard indexes, so that several streams can feed one lake without
    /// equal sequence numbers.
    ///
    /// # Errors
    /// [`StreamError`] if the directory cannot be used, or another writer is open.
    pub fn open(dir: &Path, shards: NonZeroU32) -> Result<Self, StreamError> {
        let writer = Writer::open_from(dir, random_first_shard(), shards)?;
        Ok(Self {
            writer: Arc::new(Mutex::new(writer)),
        })
    }
}

/// Returns a random positive multiple of [`MAX_SHARDS`] that fits in 32 bits.
fn random_first_shard() -> u32 {
    let random = RandomState::new().hash_one(std::process::id());
    let multiples = u64::from(u32::MAX / MAX_SHARDS);
    (1 + (random % (multiples - 1)) as u32) * MAX_SHARDS
}

#[async_trait]
impl Target for LocalTarget {
    async fn put(
        &self,
        records: &[PutRecord],
    ) -> Result<Vec<Result<(), RecordFailure>>, TargetError> {
        let writer = Arc::clone(&self.writer);
        let records = records.to_vec();
        tokio::task::spawn_blocking(move || append(&writer, &records))
            .await
            .map_err(|error| TargetError::Fatal(format!("the stream's writer failed: {error}")))?
    }
}

fn append(
    writer: &Mutex<Writer>,
    records: &[PutRecord],
) -> Result<Vec<Result<(), RecordFailure>>, TargetError> {
    let now_ms = now_ms();
    let entries: Vec<PutEntry<'_>> = records
        .iter()
        .map(|record| PutEntry {
            partition_key: &record.partition_key,
            data: &record.data,
            arrived_at_ms: record.arrives_at_ms.unwrap_or(now_ms),
        })
        .collect();
    // After a panic, the writer itself rejects puts if its state is unknown.
    let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
    match writer.put(&entries) {
        Ok(placed) => Ok(placed.iter().map(|_| Ok(())).collect()),
        Err(error) => Err(TargetError::Fatal(error.to_string())),
    }
}

fn now_ms() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use marquee_stream::Stream;

    #[tokio::test]
    async fn records_are_stored_with_their_arrival_time() {
        let dir = tempfile::tempdir().unwrap();
        let target = LocalTarget::open(dir.path(), NonZeroU32::MIN).unwrap();
        let record = |key: &str, at| PutRecord {
            partition_key: key.into(),
            data: vec![1, 2, 3].into(),
            events: 1,
            arrives_at_ms: at,
        };
        let outcome = target
            .put(&[record("a", Some(42)), record("b", None)])
            .await
            .unwrap();
        assert_eq!(outcome, [Ok(()), Ok(())]);

        let stream = Stream::open(dir.path()).unwrap();
        let shard = *stream.shards().first().unwrap();
        let mut reader = stream.reader(shard, None).unwrap();
        let first = reader.next().unwrap().unwrap();
        assert_eq!(
            (first.partition_key.as_str(), first.arrived_at_ms),
            ("a", 42)
        );
        assert!(reader.next().unwrap().unwrap().arrived_at_ms > 1_700_000_000_000);
        assert!(reader.next().unwrap().is_none());
    }
}
