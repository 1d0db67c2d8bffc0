//! The constant parts of a simulation, and the simulation of one session.

use marquee_event::Country;

use super::Simulation;
use super::arrival::Network;
use super::households::{Household, MAX_PROFILES, ProfileMemory, user_id};
use super::rng::{Probability, SeededRng};
use super::script::{SessionScript, SessionSimulator};
use super::session::SimulatedSession;
use super::title_catalog::TitleCatalog;

/// The constant parts of a simulation.
#[derive(Debug)]
pub(super) struct World {
    pub(super) title_catalog: TitleCatalog,
    pub(super) households: Vec<Household>,
    network: Network,
    /// The end in UTC microseconds, exclusive.
    end: i64,
}

/// The memory of each profile of a household.
pub(super) type HouseholdMemory = [ProfileMemory; MAX_PROFILES];

impl World {
    pub(super) fn new(simulation: &Simulation) -> Self {
        Self {
            title_catalog: TitleCatalog::new(simulation),
            households: (0..simulation.users)
                .map(|user| Household::new(simulation.seed, user))
                .collect(),
            network: Network {
                bad: Probability::of_share(simulation.bad_share),
                duplicate: Probability::of_share(simulation.duplicate_share),
                late: Probability::of_share(simulation.late_share),
            },
            end: simulation.end(),
        }
    }

    /// Simulates a session of a household that starts at `at` (UTC microseconds).
    pub(super) fn simulate_session(
        &self,
        user: u32,
        at: i64,
        memory: &mut HouseholdMemory,
        rng: &mut SeededRng,
    ) -> SimulatedSession {
        let household = &self.households[user as usize];
        let session_id = format!("s-{:016x}", rng.bits64());
        let profile = rng.below(household.profiles) as usize;
        let offline = rng.chance(self.network.late);
        let device = if offline {
            household.mobile_device()
        } else {
            household.choose_device(household.market().local_hour(at), rng)
        };
        let mut script = SessionSimulator {
            title_catalog: &self.title_catalog,
            household,
            taste: household.tastes[profile],
            memory: &mut memory[profile],
            offline,
            rng: &mut *rng,
            now_ms: at.div_euclid(1000),
            script: SessionScript::default(),
        }
        .simulate();
        let within = script.steps.partition_point(|step| step.at < self.end);
        script.steps.truncate(within);
        let user_id = user_id(user);
        SimulatedSession {
            profile_id: format!("{user_id}-p{}", profile + 1),
            user_id,
            session_id,
            country: Country::from_code(household.market().country),
            device,
            in_experiment: household.in_experiment,
            arrivals: self.network.deliver(&script.steps, offline, rng),
            script,
        }
    }
}
