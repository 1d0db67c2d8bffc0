//! Working off one shard.

use std::ops::AddAssign;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use marquee_stream::lambda_event::{MAX_PAYLOAD_BYTES, write_event};
use marquee_stream::{Record, ShardId, ShardReader};
use object_store::path::Path;

use crate::answer::{Verdict, judge};
use crate::cutter::Cutter;
use crate::destination::{Condition, Destination, GivenUp};
use crate::retry::{Piece, Rest};
use crate::{Consumer, Function, MappingError, MappingSettings, Stop, Tail};

/// What a run did, in all its shards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records that are done.
    pub records: u64,
    /// Bytes of data in them.
    pub bytes: u64,
    /// Batches cut from the stream.
    pub batches: u64,
    /// Invocations, those that failed among them.
    pub invocations: u64,
    /// Invocations that failed, wholly or in part.
    pub failures: u64,
    /// Records that were given up.
    pub given_up_records: u64,
    /// Objects that keep them.
    pub given_up_objects: u64,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.batches += other.batches;
        self.invocations += other.invocations;
        self.failures += other.failures;
        self.given_up_records += other.given_up_records;
        self.given_up_objects += other.given_up_objects;
    }
}

/// Consecutive records that need no more work, as the checkpoint says by now.
#[derive(Debug)]
pub struct Finished<'a> {
    /// Their shard.
    pub shard: ShardId,
    /// The records, never none.
    pub records: &'a [Record],
    /// The object that keeps them, if they were given up.
    pub given_up: Option<&'a Path>,
    /// How long it took since their batch was cut.
    pub took: Duration,
}

