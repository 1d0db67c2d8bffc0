//! How a sitting's events reach the stream: most within seconds, some twice,
//! some broken, and those of a device that was offline hours later at once.

use std::num::NonZeroU32;

use super::dice::{Dice, Odds};
use super::sitting::Step;

const HOUR_MS: i64 = 3_600_000;

/// A step of a sitting when it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrival {
    /// UTC milliseconds.
    pub(super) at_ms: i64,
    /// Index into the sitting's steps.
    pub(super) step: u32,
    /// Chances for how it is broken; `None` if it is whole.
    pub(super) broken: Option<NonZeroU32>,
}

/// What happens between the player and the stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network {
    pub(super) bad: Odds,
    pub(super) duplicate: Odds,
    pub(super) late: Odds,
}

impl Network {
    /// The arrivals of a sitting's steps, in their order.
    pub(super) fn carry(&self, steps: &[Step], offline: bool, dice: &mut Dice) -> Vec<Arrival> {
        let online_ms = match steps.last() {
            Some(last) if offline => Some(last.at.div_euclid(1000) + back_online(dice)),
            _ => None,
        };
        let mut arrivals = Vec::with_capacity(steps.len());
        for (step, done) in steps.iter().enumerate() {
            let sent_ms = match online_ms {
                // The player sends what it kept, one after the other.
                Some(online_ms) => online_ms + 2 * step as i64,
                // Rounded up: nothing arrives before it happened.
                None => (done.at + 999).div_euclid(1000),
            };
            let arrival = Arrival {
                at_ms: sent_ms + delay_ms(dice),
                step: step as u32,
                broken: dice
                    .happens(self.bad)
                    .then(|| NonZeroU32::MIN | dice.bits32()),
            };
            arrivals.push(arrival);
            if dice.happens(self.duplicate) {
                let again = i64::from(dice.rather_low(1_000, 7_200_000));
                arrivals.push(Arrival {
                    at_ms: arrival.at_ms + again,
                    ..arrival
                });
            }
        }
        arrivals.sort_unstable();
        arrivals
    }
}

/// From the end of a sitting without a network to the network: 1 to 29 hours.
fn back_online(dice: &mut Dice) -> i64 {
    HOUR_MS + i64::from(dice.rather_low(0, 28 * HOUR_MS as u32))
}

/// What the network takes, 0.2 to 5 s: a product of two chances, so that most
/// is near a second and little is long.
fn delay_ms(dice: &mut Dice) -> i64 {
    let chances = dice.bits32();
    let product = u64::from(chances >> 16) * u64::from(chances & 0xffff);
    200 + ((product * 4_800) >> 32) as i64
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::super::sitting::Act;
    use super::*;
    use crate::simulate::dice::Purpose;

    fn steps(n: i64) -> Vec<Step> {
        let act = Act::Browse {
            shelf: None,
            title: None,
        };
        (0..n)
            .map(|at| Step {
                at: at * 60_000_000,
                id: 0,
                act,
            })
            .collect()
    }

    fn network(bad: f64, duplicate: f64) -> Network {
        Network {
            bad: Odds::of_share(bad),
            duplicate: Odds::of_share(duplicate),
            late: Odds::of_share(0.0),
        }
    }

    #[test]
    fn the_network_takes_about_a_second() {
        let mut dice = Dice::new(1, Purpose::Trial, 0, 0);
        let mut delays: Vec<_> = (0..10_000).map(|_| delay_ms(&mut dice)).collect();
        delays.sort_unstable();
        assert!(delays[0] >= 200 && delays[9_999] < 5_000);
        assert!((700..1_300).contains(&delays[5_000]), "{}", delays[5_000]);
    }

    #[test]
    fn what_was_offline_arrives_at_once_and_late() {
        let mut dice = Dice::new(1, Purpose::Trial, 0, 1);
        for _ in 0..200 {
            let arrivals = network(0.0, 0.0).carry(&steps(100), true, &mut dice);
            let (first, last) = (arrivals[0].at_ms, arrivals[99].at_ms);
            assert!(first >= 99 * 60_000 + HOUR_MS && last <= 99 * 60_000 + 29 * HOUR_MS + 10_000);
            assert!(last - first < 6_000);
        }
    }

    #[test]
    fn duplicates_are_the_same_step_again() {
        let mut dice = Dice::new(1, Purpose::Trial, 0, 2);
        let mut arrivals = network(0.3, 1.0).carry(&steps(500), false, &mut dice);
        assert!(arrivals.is_sorted());
        arrivals.sort_by_key(|arrival| (arrival.step, arrival.at_ms));
        assert_eq!(arrivals.len(), 1_000);
        for pair in arrivals.chunks(2) {
            assert_eq!(
                (pair[0].step, pair[0].broken),
                (pair[1].step, pair[1].broken)
            );
            assert!((1_000..=7_200_000).contains(&(pair[1].at_ms - pair[0].at_ms)));
        }
        let broken = arrivals
            .iter()
            .filter(|arrival| arrival.broken.is_some())
            .count();
        assert!((200..400).contains(&broken), "{broken}");
    }
}
