//! Who sits down when, so that the number of events comes out as asked for.

use super::Simulation;
use super::dice::{Dice, Odds, Purpose};
use super::habits::{GREATEST_APPETITE, MARKETS, MEAN_APPETITE};
use super::population::{GREATEST_ACTIVITY, Memory, Viewer};
use super::world::{Memories, World};

const HOUR_US: i64 = 3_600_000_000;
const HOURS: u32 = 24;

/// A sitting that is to begin. In order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Start {
    /// UTC microseconds.
    pub(super) at: i64,
    pub(super) user: u32,
    /// The day, from 0, and the how-manieth sitting of the user on it: with the
    /// user, what the sitting's chances are keyed by.
    pub(super) occasion: u64,
}

/// How often people sit down.
#[derive(Debug)]
pub(super) struct Plan {
    seed: u64,
    start: i64,
    /// Sittings to expect of an account in an hour, for each unit of its
    /// activity times its appetite in that hour.
    sittings_per_weight: f64,
}

impl Plan {
    pub(super) fn new(simulation: &Simulation, world: &World) -> Self {
        let mut plan = Self {
            seed: simulation.seed,
            start: simulation.start,
            sittings_per_weight: 0.0,
        };
        let hours = simulation.days.saturating_mul(HOURS);
        let weight = plan.total_weight(world, hours);
        // How long a sitting is depends on how many there were before, and that
        // on how long they are: the second round knows both.
        for _ in 0..2 {
            let events_per_sitting = plan.trial_mean(world, hours);
            if events_per_sitting > 0.0 && weight > 0.0 {
                plan.sittings_per_weight = simulation.events as f64 / events_per_sitting / weight;
            }
        }
        plan
    }

    /// The sittings that begin on a day, the first being 0, in order.
    pub(super) fn day(&self, world: &World, day: u32) -> Vec<Start> {
        let mut starts = Vec::new();
        for (user, viewer) in (0..).zip(&world.viewers) {
            let mut dice = Dice::new(self.seed, Purpose::Day, u64::from(user), u64::from(day));
            let mut occasion = u64::from(day) << 32;
            for hour in 0..HOURS {
                let begins = self.hour(day.saturating_mul(HOURS).saturating_add(hour));
                let expected = self.sittings_per_weight * f64::from(weight(viewer, begins));
                let mut sittings = expected as u32;
                if dice.happens(Odds::of_share(expected - f64::from(sittings))) {
                    sittings += 1;
                }
                for _ in 0..sittings {
                    let at = begins + dice.below_wide(HOUR_US as u64) as i64;
                    starts.push(Start { at, user, occasion });
                    occasion += 1;
                }
            }
        }
        starts.sort_unstable();
        starts
    }

    /// When an hour of the simulation begins.
    fn hour(&self, hour: u32) -> i64 {
        self.start + i64::from(hour) * HOUR_US
    }

    /// The sum over all accounts and hours. Exact: integers, by market.
    fn total_weight(&self, world: &World, hours: u32) -> f64 {
        let mut total: u128 = 0;
        for (home, market) in MARKETS.iter().enumerate() {
            let here = world.viewers.iter().filter(|viewer| viewer.home == home);
            let activity: u64 = here.map(|viewer| u64::from(viewer.activity)).sum();
            let appetite: u64 = (0..hours)
                .map(|hour| u64::from(market.appetite(self.hour(hour))))
                .sum();
            total += u128::from(activity) * u128::from(appetite);
        }
        total as f64
    }

    /// How many events a sitting has, those that arrive twice counted twice:
    /// the mean over some that are tried out. They begin as those of the plan
    /// do (accounts and hours by their weight, found by rejection), so that it
    /// also counts what the end of the simulation cuts off.
    fn trial_mean(&self, world: &World, hours: u32) -> f64 {
        const TRIALS: u32 = 8_000;
        let users = world.viewers.len() as u32;
        let mut dice = Dice::new(self.seed, Purpose::Trial, 0, 0);
        let (mut done, mut events) = (0_u32, 0_usize);
        // A bound for populations and hours that hardly ever watch.
        for draw in 0..TRIALS * 1_000 {
            let user = dice.below(users);
            let hour = dice.below(hours);
            let begins = self.hour(hour);
            let Some(viewer) = world.viewers.get(user as usize) else {
                break;
            };
            if dice.below(GREATEST_ACTIVITY * GREATEST_APPETITE) >= weight(viewer, begins) {
                continue;
            }
            let at = begins + dice.below_wide(HOUR_US as u64) as i64;
            let mut own = Dice::new(
                self.seed,
                Purpose::Trial,
                u64::from(user),
                u64::from(draw) + 1,
            );
            let mut memories: Memories = [Memory::default(); _];
            for _ in 0..self.sittings_before(viewer, hour, &mut own) {
                world.perform(user, at, &mut memories, &mut own);
            }
            if let Some(session) = world.perform(user, at, &mut memories, &mut own) {
                events += session.arrivals.len();
            }
            done += 1;
            if done == TRIALS {
                break;
            }
        }
        if done == 0 {
            0.0
        } else {
            events as f64 / f64::from(done)
        }
    }

    /// About how many sittings an account had before an hour of the simulation,
    /// as far as they matter for what it remembers.
    fn sittings_before(&self, viewer: &Viewer, hour: u32, dice: &mut Dice) -> u32 {
        const MOST: f64 = 8.0;
        let weight = f64::from(viewer.activity * MEAN_APPETITE) * f64::from(hour);
        let expected = (self.sittings_per_weight * weight).min(MOST);
        let whole = expected as u32;
        whole + u32::from(dice.happens(Odds::of_share(expected - f64::from(whole))))
    }
}

/// How likely an account is to sit down in an hour, among all accounts and hours.
fn weight(viewer: &Viewer, hour: i64) -> u32 {
    viewer.activity * viewer.market().appetite(hour)
}
