//! Encoding and decoding of Kinesis records.
//!
//! [`envelope`] reads the event JSON by which Lambda delivers a batch of records.
//! A record holds one event, several events separated by newlines, or an
//! aggregate of the Kinesis Producer Library ([`kpl`]). Producers may compress
//! the events before aggregation, and the record after it ([`compression`]).
//! [`unit`] splits a record into units: each unit is one event or one rejection.
//!
//! Every decompression has a size limit, so that a small record cannot exhaust
//! the memory (a decompression bomb). A batch ends before its records weigh more
//! than its bound.

pub mod compression;
mod digests;
pub mod envelope;
pub mod kpl;
pub mod unit;
mod weight;

pub use compression::{CodecError, Compression, compress};
pub use unit::{Limits, Unit, Unpacker};
