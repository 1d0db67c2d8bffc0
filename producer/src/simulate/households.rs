//! Who watches: accounts, their profiles, tastes, tempers and devices.

use super::dice::{Dice, Purpose};
use super::habits::{MARKETS, Market};
use super::taste::Taste;

/// Most profiles an account has.
pub(super) const PROFILES: usize = 4;
/// The most active account is this many times as active as the least.
pub(super) const GREATEST_ACTIVITY: u32 = 64;

/// An account and its household.
#[derive(Debug, Clone)]
pub(super) struct Viewer {
    /// Index into [`MARKETS`].
    pub(super) home: usize,
    /// How often it sits down, 1 to [`GREATEST_ACTIVITY`]; most are low.
    pub(super) activity: u32,
    /// How many profiles it has, 1 to [`PROFILES`].
    pub(super) profiles: u32,
    /// The taste of each profile.
    pub(super) tastes: [Taste; PROFILES],
    /// Indices into [`MODELS`].
    devices: [u8; 3],
    /// How many devices it has, 1 to 3.
    owned: u32,
    /// Which of a model's versions its devices run.
    version: u8,
    /// Chance in percent to go on with the next episode.
    pub(super) binge: u32,
    /// Chance in percent to see to the end what was begun.
    pub(super) patience: u32,
    /// Whether it is in an experiment, which its events then tell.
    pub(super) in_experiment: bool,
}

impl Viewer {
    pub(super) fn new(seed: u64, user: u32) -> Self {
        let mut dice = Dice::new(seed, Purpose::Viewer, u64::from(user), 0);
        let home = dice.weighted(MARKETS.iter().map(|market| market.weight));
        let owned = dice.between(1, 3);
        Self {
            home,
            activity: dice.between(1, 8) * dice.between(1, 8),
            profiles: dice.rather_low(1, PROFILES as u32),
            tastes: [(); PROFILES].map(|()| Taste::new(&mut dice)),
            devices: [(); 3].map(|()| dice.weighted(MODELS.iter().map(|model| model.sold)) as u8),
            owned,
            version: dice.below(256) as u8,
            binge: dice.between(20, 85),
            patience: dice.between(25, 75),
            in_experiment: dice.percent(12),
        }
    }

    /// Where it lives.
    pub(super) fn market(&self) -> &'static Market {
        MARKETS.get(self.home).unwrap_or(&MARKETS[0])
    }

    /// The device somebody of the household takes up at that local hour.
    pub(super) fn take_device(&self, hour: usize, dice: &mut Dice) -> Device {
        let models = self
            .devices
            .map(|place| MODELS.get(usize::from(place)).unwrap_or(&MODELS[0]));
        let wanted = models.map(|model| model.kind.appeal(hour));
        let owned = models.iter().zip(wanted).take(self.owned as usize);
        let place = dice.weighted(owned.map(|(_, appeal)| appeal));
        self.device(models.get(place).copied().unwrap_or(&MODELS[0]))
    }

    /// A device that can play without a network; every household has a phone
    /// in some drawer.
    pub(super) fn take_mobile(&self) -> Device {
        let owned = self.devices.iter().take(self.owned as usize);
        let model = owned
            .filter_map(|&place| MODELS.get(usize::from(place)))
            .find(|model| matches!(model.kind, Kind::Phone | Kind::Tablet))
            .unwrap_or(&MODELS[0]);
        self.device(model)
    }

    fn device(&self, model: &'static Model) -> Device {
        let version = usize::from(self.version) % model.versions.len().max(1);
        Device {
            kind: model.kind.name(),
            os: model.os,
            app_version: model.versions.get(version).copied().unwrap_or_default(),
        }
    }
}

/// What somebody watches on, in the event's words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Device {
    pub(super) kind: &'static str,
    pub(super) os: &'static str,
    pub(super) app_version: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Tv,
    Phone,
    Tablet,
    Web,
    Console,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Tv => "tv",
            Self::Phone => "phone",
            Self::Tablet => "tablet",
            Self::Web => "web",
            Self::Console => "console",
        }
    }

    /// How gladly it is taken at a local hour: the large screen in the
    /// evening, the small ones on the way and at noon.
    const fn appeal(self, hour: usize) -> u32 {
        let evening = hour >= 18 || hour < 2;
        match self {
            Self::Tv => {
                if evening {
                    12
                } else {
                    4
                }
            }
            Self::Console => {
                if evening {
                    6
                } else {
                    2
                }
            }
            Self::Web => 4,
            Self::Tablet => 4,
            Self::Phone => {
                if evening {
                    3
                } else {
                    8
                }
            }
        }
    }
}

