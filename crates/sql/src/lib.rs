//! The files of `sql/`: every file of `sql/marts` is a curated table, every
//! file of `sql/checks` an expectation. This crate reads their heads; it knows
//! no engine.
//!
//! A head is the comment lines that a file begins with:
//!
//! ```sql
//! -- Plays and watch time of a title, a row a title and date.
//! -- partition: event_date
//! -- looks back: 1 day
//! -- rebuild: dates
//! SELECT …
//! ```
//!
//! `{date}` in the SQL stands for the date that is made, a `DATE` literal.

mod check;
mod code;
mod head;
mod mart;

pub use check::{After, Check, CheckResult, Phase, Severity};
pub use code::code;
pub use head::HeadError;
pub use mart::{Mart, Partition, Rebuild, TAKEN};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The files of a table or check, by name.
type Files = &'static [(&'static str, &'static str)];

/// Every curated table that SQL makes, by name.
///
/// # Errors
/// [`HeadError`] names the file and the line at fault.
pub fn marts() -> Result<Vec<Mart>, HeadError> {
    parse_all(MARTS, Mart::parse)
}

/// Every check, by name.
///
/// # Errors
/// [`HeadError`] names the file and the line at fault.
pub fn checks() -> Result<Vec<Check>, HeadError> {
    parse_all(CHECKS, Check::parse)
}

fn parse_all<T>(
    files: Files,
    parse: impl Fn(&str, &str) -> Result<T, HeadError>,
) -> Result<Vec<T>, HeadError> {
    files.iter().map(|(name, text)| parse(name, text)).collect()
}

/// The SQL with `{date}` replaced by the literal of that date, `YYYY-MM-DD`.
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
