//! When people watch, by their own clocks.

/// A country's share of the audience in one time zone, and its habits.
#[derive(Debug)]
pub(super) struct Market {
    /// ISO 3166-1 alpha-2.
    pub(super) country: &'static str,
    /// Ahead of UTC, in minutes. Standard time all year: a simulation of
    /// summer time would say nothing more about the pipeline.
    pub(super) offset_min: i64,
    /// Out of the sum over all markets.
    pub(super) weight: u32,
    /// How many hours its evening lies behind the common one.
    later: i64,
}

const fn market(country: &'static str, offset_min: i64, weight: u32, later: i64) -> Market {
    Market {
        country,
        offset_min,
        weight,
        later,
    }
}

pub(super) const MARKETS: &[Market] = &[
    market("US", -300, 17, 0),
    market("US", -360, 9, 0),
    market("US", -480, 9, 0),
    market("BR", -180, 9, 1),
    market("GB", 0, 8, 0),
    market("IN", 330, 8, 1),
    market("DE", 60, 7, -1),
    market("FR", 60, 6, 0),
    market("JP", 540, 6, 0),
    market("MX", -360, 5, 1),
    market("CA", -300, 4, 0),
    market("ES", 60, 4, 2),
    market("KR", 540, 3, 1),
    market("AU", 600, 3, -1),
    market("ZA", 120, 2, 0),
];

/// The appetite of each local hour from midnight on, Monday to Friday.
const WEEKDAY: [u32; 24] = [
    12, 6, 4, 2, 2, 3, 7, 11, 12, 11, 11, 14, 18, 16, 14, 16, 22, 32, 48, 72, 96, 100, 70, 34,
];
/// The same from Friday evening to Sunday: later to bed, later up, and more.
const WEEKEND: [u32; 24] = [
    24, 14, 8, 4, 2, 3, 5, 10, 20, 30, 36, 40, 46, 48, 48, 48, 52, 60, 76, 100, 116, 120, 100, 60,
];
/// The largest of all.
pub(super) const GREATEST_APPETITE: u32 = 120;

/// The mean over the week, about.
pub(super) const MEAN_APPETITE: u32 = 32;

const HOUR_US: i64 = 3_600_000_000;

impl Market {
    /// The hour of the day, 0 to 23, on the local clock.
    pub(super) fn local_hour(&self, at: i64) -> usize {
        self.local(at).div_euclid(HOUR_US).rem_euclid(24) as usize
    }

    /// How likely people are to sit down in the hour that holds the instant,
    /// 1 to [`GREATEST_APPETITE`].
    pub(super) fn appetite(&self, at: i64) -> u32 {
        let habitual = self.local(at) - self.later * HOUR_US;
        let hour = habitual.div_euclid(HOUR_US).rem_euclid(24) as usize;
        // The epoch was a Thursday; 0 is Monday.
        let weekday = (habitual.div_euclid(24 * HOUR_US) + 3).rem_euclid(7);
        let free = weekday >= 5 || (weekday == 4 && hour >= 18);
        let hours = if free { &WEEKEND } else { &WEEKDAY };
        hours.get(hour).copied().unwrap_or(1)
    }

    fn local(&self, at: i64) -> i64 {
        at + self.offset_min * 60_000_000
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::collections::BTreeSet;

    use marquee_event::{Country, parse_rfc3339};

    use super::*;

    #[test]
    fn markets_are_countries_of_many_zones() {
        let countries: BTreeSet<_> = MARKETS
            .iter()
            .map(|market| Country::from_code(market.country).unwrap())
            .collect();
        assert!(countries.len() >= 8);
        let zones: BTreeSet<_> = MARKETS.iter().map(|market| market.offset_min).collect();
        assert!(zones.len() >= 8);
        let monday = 4 * 24 * HOUR_US;
        let week = (0..7 * 24).map(|hour| MARKETS[0].appetite(monday + hour * HOUR_US));
        assert_eq!(week.sum::<u32>() / (7 * 24), MEAN_APPETITE);
        assert_eq!(
            WEEKDAY.iter().chain(&WEEKEND).max(),
            Some(&GREATEST_APPETITE)
        );
    }

    #[test]
    fn the_evening_is_local_and_the_weekend_heavier() {
        let at = |text| parse_rfc3339(text).unwrap();
        let find = |country| {
            MARKETS
                .iter()
                .find(|market| market.country == country)
                .unwrap()
        };
        let (japan, spain, india) = (find("JP"), find("ES"), find("IN"));
        let tuesday_evening = at("2026-01-06T21:30:00+09:00");
        assert_eq!(japan.local_hour(tuesday_evening), 21);
        assert_eq!(japan.appetite(tuesday_evening), 100);
        assert_eq!(find("GB").appetite(tuesday_evening), WEEKDAY[12]);
        assert_eq!(japan.appetite(at("2026-01-10T21:30:00+09:00")), 120);
        assert_eq!(spain.appetite(at("2026-01-06T23:30:00+01:00")), 100);
        assert_eq!(india.local_hour(at("2026-01-06T18:45:00Z")), 0);
        assert_eq!(japan.appetite(at("1969-12-31T21:30:00+09:00")), 100);
    }
}
