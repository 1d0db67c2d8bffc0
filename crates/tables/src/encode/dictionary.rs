//! The distinct values of a column, numbered as they come.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Values kept as the dictionary page will hold them: length, bytes, length,
/// bytes. Numbers are given in the order of arrival, so no hash order, and no
/// seed, reaches the file.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    table: HashTable<u32>,
    hasher: RandomState,
    /// Where each value's bytes lie in `page`.
    places: Vec<Place>,
    page: Vec<u8>,
    last: u32,
}

/// A value's bytes within the dictionary page, and their hash.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u32,
    end: u32,
    hash: u64,
}

impl Dictionary {
    /// The value's number, and whether it is new.
    #[inline]
    pub(super) fn number(&mut self, value: &[u8]) -> (u32, bool) {
        // Neighbours often share a value.
        self.number_near(value, self.last)
    }

    /// The value's number, which may be `guess`, and whether it is new.
    #[inline]
    pub(super) fn number_near(&mut self, value: &[u8], guess: u32) -> (u32, bool) {
        if self.get(guess).is_some_and(|known| same(known, value)) {
            return (guess, false);
        }
        self.look_up(value)
    }

    #[inline(never)]
    fn look_up(&mut self, value: &[u8]) -> (u32, bool) {
        let hash = self.hasher.hash_one(value);
        let found = self.table.find(hash, |&number| {
            get(&self.places, &self.page, number).is_some_and(|known| same(known, value))
        });
        let (number, new) = match found {
            Some(&number) => (number, false),
            None => (self.add(hash, value), true),
        };
        self.last = number;
        (number, new)
    }

    fn add(&mut self, hash: u64, value: &[u8]) -> u32 {
        let number = self.places.len() as u32;
        self.page
            .extend_from_slice(&(value.len() as u32).to_le_bytes());
        let start = self.page.len() as u32;
        self.page.extend_from_slice(value);
        let end = self.page.len() as u32;
        self.places.push(Place { start, end, hash });
        let places = &self.places;
        self.table.insert_unique(hash, number, |&number| {
            places.get(number as usize).map_or(0, |place| place.hash)
        });
        number
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&[u8]> {
        get(&self.places, &self.page, number)
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The dictionary page's bytes.
    pub(super) fn page(&self) -> &[u8] {
        &self.page
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.places.len() as u32).filter_map(|number| self.get(number))
    }
}

#[inline]
fn get<'a>(places: &[Place], page: &'a [u8], number: u32) -> Option<&'a [u8]> {
    let place = places.get(number as usize)?;
    page.get(place.start as usize..place.end as usize)
}

/// Whether the bytes are the same. Ids and words are short: their first and
/// their last word, which may overlap, are all there is to them.
#[inline(always)]
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && match a.len() {
            2..4 => ends::<2>(a) == ends::<2>(b),
            4..8 => ends::<4>(a) == ends::<4>(b),
            8..=16 => ends::<8>(a) == ends::<8>(b),
            17..=32 => ends::<16>(a) == ends::<16>(b),
            _ => a == b,
        }
}

/// The first and the last `N` bytes.
#[inline(always)]
fn ends<const N: usize>(bytes: &[u8]) -> Option<([u8; N], [u8; N])> {
    Some((*bytes.first_chunk()?, *bytes.last_chunk()?))
}
