//! The Parquet settings of every file.
//!
//! zstd has level 1: on these tables level 3 is slower and not smaller. Data pages have
//! version 1, which every reader supports and which is faster to write.

use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};

/// The zstd level of the hot path.
pub const ZSTD_LEVEL: i32 = 1;
/// The size of zstd's hash table on the hot path, as a power of two: 32 KiB, which fits the
/// L1 cache.
pub const ZSTD_HASH_LOG: u32 = 13;
/// The maximum number of rows of a data page.
pub const PAGE_ROWS: usize = 20_000;
/// The size of values, in bytes, after which a data page is closed.
pub const PAGE_BYTES: usize = 1 << 20;
/// The size of a dictionary, in bytes, after which values are written to plain pages.
pub const DICTIONARY_BYTES: usize = 1 << 20;
/// The size of a dictionary, in bytes, at which a page is closed early. The dictionary of
/// ordinary values does not reach it: [`PAGE_ROWS`] values of 512 bytes are smaller.
pub const MAX_DICTIONARY_BYTES: usize = 16 << 20;

/// The name of the writer in a file's footer. It is part of the bytes that `marquee rebuild`
/// restores, so it does not follow the package's version.
const CREATED_BY: &str = "marquee version 0.1.0";

/// Returns the writer properties of every file.
///
/// # Errors
/// If zstd has no [`ZSTD_LEVEL`].
pub fn writer_properties() -> Result<Arc<WriterProperties>, ParquetError> {
    let level = ZstdLevel::try_new(ZSTD_LEVEL)?;
    Ok(Arc::new(
        WriterProperties::builder()
            .set_created_by(CREATED_BY.to_owned())
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_compression(Compression::ZSTD(level))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_data_page_size_limit(PAGE_BYTES)
            .set_dictionary_page_size_limit(DICTIONARY_BYTES)
            .build(),
    ))
}
