//! What `sql/` defines, as the plan needs it.

use marquee_lake::digest;
use marquee_sql::{After, Check, CheckResult, Mart, Partition, Phase};

use crate::error::CurationError;

/// What `sql/` defines.
#[derive(Debug, Clone)]
pub struct Definitions {
    /// Every table that SQL makes.
    pub marts: Vec<Mart>,
    /// Every check.
    pub checks: Vec<Check>,
}

impl Definitions {
    /// Those that this program was built with.
    ///
    /// # Errors
    /// When a file's head is at fault.
    pub fn built_in() -> Result<Self, CurationError> {
        Ok(Self {
            marts: marquee_sql::marts()?,
            checks: marquee_sql::checks()?,
        })
    }

    /// The tables that a date has; the newest has more.
    pub fn marts_for(&self, newest: bool) -> impl Iterator<Item = &Mart> {
        self.marts
            .iter()
            .filter(move |mart| newest || mart.is_for_every_date())
    }

    /// The checks that can run in that phase.
    pub fn checks_in(&self, phase: Phase) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(move |check| check.phase() == phase)
    }

    /// Puts results in the order in which the checks are defined, those of the
    /// facts first.
    pub fn sort(&self, results: &mut [CheckResult]) {
        let place = |name: &str| {
            let found = self.checks.iter().position(|check| check.name == name);
            let after = found.and_then(|place| self.checks.get(place));
            (after.is_none_or(|check| check.after == After::Marts), found)
        };
        results.sort_by_cached_key(|result| place(&result.name));
    }

    /// How many days before a date its tables and checks read.
    pub fn looks_back(&self, newest: bool) -> u32 {
        let marts = self.marts_for(newest).map(|mart| mart.looks_back);
        let checks = self.checks.iter().map(|check| check.looks_back);
        marts.chain(checks).max().unwrap_or(0)
    }

    /// Whether the table has no partition a date.
    pub fn is_undated(&self, table: &str) -> bool {
        let is_it = |mart: &&Mart| mart.name == table;
        let mart = self.marts.iter().find(is_it);
        mart.is_some_and(|mart| mart.partition == Partition::None)
    }

    /// A digest of all of them: of their code and settings. Rewording a comment
    /// changes nothing.
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

    /// Whether `recorded`, the digest that a generation names, is of these.
    pub fn are(&self, recorded: &str) -> bool {
        by_code(recorded) == self.digest()
    }
}

/// The digest of what a generation names, by today's method.
///
/// The generations of the first lakes name a digest of the whole files, comments
/// and all. Their dates stay as they are until code or a setting changes.
pub(super) fn by_code(recorded: &str) -> &str {
    WHOLE_FILES
        .iter()
        .find(|(whole_files, _)| *whole_files == recorded)
        .map_or(recorded, |(_, code)| code)
}

/// Digests of whole files, each with that of the code in them.
const WHOLE_FILES: [(&str, &str); 1] = [(
    "064865d98a6f3877c7ac2889fbf07e09",
    "58e5f0584f592bdfc01825e509b4a8c3",
)];

#[cfg(test)]
mod tests {
    use super::*;

    /// The files that the first lakes were made by, without their comments. When
    /// code of `sql/marts` or `sql/checks` changes, every date is due, and this test
    /// goes.
    #[test]
    fn the_code_is_still_that_of_the_first_lakes() {
        let definitions = Definitions::built_in();
        let digest = definitions.map(|definitions| definitions.digest());
        assert_eq!(digest.unwrap_or_default(), by_code(WHOLE_FILES[0].0));
    }
}
