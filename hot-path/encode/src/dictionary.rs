//! The dictionary of a column: its distinct values, numbered in their order of arrival.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// A dictionary, kept in the form of the dictionary page: length, bytes, length, bytes.
/// Output is deterministic, because numbers follow the order of arrival, not that of hashes.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    table: HashTable<u32>,
    hasher: RandomState,
    /// The position of each value in `page`.
    places: Vec<Place>,
    page: Vec<u8>,
    last: u32,
}

/// The position of a value in the dictionary page, its hash, and its [`ends`].
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u32,
    length: u32,
    hash: u64,
    ends: [u64; 2],
}

impl Place {
    fn value<'a>(&self, page: &'a [u8]) -> &'a [u8] {
        let start = self.start as usize;
        page.get(start..start + self.length as usize)
            .unwrap_or_default()
    }

    /// Returns whether the value here is `value`. The ends of a short word are the whole word,
    /// so that the page is seldom read.
    #[inline(always)]
    fn is(&self, value: &[u8], page: &[u8]) -> bool {
        self.length as usize == value.len()
            && self.ends == ends(value)
            && (value.len() <= 2 * END || self.value(page) == value)
    }
}

/// The number of bytes of an end.
const END: usize = 8;

/// Returns the first and the last bytes of a value. They overlap if it is short.
#[inline(always)]
fn ends(value: &[u8]) -> [u64; 2] {
    fn word<const N: usize>(bytes: Option<&[u8; N]>) -> u64 {
        let mut word = [0; END];
        if let (Some(bytes), Some(place)) = (bytes, word.first_chunk_mut()) {
            *place = *bytes;
        }
        u64::from_le_bytes(word)
    }
    match value {
        [_, _, _, _, _, _, _, _, ..] => [
            word(value.first_chunk::<END>()),
            word(value.last_chunk::<END>()),
        ],
        [_, _, _, _, ..] => [
            word(value.first_chunk::<4>()),
            word(value.last_chunk::<4>()),
        ],
        [_, _, ..] => [
            word(value.first_chunk::<2>()),
            word(value.last_chunk::<2>()),
        ],
        [only] => [u64::from(*only), 0],
        [] => [0, 0],
    }
}

impl Dictionary {
    /// The number of the last lookup.
    #[inline(always)]
    pub(super) fn last(&self) -> u32 {
        self.last
    }

    /// Returns whether `number` is the number of the value.
    #[inline(always)]
    pub(super) fn is(&self, number: u32, value: &[u8]) -> bool {
        match self.places.get(number as usize) {
            Some(place) => place.is(value, &self.page),
            None => false,
        }
    }

    /// Returns the number of the value, and whether the value is new.
    pub(super) fn number(&mut self, value: &[u8]) -> (u32, bool) {
        let hash = self.hasher.hash_one(value);
        let found = self.table.find(hash, |&number| self.is(number, value));
        let (number, new) = match found {
            Some(&number) => (number, false),
            None => (self.add(hash, value), true),
        };
        self.last = number;
        (number, new)
    }

    fn add(&mut self, hash: u64, value: &[u8]) -> u32 {
        let number = self.places.len() as u32;
        let length = value.len() as u32;
        self.page.extend_from_slice(&length.to_le_bytes());
        let start = self.page.len() as u32;
        self.page.extend_from_slice(value);
        self.places.push(Place {
            start,
            length,
            hash,
            ends: ends(value),
        });
        let places = &self.places;
        self.table.insert_unique(hash, number, |&number| {
            places.get(number as usize).map_or(0, |place| place.hash)
        });
        number
    }

    pub(super) fn get(&self, number: u32) -> Option<&[u8]> {
        let place = self.places.get(number as usize)?;
        Some(place.value(&self.page))
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns the bytes of the dictionary page.
    pub(super) fn page(&self) -> &[u8] {
        &self.page
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|place| place.value(&self.page))
    }
}
