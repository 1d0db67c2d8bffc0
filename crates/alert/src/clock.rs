//! Time in UTC microseconds: the clock port, parsing and formatting.

use std::time::{SystemTime, UNIX_EPOCH};

use marquee_event::{format_utc, parse_rfc3339};

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// Returns the current time (UTC microseconds).
    fn now(&self) -> i64;
}

/// The system clock.
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

/// Parses a timestamp of AWS: RFC 3339, or CloudWatch's variant whose offset has no
/// colon (`+0000`).
pub(crate) fn parse_timestamp(text: &str) -> Option<i64> {
    parse_rfc3339(text).or_else(|| {
        let (before, minutes) = text.split_at_checked(text.len().checked_sub(2)?)?;
        parse_rfc3339(&format!("{before}:{minutes}"))
    })
}

/// Formats a timestamp to the minute for messages: `2026-01-06 02:00 UTC`.
pub(crate) fn format_minute(micros: i64) -> String {
    let text = format_rfc3339(micros);
    match (text.get(..10), text.get(11..16)) {
        (Some(date), Some(time)) => format!("{date} {time} UTC"),
        _ => text,
    }
}

/// Formats a timestamp as RFC 3339 for documents.
pub(crate) fn format_rfc3339(micros: i64) -> String {
    let mut text = Vec::new();
    format_utc(micros, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_timestamp_forms_are_parsed() {
        let expected = Some(1_570_035_880_989_000);
        assert_eq!(parse_timestamp("2019-10-02T17:04:40.989+0000"), expected);
        assert_eq!(parse_timestamp("2019-10-02T17:04:40.989Z"), expected);
        assert_eq!(parse_timestamp("2019-10-02T19:04:40.989+02:00"), expected);
        for invalid in ["", "é", "0", "yesterday", "2019-10-02"] {
            assert_eq!(parse_timestamp(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn messages_show_minutes() {
        assert_eq!(format_minute(1_570_035_880_989_000), "2019-10-02 17:04 UTC");
    }
}