/// Is told of what is finished, from the task of its shard.
pub type Observer = Arc<dyn Fn(&Finished<'_>) + Send + Sync>;

/// Works off one shard, batch after batch.
pub(crate) struct Worker {
    cutter: Cutter,
    function: Arc<dyn Function>,
    destination: Destination,
    consumer: Arc<Consumer>,
    settings: Arc<MappingSettings>,
    observer: Observer,
    totals: Totals,
}

/// A batch in flight.
struct Batch {
    records: Vec<Record>,
    cut_at: Instant,
    /// The time in the shard, UTC milliseconds: the newest arrival read, and
    /// the backoffs waited since.
    now_ms: i64,
}

/// Whether to go on with the shard.
#[derive(PartialEq, Eq)]
enum Go {
    On,
    Stop,
}

impl Worker {
    pub(crate) fn new(
        reader: ShardReader,
        function: Arc<dyn Function>,
        destination: Destination,
        consumer: Arc<Consumer>,
        settings: Arc<MappingSettings>,
        observer: Observer,
    ) -> Self {
        Self {
            cutter: Cutter::new(reader, &settings),
            function,
            destination,
            consumer,
            settings,
            observer,
            totals: Totals::default(),
        }
    }

    /// Works the shard off until its end or a stop.
    pub(crate) async fn run(mut self, mut tail: Tail, stop: Stop) -> Result<Totals, MappingError> {
        while let Some(records) = self.cutter.next(&mut tail, &stop).await? {
            self.totals.batches += 1;
            let batch = Batch {
                records,
                cut_at: Instant::now(),
                now_ms: self.cutter.newest_arrival_ms(),
            };
            if self.work_off(batch, &stop).await? == Go::Stop {
                break;
            }
        }
        Ok(self.totals)
    }

    /// Invokes the batch, and its pieces again, until each is done or given up.
    async fn work_off(&mut self, mut batch: Batch, stop: &Stop) -> Result<Go, MappingError> {
        // The last is the next: they stay in the shard's order.
        let mut pieces = vec![Piece::whole(batch.records.len())];
        while let Some(mut piece) = pieces.pop() {
            let expired = self.expired(&batch.records[piece.range.clone()], batch.now_ms);
            if expired > 0 {
                let rest = piece.range.start + expired..piece.range.end;
                piece.range.end = rest.start;
                if !rest.is_empty() {
                    pieces.push(Piece {
                        range: rest,
                        ..piece.clone()
                    });
                }
                self.give_up(&batch, &piece, Condition::RecordAgeExceeded, None)
                    .await?;
                continue;
            }
            let payload = self.payload(&batch.records[piece.range.clone()]);
            if payload.len() > MAX_PAYLOAD_BYTES {
                self.give_up(&batch, &piece, Condition::PayloadSizeExceeded, None)
                    .await?;
                continue;
            }
            let answer = self.function.invoke(payload).await;
            let verdict = judge(&answer, &batch.records[piece.range.clone()]);
            self.totals.invocations += 1;
            self.totals.failures += u64::from(verdict != Verdict::Done);

            let next = piece.after(&verdict, &self.settings);
            if next.done > 0 {
                let done = piece.range.start..piece.range.start + next.done;
                self.finish(&batch, &batch.records[done], None)?;
            }
            match next.rest {
                Rest::Nothing => {}
                Rest::GivenUp(condition) => {
                    piece.failures += 1;
                    self.give_up(&batch, &piece, condition, Some(&verdict))
                        .await?;
                }
                Rest::Again(again) => {
                    let failures = again.first().map_or(1, |piece| piece.failures);
                    pieces.extend(again.into_iter().rev());
                    let wait = self.settings.backoff.after(failures);
                    tracing::debug!(shard = %self.cutter.shard(), ?verdict, ?wait, "trying again");
                    if !wait.is_zero() {
                        tokio::select! {
                            () = tokio::time::sleep(wait) => {}
                            () = stop.asked() => {}
                        }
                    }
                    if stop.is_asked() {
                        return Ok(Go::Stop);
                    }
                    batch.now_ms = batch
                        .now_ms
                        .saturating_add_unsigned(wait.as_millis() as u64);
                }
            }
        }
        Ok(Go::On)
    }

    /// How many of the first `records` are too old to be delivered.
    fn expired(&self, records: &[Record], now_ms: i64) -> usize {
        let Some(most) = self.settings.max_record_age_ms else {
            return 0;
        };
        records
            .iter()
            .take_while(|record| record.arrived_at_ms.saturating_add_unsigned(most) < now_ms)
            .count()
    }

    fn payload(&self, records: &[Record]) -> Bytes {
        let mut payload = Vec::new();
        write_event(self.cutter.shard(), records, &mut payload);
        payload.into()
    }

    async fn give_up(
        &mut self,
        batch: &Batch,
        piece: &Piece,
        condition: Condition,
        verdict: Option<&Verdict>,
    ) -> Result<(), MappingError> {
        let records = &batch.records[piece.range.clone()];
        let kept_at = self
            .destination
            .keep(&GivenUp {
                shard: self.cutter.shard(),
                records,
                payload: &self.payload(records),
                condition,
                invocations: piece.failures,
                by_error: matches!(verdict, Some(Verdict::Failed { by_error: true, .. })),
                now_ms: batch.now_ms,
            })
            .await?;
        tracing::warn!(
            shard = %self.cutter.shard(),
            records = records.len(),
            ?condition,
            ?verdict,
            kept_at = %kept_at,
            "gave records up"
        );
        self.finish(batch, records, Some(&kept_at))
    }

    /// Moves the checkpoint past `records`.
    fn finish(
        &mut self,
        batch: &Batch,
        records: &[Record],
        given_up: Option<&Path>,
    ) -> Result<(), MappingError> {
        let Some(last) = records.last() else {
            return Ok(());
        };
        self.consumer.advance(last.sequence_number)?;
        if given_up.is_some() {
            self.totals.given_up_records += records.len() as u64;
            self.totals.given_up_objects += 1;
        } else {
            self.totals.records += records.len() as u64;
            self.totals.bytes += records
                .iter()
                .map(|record| record.data.len() as u64)
                .sum::<u64>();
        }
        (self.observer)(&Finished {
            shard: self.cutter.shard(),
            records,
            given_up,
            took: batch.cut_at.elapsed(),
        });
        Ok(())
    }
}
