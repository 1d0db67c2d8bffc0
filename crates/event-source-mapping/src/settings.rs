//! How a mapping is set up; the names are Lambda's, as far as it has them.

use std::time::Duration;

/// The most records Lambda puts into a batch.
pub const MAX_BATCH_SIZE: usize = 10_000;

/// A mapping's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingSettings {
    /// Whose checkpoints these are; a directory under the stream's `consumers/`.
    pub consumer: String,
    /// The most records in a batch, 1 to [`MAX_BATCH_SIZE`].
    pub batch_size: usize,
    /// A record that arrived more than so many milliseconds after a batch's
    /// first begins the next one; 0 is no such limit.
    pub window_ms: u64,
    /// How often records that fail are tried again; `None` is for ever, as in
    /// Lambda unless told otherwise.
    pub max_retries: Option<u32>,
    /// Records older than so many milliseconds are given up; `None` is never.
    ///
    /// The age is the stream's: what it is *now* is the newest arrival that was
    /// read from the shard, and the backoffs waited since. So a backlog does
    /// not age by lying there, but records do while they keep a shard waiting.
    pub max_record_age_ms: Option<u64>,
    /// Whether a batch that fails as a whole is split in two, to close in on
    /// the record at fault. Splitting uses up no retry.
    pub bisect: bool,
    /// How long to wait between tries.
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

/// The waiting between tries: doubling, up to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure.
    pub first: Duration,
    /// The longest wait.
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
    /// No waiting at all.
    pub const NONE: Self = Self {
        first: Duration::ZERO,
        longest: Duration::ZERO,
    };

    /// The wait after so many failures in a row.
    pub fn after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff {
            first: Duration::from_millis(100),
            longest: Duration::from_millis(350),
        };
        let waits = [1, 2, 3, 4, u32::MAX].map(|n| backoff.after(n).as_millis());
        assert_eq!(waits, [100, 200, 350, 350, 350]);
        assert_eq!(Backoff::NONE.after(7), Duration::ZERO);
    }
}
