//! The sender: events in, at its own pace and in bounded memory; a summary out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::aggregate::{AggregateSettings, Aggregator};
use crate::batch::{Batcher, RequestLimits};
use crate::count::{Progress, Summary, Tally};
use crate::deliver::{Delivery, STOPPED};
use crate::number::{BadProducerId, Numbering};
use crate::pace::ShardPace;
use crate::retry::RetrySettings;
use crate::target::Target;
use crate::{Outgoing, PutRecord};

/// Which clock closes an aggregate whose linger is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The real one; when events say they arrive does not matter.
    Real,
    /// The events' own `arrives_at_ms`, which records then carry: the same
    /// events give the same records, whenever and however fast they are sent.
    /// An event that says nothing arrives with the one before it.
    Virtual,
}

/// How a producer works.
#[derive(Debug, Clone)]
pub struct SendSettings {
    /// Names this run in `producer.id`; 1 to 128 bytes.
    pub producer_id: String,
    /// How events are packed into records.
    pub aggregate: AggregateSettings,
    /// What one request may hold.
    pub limits: RequestLimits,
    /// Requests on their way at the same time. With one, records keep their
    /// order from end to end, unless one has to be put again.
    pub in_flight: usize,
    /// Events that may wait to be packed before [`Producer::give`] waits.
    pub queue: usize,
    /// What to do with what the target did not take.
    pub retry: RetrySettings,
    /// The shards to keep under the limits of; `None` = as fast as it goes.
    pub pace: Option<ShardPace>,
    /// Which clock closes aggregates.
    pub clock: Clock,
}

impl SendSettings {
    /// The defaults, for a producer of that id.
    pub fn new(producer_id: impl Into<String>) -> Self {
        Self {
            producer_id: producer_id.into(),
            aggregate: AggregateSettings::default(),
            limits: RequestLimits::default(),
            in_flight: 4,
            queue: 1_024,
            retry: RetrySettings::default(),
            pace: None,
            clock: Clock::Real,
        }
    }

    /// Events packed at a time, between two looks at everything else.
    fn chunk(&self) -> usize {
        self.queue.clamp(1, 256)
    }

    /// The most bytes of events and records a producer holds at a time, when no
    /// event is over `event_bytes`: those that wait, the open aggregates, the
    /// records of one more request, and the requests on their way.
    pub fn most_bytes_held(&self, event_bytes: usize) -> usize {
        let open = if self.aggregate.aggregate {
            usize::from(self.aggregate.buckets.get())
        } else {
            0
        };
        let records_of_a_chunk = self.chunk() + open;
        (self.queue + self.chunk()) * event_bytes
            + (open + records_of_a_chunk) * self.aggregate.max_record_bytes
            + (self.in_flight + 1) * self.limits.max_bytes
    }
}

/// Sends events to a target. To be used within a tokio runtime.
///
/// Memory is bounded ([`SendSettings::most_bytes_held`]): while the target does
/// not keep up, [`give`](Self::give) waits. A producer that is dropped without
/// [`finish`](Self::finish) still sends what it was given, in the background.
#[derive(Debug)]
pub struct Producer {
    events: mpsc::Sender<Outgoing>,
    progress: Arc<Progress>,
    stopped: Arc<AtomicBool>,
    worker: JoinHandle<Summary>,
}

/// The target failed for good; the event was not taken. The summary has why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the target failed for good, so no more events are taken")]
pub struct Stopped;

impl Producer {
    /// Starts a producer.
    ///
    /// # Errors
    /// A producer id that events may not carry.
    pub fn start(target: Arc<dyn Target>, settings: SendSettings) -> Result<Self, BadProducerId> {
        let numbering = Numbering::new(&settings.producer_id)?;
        let (events, queue) = mpsc::channel(settings.queue.max(1));
        let progress = Arc::new(Progress::default());
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

    /// Gives an event, waiting while too many are on their way.
    ///
    /// # Errors
    /// [`Stopped`]; the event was not taken.
    pub async fn give(&self, event: Outgoing) -> Result<(), Stopped> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Stopped);
        }
        self.events.send(event).await.map_err(|_| Stopped)
    }

    /// As [`give`](Self::give), from a thread that may wait.
    ///
    /// # Errors
    /// [`Stopped`]; the event was not taken.
    ///
    /// # Panics
    /// On a thread that drives asynchronous tasks.
    pub fn give_blocking(&self, event: Outgoing) -> Result<(), Stopped> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Stopped);
        }
        self.events.blocking_send(event).map_err(|_| Stopped)
    }

    /// How far it is; goes on being brought up to date.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Sends what is on its way and says what became of everything.
    ///
    /// # Errors
    /// When the producer itself broke down: a fault in it, not in the target.
    pub async fn finish(self) -> Result<Summary, JoinError> {
        drop(self.events);
        self.worker.await
    }
}

