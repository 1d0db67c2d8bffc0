//! The task that processes one shard.

use std::ops::{AddAssign, ControlFlow};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use marquee_stream::lambda_event::{MAX_PAYLOAD_BYTES, write_event};
use marquee_stream::{Record, ShardId, ShardReader};
use object_store::path::Path;

use crate::batch_reader::BatchReader;
use crate::batch_response::{BatchOutcome, parse_response};
use crate::failure_destination::{FailedRecords, FailureCondition, FailureDestination};
use crate::retry::{Remainder, SubBatch};
use crate::{Consumer, Function, MappingError, MappingSettings, StopSignal, TailMode};

/// The totals of one call of [`EventSourceMapping::run`](crate::EventSourceMapping::run)
/// over all shards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MappingTotals {
    /// The number of processed records.
    pub records: u64,
    /// The size of the processed records' data in bytes.
    pub bytes: u64,
    /// The number of batches read from the stream.
    pub batches: u64,
    /// The number of invocations, failed ones included.
    pub invocations: u64,
    /// The number of invocations that failed as a whole or in part.
    pub failures: u64,
    /// The number of records that became dead letters.
    pub dead_letter_records: u64,
    /// The number of objects with dead letters.
    pub dead_letter_objects: u64,
}

impl AddAssign for MappingTotals {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.batches += other.batches;
        self.invocations += other.invocations;
        self.failures += other.failures;
        self.dead_letter_records += other.dead_letter_records;
        self.dead_letter_objects += other.dead_letter_objects;
    }
}

/// Consecutive records that the checkpoint has passed: they were processed or
/// became dead letters.
#[derive(Debug)]
pub struct FinishedRecords<'a> {
    /// The records' shard.
    pub shard: ShardId,
    /// The records; never empty.
    pub records: &'a [Record],
    /// The key of the object with the records if they became dead letters.
    pub dead_letter: Option<&'a Path>,
    /// The time since their batch was read.
    pub took: Duration,
}

