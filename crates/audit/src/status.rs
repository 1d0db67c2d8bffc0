//! The status of a date: provisional or final.

use marquee_event::Date;
use marquee_lake::receipt::Receipt;
use serde::{Deserialize, Serialize};

use crate::arrivals;
use crate::error::AuditError;

/// The length of a date's late window, in days after the date.
pub const LATE_DAYS: i32 = 3;

/// The status of a date's books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The late window has passed, and nothing is open.
    Final,
    /// The books can still change.
    Provisional,
}

/// Returns the date on which the newest record of the receipts arrived; `None` without
/// receipts.
///
/// # Errors
/// [`AuditError::Receipt`] if a receipt has a time that cannot be parsed.
pub fn newest_arrival<'r>(
    receipts: impl IntoIterator<Item = &'r Receipt>,
) -> Result<Option<Date>, AuditError> {
    let mut newest = None;
    for receipt in receipts {
        newest = newest.max(Some(arrivals::newest_date(receipt)?));
    }
    Ok(newest)
}

/// Returns the reason why the date's late window is open, as a sentence; `None` if it has
/// passed. The current time is the newest arrival, not a clock, so that equal lakes have equal
/// audits.
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
        "its late window is open until a record arrives more than {LATE_DAYS} days after it, and {arrived}"
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
