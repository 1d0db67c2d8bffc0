//! Feeding of a producer from a source until the source ends or a stop is requested.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::task::JoinError;

use crate::input::SourceError;
use crate::rate_limit::RateLimiter;
use crate::{OutgoingEvent, Producer, SendSummary};

/// A flag that stops a feed. Events that the producer has accepted are still sent.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Requests the stop.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns whether the stop is requested.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The result of a feed.
#[derive(Debug)]
pub struct FeedResult {
    /// The producer's summary.
    pub summary: SendSummary,
    /// The error that ended the source, if any.
    pub source_error: Option<SourceError>,
}

/// Sends the events of `source` through `producer`, limited by `rate`, and finishes
/// the producer. The source runs on a thread of its own, where it may block.
///
/// # Errors
/// A panic in the source or the producer. Errors of the source and the target are
/// part of the result.
pub async fn feed<S>(
    producer: Producer,
    source: S,
    rate: Option<RateLimiter>,
    stop: StopFlag,
) -> Result<FeedResult, JoinError>
where
    S: IntoIterator<Item = Result<OutgoingEvent, SourceError>> + Send + 'static,
{
    let (producer, source_error) = tokio::task::spawn_blocking(move || {
        let source_error = send_all(&producer, source, rate, &stop);
        (producer, source_error)
    })
    .await?;
    Ok(FeedResult {
        summary: producer.finish().await?,
        source_error,
    })
}

fn send_all<S>(
    producer: &Producer,
    source: S,
    mut rate: Option<RateLimiter>,
    stop: &StopFlag,
) -> Option<SourceError>
where
    S: IntoIterator<Item = Result<OutgoingEvent, SourceError>>,
{
    let began = Instant::now();
    for event in source {
        let event = match event {
            Ok(event) => event,
            Err(error) => return Some(error),
        };
        if let Some(rate) = &mut rate {
            pause(rate.reserve(began.elapsed(), 1), stop);
        }
        if stop.is_set() || producer.send_blocking(event).is_err() {
            return None;
        }
    }
    None
}

/// Sleeps in short steps, so that a stop request ends the wait soon.
fn pause(mut wait: Duration, stop: &StopFlag) {
    const STEP: Duration = Duration::from_millis(50);
    while !wait.is_zero() && !stop.is_set() {
        let step = wait.min(STEP);
        thread::sleep(step);
        wait -= step;
    }
}
