//! The deterministic random number generator of simulations and samples.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The purpose of a generator. The numbers are part of the meaning of a seed: never
/// change or reuse one.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub(crate) enum RngPurpose {
    /// The title catalog.
    TitleCatalog = 1,
    /// The properties of a household.
    Household = 2,
    /// The sessions of a household on one day.
    Day = 3,
    /// The actions in one session.
    Session = 4,
    /// The trial sessions that estimate the number of events per session.
    Trial = 5,
    /// The rows of a sample of a watch log.
    WatchLogSample = 6,
}

/// A probability in units of 2⁻³², for decisions by one draw of 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Probability(u64);

impl Probability {
    /// Converts a share, clamped to 0..=1.
    ///
    /// The product with a power of two is exact and the cast truncates, so the result is
    /// the same on every machine.
    pub(crate) fn of_share(share: f64) -> Self {
        Self((share.clamp(0.0, 1.0) * 4_294_967_296.0) as u64)
    }
}

/// A random number generator whose output is the same on every machine and in every
/// release.
///
/// It is ChaCha8 with a key of four numbers of eight little-endian bytes: seed,
/// purpose, subject (the user) and occasion (the day, or day and session). Outputs
/// under different keys are independent, so the draws of one household never shift
/// those of another.
///
/// The distributions are implemented here with integer arithmetic, because those of
/// `rand` may change between versions.
#[derive(Debug, Clone)]
pub(crate) struct SeededRng(ChaCha8Rng);

impl SeededRng {
    pub(crate) fn new(seed: u64, purpose: RngPurpose, subject: u64, occasion: u64) -> Self {
        let mut key = [0; 32];
        let words = [seed, purpose as u64, subject, occasion];
        for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    pub(crate) fn bits32(&mut self) -> u32 {
        self.0.next_u32()
    }

    pub(crate) fn bits64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Draws a number in `0..bound`, or 0 for a bound of 0: the high half of a widening
    /// product. The bias is less than `bound` / 2³².
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.bits32()) * u64::from(bound)) >> 32) as u32
    }

    /// Draws a number in `0..bound` for bounds above 32 bits.
    pub(crate) fn below_u64(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits64()) * u128::from(bound)) >> 64) as u64
    }

    /// Draws a number in `low..=high`.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// Draws a number in `low..=high` that is biased to low ones: the minimum of two.
    pub(crate) fn low_biased(&mut self, low: u32, high: u32) -> u32 {
        self.between(low, high).min(self.between(low, high))
    }

    /// Returns true with a probability of `percent` %.
    pub(crate) fn percent_chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// Returns true with a probability of `probability`.
    pub(crate) fn chance(&mut self, probability: Probability) -> bool {
        u64::from(self.bits32()) < probability.0
    }

    /// Picks an element of a table; `None` for an empty table.
    pub(crate) fn pick<'t, T>(&mut self, table: &'t [T]) -> Option<&'t T> {
        table.get(self.below(table.len() as u32) as usize)
    }

    /// Picks a word of a table, which must not be empty.
    pub(crate) fn pick_word(&mut self, table: &[&'static str]) -> &'static str {
        table[self.below(table.len() as u32) as usize]
    }

    /// Draws an index with probabilities proportional to `weights`; the last index if all
    /// weights are 0.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            if left < weight {
                return index;
            }
            left -= weight;
            last = index;
        }
        last
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_own_output() {
        let first = |rng: &mut SeededRng| [rng.bits64(), rng.bits64()];
        let base = first(&mut SeededRng::new(1, RngPurpose::Day, 2, 3));
        assert_eq!(base, first(&mut SeededRng::new(1, RngPurpose::Day, 2, 3)));
        for other in [
            SeededRng::new(0, RngPurpose::Day, 2, 3),
            SeededRng::new(1, RngPurpose::Session, 2, 3),
            SeededRng::new(1, RngPurpose::Day, 3, 3),
            SeededRng::new(1, RngPurpose::Day, 2, 4),
        ] {
            assert_ne!(base, first(&mut other.clone()));
        }
    }

    #[test]
    fn draws_cover_their_range() {
        let mut rng = SeededRng::new(7, RngPurpose::Trial, 0, 0);
        let mut seen = [0; 6];
        for _ in 0..6_000 {
            seen[rng.between(5, 10) as usize - 5] += 1;
        }
        assert!(seen.iter().all(|n| (800..1_200).contains(n)), "{seen:?}");
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.below(1), 0);
        assert_eq!(rng.between(u32::MAX, 0), u32::MAX);
        assert!((0..1_000).all(|_| rng.below_u64(1 << 40) < 1 << 40));
        assert!(rng.pick::<u8>(&[]).is_none());
    }

    #[test]
    fn indexes_are_drawn_by_weight() {
        let mut rng = SeededRng::new(7, RngPurpose::Trial, 0, 1);
        let mut seen = [0; 3];
        for _ in 0..10_000 {
            seen[rng.weighted([1, 0, 3].into_iter())] += 1;
        }
        assert_eq!(seen[1], 0);
        assert!((2_300..2_700).contains(&seen[0]), "{seen:?}");
        assert_eq!(rng.weighted([0, 0].into_iter()), 1);
        assert_eq!(rng.weighted([].into_iter()), 0);
    }

    #[test]
    fn a_probability_holds_on_average() {
        let mut rng = SeededRng::new(7, RngPurpose::Trial, 0, 2);
        assert!((0..1_000).all(|_| rng.chance(Probability::of_share(1.0))));
        assert!(!(0..1_000).any(|_| rng.chance(Probability::of_share(0.0))));
        assert!(!(0..1_000).any(|_| rng.chance(Probability::of_share(f64::NAN))));
        let hits = (0..100_000)
            .filter(|_| rng.chance(Probability::of_share(0.25)))
            .count();
        assert!((24_000..26_000).contains(&hits), "{hits}");
    }
}
