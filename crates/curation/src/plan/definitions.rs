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
        let states = self.states_for(newest).map(|mart| mart.looks_back);
        states.fold(self.reads_back(newest), u32::max)
    }

    /// Returns the number of days before a date whose facts its marts and checks always
    /// read. State tables read the facts of the other dates in the look-back window only if
    /// they cannot carry the rows over.
    pub fn reads_back(&self, newest: bool) -> u32 {
        let marts = self.marts_for(newest).filter(|mart| !mart.is_state());
        let checks = self.checks.iter().map(|check| check.looks_back);
        marts
            .map(|mart| mart.looks_back)
            .chain(checks)
            .max()
            .unwrap_or(0)
    }

    /// Returns the state tables of a date.
    pub fn states_for(&self, newest: bool) -> impl Iterator<Item = &Mart> {
        self.marts_for(newest).filter(|mart| mart.is_state())
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
        recorded == self.digest()
    }
}
