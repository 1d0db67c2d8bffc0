//! Delivery of one request: retries until each record is durable or has failed.

use std::sync::{Arc, Mutex, PoisonError};

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use tokio::time::{Instant, sleep};

use crate::PutRecord;
use crate::rate_limit::ShardRateLimiter;
use crate::retry::RetrySettings;
use crate::summary::{SendSummary, Tally};
use crate::target::{RecordFailure, Target, TargetError};

/// The parts that the deliveries of all requests share.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) target: Arc<dyn Target>,
    pub(crate) retry: RetrySettings,
    pub(crate) rate_limiter: Option<Arc<Mutex<ShardRateLimiter>>>,
    /// The origin of the rate limiter's clock.
    pub(crate) started: Instant,
}

/// The failure reason of records that were in flight or not sent yet when the target
/// failed permanently.
pub(crate) const STOPPED: &str = "the target failed permanently";

impl Delivery {
    /// Puts `records` and retries those with retryable failures. Returns this
    /// request's share of the summary. `number` selects the request's jitter.
    pub(crate) async fn deliver(self, mut records: Vec<PutRecord>, number: u64) -> SendSummary {
        let mut rng =
            ChaCha8Rng::seed_from_u64(self.retry.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut share = SendSummary::default();
        let began = Instant::now();
        for attempt in 1_u32.. {
            self.wait_for_rate_limit(&records).await;
            let failed = match self.target.put(&records).await {
                Ok(outcomes) => take_retryable(records, outcomes, &mut share),
                Err(TargetError::Retryable { code, .. }) => records
                    .into_iter()
                    .map(|record| (record, code.clone()))
                    .collect(),
                Err(TargetError::Fatal(message)) => {
                    share.add_failure(STOPPED, records.iter().collect());
                    share.stopped_by = Some(message);
                    return share;
                }
            };
            let pause = self.retry.pause(attempt, &mut rng);
            let is_exhausted = attempt >= self.retry.max_attempts
                || began.elapsed() + pause > self.retry.max_elapsed;
            if is_exhausted {
                for (record, code) in &failed {
                    share.add_failure(code, Tally::of(record));
                }
                return share;
            }
            if failed.is_empty() {
                return share;
            }
            share.retries += failed.len() as u64;
            records = failed.into_iter().map(|(record, _)| record).collect();
            sleep(pause).await;
        }
        share
    }

    async fn wait_for_rate_limit(&self, records: &[PutRecord]) {
        let Some(limiter) = &self.rate_limiter else {
            return;
        };
        let bytes = records.iter().map(|record| record.size() as u64).sum();
        let wait = limiter
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .reserve(self.started.elapsed(), bytes, records.len() as u64);
        sleep(wait).await;
    }
}

/// Counts durable and permanently failed records in `share`. Returns the others in
/// order, each with its failure's code.
fn take_retryable(
    records: Vec<PutRecord>,
    outcomes: Vec<Result<(), RecordFailure>>,
    share: &mut SendSummary,
) -> Vec<(PutRecord, String)> {
    let mut outcomes = outcomes.into_iter();
    let mut retryable = Vec::new();
    for record in records {
        match outcomes.next() {
            Some(Ok(())) => share.acknowledged += Tally::of(&record),
            Some(Err(failure)) if failure.retryable => retryable.push((record, failure.code)),
            Some(Err(failure)) => share.add_failure(&failure.code, Tally::of(&record)),
            // Without an outcome the record is not known to be durable.
            None => retryable.push((record, "no_response".to_owned())),
        }
    }
    retryable
}
