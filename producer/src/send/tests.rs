#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;

use async_trait::async_trait;
use marquee_codec::Compression;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::sync::Semaphore;

use super::*;
use crate::feed::{StopFlag, feed};
use crate::target::{RecordFailure, TargetError};

/// A target with random failures that keeps the records it accepts.
struct FaultyTarget {
    rng: Mutex<ChaCha8Rng>,
    throttle: f64,
    reject: f64,
    fail_request: f64,
    /// The number of records after which the target fails permanently.
    fatal_after: usize,
    stored: Mutex<Vec<PutRecord>>,
}

impl FaultyTarget {
    fn new(seed: u64) -> Self {
        Self {
            rng: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
            throttle: 0.0,
            reject: 0.0,
            fail_request: 0.0,
            fatal_after: usize::MAX,
            stored: Mutex::new(Vec::new()),
        }
    }

    fn events_stored(&self) -> u64 {
        self.stored
            .lock()
            .unwrap()
            .iter()
            .map(|record| u64::from(record.events))
            .sum()
    }
}

#[async_trait]
impl Target for FaultyTarget {
    async fn put(
        &self,
        records: &[PutRecord],
    ) -> Result<Vec<Result<(), RecordFailure>>, TargetError> {
        tokio::task::yield_now().await;
        let mut rng = self.rng.lock().unwrap();
        let mut stored = self.stored.lock().unwrap();
        if stored.len() >= self.fatal_after {
            return Err(TargetError::Fatal("the disk is full".into()));
        }
        if rng.random_bool(self.fail_request) {
            return Err(TargetError::Retryable {
                code: "timeout".into(),
                message: String::new(),
            });
        }
        let failure = |retryable, code: &str| {
            Err(RecordFailure {
                retryable,
                code: code.into(),
                message: String::new(),
            })
        };
        Ok(records
            .iter()
            .map(|record| {
                if rng.random_bool(self.throttle) {
                    failure(true, "throttled")
                } else if rng.random_bool(self.reject) {
                    failure(false, "rejected")
                } else {
                    stored.push(record.clone());
                    Ok(())
                }
            })
            .collect())
    }
}

fn event(number: u64) -> OutgoingEvent {
    OutgoingEvent {
        user_id: format!("u{}", number % 50),
        arrives_at_ms: Some(1_767_225_600_000 + i64::try_from(number).unwrap() * 40),
        body: format!(
            r#"{{"n":{number},"text":"{}"}}"#,
            "x".repeat((number % 40) as usize)
        )
        .into_bytes(),
        numbered: true,
    }
}

/// Returns settings for readable records: one uncompressed event each.
fn plain() -> SendSettings {
    let mut settings = SendSettings::new("p");
    settings.aggregate.aggregate = false;
    settings.aggregate.compression = Compression::None;
    settings.limits.max_records = 10;
    settings
}

