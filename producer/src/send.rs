//! The producer: it sends events in the background, in bounded memory, and accounts
//! for all of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::aggregate::{AggregateSettings, Aggregator};
use crate::batch::{Batcher, RequestLimits};
use crate::deliver::{Delivery, STOPPED};
use crate::numbering::{InvalidProducerId, Numbering};
use crate::rate_limit::ShardRateLimiter;
use crate::retry::RetrySettings;
use crate::summary::{SendProgress, SendSummary, Tally};
use crate::target::Target;
use crate::{OutgoingEvent, PutRecord};

/// The clock that closes aggregates at the end of their linger time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The real clock. The events' `arrives_at_ms` is ignored.
    Real,
    /// The events' `arrives_at_ms`, which records then carry. The records depend only
    /// on the events, not on the speed of sending. An event without a time arrives
    /// with the one before it.
    Virtual,
}

/// The settings of a producer.
#[derive(Debug, Clone)]
pub struct SendSettings {
    /// The `producer.id` of this run; 1 to 128 bytes.
    pub producer_id: String,
    /// The settings of aggregation.
    pub aggregate: AggregateSettings,
    /// The limits of a request.
    pub limits: RequestLimits,
    /// The maximum number of requests in flight. With one, records keep their order
    /// except for retries.
    pub in_flight: usize,
    /// The number of events that may queue before [`Producer::send`] waits.
    pub queue: usize,
    /// The retry policy of records.
    pub retry: RetrySettings,
    /// The rate limiter for the stream's shards; `None` for no limit.
    pub rate_limiter: Option<ShardRateLimiter>,
    /// The clock that closes aggregates.
    pub clock: Clock,
}

impl SendSettings {
    /// Creates the default settings with this producer id.
    pub fn new(producer_id: impl Into<String>) -> Self {
        Self {
            producer_id: producer_id.into(),
            aggregate: AggregateSettings::default(),
            limits: RequestLimits::default(),
            in_flight: 4,
            queue: 1_024,
            retry: RetrySettings::default(),
            rate_limiter: None,
            clock: Clock::Real,
        }
    }

    /// Returns the number of events to aggregate between two checks of requests and
    /// timers.
    fn chunk(&self) -> usize {
        self.queue.clamp(1, 256)
    }

    /// Returns the maximum memory of events and records in a producer, in bytes, if no
    /// event exceeds `event_bytes`: queued events, open aggregates, the records of the
    /// next request, and requests in flight.
    pub fn max_bytes_held(&self, event_bytes: usize) -> usize {
        let open = if self.aggregate.aggregate {
            usize::from(self.aggregate.buckets.get())
        } else {
            0
        };
        let records_per_chunk = self.chunk() + open;
        (self.queue + self.chunk()) * event_bytes
            + (open + records_per_chunk) * self.aggregate.max_record_bytes
            + (self.in_flight + 1) * self.limits.max_bytes
    }
}

/// A producer that sends events to a target. It needs a tokio runtime.
///
/// Memory is bounded ([`SendSettings::max_bytes_held`]): [`send`](Self::send) applies
/// backpressure while the target does not keep up. A producer that is dropped without
/// [`finish`](Self::finish) still sends the events that it accepted, in the
/// background.
#[derive(Debug)]
pub struct Producer {
    events: mpsc::Sender<OutgoingEvent>,
    progress: Arc<SendProgress>,
    stopped: Arc<AtomicBool>,
    worker: JoinHandle<SendSummary>,
}

/// The producer has stopped because its target failed permanently. It did not accept
/// the event; the summary has the target's error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot send an event: the target failed permanently")]
pub struct ProducerStopped;

impl Producer {
    /// Starts a producer.
    ///
    /// # Errors
    /// [`InvalidProducerId`] if the event's contract rejects the producer id.
    pub fn start(
        target: Arc<dyn Target>,
        settings: SendSettings,
    ) -> Result<Self, InvalidProducerId> {
        let numbering = Numbering::new(&settings.producer_id)?;
        let (events, queue) = mpsc::channel(settings.queue.max(1));
        let progress = Arc::new(SendProgress::default());
        let stopped = Arc::new(AtomicBool::new(false));
        let worker = Worker::new(
            target,
            settings,
            numbering,
            Arc::clone(&progress),
            Arc::clone(&stopped),
        );
        Ok(Self {
            events,
            progress,
            stopped,
            worker: tokio::spawn(worker.run(queue)),
        })
    }

