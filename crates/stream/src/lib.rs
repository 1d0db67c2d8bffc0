//! The embedded stream: a durable, sharded, append-only log in a directory, with
//! those semantics of a Kinesis data stream that the pipeline relies on.
//!
//! ```text
//! DIR/stream.json                      format version and number of shards
//! DIR/writer.lock                      exclusive lock, held by the only writer
//! DIR/shardId-000000000000/
//!     00000000000000000001.log         segment: framed records, named by its first ordinal
//!     00000000000000181023.log         the next segment
//! ```
//!
//! A [`Writer`] appends. [`Writer::put`] acknowledges records after it has
//! written and synced them. A [`Stream`] is the reading side: its
//! [`ShardReader`]s work in any number of processes, also while a writer appends.
//!
//! Acknowledged records survive a crash. A killed writer leaves at most one
//! incomplete frame at the end of a shard: a *torn tail*. A reader stops before
//! it, and the next writer truncates it. An invalid frame that whole frames
//! follow is corruption, not a torn tail; readers and writers report it as
//! [`StreamError::Corrupt`].
//!
//! The crate reads no clock. The caller gives each record its arrival time, so a
//! simulated service can run on a virtual clock. A sequence number depends only
//! on the record's shard and its position there.
//!
//! [`lambda_event`] encodes records as the event that Lambda passes to a function
//! with a Kinesis trigger. The same function can therefore consume both streams.

mod error;
mod frame;
pub mod lambda_event;
mod manifest;
mod reader;
mod segment;
mod sequence;
mod shard;
mod writer;

pub use error::StreamError;
pub use frame::{MAX_DATA_BYTES, MAX_PARTITION_KEY_CHARS};
pub use reader::{Record, ShardReader, Stream};
pub use sequence::SequenceNumber;
pub use shard::{MAX_SHARDS, ShardId};
pub use writer::{PlacedRecord, PutEntry, Writer};
