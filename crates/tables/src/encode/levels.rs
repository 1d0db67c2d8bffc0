//! Which rows of a nullable column have a value.

use super::bits::{put_flags, put_varint};

/// Rows of a word of flags.
const WORD: usize = 64;

/// The definition levels of one open page.
#[derive(Debug, Default)]
pub(super) struct Levels {
    rows: usize,
    /// A bit a row, set where there is a value; of the rows past the last
    /// whole word in `open`.
    flags: Vec<u8>,
    open: u64,
}

impl Levels {
    #[inline(always)]
    pub(super) fn push(&mut self, present: bool) {
        self.open |= u64::from(present) << (self.rows % WORD);
        self.rows += 1;
        if self.rows.is_multiple_of(WORD) {
            self.close_word();
        }
    }

    fn close_word(&mut self) {
        self.flags.extend_from_slice(&self.open.to_le_bytes());
        self.open = 0;
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Appends the levels as a version 1 data page has them, length first,
    /// where the column is nullable and so has any, and begins another page.
    /// How many rows were null.
    pub(super) fn finish(&mut self, nullable: bool, out: &mut Vec<u8>) -> usize {
        let nulls = if nullable { self.put(out) } else { 0 };
        self.rows = 0;
        self.open = 0;
        self.flags.clear();
        nulls
    }

    fn put(&mut self, out: &mut Vec<u8>) -> usize {
        self.close_word();
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
