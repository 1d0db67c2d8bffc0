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
    /// Where each value's bytes end in `page`; they begin 4 past the end before.
    ends: Vec<u32>,
    page: Vec<u8>,
    last: u32,
}

impl Dictionary {
    /// The value's number, and whether it is new.
    #[inline]
    pub(super) fn number(&mut self, value: &[u8]) -> (u32, bool) {
        // Neighbours often share a value.
        if self.get(self.last) == Some(value) {
            return (self.last, false);
        }
        let hash = self.hasher.hash_one(value);
        let found = self.table.find(hash, |&number| {
            get(&self.ends, &self.page, number) == Some(value)
        });
        let (number, new) = match found {
            Some(&number) => (number, false),
            None => (self.add(hash, value), true),
        };
        self.last = number;
        (number, new)
    }

    fn add(&mut self, hash: u64, value: &[u8]) -> u32 {
        let number = self.ends.len() as u32;
        self.page
            .extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.page.extend_from_slice(value);
        self.ends.push(self.page.len() as u32);
        let Self {
            table,
            hasher,
            ends,
            page,
            ..
        } = self;
        table.insert_unique(hash, number, |&number| {
            hasher.hash_one(get(ends, page, number).unwrap_or_default())
        });
        number
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&[u8]> {
        get(&self.ends, &self.page, number)
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The dictionary page's bytes.
    pub(super) fn page(&self) -> &[u8] {
        &self.page
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len() as u32).filter_map(|number| self.get(number))
    }
}

#[inline]
fn get<'a>(ends: &[u32], page: &'a [u8], number: u32) -> Option<&'a [u8]> {
    let number = number as usize;
    let end = *ends.get(number)? as usize;
    let start = match number {
        0 => 0,
        _ => *ends.get(number - 1)? as usize,
    };
    page.get(start + 4..end)
}
