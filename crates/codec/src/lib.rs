//! What lies inside a Kinesis record.
//!
//! A record holds one event, several separated by newlines, or an aggregate of
//! the Kinesis Producer Library ([`kpl`]); any of these may be compressed
//! ([`compression`]), before aggregating or after. [`unit`] takes a record
//! apart into units: one unit is one event, or one refusal.
//!
//! Everything that unpacks is bounded: a few bytes on the wire must not become
//! gigabytes in memory.

pub mod compression;
mod digests;
pub mod kpl;
pub mod unit;

pub use compression::{CodecError, Compression, compress};
pub use unit::{Limits, Unit, Unpacker};
