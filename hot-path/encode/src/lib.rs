//! The Parquet encoder of the hot path.
//!
//! The builder of a table owns one encoder for each column ([`TextColumn`],
//! [`PrefixColumn`], [`BytesColumn`], [`IntColumn`], [`FloatColumn`], [`BooleanColumn`]). It
//! passes them values row by row. They finish into [`Chunk`]s, which [`write_file`] or a
//! [`FileWriter`] writes as a row group. An encoder keeps values in the form of the file:
//! dictionary indices, plain bytes, integers to be packed. It encodes and compresses a page
//! as soon as the page is full. Memory holds one open page for each column, and the
//! compressed pages.
//!
//! The `parquet` crate writes page headers and the footer. Tests read the files with that
//! crate and with other readers. The writer of that crate, with [`settings`], writes the
//! files that are not on the hot path.

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
pub mod settings;
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
