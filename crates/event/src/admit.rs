//! The one rule that depends on when an event arrived.

use crate::fields::Event;
use crate::refusal::{Detail, Reason, Refusal};
use crate::time::format_utc;

/// How far an event's time may lie from its arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeWindow {
    /// How far ahead, in microseconds: clocks of players run wrong.
    pub ahead_us: i64,
    /// How far behind, in microseconds: players are offline for long.
    pub behind_us: i64,
}

impl Default for TimeWindow {
    /// 1 hour ahead, 400 days behind.
    fn default() -> Self {
        Self {
            ahead_us: 3_600_000_000,
            behind_us: 400 * 86_400_000_000,
        }
    }
}

impl Event<'_> {
    /// Checks the event's time against its arrival (UTC microseconds). The
    /// last of all checks: an event with another fault is refused for that.
    #[inline]
    pub fn admit(&self, arrived_at: i64, window: TimeWindow) -> Result<(), Refusal> {
        if self.event_time > arrived_at.saturating_add(window.ahead_us) {
            Err(self.outside(arrived_at, Reason::TimeInFuture, "ahead of"))
        } else if self.event_time < arrived_at.saturating_sub(window.behind_us) {
            Err(self.outside(arrived_at, Reason::TimeTooOld, "behind"))
        } else {
            Ok(())
        }
    }

    #[cold]
    fn outside(&self, arrived_at: i64, reason: Reason, bound: &str) -> Refusal {
        let mut value = Vec::new();
        format_utc(self.event_time, &mut value);
        let mut arrival = Vec::new();
        format_utc(arrived_at, &mut arrival);
        Refusal::of_field(
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
    fn the_window_includes_its_borders() {
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
