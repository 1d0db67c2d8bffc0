//! The event source mapping: Lambda's way with a Kinesis stream.
//!
//! Every shard is worked off on its own task, in order, with one batch in
//! flight. A batch is cut ([`cutter`]) from consecutive records, written as the
//! event that Lambda delivers ([`lambda_event`]), and handed to the [`Function`].
//! The function's answer ([`answer`]) decides ([`retry`]) what is done, what is
//! tried again, and what is given up: that goes to the on-failure destination
//! ([`destination`]), records and all. Only when a record is done or safely
//! given up does the consumer's checkpoint ([`consumer`]) move past it.
//!
//! So a mapping that is killed goes on where it was. What it had begun and not
//! checkpointed is delivered again: at least once, as Lambda does.
//!
//! The clock is the stream's: batching windows and record ages are measured by
//! arrival stamps, so that the same finished stream always gives the same
//! batches, however fast or slow it is worked off.
//!
//! [`lambda_event`]: marquee_stream::lambda_event

mod answer;
mod consumer;
mod cutter;
mod destination;
mod faults;
mod function;
mod retry;
mod settings;
mod stop;
mod tail;
mod transform;
mod worker;

use std::sync::Arc;

use marquee_stream::{Stream, StreamError};
use object_store::ObjectStore;
use tokio::task::JoinSet;

pub use consumer::{Consumer, ConsumerError};
pub use destination::{Condition, DestinationError};
pub use faults::{Faults, Faulty};
pub use function::{Function, InvokeError};
pub use settings::{Backoff, MAX_BATCH_SIZE, MappingSettings};
pub use stop::Stop;
pub use tail::{StillWriting, Tail};
pub use transform::TransformFunction;
pub use worker::{Finished, Observer, Totals};

use destination::Destination;
use worker::Worker;

/// Why a mapping ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The stream could not be read.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The consumer's checkpoints could not be read or written.
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
    /// Records that were given up could not be kept, so they still count as not done.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// The function broke off without an answer.
    #[error("the work on a shard broke off: {0}")]
    Panicked(String),
}

/// An event source mapping from a stream to a function.
pub struct Mapping {
    stream: Stream,
    function: Arc<dyn Function>,
    store: Arc<dyn ObjectStore>,
    settings: Arc<MappingSettings>,
    observer: Observer,
}

impl Mapping {
    /// Maps `stream` to `function`. What is given up is kept under `failed/`
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

    /// Has `observer` told of every batch that is done or given up.
    #[must_use]
    pub fn with_observer(mut self, observer: Observer) -> Self {
        self.observer = observer;
        self
    }

    /// Works the stream off from the consumer's checkpoints on, until `tail`
    /// says that it is at its end, or `stop` is asked for: then the invocations
    /// in flight are finished.
    ///
    /// # Errors
    /// Any [`MappingError`]; the other shards finish what they have in flight.
    /// Running it again goes on where it was.
    pub async fn run(&self, tail: Tail, stop: Stop) -> Result<Totals, MappingError> {
        let consumer = Arc::new(Consumer::open(self.stream.dir(), &self.settings.consumer)?);
        let mut workers = JoinSet::new();
        for &shard in self.stream.shards() {
            let position = consumer.position(shard)?;
            let worker = Worker::new(
                self.stream.reader(shard, position.as_ref())?,
                self.function.clone(),
                Destination::new(self.store.clone(), &self.settings.consumer),
                consumer.clone(),
                self.settings.clone(),
                self.observer.clone(),
            );
            let (tail, stop) = (tail.clone(), stop.clone());
            workers.spawn(worker.run(tail, stop));
        }
        let mut totals = Totals::default();
        let mut failure = None;
        while let Some(ended) = workers.join_next().await {
            match ended.unwrap_or_else(|panic| Err(MappingError::Panicked(panic.to_string()))) {
                Ok(of_shard) => totals += of_shard,
                Err(error) => {
                    stop.ask();
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(totals), Err)
    }
}
