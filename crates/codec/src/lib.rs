//! Encoding and decoding of Kinesis records.
//!
//! A record holds one event, several events separated by newlines, or an
//! aggregate of the Kinesis Producer Library ([`kpl`]). Producers may compress
//! the events before aggregation, and the record after it ([`compression`]).
//! [`unit`] splits a record into units: each unit is one event or one rejection.
//!
//! Every decompression has a size limit, so that a small record cannot exhaust
//! the memory (a decompression bomb).

pub mod compression;
mod digests;
pub mod kpl;
pub mod unit;

pub use compression::{CodecError, Compression, compress};
pub use unit::{Limits, Unit, Unpacker};
