//! Calendar dates in UTC, ranges of them, and the date that an object key names.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::{MICROS_PER_DAY, format_utc, parse_rfc3339};

/// A date in UTC, stored as days since 1970-01-01 and written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(i32);

impl Date {
    /// Returns the date of an instant in UTC microseconds.
    #[inline]
    pub fn of(micros: i64) -> Self {
        let days = micros.div_euclid(MICROS_PER_DAY);
        Self(i32::try_from(days).unwrap_or(i32::MAX))
    }

    /// Returns the date that many days after 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Returns the number of days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// Returns the date's first instant in UTC microseconds.
    pub fn start_us(self) -> i64 {
        i64::from(self.0).saturating_mul(MICROS_PER_DAY)
    }

    /// Returns the date `days` days later.
    pub fn after(self, days: u32) -> Self {
        Self(self.0.saturating_add_unsigned(days))
    }

    /// Returns the date `days` days earlier.
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
    type Error = ParseDateError;

    fn try_from(text: String) -> Result<Self, ParseDateError> {
        text.parse()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        format_utc(self.start_us(), &mut text);
        let text = String::from_utf8_lossy(&text);
        f.pad(text.get(..10).unwrap_or(&text))
    }
}

/// An error of parsing a [`Date`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid date {0:?}: expected YYYY-MM-DD")]
pub struct ParseDateError(String);

impl FromStr for Date {
    type Err = ParseDateError;

    fn from_str(text: &str) -> Result<Self, ParseDateError> {
        let fault = || ParseDateError(text.to_owned());
        if text.len() != 10 {
            return Err(fault());
        }
        parse_rfc3339(&format!("{text}T00:00:00Z"))
            .map(Self::of)
            .ok_or_else(fault)
    }
}

/// A range of dates, both ends inclusive, written `FROM..TO`. A single date is a range of
/// one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    /// The first date.
    pub from: Date,
    /// The last date.
    pub to: Date,
}

impl DateRange {
    /// Returns the range as a [`RangeInclusive`].
    pub fn range(self) -> RangeInclusive<Date> {
        self.from..=self.to
    }
}

/// An error of parsing a [`DateRange`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseDateRangeError {
    /// An end is not a date.
    #[error("{0}, or FROM..TO for a range of dates")]
    Date(#[from] ParseDateError),
    /// The first date is after the last.
    #[error("{from} is after {to}: write the earlier date first")]
    Backwards {
        /// The first date.
        from: Date,
        /// The last date.
        to: Date,
    },
}

impl FromStr for DateRange {
    type Err = ParseDateRangeError;

    fn from_str(text: &str) -> Result<Self, ParseDateRangeError> {
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        let (from, to) = (from.parse()?, to.parse()?);
        match from <= to {
            true => Ok(Self { from, to }),
            false => Err(ParseDateRangeError::Backwards { from, to }),
        }
    }
}

/// Returns the text after `ingest_date=` or `event_date=` in an object key: the date of the
/// object's partition.
pub fn date_in(key: &str) -> Option<&str> {
    let names = ["ingest_date=", "event_date="];
    key.split('/')
        .find_map(|part| names.iter().find_map(|name| part.strip_prefix(name)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

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
                format!("invalid date {wrong:?}: expected YYYY-MM-DD")
            );
        }
    }

    #[test]
    fn a_date_is_its_text_in_json() {
        let date: Date = "2026-03-01".parse().unwrap();
        assert_eq!(serde_json::to_string(&date).unwrap(), r#""2026-03-01""#);
        assert_eq!(
            serde_json::from_str::<Date>(r#""2026-03-01""#).unwrap(),
            date
        );
        assert!(serde_json::from_str::<Date>(r#""2026-02-30""#).is_err());
        assert_eq!(Date::of(date.start_us()), date);
        assert_eq!(Date::from_days(date.days()), date);
    }

    #[test]
    fn a_date_is_a_key_of_a_json_object() {
        let text = r#"{"0999-12-31":1,"2026-02-28":2,"2026-03-01":3}"#;
        let counts: BTreeMap<Date, u64> = serde_json::from_str(text).unwrap();
        assert_eq!(counts[&"2026-02-28".parse().unwrap()], 2);
        assert_eq!(serde_json::to_string(&counts).unwrap(), text);
        assert!(serde_json::from_str::<BTreeMap<Date, u64>>(r#"{"soon":1}"#).is_err());
    }

    #[test]
    fn a_key_names_its_date() {
        let key = "curated/events/event_date=2026-03-01/run=1-a/part-0000.parquet";
        assert_eq!(date_in(key), Some("2026-03-01"));
        let key = "raw/events/ingest_date=2026-03-02/ingest_hour=01/a.parquet";
        assert_eq!(date_in(key), Some("2026-03-02"));
        assert_eq!(date_in("reference/titles/a.parquet"), None);
    }

    #[test]
    fn a_range_includes_both_ends() {
        let range: DateRange = "2026-02-27..2026-03-01".parse().unwrap();
        assert!(range.range().contains(&"2026-02-28".parse().unwrap()));
        assert_eq!("2026-03-01".parse::<DateRange>().unwrap().from, range.to);
        assert_eq!(
            "2026-03-01..2026-02-27"
                .parse::<DateRange>()
                .unwrap_err()
                .to_string(),
            "2026-03-01 is after 2026-02-27: write the earlier date first"
        );
    }
}
