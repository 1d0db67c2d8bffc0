//! The schedule of viewing sessions, scaled to the requested number of events.

use super::Simulation;
use super::households::{Household, MAX_ACTIVITY, ProfileMemory};
use super::markets::{MARKETS, MAX_DEMAND, MEAN_DEMAND};
use super::rng::{Probability, RngPurpose, SeededRng};
use super::world::{HouseholdMemory, World};

const HOUR_US: i64 = 3_600_000_000;
const HOURS: u32 = 24;

/// The start of a session. Starts are ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SessionStart {
    /// The time in UTC microseconds.
    pub(super) at: i64,
    pub(super) user: u32,
    /// The day (upper 32 bits) and the session's number among the user's on that day,
    /// both from 0. Together with the user it keys the session's random numbers.
    pub(super) occasion: u64,
}

/// The schedule of all sessions.
#[derive(Debug)]
pub(super) struct SessionSchedule {
    seed: u64,
    start: i64,
    /// The expected sessions of an account in an hour per unit of [`weight`].
    sessions_per_weight: f64,
}

impl SessionSchedule {
    pub(super) fn new(simulation: &Simulation, world: &World) -> Self {
        let mut schedule = Self {
            seed: simulation.seed,
            start: simulation.start,
            sessions_per_weight: 0.0,
        };
        let hours = simulation.days.saturating_mul(HOURS);
        let weight = schedule.total_weight(world, hours);
        // The length of a session depends on the number of sessions before it, and that
        // number on the length. The second round uses the estimate of the first.
        for _ in 0..2 {
            let events_per_session = schedule.mean_events_per_session(world, hours);
            if events_per_session > 0.0 && weight > 0.0 {
                schedule.sessions_per_weight =
                    simulation.events as f64 / events_per_session / weight;
            }
        }
        schedule
    }

    /// Returns the sessions that start on a day, counted from 0, in the order of time.
    pub(super) fn sessions_of_day(&self, world: &World, day: u32) -> Vec<SessionStart> {
        let mut starts = Vec::new();
        for (user, household) in (0..).zip(&world.households) {
            let mut rng =
                SeededRng::new(self.seed, RngPurpose::Day, u64::from(user), u64::from(day));
            let mut occasion = u64::from(day) << 32;
            for hour in 0..HOURS {
                let start = self.hour_start(day.saturating_mul(HOURS).saturating_add(hour));
                let expected = self.sessions_per_weight * f64::from(weight(household, start));
                let mut sessions = expected as u32;
                if rng.chance(Probability::of_share(expected - f64::from(sessions))) {
                    sessions += 1;
                }
                for _ in 0..sessions {
                    let at = start + rng.below_u64(HOUR_US as u64) as i64;
                    starts.push(SessionStart { at, user, occasion });
                    occasion += 1;
                }
            }
        }
        starts.sort_unstable();
        starts
    }

    /// Returns the start of an hour of the simulation.
    fn hour_start(&self, hour: u32) -> i64 {
        self.start + i64::from(hour) * HOUR_US
    }

    /// Sums the weights of all accounts and hours, exactly, in integers by market.
    fn total_weight(&self, world: &World, hours: u32) -> f64 {
        let mut total: u128 = 0;
        for (index, market) in MARKETS.iter().enumerate() {
            let in_market = world
                .households
                .iter()
                .filter(|household| household.market_index == index);
            let activity: u64 = in_market
                .map(|household| u64::from(household.activity))
                .sum();
            let demand: u64 = (0..hours)
                .map(|hour| u64::from(market.demand(self.hour_start(hour))))
                .sum();
            total += u128::from(activity) * u128::from(demand);
        }
        total as f64
    }

    /// Estimates the mean number of events per session, duplicates included, from trial
    /// sessions. Accounts and hours are drawn by their weight (rejection sampling), so
    /// the mean includes sessions that the end of the simulation cuts short.
    fn mean_events_per_session(&self, world: &World, hours: u32) -> f64 {
        const TRIALS: u32 = 8_000;
        let users = world.households.len() as u32;
        let mut rng = SeededRng::new(self.seed, RngPurpose::Trial, 0, 0);
        let (mut done, mut events) = (0_u32, 0_usize);
        // Bounds the draws for accounts and hours of low weight.
        for draw in 0..TRIALS * 1_000 {
            let user = rng.below(users);
            let hour = rng.below(hours);
            let start = self.hour_start(hour);
            // A simulation with invalid options has no accounts.
            let Some(household) = world.households.get(user as usize) else {
                break;
            };
            if rng.below(MAX_ACTIVITY * MAX_DEMAND) >= weight(household, start) {
                continue;
            }
            let at = start + rng.below_u64(HOUR_US as u64) as i64;
            let mut session_rng = SeededRng::new(
                self.seed,
                RngPurpose::Trial,
                u64::from(user),
                u64::from(draw) + 1,
            );
            let mut memory: HouseholdMemory = [ProfileMemory::default(); _];
            for _ in 0..self.sessions_before(household, hour, &mut session_rng) {
                world.simulate_session(user, at, &mut memory, &mut session_rng);
            }
            let session = world.simulate_session(user, at, &mut memory, &mut session_rng);
            events += session.arrivals.len();
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

    /// Estimates an account's number of sessions before an hour of the simulation, up to
    /// the number that still affects its memory.
    fn sessions_before(&self, household: &Household, hour: u32, rng: &mut SeededRng) -> u32 {
        const MAX_SESSIONS: f64 = 8.0;
        let weight = f64::from(household.activity * MEAN_DEMAND) * f64::from(hour);
        let expected = (self.sessions_per_weight * weight).min(MAX_SESSIONS);
        let whole = expected as u32;
        whole + u32::from(rng.chance(Probability::of_share(expected - f64::from(whole))))
    }
}

/// Returns the weight of an account in an hour: the relative probability of a session.
fn weight(household: &Household, hour: i64) -> u32 {
    household.activity * household.market().demand(hour)
}
