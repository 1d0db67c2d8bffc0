//! Aggregation of events into compressed KPL records, one open record per bucket of
//! users.
//!
//! The aggregator is a deterministic state machine without I/O or randomness; the
//! caller provides the clock. The same events at the same times give the same
//! records.
//!
//! A user's events go to bucket `xxh3_64(user_id) mod K`. The bucket's name
//! (`b-007`) is the partition key of the record and of each user record in it, so
//! all of a user's events go to one shard.

use marquee_codec::{Compression, compress, kpl::Aggregate};
use std::num::NonZeroU16;
use xxhash_rust::xxh3::xxh3_64;

use crate::{PUT_UNIT_BYTES, PutRecord};

/// Kinesis' limit on a partition key, in characters.
const MAX_KEY_CHARS: usize = 256;

/// The settings of aggregation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregateSettings {
    /// True if a record holds many events. If not, it holds one, with the user's id
    /// as the partition key.
    pub aggregate: bool,
    /// The number of buckets. A few buckets per shard spread the load evenly; fewer
    /// buckets fill their records sooner.
    pub buckets: NonZeroU16,
    /// The compression of records.
    pub compression: Compression,
    /// The target size of a compressed record in bytes, partition key included. The
    /// default is a PUT unit.
    pub target_bytes: usize,
    /// The maximum size of a record in bytes, before and after compression.
    pub max_record_bytes: usize,
    /// The maximum time that a record's first event waits for others, in
    /// milliseconds of the caller's clock.
    pub linger_ms: i64,
    /// True if records carry the caller's clock as their arrival time, for a virtual
    /// clock.
    pub stamp_arrival: bool,
}

impl Default for AggregateSettings {
    fn default() -> Self {
        Self {
            aggregate: true,
            buckets: NonZeroU16::MIN.saturating_add(31),
            compression: Compression::Zstd,
            target_bytes: PUT_UNIT_BYTES,
            max_record_bytes: 1 << 20,
            linger_ms: 1_000,
            stamp_arrival: false,
        }
    }
}

/// An event that exceeds the size limit of a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an event needs a record of {bytes} bytes; the limit is {limit}")]
pub struct EventTooLarge {
    /// The size of the record that the event needs.
    pub bytes: usize,
    /// The maximum size of a record.
    pub limit: usize,
}

/// An aggregator of events into records.
#[derive(Debug)]
pub struct Aggregator {
    settings: AggregateSettings,
    buckets: Vec<Bucket>,
    /// The latest time passed in; the clock never runs backwards.
    now_ms: i64,
    /// A lower bound of all buckets' due times.
    earliest_due_ms: i64,
}

#[derive(Debug)]
struct Bucket {
    key: String,
    open: Aggregate,
    /// The end of the linger time; `i64::MAX` while the bucket is empty.
    due_ms: i64,
    fill: FillEstimator,
}

impl Aggregator {
    /// Creates an empty aggregator.
    pub fn new(settings: AggregateSettings) -> Self {
        let buckets = (0..settings.buckets.get())
            .map(|number| Bucket {
                key: bucket_key(number),
                open: Aggregate::new(),
                due_ms: i64::MAX,
                fill: FillEstimator::new(&settings),
            })
            .collect();
        Self {
            settings,
            buckets,
            now_ms: i64::MIN,
            earliest_due_ms: i64::MAX,
        }
    }

    /// Adds an event, and appends the records that are complete to `out`: those due
    /// at `now_ms`, and the one that has no room for the event. A `now_ms` before an
    /// earlier call's is raised to it.
    ///
    /// # Errors
    /// [`EventTooLarge`] if no record can hold the event, which is not added.
    pub fn add(
        &mut self,
        user_id: &str,
        body: &[u8],
        now_ms: i64,
        out: &mut Vec<PutRecord>,
    ) -> Result<(), EventTooLarge> {
        self.tick(now_ms, out);
        let number = bucket_of(user_id, self.settings.buckets);
        // The number is less than the count.
        let bucket = &mut self.buckets[usize::from(number)];
        if !self.settings.aggregate {
            out.push(single_event_record(
                &self.settings,
                user_id,
                &bucket.key,
                body,
                self.now_ms,
            )?);
            return Ok(());
        }

        let key = bucket.key.len();
        let limit = self.settings.max_record_bytes;
        let new_size = bucket.open.encoded_len_with(&bucket.key, None, body) + key;
        if !bucket.open.is_empty() && new_size > bucket.fill.input_target().min(limit) {
            out.push(bucket.close(&self.settings, self.now_ms));
        }
        if bucket.open.is_empty() {
            let bytes = bucket.open.encoded_len_with(&bucket.key, None, body) + key;
            if bytes > limit {
                return Err(EventTooLarge { bytes, limit });
            }
            bucket.due_ms = self.now_ms.saturating_add(self.settings.linger_ms.max(0));
            self.earliest_due_ms = self.earliest_due_ms.min(bucket.due_ms);
        }
        bucket.open.push(&bucket.key, None, body);
        Ok(())
    }

