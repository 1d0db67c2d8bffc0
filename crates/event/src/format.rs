//! Versions of what the transform writes.

use crate::fields::FIELDS;
use crate::refusal::REWORDED;

/// The version of a batch's processed and quarantine objects: which fields have
/// a column of their own, and how a rejection's detail is worded.
///
/// A receipt names the version of the program that wrote its batch, so that a
/// later program can write the same bytes again. It is not the `schema_version`
/// of an event: that is the producer's, and there is only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormatVersion(u32);

impl FormatVersion {
    /// The version of the first lakes, whose receipts name none.
    pub const FIRST: Self = Self(1);

    /// The version that this program writes.
    pub const CURRENT: Self = {
        let mut current = REWORDED;
        let mut index = 0;
        while index < FIELDS.len() {
            if FIELDS[index].since.0 > current.0 {
                current = FIELDS[index].since;
            }
            index += 1;
        }
        current
    };

    /// The version that a field's declaration names.
    pub(crate) const fn declared(number: u32) -> Self {
        Self(number)
    }

    /// The version of that number; `None` for one that a newer program wrote.
    pub const fn from_number(number: u32) -> Option<Self> {
        if Self::FIRST.0 <= number && number <= Self::CURRENT.0 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Its number, from 1.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Whether what came with `since` is part of this version.
    pub const fn has(self, since: Self) -> bool {
        since.0 <= self.0
    }
}

impl Default for FormatVersion {
    /// The version that this program writes.
    fn default() -> Self {
        Self::CURRENT
    }
}
