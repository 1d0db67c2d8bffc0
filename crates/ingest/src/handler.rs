//! The handler: reads payloads of a stream and writes to an object store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use marquee_encode::EncodeError;
use marquee_event::{FormatVersion, Reason, format_utc};
use marquee_lake::receipt::{self, ObjectEntry, Receipt, ReceiptKind};
use marquee_lake::step::StepErrorKind;
use marquee_lake::zone::{BatchName, IngestHour};
use marquee_lake::{LakeError, digest, title_catalog};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::Serialize;
use thiserror::Error;

use crate::batch::{TransformSettings, Transformed, Transformer};
use crate::titles::Titles;
use marquee_codec::envelope::{self, EnvelopeError, Record};

const MICROS_PER_MILLI: i64 = 1_000;

/// The maximum number of batches of a shard in one call, so that the work of a call is bounded.
const MAX_BATCHES: usize = 8;

/// The transform of a process.
///
/// Calls may run concurrently. Each call uses its own transformer; idle transformers are
/// reused.
pub struct Transform {
    store: Arc<dyn ObjectStore>,
    settings: TransformSettings,
    idle: Mutex<Vec<Transformer>>,
    titles: Mutex<Arc<Titles>>,
}

/// The response to the event source mapping: the first record to deliver again. It is empty if
/// all records are durable.
#[derive(Debug, Default, Serialize)]
pub struct BatchResponse {
    /// The first records to retry.
    #[serde(rename = "batchItemFailures")]
    pub failures: Vec<ItemFailure>,
    /// The report for logs and metrics; not part of the response.
    #[serde(skip)]
    pub report: BatchReport,
}

/// The first record that the event source mapping delivers again.
#[derive(Debug, Serialize)]
pub struct ItemFailure {
    /// The sequence number of the record.
    #[serde(rename = "itemIdentifier")]
    pub item_identifier: String,
}

/// The counts of one call.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct BatchReport {
    /// Batches that the call made durable.
    pub batches: u64,
    /// Batches that were durable before the call.
    pub repeated: u64,
    /// Units in the records.
    pub received: u64,
    /// Valid events.
    pub processed: u64,
    /// Rejected units by reason.
    pub quarantined: BTreeMap<&'static str, u64>,
    /// Bytes of all units.
    pub received_bytes: u64,
    /// Bytes of all objects written, without receipts.
    pub written_bytes: u64,
    /// Batches that failed and will be retried.
    pub failed: u64,
    /// Batches that reached their bound before the last record.
    pub full: u64,
    /// The arrival of the first record of all batches, in UTC microseconds.
    pub first_arrived_at: Option<i64>,
}

/// The failure of a whole call.
#[derive(Debug, Error)]
pub enum HandlerError {
    /// The payload is not a batch of Kinesis records.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The lake could not be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A file could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl HandlerError {
    /// Returns the kind of the error.
    pub fn kind(&self) -> StepErrorKind {
        match self {
            Self::Envelope(_) => StepErrorKind::Input,
            Self::Lake(error) => error.kind(),
            Self::Encode(_) => StepErrorKind::Failed,
        }
    }
}

impl From<object_store::Error> for HandlerError {
    fn from(error: object_store::Error) -> Self {
        Self::Lake(error.into())
    }
}

/// A batch that is durable now.
struct Done<'r, 'p> {
    name: BatchName,
    /// The records after the batch.
    rest: &'r [Record<'p>],
    /// The call's work; `None` if the batch was durable before.
    durable: Option<Durable>,
}

/// The work that made a batch durable, with the durations of its stages.
struct Durable {
    receipt: Receipt,
    /// Rejected units by reason.
    rejected: BTreeMap<Reason, u64>,
    transform: Duration,
    put: Duration,
}

impl Transform {
    /// Creates a transform that writes to `store`.
    pub fn new(store: Arc<dyn ObjectStore>, settings: TransformSettings) -> Self {
        Self {
            store,
            settings,
            idle: Mutex::default(),
            titles: Mutex::default(),
        }
    }

    /// Makes the batches of a payload of Kinesis event JSON durable.
    ///
    /// The records of a shard are one batch, or several if one reaches its bound.
    ///
    /// If a batch fails, the response contains its first sequence number, and the event
    /// source mapping delivers it again. Writes are idempotent: objects of the failed attempt
    /// do not disturb the retry. After [`MAX_BATCHES`] batches the response contains the
    /// sequence number of the next record.
    ///
    /// # Errors
    /// [`HandlerError::Envelope`] if the payload has no records.
    pub async fn handle(&self, payload: &[u8]) -> Result<BatchResponse, HandlerError> {
        let records = envelope::records(payload)?;
        let mut response = BatchResponse::default();
        // Lambda never mixes shards in a payload; other callers do.
        for records in records.chunk_by(|a, b| a.shard_id == b.shard_id) {
            let (first, _) = ends(records)?;
            response.report.arrived(first.arrived_at);
            let rest = self.batches(records, &mut response).await?;
            if let Some(next) = rest.first() {
                response.failures.push(ItemFailure {
                    item_identifier: next.sequence_number.to_string(),
                });
            }
        }
        Ok(response)
    }