    /// Appends the records due at `now_ms` to `out`, in the order of their due times.
    /// Each one's arrival time is its due time.
    pub fn tick(&mut self, now_ms: i64, out: &mut Vec<PutRecord>) {
        self.now_ms = self.now_ms.max(now_ms);
        if self.now_ms < self.earliest_due_ms {
            return;
        }
        let mut due: Vec<&mut Bucket> = self
            .buckets
            .iter_mut()
            .filter(|bucket| bucket.due_ms <= self.now_ms)
            .collect();
        due.sort_by_key(|bucket| bucket.due_ms);
        for bucket in due {
            let due_ms = bucket.due_ms;
            out.push(bucket.close(&self.settings, due_ms));
        }
        self.earliest_due_ms = self
            .buckets
            .iter()
            .map(|bucket| bucket.due_ms)
            .min()
            .unwrap_or(i64::MAX);
    }

    /// Returns the time of the next necessary [`tick`](Self::tick); `None` while no
    /// record is open.
    pub fn next_due_ms(&self) -> Option<i64> {
        (self.earliest_due_ms != i64::MAX).then_some(self.earliest_due_ms)
    }

    /// Appends all open records to `out`, in the order of buckets. Their arrival time
    /// is the latest time passed in.
    pub fn finish(&mut self, out: &mut Vec<PutRecord>) {
        for bucket in self
            .buckets
            .iter_mut()
            .filter(|bucket| !bucket.open.is_empty())
        {
            out.push(bucket.close(&self.settings, self.now_ms));
        }
        self.earliest_due_ms = i64::MAX;
    }
}

impl Bucket {
    fn close(&mut self, settings: &AggregateSettings, at_ms: i64) -> PutRecord {
        let events = u32::try_from(self.open.len()).unwrap_or(u32::MAX);
        let plain = self.open.finish();
        let plain_len = plain.len();
        let data = compress_if_smaller(settings.compression, plain);
        self.fill.observe(plain_len, data.len());
        self.due_ms = i64::MAX;
        PutRecord {
            partition_key: self.key.clone(),
            data: data.into(),
            events,
            arrives_at_ms: settings.stamp_arrival.then_some(at_ms),
        }
    }
}

/// Creates a record of one event. Its partition key is the user's id if that is a
/// valid key, else the bucket's.
fn single_event_record(
    settings: &AggregateSettings,
    user_id: &str,
    bucket_key: &str,
    body: &[u8],
    now_ms: i64,
) -> Result<PutRecord, EventTooLarge> {
    let is_valid_key = !user_id.is_empty() && user_id.chars().count() <= MAX_KEY_CHARS;
    let key = if is_valid_key { user_id } else { bucket_key };
    let (bytes, limit) = (body.len() + key.len(), settings.max_record_bytes);
    if bytes > limit {
        return Err(EventTooLarge { bytes, limit });
    }
    Ok(PutRecord {
        partition_key: key.to_owned(),
        data: compress_if_smaller(settings.compression, body.to_vec()).into(),
        events: 1,
        arrives_at_ms: settings.stamp_arrival.then_some(now_ms),
    })
}

/// Compresses bytes. Returns them unchanged if compression fails or does not make them
/// smaller. Readers recognise compression by the first bytes.
fn compress_if_smaller(compression: Compression, plain: Vec<u8>) -> Vec<u8> {
    if compression == Compression::None {
        return plain;
    }
    match compress(compression, &plain) {
        Ok(packed) if packed.len() < plain.len() => packed,
        _ => plain,
    }
}

/// Returns the bucket of a user's events.
pub fn bucket_of(user_id: &str, buckets: NonZeroU16) -> u16 {
    // The remainder is less than a u16.
    (xxh3_64(user_id.as_bytes()) % u64::from(buckets.get())) as u16
}

fn bucket_key(number: u16) -> String {
    format!("b-{number:03}")
}

/// An estimator of the uncompressed size at which a bucket's record reaches the
/// target size.
///
/// The estimate uses the compression ratio of the bucket's earlier records. The
/// first record assumes no compression.
#[derive(Debug)]
struct FillEstimator {
    target: usize,
    limit: usize,
    input_target: usize,
}

impl FillEstimator {
    fn new(settings: &AggregateSettings) -> Self {
        let limit = settings.max_record_bytes;
        let target = settings.target_bytes.min(limit);
        Self {
            target,
            limit,
            input_target: target,
        }
    }

    /// Returns the number of bytes to collect before compression.
    fn input_target(&self) -> usize {
        self.input_target
    }

    /// Updates the estimate with a record compressed from `plain` to `packed` bytes.
    /// Ignores records less than half full: they compress worse than full ones.
    fn observe(&mut self, plain: usize, packed: usize) {
        if packed == 0 || packed >= plain || plain < self.input_target / 2 {
            return;
        }
        // Leave a sixteenth free: a record just above a PUT unit costs two.
        let target = self.target - self.target / 16;
        let input_target = target as u128 * plain as u128 / packed as u128;
        self.input_target = usize::try_from(input_target)
            .unwrap_or(usize::MAX)
            .clamp(self.target, self.limit);
    }
}

#[cfg(test)]
mod tests;
