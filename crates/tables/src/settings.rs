//! Parquet settings that every file has in common.
//!
//! zstd at level 1: level 3 is slower and no smaller on these tables. Version 1
//! data pages, which every reader takes and which are faster to write.

use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};

/// The level of zstd on the hot path.
pub const ZSTD_LEVEL: i32 = 1;
/// The size of zstd's table of places on the hot path, as a power of two: 32 KiB,
/// which fits a core's first cache.
pub const ZSTD_HASH_LOG: u32 = 13;
/// Rows of a data page at most, unless its values fill [`PAGE_BYTES`] first.
pub const PAGE_ROWS: usize = 20_000;
/// Bytes of values after which a data page of long values is closed.
pub const PAGE_BYTES: usize = 1 << 20;
/// Bytes after which a dictionary takes no more values and plain pages follow.
pub const DICTIONARY_BYTES: usize = 1 << 20;

/// The writer that a file's footer names. It is part of the bytes that `marquee
/// rebuild` writes again, so that it does not follow the package's version.
const CREATED_BY: &str = "marquee version 0.1.0";

/// The properties of every file.
pub fn writer_properties() -> Arc<WriterProperties> {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default();
    Arc::new(
        WriterProperties::builder()
            .set_created_by(CREATED_BY.to_owned())
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_compression(Compression::ZSTD(level))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_data_page_size_limit(PAGE_BYTES)
            .set_dictionary_page_size_limit(DICTIONARY_BYTES)
            .build(),
    )
}
