//! Cutting a shard's records into batches.

use std::time::{Duration, Instant};

use marquee_stream::lambda_event::{ENVELOPE_BYTES, MAX_PAYLOAD_BYTES, encoded_len};
use marquee_stream::{Record, ShardId, ShardReader, StreamError};

use crate::{MappingSettings, Stop, Tail};

/// Cuts one shard's records, in order, into batches.
///
/// A batch ends before the record that would make it too many records, too
/// large a payload, or too long a window; and, if the [`Tail`] says so, at the
/// present end. So in a finished stream nothing but its records decides.
#[derive(Debug)]
pub(crate) struct Cutter {
    reader: ShardReader,
    batch_size: usize,
    window_ms: u64,
    /// Read already, and the first of the next batch.
    held: Option<Record>,
    newest_arrival_ms: i64,
}

impl Cutter {
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

    /// The newest arrival that was read: what time it is in the shard.
    pub(crate) fn newest_arrival_ms(&self) -> i64 {
        self.newest_arrival_ms
    }

    /// The next batch, never empty; `None` when the stream is finished, or
    /// `stop` was asked for.
    pub(crate) async fn next(
        &mut self,
        tail: &mut Tail,
        stop: &Stop,
    ) -> Result<Option<Vec<Record>>, StreamError> {
        let mut draft = Draft::default();
        while !stop.is_asked() {
            // Asked before looking: what is put between is found next time.
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
                    () = stop.asked() => {}
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

/// A batch being cut.
#[derive(Debug)]
struct Draft {
    records: Vec<Record>,
    /// Of the payload; one too many for the comma that the last record lacks.
    bytes: usize,
    /// When its first record was read.
    began: Instant,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            bytes: ENVELOPE_BYTES,
            began: Instant::now(),
        }
    }
}

impl Draft {
    /// Whether `record` may be in this batch. The first one always may, so that
    /// one that no payload holds is at least alone when it fails.
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

    fn cutter(dir: &Path, settings: MappingSettings) -> Cutter {
        let reader = Stream::open(dir)
            .unwrap()
            .reader(ShardId::new(0), None)
            .unwrap();
        Cutter::new(reader, &settings)
    }

    async fn cut(dir: &Path, settings: MappingSettings, mut tail: Tail) -> Vec<Vec<Record>> {
        let mut cutter = cutter(dir, settings);
        let mut batches = Vec::new();
        while let Some(batch) = cutter.next(&mut tail, &Stop::new()).await.unwrap() {
            batches.push(batch);
        }
        batches
    }

    fn sizes(batches: &[Vec<Record>]) -> Vec<usize> {
        batches.iter().map(Vec::len).collect()
    }

    #[tokio::test]
    async fn by_number_of_records() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), &[X; 8]);
        let settings = MappingSettings {
            batch_size: 3,
            ..MappingSettings::default()
        };
        let batches = cut(dir.path(), settings, Tail::Finished).await;
        assert_eq!(sizes(&batches), [3, 3, 2]);
        assert!(
            batches
                .concat()
                .is_sorted_by_key(|record| record.sequence_number)
        );
    }

    #[tokio::test]
    async fn by_window_of_arrival() {
        let dir = tempfile::tempdir().unwrap();
        let arrivals = [0, 900, 1000, 1001, 500, 3000, 2001].map(|ms| (ms, &b"x"[..]));
        put(dir.path(), &arrivals);
        let settings = MappingSettings {
            window_ms: 1000,
            ..MappingSettings::default()
        };
        let batches = cut(dir.path(), settings, Tail::Finished).await;
        assert_eq!(sizes(&batches), [3, 2, 2]);
    }

    #[tokio::test]
    async fn by_payload_as_full_as_it_may_be() {
        let dir = tempfile::tempdir().unwrap();
        let data = vec![7; 300_000];
        put(dir.path(), &[(0, &data[..]); 40]);
        let batches = cut(dir.path(), MappingSettings::default(), Tail::Finished).await;
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
    async fn a_record_that_no_payload_holds_is_alone() {
        let dir = tempfile::tempdir().unwrap();
        let large = vec![0; 5 * 1024 * 1024];
        put(dir.path(), &[(0, b"x"), (0, &large), (0, b"x")]);
        let batches = cut(dir.path(), MappingSettings::default(), Tail::Finished).await;
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
        let (writing, tail) = Tail::growing();
        let writer = async {
            // As long as the cutter waits, it is the writer's turn.
            for _ in 0..3 {
                tokio::task::yield_now().await;
                put(dir.path(), &[X]);
            }
            drop(writing);
        };
        let (batches, ()) = tokio::join!(cut(dir.path(), settings.clone(), tail), writer);
        assert_eq!(sizes(&batches), [3, 3, 1]);
        assert_eq!(batches, cut(dir.path(), settings, Tail::Finished).await);
    }

    #[tokio::test]
    async fn the_end_of_an_open_stream_closes_a_batch() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), &[X; 2]);
        let mut cutter = cutter(dir.path(), MappingSettings::default());
        let mut tail = Tail::Open {
            poll: std::time::Duration::ZERO,
        };
        let stop = Stop::new();
        assert_eq!(
            cutter.next(&mut tail, &stop).await.unwrap().unwrap().len(),
            2
        );
        put(dir.path(), &[X]);
        assert_eq!(
            cutter.next(&mut tail, &stop).await.unwrap().unwrap().len(),
            1
        );
        stop.ask();
        assert_eq!(cutter.next(&mut tail, &stop).await.unwrap(), None);
    }
}
