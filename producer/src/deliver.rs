//! One request, until each of its records is durable or given up.

use std::sync::{Arc, Mutex, PoisonError};

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use tokio::time::{Instant, sleep};

use crate::PutRecord;
use crate::count::{Summary, Tally};
use crate::pace::ShardPace;
use crate::retry::RetrySettings;
use crate::target::{RecordFailure, Target, TargetError};

/// What every request's delivery stands on.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) target: Arc<dyn Target>,
    pub(crate) retry: RetrySettings,
    pub(crate) pace: Option<Arc<Mutex<ShardPace>>>,
    /// When the pace's clock began.
    pub(crate) started: Instant,
}

/// The reason of records that were never tried, or were on their way when the
/// target failed for good.
pub(crate) const STOPPED: &str = "the target failed for good";

impl Delivery {
    /// Puts `records`, then again those that failed and may be taken later,
    /// record by record. Answers with its share of the summary. `number` tells
    /// this request's jitter from others'.
    pub(crate) async fn deliver(self, mut records: Vec<PutRecord>, number: u64) -> Summary {
        let mut rng =
            ChaCha8Rng::seed_from_u64(self.retry.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut share = Summary::default();
        let began = Instant::now();
        for attempt in 1_u32.. {
            self.wait_for_pace(&records).await;
            let failed = match self.target.put(&records).await {
                Ok(outcomes) => sort_out(records, outcomes, &mut share),
                Err(TargetError::Retryable { code, .. }) => records
                    .into_iter()
                    .map(|record| (record, code.clone()))
                    .collect(),
                Err(TargetError::Fatal(message)) => {
                    share.give_up(STOPPED, records.iter().collect());
                    share.stopped_by = Some(message);
                    return share;
                }
            };
            let pause = self.retry.pause(attempt, &mut rng);
            let spent = attempt >= self.retry.max_attempts
                || began.elapsed() + pause > self.retry.max_elapsed;
            if spent {
                for (record, code) in &failed {
                    share.give_up(code, Tally::of(record));
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

    async fn wait_for_pace(&self, records: &[PutRecord]) {
        let Some(pace) = &self.pace else { return };
        let bytes = records.iter().map(|record| record.size() as u64).sum();
        let wait = pace.lock().unwrap_or_else(PoisonError::into_inner).reserve(
            self.started.elapsed(),
            bytes,
            records.len() as u64,
        );
        sleep(wait).await;
    }
}

/// Counts what is durable and what will never be, and gives back, with the
/// failure's code, what may be tried again, in the same order.
fn sort_out(
    records: Vec<PutRecord>,
    outcomes: Vec<Result<(), RecordFailure>>,
    share: &mut Summary,
) -> Vec<(PutRecord, String)> {
    let mut outcomes = outcomes.into_iter();
    let mut again = Vec::new();
    for record in records {
        match outcomes.next() {
            Some(Ok(())) => share.acknowledged += Tally::of(&record),
            Some(Err(failure)) if failure.retryable => again.push((record, failure.code)),
            Some(Err(failure)) => share.give_up(&failure.code, Tally::of(&record)),
            // Not known to be durable, so it is not.
            None => again.push((record, "no_answer".to_owned())),
        }
    }
    again
}
