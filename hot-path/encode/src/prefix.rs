//! Text that shares a prefix with the previous text: DELTA_BYTE_ARRAY.
//!
//! Neighbouring sequence numbers share most digits, and ids that start with a time share
//! the time. Only the suffix that differs is stored.

use parquet::basic::{Encoding, Type};
use parquet::file::statistics::Statistics;

use super::chunk::{Chunk, Codec, Zstd};
use super::delta::put_delta;
use super::file::EncodeError;
use crate::settings::{PAGE_BYTES, PAGE_ROWS};

/// A text column without nulls.
pub struct PrefixColumn {
    previous: Vec<u8>,
    prefixes: Vec<i64>,
    suffixes: Vec<i64>,
    bytes: Vec<u8>,
    body: Vec<u8>,
    chunk: Chunk,
}

impl Default for PrefixColumn {
    fn default() -> Self {
        Self {
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            bytes: Vec::new(),
            body: Vec::new(),
            chunk: Chunk::new(Type::BYTE_ARRAY, Codec::Zstd),
        }
    }
}

impl PrefixColumn {
    /// Appends a value.
    ///
    /// # Errors
    /// If a page is full and cannot be compressed.
    #[inline]
    pub fn push(&mut self, value: &[u8], zstd: &mut Zstd) -> Result<(), EncodeError> {
        let shared = shared_prefix(&self.previous, value);
        let suffix = value.get(shared..).unwrap_or_default();
        self.prefixes.push(shared as i64);
        self.suffixes.push(suffix.len() as i64);
        self.previous.truncate(shared);
        if !suffix.is_empty() {
            self.bytes.extend_from_slice(suffix);
            self.previous.extend_from_slice(suffix);
        }
        if self.prefixes.len() == PAGE_ROWS || self.bytes.len() >= PAGE_BYTES {
            self.close_page(zstd)?;
        }
        Ok(())
    }

    /// Reserves capacity for `rows` more rows.
    pub fn reserve(&mut self, rows: usize) {
        let rows = rows.min(PAGE_ROWS);
        self.prefixes.reserve(rows);
        self.suffixes.reserve(rows);
    }

    #[inline(never)]
    fn close_page(&mut self, zstd: &mut Zstd) -> Result<(), EncodeError> {
        self.body.clear();
        put_delta(&mut self.body, &self.prefixes)?;
        put_delta(&mut self.body, &self.suffixes)?;
        self.body.append(&mut self.bytes);
        let rows = self.prefixes.len();
        self.prefixes.clear();
        self.suffixes.clear();
        // Pages are independent: the first value of a page is stored whole.
        self.previous.clear();
        self.chunk
            .add_page(&self.body, rows, 0, Encoding::DELTA_BYTE_ARRAY, zstd)
    }

    /// Ends the column.
    ///
    /// # Errors
    /// If a page cannot be compressed.
    pub fn finish(mut self, zstd: &mut Zstd) -> Result<Chunk, EncodeError> {
        if !self.prefixes.is_empty() || self.chunk.pages.is_empty() {
            self.close_page(zstd)?;
        }
        self.chunk.statistics = Some(Statistics::byte_array(None, None, None, Some(0), false));
        Ok(self.chunk)
    }
}

/// Returns the length of the common prefix. Compares eight bytes at a time.
#[inline]
fn shared_prefix(a: &[u8], b: &[u8]) -> usize {
    let mut at = 0;
    while let (Some(left), Some(right)) = (
        a.get(at..).and_then(|rest| rest.first_chunk::<8>()),
        b.get(at..).and_then(|rest| rest.first_chunk::<8>()),
    ) {
        let difference = u64::from_le_bytes(*left) ^ u64::from_le_bytes(*right);
        if difference != 0 {
            return at + (difference.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = |bytes| <[u8]>::get(bytes, at..).unwrap_or_default();
    at + rest(a)
        .iter()
        .zip(rest(b))
        .take_while(|(left, right)| left == right)
        .count()
}
