//! Integers, dates and times: DELTA_BINARY_PACKED.

use parquet::basic::{Encoding, Type};
use parquet::file::statistics::Statistics;

use super::chunk::{Chunk, Codec, Zstd};
use super::delta::put_delta;
use super::file::EncodeError;
use super::levels::Levels;
use crate::settings::PAGE_ROWS;

/// The physical type of the integers in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// INT32, also for dates.
    W32,
    /// INT64, also for times.
    W64,
}

/// An integer column, nullable or not. The values of a [`Width::W32`] column must lie within
/// ±2³⁰, so that no difference needs more than 32 bits.
pub struct IntColumn {
    nullable: bool,
    width: Width,
    values: Vec<i64>,
    levels: Levels,
    bounds: Option<(i64, i64)>,
    body: Vec<u8>,
    chunk: Chunk,
}

impl IntColumn {
    /// Creates a column without rows.
    pub fn new(width: Width, nullable: bool) -> Self {
        let physical = match width {
            Width::W32 => Type::INT32,
            Width::W64 => Type::INT64,
        };
        Self {
            nullable,
            width,
            values: Vec::new(),
            levels: Levels::default(),
            bounds: None,
            body: Vec::new(),
            chunk: Chunk::new(physical, Codec::None),
        }
    }

    /// Appends a value.
    ///
    /// # Errors
    /// If a page is full and cannot be compressed.
    #[inline]
    pub fn push(&mut self, value: i64, zstd: &mut Zstd) -> Result<(), EncodeError> {
        self.values.push(value);
        self.row(true, zstd)
    }

    /// Appends a value, or null.
    ///
    /// # Errors
    /// As [`IntColumn::push`].
    #[inline]
    pub fn push_optional(
        &mut self,
        value: Option<i64>,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        if let Some(value) = value {
            self.values.push(value);
        }
        self.row(value.is_some(), zstd)
    }

    #[inline(always)]
    fn row(&mut self, present: bool, zstd: &mut Zstd) -> Result<(), EncodeError> {
        match self.levels.push(present) {
            true => self.close_page(zstd),
            false => Ok(()),
        }
    }

    /// Appends a value `times` times.
    ///
    /// # Errors
    /// As [`IntColumn::push`].
    pub fn repeat(&mut self, value: i64, times: usize, zstd: &mut Zstd) -> Result<(), EncodeError> {
        let mut left = times;
        while left > 0 {
            let (rows, is_full) = self.levels.extend(true, left);
            self.values.resize(self.values.len() + rows, value);
            left -= rows;
            if is_full {
                self.close_page(zstd)?;
            }
        }
        Ok(())
    }

    /// Appends nulls until the column has `rows` rows.
    ///
    /// # Errors
    /// As [`IntColumn::push`].
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
        if let Some(first) = self.values.first() {
            let bounds = self.bounds.unwrap_or((*first, *first));
            let widen =
                |(least, most): (i64, i64), value: &i64| (least.min(*value), most.max(*value));
            self.bounds = Some(self.values.iter().fold(bounds, widen));
        }
        put_delta(&mut self.body, &self.values)?;
        self.values.clear();
        self.chunk
            .add_page(&self.body, rows, nulls, Encoding::DELTA_BINARY_PACKED, zstd)
    }

    /// Ends the column.
    ///
    /// # Errors
    /// If a page cannot be compressed, or a value exceeds the width.
    pub fn finish(mut self, zstd: &mut Zstd) -> Result<Chunk, EncodeError> {
        if self.levels.rows() > 0 || self.chunk.pages.is_empty() {
            self.close_page(zstd)?;
        }
        let nulls = Some(self.chunk.nulls as u64);
        let (least, most) = (self.bounds.map(|b| b.0), self.bounds.map(|b| b.1));
        self.chunk.statistics = Some(match self.width {
            Width::W32 => {
                let narrow = |value: Option<i64>| value.map(i32::try_from).transpose();
                let (Ok(least), Ok(most)) = (narrow(least), narrow(most)) else {
                    return Err(EncodeError::Row("a column of 32 bits has a greater value"));
                };
                Statistics::int32(least, most, None, nulls, false)
            }
            Width::W64 => Statistics::int64(least, most, None, nulls, false),
        });
        Ok(self.chunk)
    }
}
