//! The retry policy of records.

use std::time::Duration;

use rand::RngExt as _;

/// Exponential backoff with full jitter: the pause after the `n`-th attempt is uniform
/// between 0 and `min(cap, base × 2ⁿ⁻¹)`
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySettings {
    /// The maximum number of attempts, the first one included.
    pub max_attempts: u32,
    /// The maximum time for all attempts of a record.
    pub max_elapsed: Duration,
    /// The maximum first pause.
    pub base: Duration,
    /// The maximum of all pauses.
    pub cap: Duration,
    /// The seed of the jitter.
    pub seed: u64,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            max_attempts: 15,
            max_elapsed: Duration::from_secs(120),
            base: Duration::from_millis(100),
            cap: Duration::from_secs(10),
            seed: 0,
        }
    }
}

impl RetrySettings {
    /// Returns a random pause after a number of failed attempts.
    pub fn pause(&self, attempts: u32, rng: &mut impl rand::Rng) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        let longest = self.base.saturating_mul(doubled).min(self.cap);
        longest.mul_f64(rng.random::<f64>())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn pauses_grow_to_the_cap_and_repeat_from_a_seed() {
        let settings = RetrySettings::default();
        let pauses = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            (1..40)
                .map(|attempts| settings.pause(attempts, &mut rng))
                .collect::<Vec<_>>()
        };
        assert_eq!(pauses(7), pauses(7));
        assert_ne!(pauses(7), pauses(8));
        assert!(pauses(7).iter().all(|pause| *pause <= settings.cap));
        assert!(pauses(7).first().unwrap() <= &settings.base);
        assert!(
            pauses(7)
                .iter()
                .skip(8)
                .any(|pause| *pause > settings.base * 20)
        );
    }
}
