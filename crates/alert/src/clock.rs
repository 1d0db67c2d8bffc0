//! Time, as the handler and its messages have it: UTC microseconds.

use std::time::{SystemTime, UNIX_EPOCH};

use marquee_event::{format_utc, parse_rfc3339};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now (UTC microseconds).
    fn now(&self) -> i64;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| {
            i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
        })
    }
}

/// An instant as AWS writes it: RFC 3339, or with an offset without its colon
/// as CloudWatch has it (`+0000`).
pub(crate) fn instant(text: &str) -> Option<i64> {
    parse_rfc3339(text).or_else(|| {
        let (before, minutes) = text.split_at_checked(text.len().checked_sub(2)?)?;
        parse_rfc3339(&format!("{before}:{minutes}"))
    })
}

/// An instant for people: `2026-01-06 02:00 UTC`.
pub(crate) fn minute(micros: i64) -> String {
    let text = rfc3339(micros);
    match (text.get(..10), text.get(11..16)) {
        (Some(date), Some(time)) => format!("{date} {time} UTC"),
        _ => text,
    }
}

/// An instant for programs.
pub(crate) fn rfc3339(micros: i64) -> String {
    let mut text = Vec::new();
    format_utc(micros, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_of_both_kinds_are_read() {
        let expected = Some(1_570_035_880_989_000);
        assert_eq!(instant("2019-10-02T17:04:40.989+0000"), expected);
        assert_eq!(instant("2019-10-02T17:04:40.989Z"), expected);
        assert_eq!(instant("2019-10-02T19:04:40.989+02:00"), expected);
        for none in ["", "é", "0", "yesterday", "2019-10-02"] {
            assert_eq!(instant(none), None, "{none}");
        }
    }

    #[test]
    fn people_read_minutes() {
        assert_eq!(minute(1_570_035_880_989_000), "2019-10-02 17:04 UTC");
    }
}
