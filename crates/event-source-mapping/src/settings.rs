//! Settings of a mapping, named as in Lambda where Lambda has them.

use std::time::Duration;

/// Lambda's limit on the records of a batch.
pub const MAX_BATCH_SIZE: usize = 10_000;

/// The settings of an event source mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingSettings {
    /// The owner of the checkpoints: a directory in the stream's `consumers/`.
    pub consumer: String,
    /// The maximum number of records in a batch, 1 to [`MAX_BATCH_SIZE`].
    pub batch_size: usize,
    /// The batching window in milliseconds: the maximum difference between the
    /// arrival of a batch's first record and of any other; 0 disables it.
    pub window_ms: u64,
    /// The maximum number of retries; `None` retries until success, Lambda's
    /// default.
    pub max_retries: Option<u32>,
    /// The maximum age of a record in milliseconds; older records are given up.
    /// `None` disables the limit.
    ///
    /// Age is measured on the stream's clock: the newest arrival read from the
    /// shard, plus the backoffs waited since. A backlog therefore does not age
    /// between runs; records do age while their retries block the shard.
    pub max_record_age_ms: Option<u64>,
    /// True to bisect a batch that fails as a whole, to isolate the failing
    /// record. Bisection uses no retry.
    pub bisect: bool,
    /// The delay between attempts.
    pub backoff: Backoff,
}

impl Default for MappingSettings {
    fn default() -> Self {
        Self {
            consumer: "transform".to_owned(),
            batch_size: MAX_BATCH_SIZE,
            window_ms: 0,
            max_retries: Some(5),
            max_record_age_ms: None,
            bisect: true,
            backoff: Backoff::default(),
        }
    }
}

/// Exponential backoff: delays double up to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The delay after the first failure.
    pub first: Duration,
    /// The maximum delay.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(30),
        }
    }
}

impl Backoff {
    /// A backoff without delays.
    pub const NONE: Self = Self {
        first: Duration::ZERO,
        longest: Duration::ZERO,
    };

    /// Returns the delay after a number of consecutive failures.
    pub fn after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest() {
        let backoff = Backoff {
            first: Duration::from_millis(100),
            longest: Duration::from_millis(350),
        };
        let waits = [1, 2, 3, 4, u32::MAX].map(|n| backoff.after(n).as_millis());
        assert_eq!(waits, [100, 200, 350, 350, 350]);
        assert_eq!(Backoff::NONE.after(7), Duration::ZERO);
    }
}
