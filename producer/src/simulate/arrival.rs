//! Arrival of a session's events at the stream: most within seconds, some twice, some
//! malformed, and those of an offline device hours later, all at once.

use std::num::NonZeroU32;

use super::rng::{Probability, SeededRng};
use super::script::TimedAction;

const HOUR_MS: i64 = 3_600_000;

/// The arrival of one action's event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StepArrival {
    /// The arrival time in UTC milliseconds.
    pub(super) at_ms: i64,
    /// The action's index in the script.
    pub(super) step: u32,
    /// Random bits that select the event's defect; `None` for a valid event.
    pub(super) defect_bits: Option<NonZeroU32>,
}

/// The probabilities of what happens between the player and the stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network {
    pub(super) bad: Probability,
    pub(super) duplicate: Probability,
    pub(super) late: Probability,
}

impl Network {
    /// Returns the arrivals of a session's actions, in the order of time.
    pub(super) fn deliver(
        &self,
        steps: &[TimedAction],
        offline: bool,
        rng: &mut SeededRng,
    ) -> Vec<StepArrival> {
        let online_ms = match steps.last() {
            Some(last) if offline => Some(last.at.div_euclid(1000) + reconnect_delay_ms(rng)),
            _ => None,
        };
        let mut arrivals = Vec::with_capacity(steps.len());
        for (step, done) in steps.iter().enumerate() {
            let sent_ms = match online_ms {
                // The player sends its stored events one after the other.
                Some(online_ms) => online_ms + 2 * step as i64,
                // Round up: no event arrives before it happens.
                None => (done.at + 999).div_euclid(1000),
            };
            let arrival = StepArrival {
                at_ms: sent_ms + delay_ms(rng),
                step: step as u32,
                defect_bits: rng.chance(self.bad).then(|| NonZeroU32::MIN | rng.bits32()),
            };
            arrivals.push(arrival);
            if rng.chance(self.duplicate) {
                let duplicate_delay_ms = i64::from(rng.low_biased(1_000, 7_200_000));
                arrivals.push(StepArrival {
                    at_ms: arrival.at_ms + duplicate_delay_ms,
                    ..arrival
                });
            }
        }
        arrivals.sort_unstable();
        arrivals
    }
}

/// Draws the time from the end of an offline session until the device is online: 1 to
/// 29 hours.
fn reconnect_delay_ms(rng: &mut SeededRng) -> i64 {
    HOUR_MS + i64::from(rng.low_biased(0, 28 * HOUR_MS as u32))
}

/// Draws a network delay of 0.2 to 5 s: a product of two uniform numbers, so that most
/// delays are near a second and few are long.
fn delay_ms(rng: &mut SeededRng) -> i64 {
    let bits = rng.bits32();
    let product = u64::from(bits >> 16) * u64::from(bits & 0xffff);
    200 + ((product * 4_800) >> 32) as i64
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::super::script::UserAction;
    use super::*;
    use crate::simulate::rng::RngPurpose;

    fn steps(n: i64) -> Vec<TimedAction> {
        let action = UserAction::Browse {
            shelf: None,
            title: None,
        };
        (0..n)
            .map(|at| TimedAction {
                at: at * 60_000_000,
                id: 0,
                action,
            })
            .collect()
    }

    fn network(bad: f64, duplicate: f64) -> Network {
        Network {
            bad: Probability::of_share(bad),
            duplicate: Probability::of_share(duplicate),
            late: Probability::of_share(0.0),
        }
    }

    #[test]
    fn the_network_delay_is_about_a_second() {
        let mut rng = SeededRng::new(1, RngPurpose::Trial, 0, 0);
        let mut delays: Vec<_> = (0..10_000).map(|_| delay_ms(&mut rng)).collect();
        delays.sort_unstable();
        assert!(delays[0] >= 200 && delays[9_999] < 5_000);
        assert!((700..1_300).contains(&delays[5_000]), "{}", delays[5_000]);
    }

    #[test]
    fn offline_events_arrive_late_and_all_at_once() {
        let mut rng = SeededRng::new(1, RngPurpose::Trial, 0, 1);
        for _ in 0..200 {
            let arrivals = network(0.0, 0.0).deliver(&steps(100), true, &mut rng);
            let (first, last) = (arrivals[0].at_ms, arrivals[99].at_ms);
            assert!(first >= 99 * 60_000 + HOUR_MS && last <= 99 * 60_000 + 29 * HOUR_MS + 10_000);
            assert!(last - first < 6_000);
        }
    }

    #[test]
    fn duplicates_repeat_the_same_action() {
        let mut rng = SeededRng::new(1, RngPurpose::Trial, 0, 2);
        let mut arrivals = network(0.3, 1.0).deliver(&steps(500), false, &mut rng);
        assert!(arrivals.is_sorted());
        arrivals.sort_by_key(|arrival| (arrival.step, arrival.at_ms));
        assert_eq!(arrivals.len(), 1_000);
        for pair in arrivals.chunks(2) {
            assert_eq!(
                (pair[0].step, pair[0].defect_bits),
                (pair[1].step, pair[1].defect_bits)
            );
            assert!((1_000..=7_200_000).contains(&(pair[1].at_ms - pair[0].at_ms)));
        }
        let broken = arrivals
            .iter()
            .filter(|arrival| arrival.defect_bits.is_some())
            .count();
        assert!((200..400).contains(&broken), "{broken}");
    }
}
