//! Floating-point numbers: plain encoding.

use parquet::basic::{Encoding, Type};
use parquet::file::statistics::Statistics;

use super::chunk::{Chunk, Codec, Zstd};
use super::file::EncodeError;
use super::levels::Levels;
use crate::settings::PAGE_ROWS;

/// A column of finite single-precision numbers, nullable unless created by
/// [`FloatColumn::needed`].
pub struct FloatColumn {
    nullable: bool,
    values: Vec<f32>,
    levels: Levels,
    bounds: Option<(f32, f32)>,
    body: Vec<u8>,
    chunk: Chunk,
}

impl Default for FloatColumn {
    fn default() -> Self {
        Self {
            nullable: true,
            values: Vec::new(),
            levels: Levels::default(),
            bounds: None,
            body: Vec::new(),
            chunk: Chunk::new(Type::FLOAT, Codec::Zstd),
        }
    }
}

impl FloatColumn {
    /// Creates a column without nulls.
    pub fn needed() -> Self {
        Self {
            nullable: false,
            ..Self::default()
        }
    }

    /// Appends a value.
    ///
    /// # Errors
    /// If a page is full and cannot be compressed.
    #[inline]
    pub fn push(&mut self, value: f32, zstd: &mut Zstd) -> Result<(), EncodeError> {
        self.push_optional(Some(value), zstd)
    }

    /// Appends a value, or null.
    ///
    /// # Errors
    /// If a page is full and cannot be compressed.
    #[inline]
    pub fn push_optional(
        &mut self,
        value: Option<f32>,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        if let Some(value) = value {
            self.values.push(value);
        }
        match self.levels.push(value.is_some()) {
            true => self.close_page(zstd),
            false => Ok(()),
        }
    }

    /// Appends nulls until the column has `rows` rows.
    ///
    /// # Errors
    /// As [`FloatColumn::push`].
    pub fn pad_to(&mut self, rows: usize, zstd: &mut Zstd) -> Result<(), EncodeError> {
        while self.rows() < rows {
            let (_, is_full) = self.levels.extend(false, rows - self.rows());
            if is_full {
                self.close_page(zstd)?;
            }
        }
        Ok(())
    }

    fn rows(&self) -> usize {
        self.chunk.values + self.levels.rows()
    }

    /// Reserves capacity for `rows` more rows.
    pub fn reserve(&mut self, rows: usize) {
        self.values.reserve(rows.min(PAGE_ROWS));
    }

    #[inline(never)]
    fn close_page(&mut self, zstd: &mut Zstd) -> Result<(), EncodeError> {
        let rows = self.levels.rows();
        self.body.clear();
        let nulls = self.levels.finish(self.nullable, &mut self.body);
        for value in &self.values {
            self.body.extend_from_slice(&value.to_le_bytes());
        }
        if let Some(first) = self.values.first() {
            let bounds = self.bounds.unwrap_or((*first, *first));
            let widen =
                |(least, most): (f32, f32), value: &f32| (least.min(*value), most.max(*value));
            self.bounds = Some(self.values.iter().fold(bounds, widen));
        }
        self.values.clear();
        self.chunk
            .add_page(&self.body, rows, nulls, Encoding::PLAIN, zstd)
    }

    /// Ends the column.
    ///
    /// # Errors
    /// If a page cannot be compressed.
    pub fn finish(mut self, zstd: &mut Zstd) -> Result<Chunk, EncodeError> {
        if self.levels.rows() > 0 || self.chunk.pages.is_empty() {
            self.close_page(zstd)?;
        }
        let nulls = Some(self.chunk.nulls as u64);
        // The sign of a zero bound must not exclude the other zero.
        let least = self.bounds.map(|b| if b.0 == 0.0 { -0.0 } else { b.0 });
        let most = self.bounds.map(|b| if b.1 == 0.0 { 0.0 } else { b.1 });
        self.chunk.statistics = Some(Statistics::float(least, most, None, nulls, false));
        Ok(self.chunk)
    }
}
