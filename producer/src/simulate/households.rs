//! Households: accounts with profiles, tastes, habits and devices.

use super::markets::{MARKETS, Market};
use super::rng::{RngPurpose, SeededRng};
use super::taste::Taste;

/// The maximum number of profiles of an account.
pub(super) const MAX_PROFILES: usize = 4;
/// The maximum activity of an account; the minimum is 1.
pub(super) const MAX_ACTIVITY: u32 = 64;

/// An account and its household.
#[derive(Debug, Clone)]
pub(super) struct Household {
    /// The index of its market in [`MARKETS`].
    pub(super) market_index: usize,
    /// The relative frequency of its sessions, 1 to [`MAX_ACTIVITY`]; most are low.
    pub(super) activity: u32,
    /// The number of profiles, 1 to [`MAX_PROFILES`].
    pub(super) profiles: u32,
    /// The taste of each profile.
    pub(super) tastes: [Taste; MAX_PROFILES],
    /// The indexes of its devices in [`MODELS`].
    devices: [u8; 3],
    /// The number of devices it owns, 1 to 3.
    owned: u32,
    /// Selects the player's version among those of a model.
    version: u8,
    /// The probability, in percent, of playing the next episode.
    pub(super) binge_percent: u32,
    /// The probability, in percent, of watching a title to its end.
    pub(super) finish_percent: u32,
    /// True if the household is in an experiment, which its events report.
    pub(super) in_experiment: bool,
}

impl Household {
    pub(super) fn new(seed: u64, user: u32) -> Self {
        let mut rng = SeededRng::new(seed, RngPurpose::Household, u64::from(user), 0);
        let market_index = rng.weighted(MARKETS.iter().map(|market| market.weight));
        let owned = rng.between(1, 3);
        Self {
            market_index,
            activity: rng.between(1, 8) * rng.between(1, 8),
            profiles: rng.low_biased(1, MAX_PROFILES as u32),
            tastes: [(); MAX_PROFILES].map(|()| Taste::new(&mut rng)),
            devices: [(); 3].map(|()| rng.weighted(MODELS.iter().map(|model| model.weight)) as u8),
            owned,
            version: rng.below(256) as u8,
            binge_percent: rng.between(20, 85),
            finish_percent: rng.between(25, 75),
            in_experiment: rng.percent_chance(12),
        }
    }

    /// Returns the household's market.
    pub(super) fn market(&self) -> &'static Market {
        &MARKETS[self.market_index]
    }

    /// Chooses a device at a local hour.
    pub(super) fn choose_device(&self, hour: usize, rng: &mut SeededRng) -> SimulatedDevice {
        let models = self.devices.map(|index| &MODELS[usize::from(index)]);
        let weights = models.map(|model| model.kind.weight_at(hour));
        let owned = weights.into_iter().take(self.owned as usize);
        let index = rng.weighted(owned);
        self.device(models[index])
    }

    /// Returns a device that can play offline: the first mobile one, else a phone of the
    /// first model.
    pub(super) fn mobile_device(&self) -> SimulatedDevice {
        let owned = self.devices.iter().take(self.owned as usize);
        let model = owned
            .map(|&index| &MODELS[usize::from(index)])
            .find(|model| matches!(model.kind, DeviceKind::Phone | DeviceKind::Tablet))
            .unwrap_or(&MODELS[0]);
        self.device(model)
    }

    fn device(&self, model: &'static DeviceModel) -> SimulatedDevice {
        let version = usize::from(self.version) % model.versions.len();
        SimulatedDevice {
            kind: model.kind.name(),
            os: model.os,
            app_version: model.versions[version],
        }
    }
}

/// A device, in the values of events.
#[derive(Debug, Clone, Copy)]
pub(super) struct SimulatedDevice {
    pub(super) kind: &'static str,
    pub(super) os: &'static str,
    pub(super) app_version: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum DeviceKind {
    Tv,
    Phone,
    Tablet,
    Web,
    Console,
}

impl DeviceKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Tv => "tv",
            Self::Phone => "phone",
            Self::Tablet => "tablet",
            Self::Web => "web",
            Self::Console => "console",
        }
    }

    /// Returns the relative probability of use at a local hour: large screens in the
    /// evening, phones during the day.
    const fn weight_at(self, hour: usize) -> u32 {
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

/// A model of device.
#[derive(Debug)]
struct DeviceModel {
    kind: DeviceKind,
    os: &'static str,
    /// The model's weight among all devices.
    weight: u32,
    /// The versions of the player in use.
    versions: &'static [&'static str],
}

