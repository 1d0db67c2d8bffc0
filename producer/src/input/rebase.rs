//! Old times -> a given span.

use std::str::FromStr;

use marquee_event::parse_rfc3339;

/// A stretch of time to move events to, both ends included; UTC microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: i64,
    end: i64,
}

/// Text that is not a span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a span is START..END, two dates (2026-01-01..2026-01-31) or RFC 3339 instants, START not after END"
)]
pub struct BadSpan;

impl FromStr for Span {
    type Err = BadSpan;

    /// Reads `START..END`. A date as the end means the end of that day.
    fn from_str(text: &str) -> Result<Self, BadSpan> {
        let (start, end) = text.split_once("..").ok_or(BadSpan)?;
        let start = instant(start, "T00:00:00Z").ok_or(BadSpan)?;
        let end = instant(end, "T23:59:59.999999Z").ok_or(BadSpan)?;
        if start > end {
            Err(BadSpan)
        } else {
            Ok(Self { start, end })
        }
    }
}

/// An instant, or a date and `time_of_day` on it; UTC microseconds.
fn instant(text: &str, time_of_day: &str) -> Option<i64> {
    let text = text.trim();
    if text.len() == "2026-01-01".len() {
        parse_rfc3339(&format!("{text}{time_of_day}"))
    } else {
        parse_rfc3339(text)
    }
}

/// Maps the times of one file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rebase {
    /// Leaves them.
    None,
    /// Maps `first..=last` evenly onto the span, keeping order; equal times
    /// stay equal. A file with a single time goes to the span's start.
    Onto { first: i64, last: i64, span: Span },
}

impl Rebase {
    /// Onto `span`, where there is one, for a file whose times run from `first`
    /// to `last`.
    pub(super) fn new(span: Option<Span>, first: i64, last: i64) -> Self {
        span.map_or(Self::None, |span| Self::Onto { first, last, span })
    }

    /// Where `time`, which lies between the first and the last, comes to lie.
    pub(super) fn map(self, time: i64) -> i64 {
        let Self::Onto { first, last, span } = self else {
            return time;
        };
        let length = i128::from(last) - i128::from(first);
        if length <= 0 {
            return span.start;
        }
        let into = i128::from(time) - i128::from(first);
        let room = i128::from(span.end) - i128::from(span.start);
        let mapped = i128::from(span.start) + into * room / length;
        i64::try_from(mapped)
            .unwrap_or(span.end)
            .clamp(span.start, span.end)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spans_are_dates_or_instants() {
        let days: Span = "2026-01-01..2026-01-31".parse().unwrap();
        assert_eq!(days.end - days.start, 31 * 86_400_000_000 - 1);
        let instants: Span = "2026-01-01T00:00:00Z .. 2026-01-01T02:00:00+01:00"
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
            assert_eq!(bad.parse::<Span>(), Err(BadSpan), "{bad}");
        }
    }

    #[test]
    fn one_time_goes_to_the_start() {
        let span = Span {
            start: 100,
            end: 200,
        };
        assert_eq!(Rebase::new(Some(span), 7, 7).map(7), 100);
        assert_eq!(Rebase::new(None, 7, 7).map(7), 7);
    }

    proptest! {
        #[test]
        fn order_and_ends_are_kept(mut times in prop::collection::vec(any::<i64>(), 2..50), start in any::<i32>(), length in 0_i64..1 << 50) {
            let span = Span { start: start.into(), end: i64::from(start) + length };
            times.sort_unstable();
            let (first, last) = (*times.first().unwrap(), *times.last().unwrap());
            let rebase = Rebase::new(Some(span), first, last);
            let mapped: Vec<i64> = times.iter().map(|time| rebase.map(*time)).collect();
            prop_assert!(mapped.is_sorted());
            prop_assert_eq!(*mapped.first().unwrap(), span.start);
            if first < last {
                prop_assert_eq!(*mapped.last().unwrap(), span.end);
            }
        }
    }
}
