//! The embedded event source mapping: it invokes a function with the records of an
//! embedded stream, by the rules of Lambda's mapping of a Kinesis stream.
//!
//! A task per shard keeps the shard's order and one batch in flight:
//!
//! 1. [`batch_reader`] groups consecutive records into a batch, and [`lambda_event`]
//!    encodes it as the event that Lambda delivers.
//! 2. The [`Function`] handles the event, and [`batch_response`] parses its response.
//! 3. [`retry`] decides which records are processed, which to retry and which to
//!    give up. Records that are given up become dead letters: they go to the
//!    on-failure destination ([`failure_destination`]) with their data.
//! 4. [`consumer`] saves a checkpoint after the last record that is processed or a
//!    dead letter.
//!
//! Delivery is at least once, as in Lambda. A mapping that is killed resumes from
//! its checkpoints and redelivers the records after them.
//!
//! Batching windows and record ages use the records' arrival times, not the wall
//! clock. The batches of a finished stream are therefore deterministic.
//!
//! [`TransformFunction`] is the ingest transform as a [`Function`].
//!
//! [`lambda_event`]: marquee_stream::lambda_event

mod batch_reader;
mod batch_response;
mod consumer;
mod failure_destination;
mod function;
mod retry;
mod settings;
mod stop_signal;
mod tail_mode;
mod transform;
mod worker;

use std::sync::Arc;

use marquee_stream::{ShardId, Stream, StreamError};
use object_store::ObjectStore;
use tokio::task::{JoinError, JoinSet};

pub use consumer::{Consumer, ConsumerError};
pub use failure_destination::{DestinationError, FailureCondition};
pub use function::{Function, InvokeError};
pub use settings::{Backoff, MAX_BATCH_SIZE, MappingSettings};
pub use stop_signal::StopSignal;
pub use tail_mode::{TailMode, WriterGuard};
pub use transform::TransformFunction;
pub use worker::{FinishedRecords, MappingTotals, Observer};

use failure_destination::FailureDestination;
use worker::Worker;

/// An error that stops a mapping.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The stream cannot be read.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The consumer's checkpoints cannot be read or written.
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
    /// Dead letters cannot be written. The checkpoint stays before their records.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// A step of a batch covers no records, so there is no checkpoint to save. This is a
    /// defect of the program.
    #[error(
        "cannot save a checkpoint of shard {shard}: a finished step covers no records; this is \
         a defect of the program"
    )]
    NoRecords {
        /// The shard.
        shard: ShardId,
    },
    /// A shard's task panicked, in the function or in the mapping.
    #[error("a shard's task panicked: {0}")]
    Panicked(#[from] JoinError),
}

/// An event source mapping from a stream to a function.
pub struct EventSourceMapping {
    stream: Stream,
    function: Arc<dyn Function>,
    store: Arc<dyn ObjectStore>,
    settings: Arc<MappingSettings>,
    observer: Observer,
}

impl EventSourceMapping {
    /// Creates a mapping from `stream` to `function`. Dead letters go to `failed/`
    /// in `store`.
    pub fn new(
        stream: Stream,
        function: Arc<dyn Function>,
        store: Arc<dyn ObjectStore>,
        settings: MappingSettings,
    ) -> Self {
        Self {
            stream,
            function,
            store,
            settings: Arc::new(settings),
            observer: Arc::new(|_| ()),
        }
    }

    /// Calls `observer` for all records that are processed or become dead letters.
    #[must_use]
    pub fn with_observer(mut self, observer: Observer) -> Self {
        self.observer = observer;
        self
    }

    /// Processes the stream from the consumer's checkpoints until its end, as
    /// `tail` defines it, or until `stop` is requested. Waits for the invocations
    /// in flight before it returns.
    ///
    /// # Errors
    /// The first [`MappingError`] of a shard; it stops the other shards after
    /// their invocations in flight. A later run resumes from the checkpoints.
    pub async fn run(
        &self,
        tail: TailMode,
        stop: StopSignal,
    ) -> Result<MappingTotals, MappingError> {
        let consumer = Arc::new(Consumer::open(self.stream.dir(), &self.settings.consumer)?);
        let mut workers = JoinSet::new();
        for &shard in self.stream.shards() {
            let checkpoint = consumer.checkpoint(shard)?;
            let worker = Worker::new(
                self.stream.reader(shard, checkpoint.as_ref())?,
                self.function.clone(),
                FailureDestination::new(self.store.clone(), &self.settings.consumer),
                consumer.clone(),
                self.settings.clone(),
                self.observer.clone(),
            );
            let (tail, stop) = (tail.clone(), stop.clone());
            workers.spawn(worker.run(tail, stop));
        }
        let mut totals = MappingTotals::default();
        let mut failure = None;
        while let Some(joined) = workers.join_next().await {
            match joined.unwrap_or_else(|panic| Err(panic.into())) {
                Ok(shard_totals) => totals += shard_totals,
                Err(error) => {
                    stop.request();
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(totals), Err)
    }
}
