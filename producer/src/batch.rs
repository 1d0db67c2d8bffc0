//! Grouping of records into requests within the limits of `PutRecords`.

use std::collections::VecDeque;

use crate::PutRecord;

/// The limits of a request. Sizes include data and partition keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// The maximum number of records in a request.
    pub max_records: usize,
    /// The maximum size of a request in bytes.
    pub max_bytes: usize,
    /// The maximum size of a record in bytes.
    pub max_record_bytes: usize,
}

impl Default for RequestLimits {
    /// Returns Kinesis' default limits: 500 records of up to 1 MiB, 5 MiB in all.
    fn default() -> Self {
        Self {
            max_records: 500,
            max_bytes: 5 << 20,
            max_record_bytes: 1 << 20,
        }
    }
}

/// A queue that groups records into requests, in order.
#[derive(Debug)]
pub struct Batcher {
    limits: RequestLimits,
    waiting: VecDeque<PutRecord>,
    bytes: usize,
}

impl Batcher {
    /// Creates an empty batcher.
    pub fn new(limits: RequestLimits) -> Self {
        Self {
            limits,
            waiting: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Adds a record.
    ///
    /// # Errors
    /// The record itself if it exceeds the limits: it would fail its whole request.
    pub fn push(&mut self, record: PutRecord) -> Result<(), PutRecord> {
        if record.size() > self.limits.max_record_bytes.min(self.limits.max_bytes) {
            return Err(record);
        }
        self.bytes += record.size();
        self.waiting.push_back(record);
        Ok(())
    }

    /// Returns whether the waiting records fill a request.
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= self.limits.max_records || self.bytes >= self.limits.max_bytes
    }

    /// Returns whether no record waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Removes and returns the next request: as many waiting records as the limits
    /// allow. It is empty only if no record waits.
    pub fn take(&mut self) -> Vec<PutRecord> {
        let mut request = Vec::new();
        let mut bytes = 0;
        while request.len() < self.limits.max_records.max(1)
            && let Some(record) = self
                .waiting
                .pop_front_if(|record| bytes + record.size() <= self.limits.max_bytes)
        {
            bytes += record.size();
            request.push(record);
        }
        self.bytes -= bytes;
        request
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(number: u32, key: u8, size: usize) -> PutRecord {
        PutRecord {
            partition_key: format!("k{key}"),
            data: vec![0; size].into(),
            events: number,
            arrives_at_ms: None,
        }
    }

    #[test]
    fn a_record_above_the_limit_is_returned() {
        let mut batcher = Batcher::new(RequestLimits {
            max_record_bytes: 10,
            ..RequestLimits::default()
        });
        assert!(batcher.push(record(1, 0, 8)).is_ok());
        assert_eq!(batcher.push(record(2, 0, 9)).unwrap_err().events, 2);
        assert_eq!(batcher.take().len(), 1);
        assert!(batcher.is_empty() && batcher.take().is_empty());
    }

    proptest! {
        #[test]
        fn requests_keep_limits_order_and_every_record(
            sizes in prop::collection::vec((0_u8..4, 0_usize..60), 0..200),
            max_records in 1_usize..20,
            max_bytes in 62_usize..300,
            take_when_full: bool,
        ) {
            let mut batcher = Batcher::new(RequestLimits { max_records, max_bytes, max_record_bytes: 62 });
            let given: Vec<PutRecord> = sizes.iter().enumerate()
                .map(|(n, (key, size))| record(n as u32, *key, *size))
                .collect();
            let mut requests = Vec::new();
            for record in given.clone() {
                batcher.push(record).unwrap();
                while take_when_full && batcher.is_full() {
                    requests.push(batcher.take());
                }
            }
            while !batcher.is_empty() {
                requests.push(batcher.take());
            }
            for request in &requests {
                prop_assert!((1..=max_records).contains(&request.len()));
                prop_assert!(request.iter().map(PutRecord::size).sum::<usize>() <= max_bytes);
            }
            prop_assert_eq!(requests.concat(), given);
        }
    }
}
