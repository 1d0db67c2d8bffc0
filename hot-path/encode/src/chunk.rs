//! The finished pages of one column.

use ::bytes::Bytes;
use parquet::basic::{Encoding, Type};
use parquet::column::page::{CompressedPage, Page};
use parquet::file::statistics::Statistics;
use zstd::zstd_safe::CParameter;

use super::file::EncodeError;
use crate::settings::{ZSTD_HASH_LOG, ZSTD_LEVEL};

/// A zstd compressor that is reused for every page.
pub struct Zstd {
    context: zstd::bulk::Compressor<'static>,
    /// The last compressed bytes.
    packed: Vec<u8>,
}

impl std::fmt::Debug for Zstd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Zstd")
    }
}

impl Zstd {
    /// Creates a compressor with the level of the hot path.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn new() -> Result<Self, EncodeError> {
        let mut context = zstd::bulk::Compressor::new(ZSTD_LEVEL).map_err(EncodeError::Compress)?;
        context
            .set_parameter(CParameter::HashLog(ZSTD_HASH_LOG))
            .map_err(EncodeError::Compress)?;
        Ok(Self {
            context,
            packed: Vec::new(),
        })
    }

    fn compress(&mut self, bytes: &[u8]) -> Result<Bytes, EncodeError> {
        self.packed.clear();
        self.packed
            .reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        self.context
            .compress_to_buffer(bytes, &mut self.packed)
            .map_err(EncodeError::Compress)?;
        Ok(Bytes::copy_from_slice(&self.packed))
    }
}

/// The compression of a column's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Zstd,
    /// No compression, for bit-packed values.
    None,
}

/// A Parquet column chunk: the pages of one column in one row group, and its metadata for
/// the footer.
pub struct Chunk {
    pub(super) physical: Type,
    pub(super) codec: Codec,
    pub(super) dictionary: Option<CompressedPage>,
    pub(super) pages: Vec<CompressedPage>,
    pub(super) encodings: Vec<Encoding>,
    pub(super) values: usize,
    pub(super) nulls: usize,
    pub(super) statistics: Option<Statistics>,
}

impl Chunk {
    pub(super) fn new(physical: Type, codec: Codec) -> Self {
        Self {
            physical,
            codec,
            dictionary: None,
            pages: Vec::new(),
            encodings: vec![Encoding::RLE],
            values: 0,
            nulls: 0,
            statistics: None,
        }
    }

    fn pack(&self, body: &[u8], zstd: &mut Zstd) -> Result<Bytes, EncodeError> {
        Ok(match self.codec {
            Codec::Zstd => zstd.compress(body)?,
            Codec::None => Bytes::copy_from_slice(body),
        })
    }

    fn note(&mut self, encoding: Encoding) {
        if !self.encodings.contains(&encoding) {
            self.encodings.push(encoding);
        }
    }

    /// Adds a data page: levels (if the column is nullable) and values.
    pub(super) fn add_page(
        &mut self,
        body: &[u8],
        rows: usize,
        nulls: usize,
        encoding: Encoding,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let page = Page::DataPage {
            buf: self.pack(body, zstd)?,
            num_values: rows as u32,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        self.pages.push(CompressedPage::new(page, body.len()));
        self.note(encoding);
        self.values += rows;
        self.nulls += nulls;
        Ok(())
    }

    /// Sets the dictionary page, which precedes all data pages.
    pub(super) fn set_dictionary(
        &mut self,
        body: &[u8],
        entries: usize,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let page = Page::DictionaryPage {
            buf: self.pack(body, zstd)?,
            num_values: entries as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        self.dictionary = Some(CompressedPage::new(page, body.len()));
        self.note(Encoding::PLAIN);
        Ok(())
    }

    /// Returns the compressed size of the pages, in bytes.
    pub fn compressed_len(&self) -> usize {
        let pages = self.dictionary.iter().chain(&self.pages);
        pages.map(CompressedPage::compressed_size).sum()
    }
}