    /// Sends an event. Waits while the queue is full.
    ///
    /// # Errors
    /// [`ProducerStopped`] if the target has failed permanently.
    pub async fn send(&self, event: OutgoingEvent) -> Result<(), ProducerStopped> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(ProducerStopped);
        }
        self.events.send(event).await.map_err(|_| ProducerStopped)
    }

    /// Sends an event like [`send`](Self::send), but blocks the thread.
    ///
    /// # Errors
    /// [`ProducerStopped`] if the target has failed permanently.
    ///
    /// # Panics
    /// If called on a thread that drives asynchronous tasks.
    pub fn send_blocking(&self, event: OutgoingEvent) -> Result<(), ProducerStopped> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(ProducerStopped);
        }
        self.events
            .blocking_send(event)
            .map_err(|_| ProducerStopped)
    }

    /// Returns the progress, which the producer keeps updating.
    pub fn progress(&self) -> Arc<SendProgress> {
        Arc::clone(&self.progress)
    }

    /// Sends all accepted events and returns the summary.
    ///
    /// # Errors
    /// [`JoinError`] if the producer itself panicked. Errors of the target are part of
    /// the summary.
    pub async fn finish(self) -> Result<SendSummary, JoinError> {
        drop(self.events);
        self.worker.await
    }
}

/// The background task at the receiving end of the queue.
struct Worker {
    settings: SendSettings,
    numbering: Numbering,
    aggregator: Aggregator,
    batcher: Batcher,
    delivery: Delivery,
    in_flight: JoinSet<SendSummary>,
    /// The tally of each request in flight.
    tallies: HashMap<Id, Tally>,
    requests: u64,
    /// The virtual clock's current time.
    virtual_ms: Option<i64>,
    records: Vec<PutRecord>,
    summary: SendSummary,
    progress: Arc<SendProgress>,
    stopped: Arc<AtomicBool>,
}

impl Worker {
    fn new(
        target: Arc<dyn Target>,
        mut settings: SendSettings,
        numbering: Numbering,
        progress: Arc<SendProgress>,
        stopped: Arc<AtomicBool>,
    ) -> Self {
        settings.aggregate.stamp_arrival = settings.clock == Clock::Virtual;
        settings.aggregate.max_record_bytes = settings
            .aggregate
            .max_record_bytes
            .min(settings.limits.max_record_bytes)
            .min(settings.limits.max_bytes);
        let mut limits = settings.limits;
        if let Some(rate_limiter) = &settings.rate_limiter {
            // A request above the limiter's burst would wait and then be throttled.
            // Only a single large record may exceed it.
            limits.max_bytes = limits
                .max_bytes
                .min(rate_limiter.request_bytes().max(limits.max_record_bytes));
            limits.max_records = limits.max_records.min(rate_limiter.request_records());
        }
        let delivery = Delivery {
            target,
            retry: settings.retry.clone(),
            rate_limiter: settings
                .rate_limiter
                .clone()
                .map(|limiter| Arc::new(Mutex::new(limiter))),
            started: Instant::now(),
        };
        Self {
            numbering,
            aggregator: Aggregator::new(settings.aggregate.clone()),
            batcher: Batcher::new(limits),
            delivery,
            in_flight: JoinSet::new(),
            tallies: HashMap::new(),
            requests: 0,
            virtual_ms: None,
            records: Vec::new(),
            summary: SendSummary::default(),
            progress,
            stopped,
            settings,
        }
    }