/// What happens on the other side of the queue.
struct Worker {
    settings: SendSettings,
    numbering: Numbering,
    aggregator: Aggregator,
    batcher: Batcher,
    delivery: Delivery,
    in_flight: JoinSet<Summary>,
    /// What the requests on their way hold.
    tallies: HashMap<Id, Tally>,
    requests: u64,
    /// The virtual clock.
    virtual_ms: Option<i64>,
    records: Vec<PutRecord>,
    summary: Summary,
    progress: Arc<Progress>,
    stopped: Arc<AtomicBool>,
}

impl Worker {
    fn new(
        target: Arc<dyn Target>,
        mut settings: SendSettings,
        numbering: Numbering,
        progress: Arc<Progress>,
        stopped: Arc<AtomicBool>,
    ) -> Self {
        settings.aggregate.stamp_arrival = settings.clock == Clock::Virtual;
        settings.aggregate.max_record_bytes = settings
            .aggregate
            .max_record_bytes
            .min(settings.limits.max_record_bytes)
            .min(settings.limits.max_bytes);
        let mut limits = settings.limits;
        if let Some(pace) = &settings.pace {
            // A request over the pace's burst would only wait, then be throttled;
            // a single large record has to.
            limits.max_bytes = limits
                .max_bytes
                .min(pace.request_bytes().max(limits.max_record_bytes));
            limits.max_records = limits.max_records.min(pace.request_records());
        }
        let delivery = Delivery {
            target,
            retry: settings.retry.clone(),
            pace: settings.pace.clone().map(|pace| Arc::new(Mutex::new(pace))),
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
            summary: Summary::default(),
            progress,
            stopped,
            settings,
        }
    }

    async fn run(mut self, mut queue: mpsc::Receiver<Outgoing>) -> Summary {
        let mut chunk = Vec::with_capacity(self.settings.chunk());
        let mut open = true;
        while open || !self.batcher.is_empty() || !self.in_flight.is_empty() {
            self.dispatch(queue.is_empty());
            self.progress.show(&self.summary);
            let due = self.next_due();
            tokio::select! {
                biased;
                Some(done) = self.in_flight.join_next_with_id(), if !self.in_flight.is_empty() => {
                    self.settle(done);
                    if self.summary.stopped_by.is_some() {
                        queue.close();
                    }
                }
                taken = queue.recv_many(&mut chunk, self.settings.chunk()), if open && !self.batcher.is_full() => {
                    chunk.drain(..).for_each(|event| self.take(event));
                    if taken == 0 {
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
        self.progress.show(&self.summary);
        self.summary
    }

    fn take(&mut self, mut event: Outgoing) {
        self.summary.given += 1;
        let now_ms = self.now_ms(event.arrives_at_ms);
        let user_id = std::mem::take(&mut event.user_id);
        let body = self.numbering.number(event);
        if self
            .aggregator
            .give(&user_id, &body, now_ms, &mut self.records)
            .is_err()
        {
            self.summary
                .give_up("larger than a record may be", Tally::of_event(body.len()));
        }
    }

    /// Moves finished records to where requests are cut from.
    fn collect(&mut self) {
        for record in self.records.drain(..) {
            if let Err(record) = self.batcher.push(record) {
                self.summary
                    .give_up("larger than a record may be", Tally::of(&record));
            }
        }
    }

    /// Sends whole requests, or what there is when no event waits.
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
                self.summary.give_up(STOPPED, tally);
                continue;
            }
            self.requests += 1;
            let delivery = self.delivery.clone().deliver(request, self.requests);
            self.tallies
                .insert(self.in_flight.spawn(delivery).id(), tally);
        }
    }

    /// Books a finished request.
    fn settle(&mut self, done: Result<(Id, Summary), JoinError>) {
        match done {
            Ok((id, share)) => {
                self.tallies.remove(&id);
                self.summary.acknowledged += share.acknowledged;
                self.summary.retries += share.retries;
                for (reason, tally) in share.given_up_by_reason {
                    self.summary.give_up(&reason, tally);
                }
                if let Some(error) = share.stopped_by {
                    self.stop(error);
                }
            }
            Err(error) => {
                let tally = self.tallies.remove(&error.id()).unwrap_or_default();
                self.summary.give_up(STOPPED, tally);
                self.stop(format!("the target broke down: {error}"));
            }
        }
    }

    fn stop(&mut self, error: String) {
        self.stopped.store(true, Ordering::Relaxed);
        self.summary.stopped_by.get_or_insert(error);
    }

    /// When the linger of something is over, on the real clock.
    fn next_due(&self) -> Option<Instant> {
        let due_ms = match self.settings.clock {
            Clock::Real => self.aggregator.next_due_ms()?,
            Clock::Virtual => return None,
        };
        Some(self.delivery.started + Duration::from_millis(due_ms.max(0).unsigned_abs()))
    }

    /// The time on the clock in use, in milliseconds.
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
