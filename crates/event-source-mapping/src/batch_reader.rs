//! Grouping of a shard's records into batches.

use std::time::{Duration, Instant};

use marquee_stream::lambda_event::{ENVELOPE_BYTES, MAX_PAYLOAD_BYTES, encoded_len};
use marquee_stream::{Record, ShardId, ShardReader, StreamError};

use crate::{MappingSettings, StopSignal, TailMode};

/// A reader that groups one shard's records, in order, into batches.
///
/// A batch ends before the record that would exceed the batch size, the payload
/// limit or the batching window. The current end of the shard also closes a batch
/// if the [`TailMode`] says so. The batches of a finished stream depend only on
/// its records.
#[derive(Debug)]
pub(crate) struct BatchReader {
    reader: ShardReader,
    batch_size: usize,
    window_ms: u64,
    /// The record that closed the last batch: the first of the next one.
    held: Option<Record>,
    newest_arrival_ms: i64,
}

impl BatchReader {
    pub(crate) fn new(reader: ShardReader, settings: &MappingSettings) -> Self {
        Self {
            reader,
            batch_size: settings.batch_size,
            window_ms: settings.window_ms,
            held: None,
            newest_arrival_ms: i64::MIN,
        }
    }

    pub(crate) fn shard(&self) -> ShardId {
        self.reader.shard()
    }

    /// Returns the newest arrival time read so far: the current time on the
    /// shard's clock.
    pub(crate) fn newest_arrival_ms(&self) -> i64 {
        self.newest_arrival_ms
    }

    /// Returns the next batch, never empty; `None` at the end of a finished stream
    /// or after a stop request.
    pub(crate) async fn next(
        &mut self,
        tail: &mut TailMode,
        stop: &StopSignal,
    ) -> Result<Option<Vec<Record>>, StreamError> {
        let mut draft = PendingBatch::default();
        while !stop.is_requested() {
            // Check for the end before the read, so that a record appended between
            // the two is found by the next read.
            let is_final = tail.is_final();
            let window = Duration::from_millis(self.window_ms);
            let closes = tail.closes_batches(draft.began.elapsed(), window);
            if let Some(record) = self.take()? {
                if !draft.has_room_for(&record, self.window_ms) {
                    self.held = Some(record);
                    return Ok(Some(draft.records));
                }
                draft.push(record);
                if draft.records.len() >= self.batch_size {
                    return Ok(Some(draft.records));
                }
            } else if closes && !draft.records.is_empty() {
                return Ok(Some(draft.records));
            } else if is_final {
                return Ok(None);
            } else {
                tokio::select! {
                    () = tail.wait() => {}
                    () = stop.requested() => {}
                }
            }
        }
        Ok(None)
    }

    fn take(&mut self) -> Result<Option<Record>, StreamError> {
        if let Some(record) = self.held.take() {
            return Ok(Some(record));
        }
        let record = self.reader.next()?;
        if let Some(record) = &record {
            self.newest_arrival_ms = self.newest_arrival_ms.max(record.arrived_at_ms);
        }
        Ok(record)
    }
}

/// A batch that is not closed yet.
#[derive(Debug)]
struct PendingBatch {
    records: Vec<Record>,
    /// The payload's size in bytes, one too high: the last record has no comma.
    bytes: usize,
    /// The time at which the first record was read.
    began: Instant,
}

impl Default for PendingBatch {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            bytes: ENVELOPE_BYTES,
            began: Instant::now(),
        }
    }
}

impl PendingBatch {
    /// Returns whether `record` fits in this batch. The first record always fits,
    /// so a record larger than the payload limit fails alone.
    fn has_room_for(&self, record: &Record, window_ms: u64) -> bool {
        let Some(first) = self.records.first() else {
            return true;
        };
        let closes_at = first.arrived_at_ms.saturating_add_unsigned(window_ms);
        let in_window = window_ms == 0 || record.arrived_at_ms <= closes_at;
        in_window && self.bytes + encoded_len(record) <= MAX_PAYLOAD_BYTES
    }

