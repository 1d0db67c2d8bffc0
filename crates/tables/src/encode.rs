//! Rows to a Parquet file, by hand where it is hot.
//!
//! A table's builder owns one encoder a column ([`TextColumn`], [`PrefixColumn`],
//! [`BytesColumn`], [`IntColumn`], [`FloatColumn`], [`BooleanColumn`]), hands each its value
//! row by row, and [`write_file`]s (or gives a [`FileWriter`], a row group each time) the [`Chunk`]s they finish into. An encoder keeps its values
//! in the file's own form: dictionary indices, plain bytes, integers that wait
//! to be packed. When a page is full it is encoded and compressed at once, so
//! that memory holds one open page a column and what is already compressed.
//!
//! Page headers and the footer are the `parquet` crate's. What is written here
//! is read back by that crate in the tests, and by other readers in the
//! repository's.

mod bits;
mod boolean;
mod bytes;
mod chunk;
mod delta;
mod dictionary;
mod file;
mod float;
mod int;
mod levels;
mod prefix;
mod text;

#[cfg(test)]
mod tests;

pub use self::bytes::BytesColumn;
pub use boolean::BooleanColumn;
pub use chunk::{Chunk, Zstd};
pub use file::{EncodeError, FileLayout, FileWriter, write_file};
pub use float::FloatColumn;
pub use int::{IntColumn, Width};
pub use prefix::PrefixColumn;
pub use text::TextColumn;
