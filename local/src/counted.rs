//! Numbers of things, as people say them.

use indicatif::HumanCount;

/// `1 row`, `1,234 rows`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    let what = if number == 1 { one } else { many };
    format!("{} {what}", HumanCount(number))
}
