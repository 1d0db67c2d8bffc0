//! Markets: the countries of the audience and their viewing hours.

/// The audience of a country in one time zone.
#[derive(Debug)]
pub(super) struct Market {
    /// The country's ISO 3166-1 alpha-2 code.
    pub(super) country: &'static str,
    /// The offset from UTC in minutes. Standard time all year: daylight saving time
    /// would test nothing more in the pipeline.
    pub(super) offset_min: i64,
    /// The market's weight in the audience.
    pub(super) weight: u32,
    /// The delay in hours of the evening peak against [`WEEKDAY`] and [`WEEKEND`].
    evening_delay_h: i64,
}

const fn market(
    country: &'static str,
    offset_min: i64,
    weight: u32,
    evening_delay_h: i64,
) -> Market {
    Market {
        country,
        offset_min,
        weight,
        evening_delay_h,
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

/// The demand in each local hour from midnight, Monday to Friday.
const WEEKDAY: [u32; 24] = [
    12, 6, 4, 2, 2, 3, 7, 11, 12, 11, 11, 14, 18, 16, 14, 16, 22, 32, 48, 72, 96, 100, 70, 34,
];
/// The demand in each local hour from Friday evening to Sunday: later and higher.
const WEEKEND: [u32; 24] = [
    24, 14, 8, 4, 2, 3, 5, 10, 20, 30, 36, 40, 46, 48, 48, 48, 52, 60, 76, 100, 116, 120, 100, 60,
];
/// The maximum demand.
pub(super) const MAX_DEMAND: u32 = 120;

/// The mean demand over the week, rounded down.
pub(super) const MEAN_DEMAND: u32 = 32;

const HOUR_US: i64 = 3_600_000_000;

impl Market {
    /// Returns the local hour of the day, 0 to 23.
    pub(super) fn local_hour(&self, at: i64) -> usize {
        self.local(at).div_euclid(HOUR_US).rem_euclid(24) as usize
    }

    /// Returns the demand in the hour of an instant, 1 to [`MAX_DEMAND`]: the relative
    /// probability that a session starts.
    pub(super) fn demand(&self, at: i64) -> u32 {
        let shifted = self.local(at) - self.evening_delay_h * HOUR_US;
        let hour = shifted.div_euclid(HOUR_US).rem_euclid(24) as usize;
        // The epoch was a Thursday; 0 is Monday.
        let weekday = (shifted.div_euclid(24 * HOUR_US) + 3).rem_euclid(7);
        let is_weekend = weekday >= 5 || (weekday == 4 && hour >= 18);
        let hours = if is_weekend { &WEEKEND } else { &WEEKDAY };
        hours[hour]
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
    fn markets_cover_many_countries_and_time_zones() {
        let countries: BTreeSet<_> = MARKETS
            .iter()
            .map(|market| Country::from_code(market.country).unwrap())
            .collect();
        assert!(countries.len() >= 8);
        let zones: BTreeSet<_> = MARKETS.iter().map(|market| market.offset_min).collect();
        assert!(zones.len() >= 8);
        let monday = 4 * 24 * HOUR_US;
        let week = (0..7 * 24).map(|hour| MARKETS[0].demand(monday + hour * HOUR_US));
        assert_eq!(week.sum::<u32>() / (7 * 24), MEAN_DEMAND);
        assert_eq!(WEEKDAY.iter().chain(&WEEKEND).max(), Some(&MAX_DEMAND));
    }

    #[test]
    fn evening_demand_is_local_and_weekend_demand_higher() {
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
        assert_eq!(japan.demand(tuesday_evening), 100);
        assert_eq!(find("GB").demand(tuesday_evening), WEEKDAY[12]);
        assert_eq!(japan.demand(at("2026-01-10T21:30:00+09:00")), 120);
        assert_eq!(spain.demand(at("2026-01-06T23:30:00+01:00")), 100);
        assert_eq!(india.local_hour(at("2026-01-06T18:45:00Z")), 0);
        assert_eq!(japan.demand(at("1969-12-31T21:30:00+09:00")), 100);
    }
}
