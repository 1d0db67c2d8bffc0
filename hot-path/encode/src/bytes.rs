//! Byte strings that do not repeat: plain encoding.

use parquet::basic::{Encoding, Type};
use parquet::file::statistics::Statistics;

use super::chunk::{Chunk, Codec, Zstd};
use super::file::EncodeError;
use crate::settings::PAGE_BYTES;

/// A column of byte strings without nulls, in pages of about 1 MiB.
pub struct BytesColumn {
    body: Vec<u8>,
    rows: usize,
    chunk: Chunk,
}

impl Default for BytesColumn {
    fn default() -> Self {
        Self {
            body: Vec::new(),
            rows: 0,
            chunk: Chunk::new(Type::BYTE_ARRAY, Codec::Zstd),
        }
    }
}

impl BytesColumn {
    /// Appends a value.
    ///
    /// # Errors
    /// If a page is full and cannot be compressed.
    #[inline]
    pub fn push(&mut self, value: &[u8], zstd: &mut Zstd) -> Result<(), EncodeError> {
        self.body
            .extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.body.extend_from_slice(value);
        self.rows += 1;
        if self.body.len() >= PAGE_BYTES {
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
        self.chunk.statistics = Some(Statistics::byte_array(None, None, None, Some(0), false));
        Ok(self.chunk)
    }
}
