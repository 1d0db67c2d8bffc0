//! The only rule that depends on the arrival of an event.

use crate::fields::Event;
use crate::rejection::{Detail, Reason, Rejection};
use crate::time::{MICROS_PER_DAY, format_utc};

/// The range around the arrival in which an event's time must lie, bounds included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeWindow {
    /// The microseconds after the arrival, because clocks of players can be wrong.
    pub ahead_us: i64,
    /// The microseconds before the arrival, because players can be offline for long.
    pub behind_us: i64,
}

impl Default for TimeWindow {
    /// Returns 1 hour after and 400 days before the arrival.
    fn default() -> Self {
        Self {
            ahead_us: 3_600_000_000,
            behind_us: 400 * MICROS_PER_DAY,
        }
    }
}

impl Event<'_> {
    /// Checks the event's time against its arrival, in UTC microseconds. This is the last
    /// check: an event with another fault is rejected for that fault.
    ///
    /// # Errors
    /// A [`Rejection`] for `time_in_future` or `time_too_old`.
    #[inline]
    pub fn admit(&self, arrived_at: i64, window: TimeWindow) -> Result<(), Rejection> {
        if self.event_time > arrived_at.saturating_add(window.ahead_us) {
            Err(self.outside(arrived_at, Reason::TimeInFuture, "ahead of"))
        } else if self.event_time < arrived_at.saturating_sub(window.behind_us) {
            Err(self.outside(arrived_at, Reason::TimeTooOld, "behind"))
        } else {
            Ok(())
        }
    }

    #[cold]
    fn outside(&self, arrived_at: i64, reason: Reason, bound: &str) -> Rejection {
        let mut value = Vec::new();
        format_utc(self.event_time, &mut value);
        let mut arrival = Vec::new();
        format_utc(arrived_at, &mut arrival);
        Rejection::of_field(
            reason,
            "event_time",
            Some(&value),
            Detail::Other(format!(
                "too far {bound} its arrival at {}",
                String::from_utf8_lossy(&arrival)
            )),
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_window_includes_its_bounds() {
        let json = br#"{"event_id":"01936f2e-5c00-7000-8000-000000000001","event_type":"browse","event_time":"2026-01-01T00:00:00Z","user_id":"u","session_id":"s"}"#;
        let event = crate::parse(json).unwrap();
        let window = TimeWindow::default();
        let at = event.event_time;
        assert!(event.admit(at - window.ahead_us, window).is_ok());
        assert!(event.admit(at + window.behind_us, window).is_ok());
        let early = event.admit(at - window.ahead_us - 1, window).unwrap_err();
        assert_eq!(
            early.to_string(),
            "time_in_future: event_time = 2026-01-01T00:00:00Z (too far ahead of its arrival at 2025-12-31T22:59:59.999999Z)"
        );
        let late = event.admit(at + window.behind_us + 1, window).unwrap_err();
        assert_eq!(late.reason, Reason::TimeTooOld);
        assert!(event.admit(i64::MIN, window).is_err());
        assert!(event.admit(i64::MAX, window).is_err());
    }
}
