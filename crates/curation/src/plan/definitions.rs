//! The marts and checks that `sql/` defines.

use marquee_lake::digest;
use marquee_sql::{After, Check, CheckResult, Mart, Partition, Phase};

use crate::error::CurationError;

/// The marts and checks that `sql/` defines.
#[derive(Debug, Clone)]
pub struct Definitions {
    /// Every mart.
    pub marts: Vec<Mart>,
    /// Every check.
    pub checks: Vec<Check>,
}

impl Definitions {
    /// Returns the definitions that are compiled into this program.
    ///
    /// # Errors
    /// If the head of a file is malformed.
    pub fn built_in() -> Result<Self, CurationError> {
        Ok(Self {
            marts: marquee_sql::marts()?,
            checks: marquee_sql::checks()?,
        })
    }

    /// Returns the marts of a date. Only the newest date has the latest-only tables.
    pub fn marts_for(&self, newest: bool) -> impl Iterator<Item = &Mart> {
        self.marts
            .iter()
            .filter(move |mart| newest || mart.is_for_every_date())
    }

    /// Returns the checks of a phase.
    pub fn checks_in(&self, phase: Phase) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(move |check| check.phase() == phase)
    }

    /// Sorts results by the order of the checks' definitions, with the checks of the facts
    /// first.
    pub fn sort(&self, results: &mut [CheckResult]) {
        let order = |name: &str| {
            let index = self.checks.iter().position(|check| check.name == name);
            let check = index.and_then(|index| self.checks.get(index));
            (check.is_none_or(|check| check.after == After::Marts), index)
        };
        results.sort_by_cached_key(|result| order(&result.name));
    }

    /// Returns the length in days of a date's look-back window: the longest of its marts and
    /// checks.
    pub fn looks_back(&self, newest: bool) -> u32 {
        let marts = self.marts_for(newest).map(|mart| mart.looks_back);
        let checks = self.checks.iter().map(|check| check.looks_back);
        marts.chain(checks).max().unwrap_or(0)
    }

    /// Returns whether the table has no partitions by date.
    pub fn is_undated(&self, table: &str) -> bool {
        let mart = self.marts.iter().find(|mart| mart.name == table);
        mart.is_some_and(|mart| mart.partition == Partition::None)
    }

    /// Returns the digest of the code and settings of all marts and checks. Comments do not
    /// change it.
    pub fn digest(&self) -> String {
        let marts = self.marts.iter().map(Mart::definition);
        let checks = self.checks.iter().map(Check::definition);
        let mut text = String::new();
        for definition in marts.chain(checks) {
            text.push_str(&definition);
            text.push('\0');
        }
        digest::of(text.as_bytes())
    }

    /// Returns whether `recorded`, the digest in a generation, is that of these definitions.
    pub fn match_digest(&self, recorded: &str) -> bool {
        code_digest(recorded) == self.digest()
    }
}

/// Converts the digest in a generation to a digest of code and settings.
///
/// The generations of the oldest lakes have a digest of whole files, which includes the
/// comments. The conversion keeps their dates from being due until code or settings change.
pub(super) fn code_digest(recorded: &str) -> &str {
    WHOLE_FILE_DIGESTS
        .iter()
        .find(|(whole_files, _)| *whole_files == recorded)
        .map_or(recorded, |(_, code)| code)
}

/// Digests of whole files, each with the digest of the code in these files.
const WHOLE_FILE_DIGESTS: [(&str, &str); 1] = [(
    "064865d98a6f3877c7ac2889fbf07e09",
    "58e5f0584f592bdfc01825e509b4a8c3",
)];

#[cfg(test)]
mod tests {
    use super::*;

    /// The code equals that of the oldest lakes. A change of code in `sql/marts` or
    /// `sql/checks` makes every date due; remove this test with such a change.
    #[test]
    fn the_code_equals_that_of_the_oldest_lakes() {
        let definitions = Definitions::built_in();
        let digest = definitions.map(|definitions| definitions.digest());
        assert_eq!(
            digest.unwrap_or_default(),
            code_digest(WHOLE_FILE_DIGESTS[0].0)
        );
    }
}
