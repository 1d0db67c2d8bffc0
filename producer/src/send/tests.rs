#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;

use async_trait::async_trait;
use marquee_codec::Compression;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::sync::Semaphore;

use super::*;
use crate::feed::{Stop, feed};
use crate::target::{RecordFailure, TargetError};

/// Fails as its dice say, and remembers what it took.
struct Faulty {
    dice: Mutex<ChaCha8Rng>,
    throttle: f64,
    reject: f64,
    fail_request: f64,
    /// After so many records, fails for good.
    fatal_after: usize,
    taken: Mutex<Vec<PutRecord>>,
}

impl Faulty {
    fn new(seed: u64) -> Self {
        Self {
            dice: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
            throttle: 0.0,
            reject: 0.0,
            fail_request: 0.0,
            fatal_after: usize::MAX,
            taken: Mutex::new(Vec::new()),
        }
    }

    fn events_taken(&self) -> u64 {
        self.taken
            .lock()
            .unwrap()
            .iter()
            .map(|record| u64::from(record.events))
            .sum()
    }
}

#[async_trait]
impl Target for Faulty {
    async fn put(
        &self,
        records: &[PutRecord],
    ) -> Result<Vec<Result<(), RecordFailure>>, TargetError> {
        tokio::task::yield_now().await;
        let mut dice = self.dice.lock().unwrap();
        let mut taken = self.taken.lock().unwrap();
        if taken.len() >= self.fatal_after {
            return Err(TargetError::Fatal("the disk is full".into()));
        }
        if dice.random_bool(self.fail_request) {
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
                if dice.random_bool(self.throttle) {
                    failure(true, "throttled")
                } else if dice.random_bool(self.reject) {
                    failure(false, "rejected")
                } else {
                    taken.push(record.clone());
                    Ok(())
                }
            })
            .collect())
    }
}

