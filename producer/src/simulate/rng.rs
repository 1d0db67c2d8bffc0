//! The chances of the simulation.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream of chances is for. The numbers are part of what a seed means:
/// never reuse one, never change one.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub(super) enum Purpose {
    /// The catalogue's titles.
    Catalogue = 1,
    /// Who a viewer is.
    Viewer = 2,
    /// When a viewer sits down on one day.
    Day = 3,
    /// What happens in one sitting.
    Sitting = 4,
    /// The trial sittings that tell how many events one has.
    Trial = 5,
}

/// A share of chances out of 2³², to decide by one draw of 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Odds(u64);

impl Odds {
    /// From a share; below 0 is never, above 1 always.
    ///
    /// The product with a power of two is exact and the cast truncates, so the
    /// same share is the same odds on every machine.
    pub(super) fn of_share(share: f64) -> Self {
        Self((share.clamp(0.0, 1.0) * 4_294_967_296.0) as u64)
    }
}

/// A stream of chances that is the same on every machine and in every release.
///
/// ChaCha8 is a keyed function whose outputs under different keys are
/// unrelated, so no mixing is needed: the 32 bytes of the key simply *are*
/// seed, purpose, subject (which user) and occasion (which day, which sitting),
/// each as eight little-endian bytes. Everybody has chances of their own, and
/// what one viewer does never shifts another's.
///
/// The draws are made here by integer arithmetic rather than through `rand`,
/// whose distributions may change with its versions.
#[derive(Debug, Clone)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64, purpose: Purpose, subject: u64, occasion: u64) -> Self {
        let mut key = [0; 32];
        let words = [seed, purpose as u64, subject, occasion];
        for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    pub(super) fn bits32(&mut self) -> u32 {
        self.0.next_u32()
    }

    pub(super) fn bits64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `0..bound` (0 for a bound of 0), by one draw: the high half
    /// of a widening product. Its bias is under `bound` / 2³².
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.bits32()) * u64::from(bound)) >> 32) as u32
    }

    /// A number in `0..bound` for bounds past 32 bits.
    pub(super) fn below_wide(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// A number in `low..=high` with the small ones likelier: the lesser of two.
    pub(super) fn rather_low(&mut self, low: u32, high: u32) -> u32 {
        self.between(low, high).min(self.between(low, high))
    }

    /// True in `percent` of 100.
    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    pub(super) fn happens(&mut self, odds: Odds) -> bool {
        u64::from(self.bits32()) < odds.0
    }

    /// One of a table's rows. The tables of this simulation are constants that
    /// have rows; `None` only keeps an empty one from being a panic.
    pub(super) fn pick<'t, T>(&mut self, table: &'t [T]) -> Option<&'t T> {
        table.get(self.below(table.len() as u32) as usize)
    }

    /// A word of a table.
    pub(super) fn word(&mut self, table: &[&'static str]) -> &'static str {
        self.pick(table).copied().unwrap_or_default()
    }

    /// The place of a draw among weights; the last place if they are all 0.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        let mut last = 0;
        for (place, weight) in weights.enumerate() {
            if left < weight {
                return place;
            }
            left -= weight;
            last = place;
        }
        last
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_stream_and_streams_differ() {
        let first = |dice: &mut Dice| [dice.bits64(), dice.bits64()];
        let base = first(&mut Dice::new(1, Purpose::Day, 2, 3));
        assert_eq!(base, first(&mut Dice::new(1, Purpose::Day, 2, 3)));
        for other in [
            Dice::new(0, Purpose::Day, 2, 3),
            Dice::new(1, Purpose::Sitting, 2, 3),
            Dice::new(1, Purpose::Day, 3, 3),
            Dice::new(1, Purpose::Day, 2, 4),
        ] {
            assert_ne!(base, first(&mut other.clone()));
        }
    }

    #[test]
    fn draws_stay_in_their_range_and_reach_all_of_it() {
        let mut dice = Dice::new(7, Purpose::Trial, 0, 0);
        let mut seen = [0; 6];
        for _ in 0..6_000 {
            seen[dice.between(5, 10) as usize - 5] += 1;
        }
        assert!(seen.iter().all(|n| (800..1_200).contains(n)), "{seen:?}");
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.below(1), 0);
        assert_eq!(dice.between(u32::MAX, 0), u32::MAX);
        assert!((0..1_000).all(|_| dice.below_wide(1 << 40) < 1 << 40));
        assert!(dice.pick::<u8>(&[]).is_none());
    }

    #[test]
    fn weights_weigh() {
        let mut dice = Dice::new(7, Purpose::Trial, 0, 1);
        let mut seen = [0; 3];
        for _ in 0..10_000 {
            seen[dice.weighted([1, 0, 3].into_iter())] += 1;
        }
        assert_eq!(seen[1], 0);
        assert!((2_300..2_700).contains(&seen[0]), "{seen:?}");
        assert_eq!(dice.weighted([0, 0].into_iter()), 1);
        assert_eq!(dice.weighted([].into_iter()), 0);
    }

    #[test]
    fn odds_of_a_share() {
        let mut dice = Dice::new(7, Purpose::Trial, 0, 2);
        assert!((0..1_000).all(|_| dice.happens(Odds::of_share(1.0))));
        assert!(!(0..1_000).any(|_| dice.happens(Odds::of_share(0.0))));
        assert!(!(0..1_000).any(|_| dice.happens(Odds::of_share(f64::NAN))));
        let hits = (0..100_000)
            .filter(|_| dice.happens(Odds::of_share(0.25)))
            .count();
        assert!((24_000..26_000).contains(&hits), "{hits}");
    }
}
