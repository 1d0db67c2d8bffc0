//! Anomalies of a date: figures far from those of the same weekday in the weeks before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The number of weeks before a date whose same weekday is compared.
pub const WEEKS: u32 = 4;
/// The minimum number of earlier dates for a comparison.
const MIN_DATES: usize = 2;
/// The maximum number of countries, and of titles, that are reported.
const MAX_VANISHED: usize = 10;

/// The thresholds of the comparison. A figure is compared with the median of the earlier
/// dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnomalySettings {
    /// `true` to look for anomalies.
    pub enabled: bool,
    /// The maximum deviation of the number of events, in percent of the median.
    pub volume_percent: u32,
    /// The maximum deviation of the share of rejected units, in percentage points.
    pub rejected_points: u32,
    /// The minimum usual share of a title in the views, and of a country in the events, in
    /// percent. Its absence is an anomaly.
    pub vanished_percent: u32,
    /// The minimum median of events, views or units. Smaller figures are not compared,
    /// because they vary by chance.
    pub min_events: u64,
}

impl Default for AnomalySettings {
    fn default() -> Self {
        Self {
            enabled: true,
            volume_percent: 50,
            rejected_points: 1,
            vanished_percent: 1,
            min_events: 1_000,
        }
    }
}

/// The compared figures of a date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayFigures {
    /// Curated events of the event date.
    pub events: u64,
    /// Units that arrived on the date.
    pub received: u64,
    /// Units among them that were rejected.
    pub rejected: u64,
    /// Events by country. Events without a country are left out.
    pub countries: BTreeMap<String, u64>,
    /// Views by title.
    pub titles: BTreeMap<String, u64>,
}

/// A figure far from its usual value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anomaly {
    /// The figure: `volume`, `rejected`, `country DE` or `title t-7`.
    pub subject: String,
    /// The figure and its usual value, as a sentence.
    pub sentence: String,
}

/// Compares a date with the same weekday of earlier weeks, `earlier`.
///
/// Returns the anomalies: first the volume and the rejected share, then the countries and
/// the titles that vanished, those with the largest usual figure first. Returns none if
/// fewer than two earlier dates have figures.
pub fn find_anomalies(
    day: &DayFigures,
    earlier: &[DayFigures],
    settings: &AnomalySettings,
) -> Vec<Anomaly> {
    if !settings.enabled || earlier.len() < MIN_DATES {
        return Vec::new();
    }
    let mut anomalies = Vec::new();
    anomalies.extend(volume(day, earlier, settings));
    anomalies.extend(rejected_share(day, earlier, settings));
    anomalies.extend(vanished(day, earlier, settings, &COUNTRIES));
    anomalies.extend(vanished(day, earlier, settings, &TITLES));
    anomalies
}

fn volume(day: &DayFigures, earlier: &[DayFigures], settings: &AnomalySettings) -> Option<Anomaly> {
    let usual = median(earlier.iter().map(|day| day.events as f64))?;
    if usual < settings.min_events.max(1) as f64 {
        return None;
    }
    let percent = 100.0 * (day.events as f64 - usual) / usual;
    let is_far = percent.abs() > f64::from(settings.volume_percent);
    let direction = if percent < 0.0 { "fewer" } else { "more" };
    is_far.then(|| Anomaly {
        subject: "volume".to_owned(),
        sentence: format!(
            "{} events, {:.0} % {direction} than the usual {usual:.0}",
            day.events,
            percent.abs()
        ),
    })
}

fn rejected_share(
    day: &DayFigures,
    earlier: &[DayFigures],
    settings: &AnomalySettings,
) -> Option<Anomaly> {
    let is_compared = |day: &&DayFigures| day.received >= settings.min_events.max(1);
    let percent = |day: &DayFigures| 100.0 * day.rejected as f64 / day.received as f64;
    let compared: Vec<_> = earlier.iter().filter(is_compared).collect();
    if !is_compared(&day) || compared.len() < MIN_DATES {
        return None;
    }
    let usual = median(compared.into_iter().map(percent))?;
    let found = percent(day);
    let is_far = (found - usual).abs() > f64::from(settings.rejected_points);
    is_far.then(|| Anomaly {
        subject: "rejected".to_owned(),
        sentence: format!(
            "{found:.2} % of {} units rejected, usually {usual:.2} %",
            day.received
        ),
    })
}

/// A figure by name, such as the events of each country.
struct Breakdown {
    name: &'static str,
    unit: &'static str,
    counts: fn(&DayFigures) -> &BTreeMap<String, u64>,
}

const COUNTRIES: Breakdown = Breakdown {
    name: "country",
    unit: "events",
    counts: |day| &day.countries,
};
const TITLES: Breakdown = Breakdown {
    name: "title",
    unit: "views",
    counts: |day| &day.titles,
};

/// Returns the names that have no events or views on the date, but usually a large share.
fn vanished(
    day: &DayFigures,
    earlier: &[DayFigures],
    settings: &AnomalySettings,
    breakdown: &Breakdown,
) -> Vec<Anomaly> {
    let Breakdown { name, unit, counts } = breakdown;
    let total = |day: &DayFigures| counts(day).values().sum::<u64>() as f64;
    let Some(usual_total) = median(earlier.iter().map(total)) else {
        return Vec::new();
    };
    // Without any events or views, the volume is the anomaly.
    if usual_total < settings.min_events.max(1) as f64 || total(day) == 0.0 {
        return Vec::new();
    }
    let names = earlier.iter().flat_map(|day| counts(day).keys());
    let absent = names.filter(|name| counts(day).get(*name).copied().unwrap_or(0) == 0);
    let mut usual = BTreeMap::new();
    for absent in absent {
        usual.entry(absent).or_insert_with(|| {
            let of = |day: &DayFigures| counts(day).get(absent).copied().unwrap_or(0) as f64;
            median(earlier.iter().map(of)).unwrap_or(0.0)
        });
    }
    let min = usual_total * f64::from(settings.vanished_percent) / 100.0;
    let mut usual: Vec<_> = usual
        .into_iter()
        .filter(|(_, usual)| *usual > 0.0 && *usual >= min)
        .collect();
    usual.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let report = |(absent, usual): (&String, f64)| Anomaly {
        subject: format!("{name} {absent}"),
        sentence: format!(
            "{name} {absent} has no {unit}, usually {usual:.0} ({:.1} %)",
            100.0 * usual / usual_total
        ),
    };
    usual.into_iter().take(MAX_VANISHED).map(report).collect()
}

/// Returns the median, or `None` without values.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle)?;
    match values.len() % 2 {
        0 => Some((values.get(middle - 1)? + upper) / 2.0),
        _ => Some(*upper),
    }
}

#[cfg(test)]
mod tests;