/// A kind of device as it is sold.
#[derive(Debug)]
struct Model {
    kind: Kind,
    os: &'static str,
    /// Share among the devices of all households.
    sold: u32,
    /// The versions of the player that are about.
    versions: &'static [&'static str],
}

const MOBILE: &[&str] = &["8.41.0", "8.41.1", "8.40.2", "8.38.0"];
const LARGE: &[&str] = &["6.12.3", "6.12.4", "6.11.0"];
const BROWSER: &[&str] = &["2026.1.2", "2026.1.1"];

/// The first is the phone in the drawer.
const MODELS: &[Model] = &[
    Model {
        kind: Kind::Phone,
        os: "Android 16",
        sold: 12,
        versions: MOBILE,
    },
    Model {
        kind: Kind::Phone,
        os: "iOS 26.1",
        sold: 10,
        versions: MOBILE,
    },
    Model {
        kind: Kind::Tablet,
        os: "iPadOS 26.1",
        sold: 6,
        versions: MOBILE,
    },
    Model {
        kind: Kind::Tablet,
        os: "Android 15",
        sold: 3,
        versions: MOBILE,
    },
    Model {
        kind: Kind::Tv,
        os: "Tizen 9.0",
        sold: 13,
        versions: LARGE,
    },
    Model {
        kind: Kind::Tv,
        os: "webOS 25",
        sold: 11,
        versions: LARGE,
    },
    Model {
        kind: Kind::Tv,
        os: "Android TV 14",
        sold: 12,
        versions: LARGE,
    },
    Model {
        kind: Kind::Tv,
        os: "Roku OS 15.0",
        sold: 8,
        versions: LARGE,
    },
    Model {
        kind: Kind::Web,
        os: "Windows 11",
        sold: 9,
        versions: BROWSER,
    },
    Model {
        kind: Kind::Web,
        os: "macOS 26",
        sold: 5,
        versions: BROWSER,
    },
    Model {
        kind: Kind::Web,
        os: "Linux",
        sold: 1,
        versions: BROWSER,
    },
    Model {
        kind: Kind::Console,
        os: "PlayStation 5",
        sold: 6,
        versions: LARGE,
    },
    Model {
        kind: Kind::Console,
        os: "Xbox Series X",
        sold: 4,
        versions: LARGE,
    },
];

/// What a profile remembers from one sitting to the next.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Memory {
    /// What to go on with, and where.
    pub(super) unfinished: Option<Bookmark>,
    /// The first row of the work that was put on the list last.
    pub(super) listed: Option<u32>,
}

/// A row of the catalogue and a place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bookmark {
    pub(super) row: u32,
    pub(super) position_ms: u32,
}

/// How an account is called in events.
pub(super) fn user_id(user: u32) -> String {
    format!("u-{user:07}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_viewer_is_a_matter_of_seed_and_number() {
        let show = |seed, user| format!("{:?}", Viewer::new(seed, user));
        assert_eq!(show(1, 2), show(1, 2));
        assert_ne!(show(1, 2), show(1, 3));
        assert_ne!(show(1, 2), show(2, 2));
    }

    #[test]
    fn screens_change_with_the_hour() {
        let kinds_at = |hour| {
            let mut kinds = BTreeMap::new();
            for user in 0..2_000 {
                let viewer = Viewer::new(1, user);
                let mut dice = Dice::new(1, Purpose::Trial, u64::from(user), 0);
                *kinds
                    .entry(viewer.take_device(hour, &mut dice).kind)
                    .or_insert(0) += 1;
            }
            kinds
        };
        let (morning, evening) = (kinds_at(8), kinds_at(21));
        assert_eq!(morning.len(), 5);
        assert!(
            evening["tv"] > morning["tv"] * 6 / 5,
            "{morning:?} {evening:?}"
        );
        assert!(
            morning["phone"] > evening["phone"] * 5 / 4,
            "{morning:?} {evening:?}"
        );
    }

    #[test]
    fn offline_is_mobile() {
        assert!(
            (0..500).all(|user| {
                matches!(Viewer::new(1, user).take_mobile().kind, "phone" | "tablet")
            })
        );
    }
}