    fn push(&mut self, record: Record) {
        if self.records.is_empty() {
            self.began = Instant::now();
        }
        self.bytes += encoded_len(&record);
        self.records.push(record);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::num::NonZeroU32;
    use std::path::Path;

    use marquee_stream::lambda_event::write_event;
    use marquee_stream::{PutEntry, Stream, Writer};

    use super::*;

    const X: (i64, &[u8]) = (0, b"x");

    fn put(dir: &Path, entries: &[(i64, &[u8])]) {
        let entries: Vec<_> = entries
            .iter()
            .map(|&(arrived_at_ms, data)| PutEntry {
                partition_key: "k",
                data,
                arrived_at_ms,
            })
            .collect();
        Writer::open(dir, NonZeroU32::MIN)
            .unwrap()
            .put(&entries)
            .unwrap();
    }

    fn batch_reader(dir: &Path, settings: MappingSettings) -> BatchReader {
        let reader = Stream::open(dir)
            .unwrap()
            .reader(ShardId::new(0), None)
            .unwrap();
        BatchReader::new(reader, &settings)
    }

    async fn cut(dir: &Path, settings: MappingSettings, mut tail: TailMode) -> Vec<Vec<Record>> {
        let mut batch_reader = batch_reader(dir, settings);
        let mut batches = Vec::new();
        while let Some(batch) = batch_reader
            .next(&mut tail, &StopSignal::new())
            .await
            .unwrap()
        {
            batches.push(batch);
        }
        batches
    }

    fn sizes(batches: &[Vec<Record>]) -> Vec<usize> {
        batches.iter().map(Vec::len).collect()
    }

    #[tokio::test]
    async fn a_batch_ends_at_the_batch_size() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), &[X; 8]);
        let settings = MappingSettings {
            batch_size: 3,
            ..MappingSettings::default()
        };
        let batches = cut(dir.path(), settings, TailMode::Finished).await;
        assert_eq!(sizes(&batches), [3, 3, 2]);
        assert!(
            batches
                .concat()
                .is_sorted_by_key(|record| record.sequence_number)
        );
    }

    #[tokio::test]
    async fn a_batch_ends_at_the_batching_window() {
        let dir = tempfile::tempdir().unwrap();
        let arrivals = [0, 900, 1000, 1001, 500, 3000, 2001].map(|ms| (ms, &b"x"[..]));
        put(dir.path(), &arrivals);
        let settings = MappingSettings {
            window_ms: 1000,
            ..MappingSettings::default()
        };
        let batches = cut(dir.path(), settings, TailMode::Finished).await;
        assert_eq!(sizes(&batches), [3, 2, 2]);
    }

    #[tokio::test]
    async fn a_batch_fills_the_payload_limit() {
        let dir = tempfile::tempdir().unwrap();
        let data = vec![7; 300_000];
        put(dir.path(), &[(0, &data[..]); 40]);
        let batches = cut(dir.path(), MappingSettings::default(), TailMode::Finished).await;
        assert_eq!(batches.concat().len(), 40);
        let length = |records: &[Record]| {
            let mut payload = Vec::new();
            write_event(ShardId::new(0), records, &mut payload);
            payload.len()
        };
        for pair in batches.windows(2) {
            assert!(length(&pair[0]) <= MAX_PAYLOAD_BYTES);
            let one_more = [&pair[0][..], &pair[1][..1]].concat();
            assert!(length(&one_more) > MAX_PAYLOAD_BYTES);
        }
    }

    #[tokio::test]
    async fn a_record_above_the_payload_limit_is_alone() {
        let dir = tempfile::tempdir().unwrap();
        let large = vec![0; 5 * 1024 * 1024];
        put(dir.path(), &[(0, b"x"), (0, &large), (0, b"x")]);
        let batches = cut(dir.path(), MappingSettings::default(), TailMode::Finished).await;
        assert_eq!(sizes(&batches), [1, 1, 1]);
    }

    #[tokio::test]
    async fn a_growing_stream_gives_the_batches_of_the_finished_one() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), &[X; 4]);
        let settings = MappingSettings {
            batch_size: 3,
            ..MappingSettings::default()
        };
        let (writing, tail) = TailMode::growing();
        let writer = async {
            // The writer runs while the batch reader waits.
            for _ in 0..3 {
                tokio::task::yield_now().await;
                put(dir.path(), &[X]);
            }
            drop(writing);
        };
        let (batches, ()) = tokio::join!(cut(dir.path(), settings.clone(), tail), writer);
        assert_eq!(sizes(&batches), [3, 3, 1]);
        assert_eq!(batches, cut(dir.path(), settings, TailMode::Finished).await);
    }

    #[tokio::test]
    async fn the_end_of_an_open_stream_closes_a_batch() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), &[X; 2]);
        let mut batch_reader = batch_reader(dir.path(), MappingSettings::default());
        let mut tail = TailMode::Open {
            poll: std::time::Duration::ZERO,
        };
        let stop = StopSignal::new();
        assert_eq!(
            batch_reader
                .next(&mut tail, &stop)
                .await
                .unwrap()
                .unwrap()
                .len(),
            2
        );
        put(dir.path(), &[X]);
        assert_eq!(
            batch_reader
                .next(&mut tail, &stop)
                .await
                .unwrap()
                .unwrap()
                .len(),
            1
        );
        stop.request();
        assert_eq!(batch_reader.next(&mut tail, &stop).await.unwrap(), None);
    }
}
