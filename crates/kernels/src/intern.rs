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
        self.number_hashed(self.hasher.hash_one(word), word)
    }

    /// The number of each word. Many words do not fit into a processor's cache, so
    /// that every step towards one waits for memory: all take the same step before
    /// any takes the next, and their waits are one.
    pub(crate) fn number_all(&mut self, words: &[&[u8]], mut take: impl FnMut(usize, u32)) {
        const TOGETHER: usize = 64;
        for (chunk, words) in words.chunks(TOGETHER).enumerate() {
            let mut hashes = [0u64; TOGETHER];
            let mut numbers = [NONE; TOGETHER];
            let mut spans = [(0usize, 0usize); TOGETHER];
            for (hash, word) in hashes.iter_mut().zip(words) {
                *hash = self.hasher.hash_one(word);
            }
            for (number, hash) in numbers.iter_mut().zip(hashes).take(words.len()) {
                // What is nearly always it; its word is yet to be seen.
                *number = self.table.find(hash, |_| true).copied().unwrap_or(NONE);
            }
            for (span, number) in spans.iter_mut().zip(numbers) {
                *span = span_of(&self.ends, number);
            }
            let looked_up = words.iter().zip(hashes).zip(numbers).zip(spans);
            for (at, (((word, hash), number), (start, end))) in looked_up.enumerate() {
                let is_it = number != NONE && self.bytes.get(start..end) == Some(*word);
                let number = match is_it {
                    true => number,
                    false => self.number_hashed(hash, word),
                };
                take(chunk * TOGETHER + at, number);
            }
        }
    }

    fn number_hashed(&mut self, hash: u64, word: &[u8]) -> u32 {
        let Self {
            table,
            hasher,
            ends,
            bytes,
        } = self;
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
    let (start, end) = span_of(ends, number);
    bytes.get(start..end).unwrap_or_default()
}

/// Where a word's bytes are: from, to.
#[inline]
fn span_of(ends: &[usize], number: u32) -> (usize, usize) {
    let number = number as usize;
    let end = ends.get(number).copied().unwrap_or_default();
    let start = match number {
        0 => 0,
        _ => ends.get(number - 1).copied().unwrap_or_default(),
    };
    (start, end)
}

/// Values of a fixed size, each once.
#[derive(Debug)]
pub(crate) struct Interner<T> {
    table: HashTable<u32>,
    hasher: FixedState,
    items: Vec<T>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self {
            table: HashTable::new(),
            hasher: FixedState::default(),
            items: Vec::new(),
        }
    }
}

impl<T: Copy + Eq + Hash> Interner<T> {
    /// The item's number.
    pub(crate) fn number(&mut self, item: T) -> u32 {
        let Self {
            table,
            hasher,
            items,
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
