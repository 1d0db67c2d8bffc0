//! Booleans: one bit for each.

use parquet::basic::{Encoding, Type};
use parquet::file::statistics::Statistics;

use super::chunk::{Chunk, Codec, Zstd};
use super::file::EncodeError;
use crate::settings::PAGE_ROWS;

/// A column of booleans without nulls.
pub struct BooleanColumn {
    body: Vec<u8>,
    rows: usize,
    /// Whether the column contains false, and whether it contains true.
    seen: [bool; 2],
    chunk: Chunk,
}

impl Default for BooleanColumn {
    fn default() -> Self {
        Self {
            body: Vec::new(),
            rows: 0,
            seen: [false; 2],
            chunk: Chunk::new(Type::BOOLEAN, Codec::Zstd),
        }
    }
}

impl BooleanColumn {
    /// Appends a value.
    ///
    /// # Errors
    /// If a page is full and cannot be compressed.
    #[inline]
    pub fn push(&mut self, value: bool, zstd: &mut Zstd) -> Result<(), EncodeError> {
        if self.rows.is_multiple_of(8) {
            self.body.push(0);
        }
        if let Some(last) = self.body.last_mut() {
            *last |= u8::from(value) << (self.rows % 8);
        }
        let [falses, trues] = &mut self.seen;
        *(if value { trues } else { falses }) = true;
        self.rows += 1;
        if self.rows == PAGE_ROWS {
            self.close_page(zstd)?;
        }
        Ok(())
    }

    fn close_page(&mut self, zstd: &mut Zstd) -> Result<(), EncodeError> {
        self.chunk
            .add_page(&self.body, self.rows, 0, Encoding::PLAIN, zstd)?;
        self.body.clear();
        self.rows = 0;
        Ok(())
    }

    /// Ends the column.
    ///
    /// # Errors
    /// If a page cannot be compressed.
    pub fn finish(mut self, zstd: &mut Zstd) -> Result<Chunk, EncodeError> {
        if self.rows > 0 || self.chunk.pages.is_empty() {
            self.close_page(zstd)?;
        }
        let [falses, trues] = self.seen;
        let (least, most) = match (falses, trues) {
            (false, false) => (None, None),
            _ => (Some(!falses), Some(trues)),
        };
        self.chunk.statistics = Some(Statistics::boolean(least, most, None, Some(0), false));
        Ok(self.chunk)
    }
}
