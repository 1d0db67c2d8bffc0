//! Text that repeats: dictionary encoding.

use parquet::basic::{Encoding, Type};
use parquet::data_type::ByteArray;
use parquet::file::statistics::Statistics;

use super::bits::{put_hybrid, width_of};
use super::chunk::{Chunk, Codec, Zstd};
use super::dictionary::Dictionary;
use super::file::EncodeError;
use super::levels::Levels;
use crate::settings::{DICTIONARY_BYTES, MAX_DICTIONARY_BYTES, PAGE_BYTES, PAGE_ROWS};

/// The maximum size of a bound in the statistics, in bytes. Longer bounds are left out.
const BOUND_BYTES: usize = 64;

/// A text column, nullable or not. Once its dictionary is full, plain pages follow. The
/// dictionary has at most [`MAX_DICTIONARY_BYTES`] and one value.
pub struct TextColumn {
    nullable: bool,
    dictionary: Dictionary,
    indices: Vec<u32>,
    /// The values of the open page once the dictionary is full.
    plain: Option<Vec<u8>>,
    levels: Levels,
    bounds: Bounds,
    body: Vec<u8>,
    chunk: Chunk,
}

impl TextColumn {
    /// Creates a column without rows.
    pub fn new(nullable: bool) -> Self {
        Self {
            nullable,
            dictionary: Dictionary::default(),
            indices: Vec::new(),
            plain: None,
            levels: Levels::default(),
            bounds: Bounds::default(),
            body: Vec::new(),
            chunk: Chunk::new(Type::BYTE_ARRAY, Codec::Zstd),
        }
    }

    /// Appends a value. Returns its number in the dictionary, for
    /// [`TextColumn::push_number`], and whether it is new; `None` if the dictionary is full.
    ///
    /// # Errors
    /// If a page is full and cannot be compressed.
    #[inline]
    pub fn push(
        &mut self,
        value: &[u8],
        zstd: &mut Zstd,
    ) -> Result<Option<(u32, bool)>, EncodeError> {
        // Neighbouring rows often have the same value.
        let last = self.dictionary.last();
        if self.plain.is_none() && self.dictionary.is(last, value) {
            self.push_index(last, zstd)?;
            return Ok(Some((last, false)));
        }
        self.look_up(value, zstd)
    }

    /// Appends a value whose number in the dictionary is probably `guess`. Returns its number;
    /// `None` if the dictionary is full.
    ///
    /// # Errors
    /// As [`TextColumn::push`].
    #[inline(always)]
    pub fn push_near(
        &mut self,
        value: &[u8],
        guess: u32,
        zstd: &mut Zstd,
    ) -> Result<Option<u32>, EncodeError> {
        if self.plain.is_none() && self.dictionary.is(guess, value) {
            self.push_index(guess, zstd)?;
            return Ok(Some(guess));
        }
        let pushed = self.look_up(value, zstd)?;
        Ok(pushed.map(|(number, _)| number))
    }

    /// Looks up and appends a value.
    #[inline(never)]
    fn look_up(
        &mut self,
        value: &[u8],
        zstd: &mut Zstd,
    ) -> Result<Option<(u32, bool)>, EncodeError> {
        if self.plain.is_some() {
            self.push_plain(value, zstd)?;
            return Ok(None);
        }
        let (number, new) = self.dictionary.number(value);
        self.push_index(number, zstd)?;
        if new && self.dictionary.page().len() > MAX_DICTIONARY_BYTES && self.levels.rows() > 0 {
            self.close_page(zstd)?;
        }
        Ok(Some((number, new)))
    }

    /// Appends a value to a plain page, because the dictionary is full.
    #[cold]
    fn push_plain(&mut self, value: &[u8], zstd: &mut Zstd) -> Result<(), EncodeError> {
        let plain = self.plain.get_or_insert_default();
        plain.extend_from_slice(&(value.len() as u32).to_le_bytes());
        plain.extend_from_slice(value);
        let is_long = plain.len() >= PAGE_BYTES;
        self.bounds.include(value);
        match self.levels.push(true) || is_long {
            true => self.close_page(zstd),
            false => Ok(()),
        }
    }