    /// Makes batches of one shard durable until the first failure. Returns the records that are
    /// not durable.
    async fn batches<'r, 'p>(
        &self,
        records: &'r [Record<'p>],
        response: &mut BatchResponse,
    ) -> Result<&'r [Record<'p>], EnvelopeError> {
        let mut rest = records;
        for _ in 0..MAX_BATCHES {
            match self.batch(rest).await {
                Ok(done) => {
                    response.report_batch(&done);
                    rest = done.rest;
                }
                Err(error) => {
                    let name = name_of(rest)?;
                    response.report.failed += 1;
                    tracing::error!(
                        batch.name = %name,
                        batch.shard = name.shard_id,
                        kind = error.kind().name(),
                        error = %error,
                        "batch failed and will be retried from its first record"
                    );
                    return Ok(rest);
                }
            }
            if rest.is_empty() {
                return Ok(rest);
            }
        }
        tracing::warn!(
            records = rest.len(),
            "the call has {MAX_BATCHES} full batches; the remaining records will be delivered \
             again"
        );
        Ok(rest)
    }

    /// Writes a batch's objects and then its receipt, unless it already has one. The batch has
    /// as many of the records as its bound admits.
    async fn batch<'r, 'p>(&self, records: &'r [Record<'p>]) -> Result<Done<'r, 'p>, HandlerError> {
        if let Some(done) = self.repeated(records, &[]).await? {
            return Ok(done);
        }
        let titles = self.titles().await?;
        let begun = Instant::now();
        let transformed = self.transform(records, &titles)?;
        let transform = took("transform", begun);
        let (batch, rest) = records
            .split_at_checked(transformed.records)
            .unwrap_or((records, &[]));
        if !rest.is_empty()
            && let Some(done) = self.repeated(batch, rest).await?
        {
            return Ok(done);
        }
        let name = name_of(batch)?;
        let begun = Instant::now();
        let receipt = self.write(batch, &name, &transformed, &titles).await?;
        let put = took("put", begun);
        let durable = receipt.map(|receipt| Durable {
            receipt,
            rejected: transformed.rejected,
            transform,
            put,
        });
        Ok(Done {
            name,
            rest,
            durable,
        })
    }

    /// Returns the batch if it has a receipt.
    async fn repeated<'r, 'p>(
        &self,
        batch: &[Record<'_>],
        rest: &'r [Record<'p>],
    ) -> Result<Option<Done<'r, 'p>>, HandlerError> {
        let name = name_of(batch)?;
        let (first, _) = ends(batch)?;
        let date = IngestHour::of(first.arrived_at).date;
        let exists = receipt::exists(&*self.store, date, &name.to_string()).await?;
        Ok(exists.then_some(Done {
            name,
            rest,
            durable: None,
        }))
    }

    /// Writes a batch's objects and then its receipt. Returns `None` if another call has
    /// created the receipt.
    async fn write(
        &self,
        records: &[Record<'_>],
        name: &BatchName,
        done: &Transformed,
        titles: &Titles,
    ) -> Result<Option<Receipt>, HandlerError> {
        let (first, last) = ends(records)?;
        let hour = IngestHour::of(first.arrived_at);
        let store = &*self.store;
        let objects = try_join_all(done.files.iter().map(|file| async {
            let digest = digest::of(&file.content);
            let key = file.zone.key(&hour, name, &digest);
            store
                .put(&Path::from(key.as_str()), file.content.clone().into())
                .await?;
            Ok::<_, object_store::Error>(ObjectEntry {
                zone: file.zone,
                key,
                rows: file.rows,
                bytes: file.content.len() as u64,
                digest,
            })
        }))
        .await?;
        let receipt = Receipt {
            version: 1,
            format_version: FormatVersion::CURRENT.number(),
            kind: ReceiptKind::Stream,
            batch: name.to_string(),
            shard_id: name.shard_id.clone(),
            first_sequence_number: name.first.clone(),
            last_sequence_number: name.last.clone(),
            ingest_date: hour.date,
            ingest_hour: hour.hour,
            first_arrived_at: instant(first.arrived_at),
            last_arrived_at: instant(last.arrived_at),
            arrival_dates: receipt::by_date(records.iter().map(|record| record.arrived_at)),
            records: records.len() as u64,
            received: done.received,
            processed: done.processed,
            quarantined: done.rejected.values().sum(),
            received_bytes: done.received_bytes,
            reasons: done
                .rejected
                .iter()
                .map(|(reason, count)| (reason.name().to_owned(), *count))
                .collect(),
            event_dates: done.event_dates.clone(),
            title_catalog: titles.version.clone(),
            objects,
        };
        let created = receipt::create(store, &receipt).await?;
        Ok(created.then_some(receipt))
    }

    /// Runs the pure part on an idle or a new transformer.
    fn transform(
        &self,
        records: &[Record<'_>],
        titles: &Titles,
    ) -> Result<Transformed, EncodeError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut transformer = match idle {
            Some(transformer) => transformer,
            None => Transformer::new(self.settings)?,
        };
        let done = transformer.transform(records, titles)?;
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(transformer);
        Ok(done)
    }

    /// Returns the current title catalog. Reads it if its pointer has changed.
    async fn titles(&self) -> Result<Arc<Titles>, HandlerError> {
        let pointer = title_catalog::current(&*self.store).await?;
        let cached = self
            .titles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if cached.version.as_ref() == pointer.as_ref().map(|pointer| &pointer.version) {
            return Ok(cached);
        }
        let titles = match pointer {
            None => Titles::default(),
            Some(pointer) => {
                let titles = title_catalog::load(&*self.store, &pointer).await?;
                Titles::new(Some(pointer.version), titles)
            }
        };
        let titles = Arc::new(titles);
        *self.titles.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&titles);
        Ok(titles)
    }
}

