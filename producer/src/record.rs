//! A record as a target takes it.

use bytes::Bytes;

/// What Kinesis bills as one PUT unit, and what a full aggregate aims at.
pub const PUT_UNIT_BYTES: usize = 25 * 1024;

/// A Kinesis record that is ready to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutRecord {
    /// Decides the shard; 1 to 256 characters.
    pub partition_key: String,
    /// The record's bytes: one event or an aggregate, compressed or not.
    /// Cheap to clone, for a target that works on another thread.
    pub data: Bytes,
    /// How many events are in it.
    pub events: u32,
    /// When it arrives, UTC milliseconds, where a virtual clock says so;
    /// `None` = when the target takes it.
    pub arrives_at_ms: Option<i64>,
}

impl PutRecord {
    /// What it weighs against every limit, in bytes: data and partition key.
    pub fn size(&self) -> usize {
        self.data.len() + self.partition_key.len()
    }

    /// How many PUT units of 25 KB it is billed as.
    pub fn put_units(&self) -> u64 {
        self.size().div_ceil(PUT_UNIT_BYTES).max(1) as u64
    }
}