fn event(number: u64) -> Outgoing {
    Outgoing {
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

/// One event a record, uncompressed, so that a test can look into it.
fn plain() -> SendSettings {
    let mut settings = SendSettings::new("p");
    settings.aggregate.aggregate = false;
    settings.aggregate.compression = Compression::None;
    settings.limits.max_records = 10;
    settings
}

async fn send(target: &Arc<Faulty>, settings: SendSettings, events: u64) -> Summary {
    let producer = Producer::start(target.clone(), settings).unwrap();
    for number in 0..events {
        if producer.give(event(number)).await.is_err() {
            break;
        }
    }
    producer.finish().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn whatever_fails_every_event_is_acknowledged_or_given_up() {
    let (mut retries, mut given_up) = (0, 0);
    for seed in 0..12 {
        let target = Arc::new(Faulty {
            throttle: 0.4,
            reject: 0.01,
            fail_request: 0.2,
            ..Faulty::new(seed)
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
        assert_eq!(summary.given, 3_000);
        assert_eq!(summary.acknowledged.events, target.events_taken());
        assert_eq!(
            summary.acknowledged.records,
            target.taken.lock().unwrap().len() as u64
        );
        assert_eq!(
            summary.given,
            summary.acknowledged.events + summary.given_up().events
        );
        retries += summary.retries;
        given_up += summary.given_up().events;
        assert!(summary.stopped_by.is_none());
    }
    assert!(retries > 0 && given_up > 0, "{retries} {given_up}");
}

#[tokio::test(start_paused = true)]
async fn failures_that_pass_lose_nothing_and_numbers_are_complete() {
    let target = Arc::new(Faulty {
        throttle: 0.5,
        fail_request: 0.3,
        ..Faulty::new(5)
    });
    let mut settings = plain();
    settings.retry.max_attempts = 200;
    settings.retry.max_elapsed = Duration::from_secs(3_600);
    let summary = send(&target, settings, 2_000).await;
    assert!(summary.is_complete(), "{summary}");
    let taken = target.taken.lock().unwrap();
    let numbers: BTreeSet<i64> = taken
        .iter()
        .map(|record| serde_json::from_slice::<serde_json::Value>(&record.data).unwrap())
        .map(|event| event.pointer("/producer/seq").unwrap().as_i64().unwrap())
        .collect();
    assert!(numbers.into_iter().eq(1..=2_000));
    assert_eq!(taken.len(), 2_000);
}

#[tokio::test(start_paused = true)]
async fn an_event_too_large_is_given_up_alone() {
    let target = Arc::new(Faulty::new(1));
    let producer = Producer::start(target.clone(), SendSettings::new("p")).unwrap();
    producer.give(event(1)).await.unwrap();
    producer
        .give(Outgoing {
            body: vec![b'x'; 2 << 20],
            ..event(2)
        })
        .await
        .unwrap();
    producer.give(event(3)).await.unwrap();
    let summary = producer.finish().await.unwrap();
    assert_eq!(
        (
            summary.given,
            summary.acknowledged.events,
            summary.given_up().events
        ),
        (3, 2, 1)
    );
    assert_eq!(target.events_taken(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_fails_for_good_stops_the_producer() {
    let target = Arc::new(Faulty {
        fatal_after: 100,
        ..Faulty::new(1)
    });
    let summary = send(&target, plain(), 1_000_000).await;
    assert!(summary.given < 1_000_000, "no longer taken");
    assert_eq!(summary.stopped_by.as_deref(), Some("the disk is full"));
    assert_eq!(summary.acknowledged.events, target.events_taken());
    assert_eq!(
        summary.given,
        summary.acknowledged.events + summary.given_up().events
    );
}

/// Panics on its second request.
struct Panicking(AtomicUsize);

#[async_trait]
impl Target for Panicking {
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
async fn a_target_that_panics_is_accounted_for() {
    let producer = Producer::start(Arc::new(Panicking(AtomicUsize::new(0))), plain()).unwrap();
    for number in 0..5_000 {
        if producer.give(event(number)).await.is_err() {
            break;
        }
    }
    let summary = producer.finish().await.unwrap();
    assert!(summary.stopped_by.is_some() && summary.acknowledged.events > 0);
    assert_eq!(
        summary.given,
        summary.acknowledged.events + summary.given_up().events
    );
}

/// Takes a request only when told to.
struct Stalled(Semaphore);

#[async_trait]
impl Target for Stalled {
    async fn put(
        &self,
        records: &[PutRecord],
    ) -> Result<Vec<Result<(), RecordFailure>>, TargetError> {
        self.0.acquire().await.unwrap().forget();
        Ok(records.iter().map(|_| Ok(())).collect())
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_stalls_makes_the_giver_wait() {
    let target = Arc::new(Stalled(Semaphore::new(0)));
    let settings = SendSettings {
        in_flight: 2,
        queue: 16,
        ..plain()
    };
    // Two requests on their way, one waiting and a chunk beyond it, the queue.
    let most = (2 + 1) * 10 + 16 + 16;
    let producer = Producer::start(target.clone(), settings).unwrap();
    let mut given = 0;
    while tokio::time::timeout(Duration::from_secs(1), producer.give(event(given)))
        .await
        .is_ok()
    {
        given += 1;
        assert!(
            given <= most,
            "{given} events taken without a single answer"
        );
    }
    assert!(given >= 2 * 10);
    target.0.add_permits(1_000);
    let summary = producer.finish().await.unwrap();
    // An event that timed out was not taken.
    assert_eq!((summary.given, summary.acknowledged.events), (given, given));
}

#[tokio::test(start_paused = true)]
async fn on_the_real_clock_a_lone_event_leaves_after_its_linger() {
    let target = Arc::new(Faulty::new(1));
    let producer = Producer::start(target.clone(), SendSettings::new("p")).unwrap();
    producer.give(event(1)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(target.events_taken(), 0);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(target.events_taken(), 1);
    assert_eq!(
        target.taken.lock().unwrap().first().unwrap().arrives_at_ms,
        None
    );
    assert!(producer.finish().await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn on_a_virtual_clock_the_same_events_give_the_same_records() {
    let mut runs = Vec::new();
    for (queue, max_records, throttle) in [(1, 500, 0.0), (1_000, 3, 0.0)] {
        let target = Arc::new(Faulty {
            throttle,
            ..Faulty::new(1)
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
        runs.push(target.taken.lock().unwrap().clone());
    }
    let [one, other] = runs.as_slice() else {
        panic!()
    };
    assert_eq!(one, other);
    assert!(one.iter().all(|record| record.arrives_at_ms.is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_stop_takes_no_more_and_sends_what_was_taken() {
    let target = Arc::new(Faulty {
        throttle: 0.3,
        ..Faulty::new(9)
    });
    let stop = Stop::default();
    let stopper = stop.clone();
    let source = (0..).map(move |number| {
        if number == 700 {
            stopper.stop();
        }
        Ok(event(number))
    });
    let producer = Producer::start(target.clone(), SendSettings::new("p")).unwrap();
    let fed = feed(producer, source, None, stop).await.unwrap();
    assert_eq!(fed.summary.given, 700);
    assert!(fed.summary.is_complete() && fed.source_error.is_none());
    assert_eq!(target.events_taken(), 700);
}
