//! Values that repeat, each kept once under a number.
//!
//! Numbers are given in the order of arrival. They order nothing and reach no
//! file: what is written is the values.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// The number of no value: a null.
pub(crate) const NONE: u32 = u32::MAX;

/// Byte strings, each once.
#[derive(Debug, Default)]
pub(crate) struct Words {
    table: HashTable<u32>,
    hasher: FixedState,
    /// Where each ends in `bytes`.
    ends: Vec<usize>,
    bytes: Vec<u8>,
}

impl Words {
    /// The word's number.
    pub(crate) fn number(&mut self, word: &[u8]) -> u32 {
        let Self {
            table,
            hasher,
            ends,
            bytes,
        } = self;
        let hash = hasher.hash_one(word);
        let found = table.find(hash, |&number| get(ends, bytes, number) == word);
        if let Some(&number) = found {
            return number;
        }
        let number = ends.len() as u32;
        bytes.extend_from_slice(word);
        ends.push(bytes.len());
        table.insert_unique(hash, number, |&number| {
            hasher.hash_one(get(ends, bytes, number))
        });
        number
    }

    /// The word of that number; empty for one that was never given.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> &[u8] {
        get(&self.ends, &self.bytes, number)
    }

    /// The word of that number, `None` for [`NONE`].
    #[inline]
    pub(crate) fn optional(&self, number: u32) -> Option<&[u8]> {
        (number != NONE).then(|| self.get(number))
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<usize>() + self.table.capacity() * 5
    }
}

#[inline]
fn get<'a>(ends: &[usize], bytes: &'a [u8], number: u32) -> &'a [u8] {
    let number = number as usize;
    let end = ends.get(number).copied().unwrap_or_default();
    let start = match number {
        0 => 0,
        _ => ends.get(number - 1).copied().unwrap_or_default(),
    };
    bytes.get(start..end).unwrap_or_default()
}

/// Values of a fixed size, each once.
#[derive(Debug)]
pub(crate) struct Interner<T> {
    table: HashTable<u32>,
    hasher: FixedState,
    items: Vec<T>,
    last: u32,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self {
            table: HashTable::new(),
            hasher: FixedState::default(),
            items: Vec::new(),
            last: NONE,
        }
    }
}

impl<T: Copy + Eq + Hash> Interner<T> {
    /// The item's number.
    #[inline]
    pub(crate) fn number(&mut self, item: T) -> u32 {
        // Neighbours often share it.
        if self.items.get(self.last as usize) == Some(&item) {
            return self.last;
        }
        self.last = self.look_up(item);
        self.last
    }

    fn look_up(&mut self, item: T) -> u32 {
        let Self {
            table,
            hasher,
            items,
            ..
        } = self;
        let hash = hasher.hash_one(item);
        let found = table.find(hash, |&number| items.get(number as usize) == Some(&item));
        if let Some(&number) = found {
            return number;
        }
        let number = items.len() as u32;
        items.push(item);
        table.insert_unique(hash, number, |&number| {
            items
                .get(number as usize)
                .map_or(0, |item| hasher.hash_one(item))
        });
        number
    }

    /// The item of that number.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.items.get(number as usize)
    }

    pub(crate) fn items(&self) -> &[T] {
        &self.items
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.items.len() * size_of::<T>() + self.table.capacity() * 5
    }
}
