//! Events -> records: KPL aggregates per bucket of users, compressed.
//!
//! A pure state machine: no I/O, no random numbers, and the clock is the
//! caller's. The same events with the same times give the same records.
//!
//! A user's events go to bucket `xxh3_64(user_id) mod K`, and the bucket's name
//! (`b-007`) is the partition key, of the record as of each user record in it,
//! so that all of a user's events meet in one shard.

use marquee_codec::{Compression, compress, kpl::Aggregate};
use std::num::NonZeroU16;
use xxhash_rust::xxh3::xxh3_64;

use crate::{PUT_UNIT_BYTES, PutRecord};

/// Kinesis counts a partition key in characters.
const MAX_KEY_CHARS: usize = 256;

/// How events are packed into records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregateSettings {
    /// Many events a record; when off, one event a record, with the user's id
    /// as the partition key.
    pub aggregate: bool,
    /// How many buckets users are dealt to. A few times the shards, so that
    /// these fill evenly; fewer fill their records sooner.
    pub buckets: NonZeroU16,
    /// How records are compressed.
    pub compression: Compression,
    /// What a record aims to weigh, compressed, partition key included: a PUT
    /// unit.
    pub target_bytes: usize,
    /// What no record may weigh, before compression or after.
    pub max_record_bytes: usize,
    /// How long the first event of a record waits for others, in milliseconds
    /// of the caller's clock.
    pub linger_ms: i64,
    /// Whether records carry the caller's clock as their arrival: for a virtual
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

/// An event that no record can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an event needs a record of {bytes} bytes, and at most {limit} are allowed")]
pub struct TooLarge {
    /// What its record would weigh.
    pub bytes: usize,
    /// What a record may weigh.
    pub limit: usize,
}

/// Packs events into records.
#[derive(Debug)]
pub struct Aggregator {
    settings: AggregateSettings,
    buckets: Vec<Bucket>,
    /// The latest time given; the clock does not run backwards.
    now_ms: i64,
    /// No bucket is due before this.
    earliest_due_ms: i64,
}

#[derive(Debug)]
struct Bucket {
    key: String,
    open: Aggregate,
    /// When its linger is over; `i64::MAX` while it is empty.
    due_ms: i64,
    fill: Fill,
}

impl Aggregator {
    /// An aggregator with nothing in it.
    pub fn new(settings: AggregateSettings) -> Self {
        let buckets = (0..settings.buckets.get())
            .map(|number| Bucket {
                key: bucket_key(number),
                open: Aggregate::new(),
                due_ms: i64::MAX,
                fill: Fill::new(&settings),
            })
            .collect();
        Self {
            settings,
            buckets,
            now_ms: i64::MIN,
            earliest_due_ms: i64::MAX,
        }
    }