    async fn run(mut self, mut queue: mpsc::Receiver<OutgoingEvent>) -> SendSummary {
        let mut chunk = Vec::with_capacity(self.settings.chunk());
        let mut open = true;
        while open || !self.batcher.is_empty() || !self.in_flight.is_empty() {
            self.dispatch(queue.is_empty());
            self.progress.update(&self.summary);
            let due = self.next_due();
            tokio::select! {
                biased;
                Some(done) = self.in_flight.join_next_with_id(), if !self.in_flight.is_empty() => {
                    self.record_result(done);
                    if self.summary.stopped_by.is_some() {
                        queue.close();
                    }
                }
                accepted = queue.recv_many(&mut chunk, self.settings.chunk()), if open && !self.batcher.is_full() => {
                    chunk.drain(..).for_each(|event| self.accept(event));
                    if accepted == 0 {
                        open = false;
                        self.aggregator.finish(&mut self.records);
                    }
                    self.collect();
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if open && due.is_some() && !self.batcher.is_full() => {
                    let now_ms = self.now_ms(None);
                    self.aggregator.tick(now_ms, &mut self.records);
                    self.collect();
                }
                else => {}
            }
        }
        self.summary.elapsed = self.delivery.started.elapsed();
        self.progress.update(&self.summary);
        self.summary
    }

    /// Numbers an event and adds it to the aggregator.
    fn accept(&mut self, mut event: OutgoingEvent) {
        self.summary.accepted += 1;
        let now_ms = self.now_ms(event.arrives_at_ms);
        let user_id = std::mem::take(&mut event.user_id);
        let body = self.numbering.number(event);
        if self
            .aggregator
            .add(&user_id, &body, now_ms, &mut self.records)
            .is_err()
        {
            self.summary
                .add_failure("exceeds the record size limit", Tally::of_event(body.len()));
        }
    }

    /// Moves complete records to the batcher.
    fn collect(&mut self) {
        for record in self.records.drain(..) {
            if let Err(record) = self.batcher.push(record) {
                self.summary
                    .add_failure("exceeds the record size limit", Tally::of(&record));
            }
        }
    }

    /// Starts full requests, and partial ones if no event waits.
    fn dispatch(&mut self, idle: bool) {
        while self.in_flight.len() < self.settings.in_flight.max(1)
            && !self.batcher.is_empty()
            && (idle || self.batcher.is_full())
        {
            let request = self.batcher.take();
            if request.is_empty() {
                return;
            }
            let tally = request.iter().collect();
            if self.summary.stopped_by.is_some() {
                self.summary.add_failure(STOPPED, tally);
                continue;
            }
            self.requests += 1;
            let delivery = self.delivery.clone().deliver(request, self.requests);
            self.tallies
                .insert(self.in_flight.spawn(delivery).id(), tally);
        }
    }

    /// Adds a finished request to the summary.
    fn record_result(&mut self, done: Result<(Id, SendSummary), JoinError>) {
        match done {
            Ok((id, share)) => {
                self.tallies.remove(&id);
                self.summary.acknowledged += share.acknowledged;
                self.summary.retries += share.retries;
                for (reason, tally) in share.failed_by_reason {
                    self.summary.add_failure(&reason, tally);
                }
                if let Some(error) = share.stopped_by {
                    self.stop(error);
                }
            }
            Err(error) => match self.tallies.remove(&error.id()) {
                Some(tally) => {
                    self.summary.add_failure(STOPPED, tally);
                    self.stop(format!("the target panicked: {error}"));
                }
                None => self.stop(format!(
                    "the target panicked, and the counts of its request are unknown: {error}"
                )),
            },
        }
    }

    fn stop(&mut self, error: String) {
        self.stopped.store(true, Ordering::Relaxed);
        self.summary.stopped_by.get_or_insert(error);
    }

    /// Returns the end of the next linger time on the real clock.
    fn next_due(&self) -> Option<Instant> {
        let due_ms = match self.settings.clock {
            Clock::Real => self.aggregator.next_due_ms()?,
            Clock::Virtual => return None,
        };
        Some(self.delivery.started + Duration::from_millis(due_ms.max(0).unsigned_abs()))
    }

    /// Returns the current time in milliseconds on the clock in use.
    fn now_ms(&mut self, arrives_at_ms: Option<i64>) -> i64 {
        match self.settings.clock {
            Clock::Real => as_ms(self.delivery.started.elapsed()),
            Clock::Virtual => {
                let now_ms = arrives_at_ms.or(self.virtual_ms).unwrap_or_else(|| {
                    as_ms(
                        SystemTime::now()
                            .duration_since(UNIX_EPOCH)
                            .unwrap_or_default(),
                    )
                });
                *self.virtual_ms.insert(now_ms)
            }
        }
    }
}

fn as_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