async fn send(target: &Arc<FaultyTarget>, settings: SendSettings, events: u64) -> SendSummary {
    let producer = Producer::start(target.clone(), settings).unwrap();
    for number in 0..events {
        if producer.send(event(number)).await.is_err() {
            break;
        }
    }
    producer.finish().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_event_is_acknowledged_or_failed() {
    let (mut retries, mut failed) = (0, 0);
    for seed in 0..12 {
        let target = Arc::new(FaultyTarget {
            throttle: 0.4,
            reject: 0.01,
            fail_request: 0.2,
            ..FaultyTarget::new(seed)
        });
        let mut settings = if seed % 2 == 0 {
            plain()
        } else {
            SendSettings::new("p")
        };
        settings.aggregate.target_bytes = 2_000;
        settings.retry.max_attempts = 4;
        settings.retry.seed = seed;
        let summary = send(&target, settings, 3_000).await;
        assert_eq!(summary.accepted, 3_000);
        assert_eq!(summary.acknowledged.events, target.events_stored());
        assert_eq!(
            summary.acknowledged.records,
            target.stored.lock().unwrap().len() as u64
        );
        assert_eq!(
            summary.accepted,
            summary.acknowledged.events + summary.failed().events
        );
        retries += summary.retries;
        failed += summary.failed().events;
        assert!(summary.stopped_by.is_none());
    }
    assert!(retries > 0 && failed > 0, "{retries} {failed}");
}

#[tokio::test(start_paused = true)]
async fn transient_failures_lose_no_event_and_no_number() {
    let target = Arc::new(FaultyTarget {
        throttle: 0.5,
        fail_request: 0.3,
        ..FaultyTarget::new(5)
    });
    let mut settings = plain();
    settings.retry.max_attempts = 200;
    settings.retry.max_elapsed = Duration::from_secs(3_600);
    let summary = send(&target, settings, 2_000).await;
    assert!(summary.is_complete(), "{summary}");
    let stored = target.stored.lock().unwrap();
    let numbers: BTreeSet<i64> = stored
        .iter()
        .map(|record| serde_json::from_slice::<serde_json::Value>(&record.data).unwrap())
        .map(|event| event.pointer("/producer/seq").unwrap().as_i64().unwrap())
        .collect();
    assert!(numbers.into_iter().eq(1..=2_000));
    assert_eq!(stored.len(), 2_000);
}

#[tokio::test(start_paused = true)]
async fn an_event_too_large_fails_alone() {
    let target = Arc::new(FaultyTarget::new(1));
    let producer = Producer::start(target.clone(), SendSettings::new("p")).unwrap();
    producer.send(event(1)).await.unwrap();
    producer
        .send(OutgoingEvent {
            body: vec![b'x'; 2 << 20],
            ..event(2)
        })
        .await
        .unwrap();
    producer.send(event(3)).await.unwrap();
    let summary = producer.finish().await.unwrap();
    assert_eq!(
        (
            summary.accepted,
            summary.acknowledged.events,
            summary.failed().events
        ),
        (3, 2, 1)
    );
    assert_eq!(target.events_stored(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_stops_the_producer() {
    let target = Arc::new(FaultyTarget {
        fatal_after: 100,
        ..FaultyTarget::new(1)
    });
    let summary = send(&target, plain(), 1_000_000).await;
    assert!(summary.accepted < 1_000_000, "stopped");
    assert_eq!(summary.stopped_by.as_deref(), Some("the disk is full"));
    assert_eq!(summary.acknowledged.events, target.events_stored());
    assert_eq!(
        summary.accepted,
        summary.acknowledged.events + summary.failed().events
    );
}

/// A target that panics on its second request.
struct PanickingTarget(AtomicUsize);

#[async_trait]
impl Target for PanickingTarget {
    async fn put(
        &self,
        records: &[PutRecord],
    ) -> Result<Vec<Result<(), RecordFailure>>, TargetError> {
        assert!(
            self.0.fetch_add(1, Ordering::SeqCst) < 1,
            "a fault in the target"
        );
        Ok(records.iter().map(|_| Ok(())).collect())
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_target_is_accounted_for() {
    let producer =
        Producer::start(Arc::new(PanickingTarget(AtomicUsize::new(0))), plain()).unwrap();
    for number in 0..5_000 {
        if producer.send(event(number)).await.is_err() {
            break;
        }
    }
    let summary = producer.finish().await.unwrap();
    assert!(summary.stopped_by.is_some() && summary.acknowledged.events > 0);
    assert_eq!(
        summary.accepted,
        summary.acknowledged.events + summary.failed().events
    );
}

/// A target that waits for a permit before each request.
struct StalledTarget(Semaphore);

#[async_trait]
impl Target for StalledTarget {
    async fn put(
        &self,
        records: &[PutRecord],
    ) -> Result<Vec<Result<(), RecordFailure>>, TargetError> {
        self.0.acquire().await.unwrap().forget();
        Ok(records.iter().map(|_| Ok(())).collect())
    }
}

#[tokio::test(start_paused = true)]
async fn a_stalled_target_causes_backpressure() {
    let target = Arc::new(StalledTarget(Semaphore::new(0)));
    let settings = SendSettings {
        in_flight: 2,
        queue: 16,
        ..plain()
    };
    // Two requests in flight, the next one, a chunk of events and the queue.
    let max = (2 + 1) * 10 + 16 + 16;
    let producer = Producer::start(target.clone(), settings).unwrap();
    let mut accepted = 0;
    while tokio::time::timeout(Duration::from_secs(1), producer.send(event(accepted)))
        .await
        .is_ok()
    {
        accepted += 1;
        assert!(
            accepted <= max,
            "{accepted} events accepted before any response"
        );
    }
    assert!(accepted >= 2 * 10);
    target.0.add_permits(1_000);
    let summary = producer.finish().await.unwrap();
    // The event whose send timed out was not accepted.
    assert_eq!(
        (summary.accepted, summary.acknowledged.events),
        (accepted, accepted)
    );
}

#[tokio::test(start_paused = true)]
async fn on_the_real_clock_a_single_event_is_sent_after_its_linger() {
    let target = Arc::new(FaultyTarget::new(1));
    let producer = Producer::start(target.clone(), SendSettings::new("p")).unwrap();
    producer.send(event(1)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(target.events_stored(), 0);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(target.events_stored(), 1);
    assert_eq!(
        target.stored.lock().unwrap().first().unwrap().arrives_at_ms,
        None
    );
    assert!(producer.finish().await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn on_a_virtual_clock_the_same_events_give_the_same_records() {
    let mut runs = Vec::new();
    for (queue, max_records, throttle) in [(1, 500, 0.0), (1_000, 3, 0.0)] {
        let target = Arc::new(FaultyTarget {
            throttle,
            ..FaultyTarget::new(1)
        });
        let mut settings = SendSettings {
            clock: Clock::Virtual,
            in_flight: 1,
            queue,
            ..SendSettings::new("p")
        };
        settings.limits.max_records = max_records;
        settings.aggregate.linger_ms = 5_000;
        assert!(send(&target, settings, 5_000).await.is_complete());
        runs.push(target.stored.lock().unwrap().clone());
    }
    let [one, other] = runs.as_slice() else {
        panic!()
    };
    assert_eq!(one, other);
    assert!(one.iter().all(|record| record.arrives_at_ms.is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_stop_still_sends_accepted_events() {
    let target = Arc::new(FaultyTarget {
        throttle: 0.3,
        ..FaultyTarget::new(9)
    });
    let stop = StopFlag::default();
    let stopper = stop.clone();
    let source = (0..).map(move |number| {
        if number == 700 {
            stopper.set();
        }
        Ok(event(number))
    });
    let producer = Producer::start(target.clone(), SendSettings::new("p")).unwrap();
    let fed = feed(producer, source, None, stop).await.unwrap();
    assert_eq!(fed.summary.accepted, 700);
    assert!(fed.summary.is_complete() && fed.source_error.is_none());
    assert_eq!(target.events_stored(), 700);
}