    /// Takes an event, and appends to `out` the records that this completes:
    /// those whose linger is over at `now_ms`, and the one it did not fit in.
    /// An earlier `now_ms` than one before counts as that one.
    ///
    /// # Errors
    /// [`TooLarge`]; the event is not taken then.
    pub fn give(
        &mut self,
        user_id: &str,
        body: &[u8],
        now_ms: i64,
        out: &mut Vec<PutRecord>,
    ) -> Result<(), TooLarge> {
        self.tick(now_ms, out);
        let number = bucket_of(user_id, self.settings.buckets);
        let Some(bucket) = self.buckets.get_mut(usize::from(number)) else {
            return Ok(()); // Not reachable: the number is below the count.
        };
        if !self.settings.aggregate {
            out.push(alone(
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
        let with_it = bucket.open.encoded_len_with(&bucket.key, None, body) + key;
        if !bucket.open.is_empty() && with_it > bucket.fill.aim().min(limit) {
            out.push(bucket.close(&self.settings, self.now_ms));
        }
        if bucket.open.is_empty() {
            let bytes = bucket.open.encoded_len_with(&bucket.key, None, body) + key;
            if bytes > limit {
                return Err(TooLarge { bytes, limit });
            }
            bucket.due_ms = self.now_ms.saturating_add(self.settings.linger_ms.max(0));
            self.earliest_due_ms = self.earliest_due_ms.min(bucket.due_ms);
        }
        bucket.open.push(&bucket.key, None, body);
        Ok(())
    }

    /// Appends to `out` the records whose linger is over at `now_ms`, the
    /// longest due first, each arriving when it was due.
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

    /// When [`tick`](Self::tick) has something to do at the latest; `None`
    /// while nothing waits.
    pub fn next_due_ms(&self) -> Option<i64> {
        (self.earliest_due_ms != i64::MAX).then_some(self.earliest_due_ms)
    }

    /// Appends to `out` what is left, bucket by bucket, arriving at the latest
    /// time given.
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
        let data = pack(settings.compression, plain);
        self.fill.learn(plain_len, data.len());
        self.due_ms = i64::MAX;
        PutRecord {
            partition_key: self.key.clone(),
            data: data.into(),
            events,
            arrives_at_ms: settings.stamp_arrival.then_some(at_ms),
        }
    }
}

/// A record of one event, keyed by its user where that makes a partition key.
fn alone(
    settings: &AggregateSettings,
    user_id: &str,
    bucket_key: &str,
    body: &[u8],
    now_ms: i64,
) -> Result<PutRecord, TooLarge> {
    let makes_a_key = !user_id.is_empty() && user_id.chars().count() <= MAX_KEY_CHARS;
    let key = if makes_a_key { user_id } else { bucket_key };
    let (bytes, limit) = (body.len() + key.len(), settings.max_record_bytes);
    if bytes > limit {
        return Err(TooLarge { bytes, limit });
    }
    Ok(PutRecord {
        partition_key: key.to_owned(),
        data: pack(settings.compression, body.to_vec()).into(),
        events: 1,
        arrives_at_ms: settings.stamp_arrival.then_some(now_ms),
    })
}

/// The bytes compressed, or as they are where that does not make them smaller:
/// a reader tells by the first bytes.
fn pack(compression: Compression, plain: Vec<u8>) -> Vec<u8> {
    if compression == Compression::None {
        return plain;
    }
    match compress(compression, &plain) {
        Ok(packed) if packed.len() < plain.len() => packed,
        _ => plain,
    }
}

/// Which bucket a user's events go to.
pub fn bucket_of(user_id: &str, buckets: NonZeroU16) -> u16 {
    // A remainder of a u16 fits one.
    (xxh3_64(user_id.as_bytes()) % u64::from(buckets.get())) as u16
}

fn bucket_key(number: u16) -> String {
    format!("b-{number:03}")
}

/// How much to put into a bucket's record so that it comes out at the target.
///
/// What compression will make of a record is not known before, so this goes by
/// what it made of the bucket's earlier ones. It starts without hope: the first
/// record aims at the target uncompressed.
#[derive(Debug)]
struct Fill {
    target: usize,
    limit: usize,
    aim: usize,
}

impl Fill {
    fn new(settings: &AggregateSettings) -> Self {
        let limit = settings.max_record_bytes;
        let target = settings.target_bytes.min(limit);
        Self {
            target,
            limit,
            aim: target,
        }
    }

    /// How many bytes to collect before compression.
    fn aim(&self) -> usize {
        self.aim
    }

    /// Takes note of a record that went from `plain` to `packed` bytes. One
    /// that its linger closed early compresses worse than a full one and says
    /// little about it, so only half-full ones teach.
    fn learn(&mut self, plain: usize, packed: usize) {
        if packed == 0 || packed >= plain || plain < self.aim / 2 {
            return;
        }
        // A sixteenth is left free: a record just over the unit costs two.
        let target = self.target - self.target / 16;
        let aim = target as u128 * plain as u128 / packed as u128;
        self.aim = usize::try_from(aim)
            .unwrap_or(usize::MAX)
            .clamp(self.target, self.limit);
    }
}

#[cfg(test)]
mod tests;
