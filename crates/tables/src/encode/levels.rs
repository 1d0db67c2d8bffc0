//! Which rows of a nullable column have a value.

use super::bits::{put_hybrid, put_varint};

/// The definition levels of one open page.
#[derive(Debug, Default)]
pub(super) struct Levels {
    rows: usize,
    nulls: usize,
    /// A bit a row, set where there is a value; only kept up once a null came.
    bits: Vec<u8>,
}

impl Levels {
    #[inline]
    pub(super) fn push(&mut self, present: bool) {
        if !present && self.nulls == 0 {
            self.spell_out();
        }
        self.nulls += usize::from(!present);
        if self.nulls > 0 {
            if self.rows.is_multiple_of(8) {
                self.bits.push(0);
            }
            if let Some(last) = self.bits.last_mut() {
                *last |= u8::from(present) << (self.rows % 8);
            }
        }
        self.rows += 1;
    }

    /// Sets the bits of the rows so far, all of which have values.
    #[cold]
    fn spell_out(&mut self) {
        self.bits.clear();
        self.bits.resize(self.rows / 8, 0xFF);
        if !self.rows.is_multiple_of(8) {
            self.bits.push((1 << (self.rows % 8)) - 1);
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn nulls(&self) -> usize {
        self.nulls
    }

    /// Appends the levels as a version 1 data page has them, length first, and
    /// begins another page.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        let length_at = out.len();
        out.extend_from_slice(&[0; 4]);
        if self.nulls == 0 || self.nulls == self.rows {
            let all = u8::from(self.nulls == 0);
            put_varint(out, (self.rows as u64) << 1);
            out.push(all);
        } else if self.nulls.min(self.rows - self.nulls) * 16 < self.rows {
            // One kind is rare, and so the runs are long.
            let levels: Vec<u32> = (0..self.rows)
                .map(|row| u32::from(self.bits.get(row / 8).copied().unwrap_or(0) >> (row % 8) & 1))
                .collect();
            put_hybrid(out, &levels, 1);
        } else {
            put_varint(out, (self.bits.len() as u64) << 1 | 1);
            out.extend_from_slice(&self.bits);
        }
        let length = (out.len() - length_at - 4) as u32;
        if let Some(place) = out.get_mut(length_at..length_at + 4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        *self = Self {
            bits: std::mem::take(&mut self.bits),
            ..Self::default()
        };
        self.bits.clear();
    }
}
