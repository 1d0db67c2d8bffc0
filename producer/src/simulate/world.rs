//! The world that is simulated: what there is to watch, and who watches.

use marquee_event::Country;

use super::Simulation;
use super::arrival::Network;
use super::catalogue::Catalogue;
use super::dice::{Dice, Odds};
use super::population::{Memory, PROFILES, Viewer, user_id};
use super::session::Session;
use super::sitting::{Script, Sitter};

/// What does not change while the simulation runs.
#[derive(Debug)]
pub(super) struct World {
    pub(super) catalogue: Catalogue,
    pub(super) viewers: Vec<Viewer>,
    network: Network,
    /// UTC microseconds; nothing happens at or after it.
    ends: i64,
}

/// What a household remembers, profile by profile.
pub(super) type Memories = [Memory; PROFILES];

impl World {
    pub(super) fn new(simulation: &Simulation) -> Self {
        Self {
            catalogue: Catalogue::new(simulation),
            viewers: (0..simulation.users)
                .map(|user| Viewer::new(simulation.seed, user))
                .collect(),
            network: Network {
                bad: Odds::of_share(simulation.bad_share),
                duplicate: Odds::of_share(simulation.duplicate_share),
                late: Odds::of_share(simulation.late_share),
            },
            ends: simulation.ends(),
        }
    }

    /// Somebody of a household sits down, at `at` (UTC microseconds).
    pub(super) fn perform(
        &self,
        user: u32,
        at: i64,
        memories: &mut Memories,
        dice: &mut Dice,
    ) -> Option<Session> {
        let viewer = self.viewers.get(user as usize)?;
        let session_id = format!("s-{:016x}", dice.bits64());
        let profile = dice.below(viewer.profiles) as usize;
        let offline = dice.happens(self.network.late);
        let device = if offline {
            viewer.take_mobile()
        } else {
            viewer.take_device(viewer.market().local_hour(at), dice)
        };
        let mut script = Sitter {
            catalogue: &self.catalogue,
            viewer,
            taste: viewer.tastes.get(profile).copied()?,
            memory: memories.get_mut(profile)?,
            offline,
            dice: &mut *dice,
            now_ms: at.div_euclid(1000),
            script: Script::default(),
        }
        .sit();
        let within = script.steps.partition_point(|step| step.at < self.ends);
        script.steps.truncate(within);
        let user_id = user_id(user);
        Some(Session {
            profile_id: format!("{user_id}-p{}", profile + 1),
            user_id,
            session_id,
            country: Country::from_code(viewer.market().country),
            device,
            in_experiment: viewer.in_experiment,
            arrivals: self.network.carry(&script.steps, offline, dice),
            script,
        })
    }
}
