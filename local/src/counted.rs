//! Numbers with their nouns.

use indicatif::HumanCount;

/// Returns `1 row` or `1,234 rows`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", HumanCount(number))
}
