//! Weight of a record: the bytes by which it counts against the bound of a batch.
//!
//! A few bytes can unpack to many units, and a unit costs more than its bytes: it has a row in
//! each table, and repeats its partition key. The weight is therefore the sum of
//!
//! - the bytes that were unpacked, also if unpacking failed at the end;
//! - [`ENTRY_BYTES`] for each user record;
//! - [`DECODER_BYTES`] for each user record that is compressed by itself;
//! - [`ENTRY_BYTES`] and the bytes of the partition key for each unit.

use crate::kpl::UserRecord;
use crate::unit::lines;

/// The cost of a unit or a user record besides its bytes: the values of its columns, or its
/// place in the list of user records.
pub(crate) const ENTRY_BYTES: usize = 96;

/// The cost of a decompressor, which each compressed user record needs.
pub(crate) const DECODER_BYTES: usize = 2 << 10;

/// The unpacked content of a record.
#[derive(Debug)]
pub(crate) enum Content<'a> {
    /// Lines.
    Lines(&'a [u8]),
    /// The user records of an aggregate, with unpacked data.
    Users(Vec<UserRecord<'a>>),
}

impl<'a> Content<'a> {
    /// Calls `each` with every piece of lines and its partition key.
    pub(crate) fn pieces<E>(
        &self,
        mut each: impl FnMut(&'a [u8], Option<&'a str>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Lines(data) => each(data, None),
            Self::Users(users) => users
                .iter()
                .try_for_each(|user| each(user.data, Some(user.partition_key))),
        }
    }

    /// Returns an upper bound of [`Self::entries`] without reading the data: a unit has at
    /// least one byte and a newline.
    pub(crate) fn most_entries(&self) -> usize {
        self.sum_units(|data| data.len().div_ceil(2))
    }

    /// Returns the weight of the units and user records, without the unpacked bytes.
    pub(crate) fn entries(&self) -> usize {
        self.sum_units(|data| lines(data).count())
    }

    fn sum_units(&self, units: impl Fn(&[u8]) -> usize) -> usize {
        match self {
            Self::Lines(data) => units(data) * ENTRY_BYTES,
            Self::Users(users) => users
                .iter()
                .map(|user| {
                    ENTRY_BYTES + units(user.data) * (ENTRY_BYTES + user.partition_key.len())
                })
                .sum(),
        }
    }
}