const MOBILE: &[&str] = &["8.41.0", "8.41.1", "8.40.2", "8.38.0"];
const LARGE: &[&str] = &["6.12.3", "6.12.4", "6.11.0"];
const BROWSER: &[&str] = &["2026.1.2", "2026.1.1"];

/// All models. The first one is the fallback for offline sessions.
const MODELS: &[DeviceModel] = &[
    DeviceModel {
        kind: DeviceKind::Phone,
        os: "Android 16",
        weight: 12,
        versions: MOBILE,
    },
    DeviceModel {
        kind: DeviceKind::Phone,
        os: "iOS 26.1",
        weight: 10,
        versions: MOBILE,
    },
    DeviceModel {
        kind: DeviceKind::Tablet,
        os: "iPadOS 26.1",
        weight: 6,
        versions: MOBILE,
    },
    DeviceModel {
        kind: DeviceKind::Tablet,
        os: "Android 15",
        weight: 3,
        versions: MOBILE,
    },
    DeviceModel {
        kind: DeviceKind::Tv,
        os: "Tizen 9.0",
        weight: 13,
        versions: LARGE,
    },
    DeviceModel {
        kind: DeviceKind::Tv,
        os: "webOS 25",
        weight: 11,
        versions: LARGE,
    },
    DeviceModel {
        kind: DeviceKind::Tv,
        os: "Android TV 14",
        weight: 12,
        versions: LARGE,
    },
    DeviceModel {
        kind: DeviceKind::Tv,
        os: "Roku OS 15.0",
        weight: 8,
        versions: LARGE,
    },
    DeviceModel {
        kind: DeviceKind::Web,
        os: "Windows 11",
        weight: 9,
        versions: BROWSER,
    },
    DeviceModel {
        kind: DeviceKind::Web,
        os: "macOS 26",
        weight: 5,
        versions: BROWSER,
    },
    DeviceModel {
        kind: DeviceKind::Web,
        os: "Linux",
        weight: 1,
        versions: BROWSER,
    },
    DeviceModel {
        kind: DeviceKind::Console,
        os: "PlayStation 5",
        weight: 6,
        versions: LARGE,
    },
    DeviceModel {
        kind: DeviceKind::Console,
        os: "Xbox Series X",
        weight: 4,
        versions: LARGE,
    },
];

/// The state of a profile between sessions.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ProfileMemory {
    /// The title to continue.
    pub(super) unfinished: Option<Bookmark>,
    /// The first catalog row of the work added to the list last.
    pub(super) listed: Option<u32>,
}

/// A row of the title catalog and a position in its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bookmark {
    pub(super) row: u32,
    pub(super) position_ms: u32,
}

/// Returns the user id of an account in events.
pub(super) fn user_id(user: u32) -> String {
    format!("u-{user:07}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn seed_and_number_determine_a_household() {
        let show = |seed, user| format!("{:?}", Household::new(seed, user));
        assert_eq!(show(1, 2), show(1, 2));
        assert_ne!(show(1, 2), show(1, 3));
        assert_ne!(show(1, 2), show(2, 2));
    }

    #[test]
    fn devices_change_with_the_hour() {
        let kinds_at = |hour| {
            let mut kinds = BTreeMap::new();
            for user in 0..2_000 {
                let household = Household::new(1, user);
                let mut rng = SeededRng::new(1, RngPurpose::Trial, u64::from(user), 0);
                *kinds
                    .entry(household.choose_device(hour, &mut rng).kind)
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
    fn offline_devices_are_mobile() {
        assert!((0..500).all(|user| {
            matches!(
                Household::new(1, user).mobile_device().kind,
                "phone" | "tablet"
            )
        }));
    }
}
