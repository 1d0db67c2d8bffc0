//! The SQL files of the project: each file of `sql/marts` defines a curated table, each
//! file of `sql/checks` a data quality check.
//!
//! The crate embeds the files and parses their heads; it has no query engine. A head is
//! the leading comment lines of a file, prose and settings:
//!
//! ```sql
//! -- Plays and watch time, one row per title and date.
//! -- partition: event_date
//! -- looks back: 1 day
//! -- rebuild: dates
//! SELECT …
//! ```
//!
//! `{date}` in the SQL stands for the processed date, a `DATE` literal.
//!
//! A mart with the setting `carried by` is a state table: its rows of unchanged dates are
//! carried over from the previous state ([`Mart::carried_by`]).

mod check;
mod code;
mod head;
mod mart;

pub use check::{After, Check, CheckResult, Phase, Severity};
pub use code::code;
pub use head::HeadError;
pub use mart::{Mart, Partition, RESERVED_NAMES, Rebuild};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Names and contents of files.
type Files = &'static [(&'static str, &'static str)];

/// Returns all marts, ordered by name.
///
/// # Errors
/// Returns [`HeadError`] for a file with an invalid head.
pub fn marts() -> Result<Vec<Mart>, HeadError> {
    parse_all(MARTS, Mart::parse)
}

/// Returns all checks, ordered by name.
///
/// # Errors
/// Returns [`HeadError`] for a file with an invalid head.
pub fn checks() -> Result<Vec<Check>, HeadError> {
    parse_all(CHECKS, Check::parse)
}

fn parse_all<T>(
    files: Files,
    parse: impl Fn(&str, &str) -> Result<T, HeadError>,
) -> Result<Vec<T>, HeadError> {
    files.iter().map(|(name, text)| parse(name, text)).collect()
}

/// Replaces `{date}` in the SQL with the literal of a date, `YYYY-MM-DD`.
fn for_date(sql: &str, date: &str) -> String {
    sql.replace("{date}", &format!("DATE '{date}'"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    #[test]
    fn every_file_has_a_head() {
        super::marts().unwrap();
        super::checks().unwrap();
    }
}
