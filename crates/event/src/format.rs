//! Versions of the objects that the transform writes.

use crate::fields::FIELDS;
use crate::rejection::REWORDED;

/// The version of a batch's processed and quarantine objects: the fields that have a
/// column, and the wording of a rejection's detail.
///
/// A receipt names the version of the program that wrote its batch, so that a later
/// program can write the same bytes again. It is not the `schema_version` of an event,
/// which the producer sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormatVersion(u32);

impl FormatVersion {
    /// The version of the first release, whose receipts do not name it.
    pub const FIRST: Self = Self(1);

    /// The version that this program writes: the newest that a field or a wording needs.
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

    /// Creates the version that a declaration names.
    pub(crate) const fn declared(number: u32) -> Self {
        Self(number)
    }

    /// Returns the version with the number; `None` if only a newer program knows it.
    pub const fn from_number(number: u32) -> Option<Self> {
        if Self::FIRST.0 <= number && number <= Self::CURRENT.0 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Returns the version number, from 1.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Returns whether this version includes what `since` introduced.
    pub const fn has(self, since: Self) -> bool {
        since.0 <= self.0
    }
}

impl Default for FormatVersion {
    /// Returns [`FormatVersion::CURRENT`].
    fn default() -> Self {
        Self::CURRENT
    }
}
