//! The embedded stream: a durable, sharded log in a directory, with the
//! semantics of a Kinesis data stream as far as the pipeline relies on them.
//!
//! ```text
//! DIR/stream.json                      format version and number of shards
//! DIR/writer.lock                      held by the one writer
//! DIR/shardId-000000000000/
//!     00000000000000000001.log         framed records, named by the first one's ordinal
//!     00000000000000181023.log         the next segment
//! ```
//!
//! A [`Writer`] appends. When [`Writer::put`] returns, its records are written
//! and synced. A [`Stream`] is the reading side; its [`ShardReader`]s work in
//! any number of processes while a writer writes.
//!
//! What may be lost is only what was never acknowledged. A process that is
//! killed leaves at most an unfinished frame at the very end of a shard: a
//! *torn tail*. A reader stops before it, and the next writer cuts it off. A
//! broken frame that whole frames follow is no torn tail but damage, and an
//! error for both.
//!
//! Nothing here asks the time: a record's arrival is what the caller says it
//! is, so that a simulated service can run on its own clock. Sequence numbers
//! depend on nothing but the order of records in their shard.
//!
//! A function that is fed by Lambda from a Kinesis stream can be fed from this
//! one: [`lambda_event`] writes records as the event that it gets there.

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
pub use writer::{Entry, Placed, Writer};