    /// Appends the value with that number.
    ///
    /// # Errors
    /// As [`TextColumn::push`].
    #[inline]
    pub fn push_number(&mut self, number: u32, zstd: &mut Zstd) -> Result<(), EncodeError> {
        if self.plain.is_some() {
            let value = self.dictionary.get(number).map(<[u8]>::to_vec);
            let value = value.ok_or(EncodeError::Row("its word is not in the dictionary"))?;
            return self.push_plain(&value, zstd);
        }
        self.push_index(number, zstd)
    }

    #[inline(always)]
    fn push_index(&mut self, number: u32, zstd: &mut Zstd) -> Result<(), EncodeError> {
        self.indices.push(number);
        match self.levels.push(true) {
            true => self.close_page(zstd),
            false => Ok(()),
        }
    }

    /// Appends a value, or null.
    ///
    /// # Errors
    /// As [`TextColumn::push`].
    #[inline]
    pub fn push_optional(
        &mut self,
        value: Option<&[u8]>,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        match value {
            Some(value) => self.push(value, zstd).map(drop),
            None => self.push_null(zstd),
        }
    }

    /// Appends a null.
    ///
    /// # Errors
    /// As [`TextColumn::push`].
    #[inline]
    pub fn push_null(&mut self, zstd: &mut Zstd) -> Result<(), EncodeError> {
        match self.levels.push(false) {
            true => self.close_page(zstd),
            false => Ok(()),
        }
    }

    /// Appends nulls until the column has `rows` rows.
    ///
    /// # Errors
    /// As [`TextColumn::push`].
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
        self.indices.reserve(rows.min(PAGE_ROWS));
    }

    #[inline(never)]
    fn close_page(&mut self, zstd: &mut Zstd) -> Result<(), EncodeError> {
        let rows = self.levels.rows();
        self.body.clear();
        let nulls = self.levels.finish(self.nullable, &mut self.body);
        let encoding = match &mut self.plain {
            Some(plain) => {
                self.body.append(plain);
                Encoding::PLAIN
            }
            // A page of nulls only: there is no dictionary to refer to.
            None if self.indices.is_empty() => Encoding::PLAIN,
            None => {
                let width = width_of(self.dictionary.len().saturating_sub(1) as u64).max(1);
                self.body.push(width as u8);
                put_hybrid(&mut self.body, &self.indices, width)?;
                self.indices.clear();
                Encoding::RLE_DICTIONARY
            }
        };
        self.chunk
            .add_page(&self.body, rows, nulls, encoding, zstd)?;
        if self.plain.is_none() && self.dictionary.page().len() > DICTIONARY_BYTES {
            self.plain = Some(Vec::new());
        }
        Ok(())
    }

    /// Ends the column.
    ///
    /// # Errors
    /// If a page cannot be compressed.
    pub fn finish(mut self, zstd: &mut Zstd) -> Result<Chunk, EncodeError> {
        if self.levels.rows() > 0 || self.chunk.pages.is_empty() {
            self.close_page(zstd)?;
        }
        for value in self.dictionary.values() {
            self.bounds.include(value);
        }
        if self.dictionary.len() > 0 {
            self.chunk
                .set_dictionary(self.dictionary.page(), self.dictionary.len(), zstd)?;
        }
        let nulls = Some(self.chunk.nulls as u64);
        let (least, most) = (self.bounds.least(), self.bounds.most());
        self.chunk.statistics = Some(Statistics::byte_array(least, most, None, nulls, false));
        Ok(self.chunk)
    }
}

/// The minimum and the maximum.
#[derive(Debug, Default)]
struct Bounds(Option<(Vec<u8>, Vec<u8>)>);

impl Bounds {
    fn include(&mut self, value: &[u8]) {
        match &mut self.0 {
            None => self.0 = Some((value.to_vec(), value.to_vec())),
            Some((least, _)) if value < least.as_slice() => *least = value.to_vec(),
            Some((_, most)) if value > most.as_slice() => *most = value.to_vec(),
            Some(_) => {}
        }
    }

    fn bound(value: &[u8]) -> Option<ByteArray> {
        (value.len() <= BOUND_BYTES).then(|| ByteArray::from(value.to_vec()))
    }

    fn least(&self) -> Option<ByteArray> {
        self.0.as_ref().and_then(|(least, _)| Self::bound(least))
    }

    fn most(&self) -> Option<ByteArray> {
        self.0.as_ref().and_then(|(_, most)| Self::bound(most))
    }
}
