//! Moving of a file's event times into another time range.

use std::str::FromStr;

use marquee_event::parse_rfc3339;

/// A time range in UTC microseconds, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    start: i64,
    end: i64,
}

/// An error of parsing a [`TimeRange`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected START..END, both dates (2026-01-01..2026-01-31) or RFC 3339 instants, START not \
     after END"
)]
pub struct ParseTimeRangeError;

impl FromStr for TimeRange {
    type Err = ParseTimeRangeError;

    /// Parses `START..END`. A date as END stands for the end of that day.
    fn from_str(text: &str) -> Result<Self, ParseTimeRangeError> {
        let (start, end) = text.split_once("..").ok_or(ParseTimeRangeError)?;
        let start = instant(start, "T00:00:00Z").ok_or(ParseTimeRangeError)?;
        let end = instant(end, "T23:59:59.999999Z").ok_or(ParseTimeRangeError)?;
        if start > end {
            Err(ParseTimeRangeError)
        } else {
            Ok(Self { start, end })
        }
    }
}

/// Parses an instant, or a date at `time_of_day`; UTC microseconds.
fn instant(text: &str, time_of_day: &str) -> Option<i64> {
    let text = text.trim();
    if text.len() == "2026-01-01".len() {
        parse_rfc3339(&format!("{text}{time_of_day}"))
    } else {
        parse_rfc3339(text)
    }
}

/// The mapping of a file's times.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rebase {
    /// Keeps all times.
    None,
    /// Maps `first..=last` linearly onto the range. The mapping keeps order, and equal
    /// times stay equal. A file with a single time moves to the range's start.
    Onto {
        first: i64,
        last: i64,
        range: TimeRange,
    },
}

impl Rebase {
    /// Creates the mapping onto `range`, if there is one, of a file with times from
    /// `first` to `last`.
    pub(super) fn new(range: Option<TimeRange>, first: i64, last: i64) -> Self {
        range.map_or(Self::None, |range| Self::Onto { first, last, range })
    }

    /// Maps `time`, which must be between the first and the last.
    pub(super) fn map(self, time: i64) -> i64 {
        let Self::Onto { first, last, range } = self else {
            return time;
        };
        let length = i128::from(last) - i128::from(first);
        if length <= 0 {
            return range.start;
        }
        let offset = i128::from(time) - i128::from(first);
        let new_length = i128::from(range.end) - i128::from(range.start);
        let mapped = i128::from(range.start) + offset * new_length / length;
        i64::try_from(mapped)
            .unwrap_or(range.end)
            .clamp(range.start, range.end)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_are_dates_or_instants() {
        let days: TimeRange = "2026-01-01..2026-01-31".parse().unwrap();
        assert_eq!(days.end - days.start, 31 * 86_400_000_000 - 1);
        let instants: TimeRange = "2026-01-01T00:00:00Z .. 2026-01-01T02:00:00+01:00"
            .parse()
            .unwrap();
        assert_eq!(instants.end - instants.start, 3_600_000_000);
        for bad in [
            "",
            "..",
            "2026-01-01",
            "2026-01-02..2026-01-01",
            "2026-01-01..2026-02-30",
            "a..b",
        ] {
            assert_eq!(bad.parse::<TimeRange>(), Err(ParseTimeRangeError), "{bad}");
        }
    }

    #[test]
    fn a_single_time_moves_to_the_start() {
        let range = TimeRange {
            start: 100,
            end: 200,
        };
        assert_eq!(Rebase::new(Some(range), 7, 7).map(7), 100);
        assert_eq!(Rebase::new(None, 7, 7).map(7), 7);
    }

    proptest! {
        #[test]
        fn order_and_ends_are_kept(mut times in prop::collection::vec(any::<i64>(), 2..50), start in any::<i32>(), length in 0_i64..1 << 50) {
            let range = TimeRange { start: start.into(), end: i64::from(start) + length };
            times.sort_unstable();
            let (first, last) = (*times.first().unwrap(), *times.last().unwrap());
            let rebase = Rebase::new(Some(range), first, last);
            let mapped: Vec<i64> = times.iter().map(|time| rebase.map(*time)).collect();
            prop_assert!(mapped.is_sorted());
            prop_assert_eq!(*mapped.first().unwrap(), range.start);
            if first < last {
                prop_assert_eq!(*mapped.last().unwrap(), range.end);
            }
        }
    }
}
