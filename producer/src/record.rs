//! A record for a target.

use bytes::Bytes;

/// The size of a PUT unit, Kinesis' unit of billing, and the default target size of a
/// record.
pub const PUT_UNIT_BYTES: usize = 25 * 1024;

/// A Kinesis record to put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutRecord {
    /// The key that selects the shard; 1 to 256 characters.
    pub partition_key: String,
    /// The record's bytes: one event or an aggregate, compressed or not. Clones are
    /// cheap, for targets that work on another thread.
    pub data: Bytes,
    /// The number of events in the record.
    pub events: u32,
    /// The arrival time in UTC milliseconds on a virtual clock; `None` for the time at
    /// which the target stores the record.
    pub arrives_at_ms: Option<i64>,
}

impl PutRecord {
    /// Returns the size in bytes that counts towards all limits: data and partition key.
    pub fn size(&self) -> usize {
        self.data.len() + self.partition_key.len()
    }

    /// Returns the number of PUT units of 25 KB that the record is billed as.
    pub fn put_units(&self) -> u64 {
        self.size().div_ceil(PUT_UNIT_BYTES).max(1) as u64
    }
}