impl BatchResponse {
    /// Reports a batch that is durable.
    fn report_batch(&mut self, done: &Done<'_, '_>) {
        let name = &done.name;
        match &done.durable {
            Some(durable) => {
                let receipt = &durable.receipt;
                tracing::info!(
                    batch.name = %name,
                    batch.shard = name.shard_id,
                    batch.records = receipt.records,
                    batch.received = receipt.received,
                    batch.processed = receipt.processed,
                    batch.quarantined = receipt.quarantined,
                    took.transform.ms = milliseconds(durable.transform),
                    took.put.ms = milliseconds(durable.put),
                    "batch is durable"
                );
                self.report.add(receipt, &durable.rejected);
            }
            None => {
                tracing::info!(
                    batch.name = %name,
                    batch.shard = name.shard_id,
                    "batch was durable already"
                );
                self.report.repeated += 1;
            }
        }
        self.report.full += u64::from(!done.rest.is_empty());
    }
}

impl BatchReport {
    /// Records the counts as metrics. `now` is in UTC microseconds.
    pub fn count(&self, now: i64) {
        metrics::counter!("Received").increment(self.received);
        metrics::counter!("Processed").increment(self.processed);
        metrics::counter!("Bytes").increment(self.received_bytes);
        metrics::counter!("FailedBatches").increment(self.failed);
        metrics::counter!("Quarantined").increment(self.quarantined.values().sum());
        for (reason, count) in &self.quarantined {
            metrics::counter!("Quarantined", "Reason" => *reason).increment(*count);
        }
        if let Some(arrived_at) = self.first_arrived_at {
            let age = now.saturating_sub(arrived_at).max(0);
            metrics::histogram!("BatchAge").record((age / MICROS_PER_MILLI) as f64);
        }
    }

    fn arrived(&mut self, at: i64) {
        self.first_arrived_at = self.first_arrived_at.into_iter().chain([at]).min();
    }

    fn add(&mut self, receipt: &Receipt, rejected: &BTreeMap<Reason, u64>) {
        self.batches += 1;
        self.received += receipt.received;
        self.processed += receipt.processed;
        self.received_bytes += receipt.received_bytes;
        self.written_bytes += receipt
            .objects
            .iter()
            .map(|object| object.bytes)
            .sum::<u64>();
        for (reason, count) in rejected {
            *self.quarantined.entry(reason.name()).or_default() += count;
        }
    }
}

/// Records and returns the duration of a stage.
fn took(stage: &'static str, begun: Instant) -> Duration {
    let took = begun.elapsed();
    metrics::histogram!("Duration", "Stage" => stage).record(milliseconds(took));
    took
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

/// Returns the first and the last record of a batch.
fn ends<'r, 'p>(
    records: &'r [Record<'p>],
) -> Result<(&'r Record<'p>, &'r Record<'p>), EnvelopeError> {
    records
        .first()
        .zip(records.last())
        .ok_or(EnvelopeError::NoRecords)
}

fn name_of(records: &[Record<'_>]) -> Result<BatchName, EnvelopeError> {
    let (first, last) = ends(records)?;
    Ok(BatchName {
        shard_id: first.shard_id.to_string(),
        first: first.sequence_number.to_string(),
        last: last.sequence_number.to_string(),
    })
}

fn instant(micros: i64) -> String {
    let mut text = Vec::new();
    format_utc(micros, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