/// A callback for finished records, called from the task of their shard.
pub type Observer = Arc<dyn Fn(&FinishedRecords<'_>) + Send + Sync>;

/// The worker of one shard; it processes one batch at a time.
pub(crate) struct Worker {
    batch_reader: BatchReader,
    function: Arc<dyn Function>,
    destination: FailureDestination,
    consumer: Arc<Consumer>,
    settings: Arc<MappingSettings>,
    observer: Observer,
    totals: MappingTotals,
}

/// A batch in flight.
struct Batch {
    records: Vec<Record>,
    read_at: Instant,
    /// The shard's clock in UTC milliseconds: the newest arrival read, plus the
    /// backoffs waited since.
    now_ms: i64,
}

impl Worker {
    pub(crate) fn new(
        reader: ShardReader,
        function: Arc<dyn Function>,
        destination: FailureDestination,
        consumer: Arc<Consumer>,
        settings: Arc<MappingSettings>,
        observer: Observer,
    ) -> Self {
        Self {
            batch_reader: BatchReader::new(reader, &settings),
            function,
            destination,
            consumer,
            settings,
            observer,
            totals: MappingTotals::default(),
        }
    }

    /// Processes the shard until its end or a stop request.
    pub(crate) async fn run(
        mut self,
        mut tail: TailMode,
        stop: StopSignal,
    ) -> Result<MappingTotals, MappingError> {
        while let Some(records) = self.batch_reader.next(&mut tail, &stop).await? {
            self.totals.batches += 1;
            let batch = Batch {
                records,
                read_at: Instant::now(),
                now_ms: self.batch_reader.newest_arrival_ms(),
            };
            if self.process_batch(batch, &stop).await? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(self.totals)
    }

    /// Processes a batch: invokes the function with its sub-batches until each
    /// record is processed or given up. Returns `Break` after a stop request.
    async fn process_batch(
        &mut self,
        mut batch: Batch,
        stop: &StopSignal,
    ) -> Result<ControlFlow<()>, MappingError> {
        // A stack whose top is the next sub-batch in the shard's order.
        let mut sub_batches = vec![SubBatch::whole(batch.records.len())];
        while let Some(mut sub_batch) = sub_batches.pop() {
            let expired = self.expired(&batch.records[sub_batch.range.clone()], batch.now_ms);
            if expired > 0 {
                let rest = sub_batch.range.start + expired..sub_batch.range.end;
                sub_batch.range.end = rest.start;
                if !rest.is_empty() {
                    sub_batches.push(SubBatch {
                        range: rest,
                        ..sub_batch.clone()
                    });
                }
                self.give_up(
                    &batch,
                    &sub_batch,
                    FailureCondition::RecordAgeExceeded,
                    None,
                )
                .await?;
                continue;
            }
            let payload = self.payload(&batch.records[sub_batch.range.clone()]);
            if payload.len() > MAX_PAYLOAD_BYTES {
                self.give_up(
                    &batch,
                    &sub_batch,
                    FailureCondition::PayloadSizeExceeded,
                    None,
                )
                .await?;
                continue;
            }
            let response = self.function.invoke(payload).await;
            let outcome = parse_response(&response, &batch.records[sub_batch.range.clone()]);
            self.totals.invocations += 1;
            self.totals.failures += u64::from(outcome != BatchOutcome::Done);

            let decision = sub_batch.after(&outcome, &self.settings);
            if decision.done > 0 {
                let done = sub_batch.range.start..sub_batch.range.start + decision.done;
                self.finish(&batch, &batch.records[done], None)?;
            }
            match decision.rest {
                Remainder::Empty => {}
                Remainder::GiveUp(condition) => {
                    sub_batch.failures += 1;
                    self.give_up(&batch, &sub_batch, condition, Some(&outcome))
                        .await?;
                }
                Remainder::Retry(retries) => {
                    let failures = retries.first().map_or(1, |sub_batch| sub_batch.failures);
                    sub_batches.extend(retries.into_iter().rev());
                    let wait = self.settings.backoff.after(failures);
                    tracing::debug!(
                        shard = %self.batch_reader.shard(),
                        ?outcome,
                        ?wait,
                        "the invocation failed; retrying after the wait"
                    );
                    if !wait.is_zero() {
                        tokio::select! {
                            () = tokio::time::sleep(wait) => {}
                            () = stop.requested() => {}
                        }
                    }
                    if stop.is_requested() {
                        return Ok(ControlFlow::Break(()));
                    }
                    batch.now_ms = batch
                        .now_ms
                        .saturating_add_unsigned(wait.as_millis() as u64);
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Counts the leading `records` that exceed the maximum age.
    fn expired(&self, records: &[Record], now_ms: i64) -> usize {
        let Some(max_age_ms) = self.settings.max_record_age_ms else {
            return 0;
        };
        let is_expired =
            |record: &&Record| record.arrived_at_ms.saturating_add_unsigned(max_age_ms) < now_ms;
        records.iter().take_while(is_expired).count()
    }

    fn payload(&self, records: &[Record]) -> Bytes {
        let mut payload = Vec::new();
        write_event(self.batch_reader.shard(), records, &mut payload);
        payload.into()
    }

    /// Sends a sub-batch's records to the failure destination.
    async fn give_up(
        &mut self,
        batch: &Batch,
        sub_batch: &SubBatch,
        condition: FailureCondition,
        outcome: Option<&BatchOutcome>,
    ) -> Result<(), MappingError> {
        let records = &batch.records[sub_batch.range.clone()];
        let key = self
            .destination
            .write(&FailedRecords {
                shard: self.batch_reader.shard(),
                records,
                payload: &self.payload(records),
                condition,
                invocations: sub_batch.failures,
                by_error: matches!(outcome, Some(BatchOutcome::Failed { by_error: true, .. })),
                now_ms: batch.now_ms,
            })
            .await?;
        tracing::warn!(
            shard = %self.batch_reader.shard(),
            records = records.len(),
            ?condition,
            ?outcome,
            object = %key,
            "gave up records and wrote them as dead letters"
        );
        self.finish(batch, records, Some(&key))
    }

    /// Saves the checkpoint after `records`, counts them and calls the observer.
    fn finish(
        &mut self,
        batch: &Batch,
        records: &[Record],
        dead_letter: Option<&Path>,
    ) -> Result<(), MappingError> {
        let Some(last) = records.last() else {
            return Err(MappingError::NoRecords {
                shard: self.batch_reader.shard(),
            });
        };
        self.consumer.save_checkpoint(last.sequence_number)?;
        if dead_letter.is_some() {
            self.totals.dead_letter_records += records.len() as u64;
            self.totals.dead_letter_objects += 1;
        } else {
            self.totals.records += records.len() as u64;
            self.totals.bytes += records
                .iter()
                .map(|record| record.data.len() as u64)
                .sum::<u64>();
        }
        (self.observer)(&FinishedRecords {
            shard: self.batch_reader.shard(),
            records,
            dead_letter,
            took: batch.read_at.elapsed(),
        });
        Ok(())
    }
}
