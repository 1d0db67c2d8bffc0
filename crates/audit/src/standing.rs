//! Whether a date is final.

use marquee_event::{Date, parse_rfc3339};
use marquee_lake::receipt::Receipt;
use serde::{Deserialize, Serialize};

/// Days after a date in which its late events are waited for.
pub const LATE_DAYS: i32 = 3;

/// Whether a date's books may still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The late window has passed, and nothing is open.
    Final,
    /// More may come.
    Provisional,
}

/// The date that the newest record of the receipts arrived on.
pub fn newest_arrival<'r>(receipts: impl IntoIterator<Item = &'r Receipt>) -> Option<Date> {
    let newest = |receipt: &Receipt| match receipt.arrival_dates.last_key_value() {
        Some((date, _)) => date.parse().ok(),
        None => parse_rfc3339(&receipt.last_arrived_at).map(Date::of),
    };
    receipts.into_iter().filter_map(newest).max()
}

/// Why the date's late window is open, if it is. The time is that of the newest
/// arrival: no clock is asked, so that a replayed lake says what the first said.
pub fn late_window_open(date: Date, newest: Option<Date>) -> Option<String> {
    let closes = date.days().saturating_add(LATE_DAYS);
    if newest.is_some_and(|newest| newest.days() > closes) {
        return None;
    }
    let arrived = newest.map_or_else(
        || "nothing has arrived yet".to_owned(),
        |newest| format!("the newest arrival is of {newest}"),
    );
    Some(format!(
        "late events are waited for until {LATE_DAYS} days have passed after it, and {arrived}"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_window_closes_when_three_whole_days_have_passed() {
        let date: Date = "2026-03-01".parse().unwrap();
        let open_at = |newest: &str| late_window_open(date, newest.parse().ok()).is_some();
        assert!(open_at("2026-03-01"));
        assert!(open_at("2026-03-04"));
        assert!(!open_at("2026-03-05"));
        assert!(late_window_open(date, None).is_some());
    }
}
