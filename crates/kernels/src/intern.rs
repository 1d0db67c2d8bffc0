//! Interners: they store each distinct value once and give it a number.
//!
//! Numbers follow the order of first appearance, so they never determine the order of
//! rows and never reach a file. Hashes determine neither, so their seed is random: viewers
//! choose the values, and a known seed lets them choose values with equal hashes.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;

/// The hasher of every table whose keys come from events. Its seed is random.
pub(crate) type EventHasher = foldhash::fast::RandomState;

/// The number of a null.
pub(crate) const NONE: u32 = u32::MAX;

/// An interner of byte strings.
#[derive(Debug, Default)]
pub(crate) struct StringInterner {
    table: HashTable<u32>,
    hasher: EventHasher,
    /// The end of each string in `bytes`.
    ends: Vec<usize>,
    bytes: Vec<u8>,
}

impl StringInterner {
    /// Interns a string; returns its number.
    pub(crate) fn intern(&mut self, string: &[u8]) -> u32 {
        self.intern_hashed(self.hasher.hash_one(string), string)
    }

    /// Interns several strings; passes the index and the number of each to `take`.
    ///
    /// A large interner exceeds the processor's caches, so each step of a lookup waits for
    /// memory. All lookups of a batch take one step before any takes the next, so that
    /// their waits overlap.
    ///
    /// # Errors
    /// The first error of `take`.
    pub(crate) fn intern_all<E>(
        &mut self,
        strings: &[&[u8]],
        mut take: impl FnMut(usize, u32) -> Result<(), E>,
    ) -> Result<(), E> {
        const BATCH: usize = 64;
        for (batch, strings) in strings.chunks(BATCH).enumerate() {
            let mut hashes = [0u64; BATCH];
            let mut numbers = [NONE; BATCH];
            let mut spans = [(0usize, 0usize); BATCH];
            for (hash, string) in hashes.iter_mut().zip(strings) {
                *hash = self.hasher.hash_one(string);
            }
            for (number, hash) in numbers.iter_mut().zip(hashes).take(strings.len()) {
                // The first candidate is nearly always right; the last loop compares it.
                *number = self.table.find(hash, |_| true).copied().unwrap_or(NONE);
            }
            for (span, number) in spans.iter_mut().zip(numbers) {
                *span = span_of(&self.ends, number);
            }
            let looked_up = strings.iter().zip(hashes).zip(numbers).zip(spans);
            for (index, (((string, hash), number), (start, end))) in looked_up.enumerate() {
                let is_equal = number != NONE && self.bytes.get(start..end) == Some(*string);
                let number = match is_equal {
                    true => number,
                    false => self.intern_hashed(hash, string),
                };
                take(batch * BATCH + index, number)?;
            }
        }
        Ok(())
    }

    fn intern_hashed(&mut self, hash: u64, string: &[u8]) -> u32 {
        let Self {
            table,
            hasher,
            ends,
            bytes,
        } = self;
        let found = table.find(hash, |&number| get(ends, bytes, number) == string);
        if let Some(&number) = found {
            return number;
        }
        let number = ends.len() as u32;
        bytes.extend_from_slice(string);
        ends.push(bytes.len());
        table.insert_unique(hash, number, |&number| {
            hasher.hash_one(get(ends, bytes, number))
        });
        number
    }

    /// Returns the string of a number.
    ///
    /// It returns an empty string for an unknown number, because inner loops call it.
    /// `BucketRows::check` has verified the numbers in rows.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> &[u8] {
        get(&self.ends, &self.bytes, number)
    }

    /// Returns the string of a number, or `None` for [`NONE`]. See [`StringInterner::get`].
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

/// Returns the range of a string's bytes; an empty one for an unknown number.
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

/// An interner of values of a fixed size.
#[derive(Debug)]
pub(crate) struct Interner<T> {
    table: HashTable<u32>,
    hasher: EventHasher,
    items: Vec<T>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self {
            table: HashTable::new(),
            hasher: EventHasher::default(),
            items: Vec::new(),
        }
    }
}

impl<T: Copy + Eq + Hash> Interner<T> {
    /// Interns an item; returns its number.
    pub(crate) fn intern(&mut self, item: T) -> u32 {
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
            // The table has only numbers of `items`, so the default is never used.
            items
                .get(number as usize)
                .map_or(0, |item| hasher.hash_one(item))
        });
        number
    }

    /// Returns the item of a number.
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cell::Cell;
    use std::collections::HashSet;
    use std::hash::Hasher;

    use foldhash::fast::FixedState;

    use super::*;

    /// The bytes that make the second factor of foldhash's fixed seed zero, and with it the
    /// hash of every string of 16 bytes that ends in them.
    const ZERO_FACTOR: u64 = 0x3F84_D5B5_B547_0917;

    fn colliding_ids() -> Vec<[u8; 16]> {
        let end = ZERO_FACTOR.to_ne_bytes();
        let id = |number: usize| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(format!("{number:08}").as_bytes());
            id[8..].copy_from_slice(&end);
            id
        };
        (0..2_000).map(id).collect()
    }

    thread_local! {
        static COMPARISONS: Cell<usize> = const { Cell::new(0) };
    }

    /// An id that counts its comparisons.
    #[derive(Debug, Clone, Copy)]
    struct CountedId([u8; 16]);

    impl PartialEq for CountedId {
        fn eq(&self, other: &Self) -> bool {
            COMPARISONS.set(COMPARISONS.get() + 1);
            self.0 == other.0
        }
    }

    impl Eq for CountedId {}

    impl Hash for CountedId {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    #[test]
    fn ids_that_collide_under_a_known_seed_do_not_slow_the_interner() {
        let ids = colliding_ids();
        let fixed = FixedState::default();
        let hashes: HashSet<u64> = ids.iter().map(|id| fixed.hash_one(id.as_slice())).collect();
        assert_eq!(hashes.len(), 1, "the ids are an attack on the fixed seed");

        let mut interner = Interner::default();
        let numbers: Vec<u32> = ids
            .iter()
            .map(|id| interner.intern(CountedId(*id)))
            .collect();
        let expected: Vec<u32> = (0..ids.len() as u32).collect();
        assert_eq!(numbers, expected, "numbers follow the order of appearance");
        let comparisons = COMPARISONS.get();
        assert!(comparisons < 10 * ids.len(), "{comparisons} comparisons");

        let mut strings = StringInterner::default();
        for (id, number) in ids.iter().zip(expected) {
            assert_eq!(strings.intern(id), number);
        }
        let hashes: HashSet<u64> = ids
            .iter()
            .map(|id| strings.hasher.hash_one(id.as_slice()))
            .collect();
        assert!(hashes.len() > ids.len() - 10, "{} hashes", hashes.len());
    }
}
