//! A calendar date.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use marquee_event::{format_utc, parse_rfc3339};
use serde::{Deserialize, Serialize};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// A date, as days since 1970-01-01. It is written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(i32);

impl Date {
    /// The date that holds that instant (UTC microseconds).
    pub fn of(micros: i64) -> Self {
        let days = micros.div_euclid(MICROS_PER_DAY);
        Self(i32::try_from(days).unwrap_or(i32::MAX))
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i32 {
        self.0
    }

    /// So many days after.
    pub fn after(self, days: u32) -> Self {
        Self(self.0.saturating_add_unsigned(days))
    }

    /// So many days before.
    pub fn before(self, days: u32) -> Self {
        Self(self.0.saturating_sub_unsigned(days))
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

impl TryFrom<String> for Date {
    type Error = NoDate;

    fn try_from(text: String) -> Result<Self, NoDate> {
        text.parse()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        format_utc(i64::from(self.0).saturating_mul(MICROS_PER_DAY), &mut text);
        let text = String::from_utf8_lossy(&text);
        f.write_str(text.get(..10).unwrap_or(&text))
    }
}

/// A text that is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no date: write YYYY-MM-DD")]
pub struct NoDate(String);

impl FromStr for Date {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Self, NoDate> {
        let fault = || NoDate(text.to_owned());
        if text.len() != 10 {
            return Err(fault());
        }
        parse_rfc3339(&format!("{text}T00:00:00Z"))
            .map(Self::of)
            .ok_or_else(fault)
    }
}

/// A span of dates, both ends in it, written `FROM..TO`; a single date is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub from: Date,
    /// The last.
    pub to: Date,
}

impl Span {
    /// All its dates.
    pub fn range(self) -> RangeInclusive<Date> {
        self.from..=self.to
    }
}

/// A text that is no span of dates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSpan {
    /// An end is no date.
    #[error("{0}, or FROM..TO for several dates")]
    Date(#[from] NoDate),
    /// The ends are the wrong way round.
    #[error("{from} is after {to}: write the earlier date first")]
    Backwards {
        /// The first end.
        from: Date,
        /// The second.
        to: Date,
    },
}

impl FromStr for Span {
    type Err = NoSpan;

    fn from_str(text: &str) -> Result<Self, NoSpan> {
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        let (from, to) = (from.parse()?, to.parse()?);
        match from <= to {
            true => Ok(Self { from, to }),
            false => Err(NoSpan::Backwards { from, to }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written() {
        let date: Date = "2026-03-01".parse().unwrap();
        assert_eq!(date.to_string(), "2026-03-01");
        assert_eq!(date.before(1).to_string(), "2026-02-28");
        assert_eq!(Date::of(-1).to_string(), "1969-12-31");
        for wrong in ["2026-02-29", "2026-3-1", "yesterday", "", "2026-03-01T"] {
            assert_eq!(
                wrong.parse::<Date>().unwrap_err().to_string(),
                format!("{wrong:?} is no date: write YYYY-MM-DD")
            );
        }
    }

    #[test]
    fn a_span_has_both_ends() {
        let span: Span = "2026-02-27..2026-03-01".parse().unwrap();
        assert!(span.range().contains(&"2026-02-28".parse().unwrap()));
        assert_eq!("2026-03-01".parse::<Span>().unwrap().from, span.to);
        assert_eq!(
            "2026-03-01..2026-02-27"
                .parse::<Span>()
                .unwrap_err()
                .to_string(),
            "2026-03-01 is after 2026-02-27: write the earlier date first"
        );
    }
}
