//! Definition levels: the rows of a nullable column that have a value.

use super::bits::{put_flags, put_varint};

use crate::settings::PAGE_ROWS;

/// The number of rows of a word of flags.
const WORD: usize = 64;

/// The definition levels of one open page.
#[derive(Debug)]
pub(super) struct Levels {
    rows: usize,
    /// The number of rows at which a word or the page is full.
    stop: usize,
    /// One bit for each row, set if it has a value. The rows after the last whole word are in
    /// `open`.
    flags: Vec<u8>,
    open: u64,
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            rows: 0,
            stop: WORD,
            flags: Vec::new(),
            open: 0,
        }
    }
}

impl Levels {
    /// Appends a row. Returns whether the page is full.
    #[inline(always)]
    pub(super) fn push(&mut self, present: bool) -> bool {
        self.open |= u64::from(present) << (self.rows % WORD);
        self.rows += 1;
        self.rows == self.stop && self.close_word()
    }

    /// Appends up to `count` equal rows, as many as fit the page. Returns their number, and
    /// whether the page is full.
    pub(super) fn extend(&mut self, present: bool, count: usize) -> (usize, bool) {
        let mut added = 0;
        while added < count {
            let rows = (count - added).min(self.stop - self.rows);
            let flags = if present {
                u64::MAX >> (WORD - rows)
            } else {
                0
            };
            self.open |= flags << (self.rows % WORD);
            self.rows += rows;
            added += rows;
            if self.rows == self.stop && self.close_word() {
                return (added, true);
            }
        }
        (added, false)
    }

    /// Closes the open word if it is full. Returns whether the page is full.
    #[inline(never)]
    fn close_word(&mut self) -> bool {
        if self.rows.is_multiple_of(WORD) {
            self.put_word();
        }
        self.stop = (self.rows / WORD + 1) * WORD;
        self.stop = self.stop.min(PAGE_ROWS);
        self.rows == PAGE_ROWS
    }

    fn put_word(&mut self) {
        self.flags.extend_from_slice(&self.open.to_le_bytes());
        self.open = 0;
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Appends the levels of a version 1 data page with their length, if the column is
    /// nullable, and starts another page. Returns the number of nulls.
    pub(super) fn finish(&mut self, nullable: bool, out: &mut Vec<u8>) -> usize {
        let nulls = if nullable { self.put(out) } else { 0 };
        self.rows = 0;
        self.stop = WORD;
        self.open = 0;
        self.flags.clear();
        nulls
    }

    fn put(&mut self, out: &mut Vec<u8>) -> usize {
        self.put_word();
        self.flags.truncate(self.rows.div_ceil(8));
        let present = self
            .flags
            .iter()
            .map(|flags| flags.count_ones() as usize)
            .sum::<usize>();
        let length_at = out.len();
        out.extend_from_slice(&[0; 4]);
        if present == 0 || present == self.rows {
            put_varint(out, (self.rows as u64) << 1);
            out.push(u8::from(present > 0));
        } else {
            put_flags(out, &self.flags, self.rows);
        }
        let length = (out.len() - length_at - 4) as u32;
        if let Some(place) = out.get_mut(length_at..length_at + 4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        self.rows - present
    }
}
