//! Records -> requests, within the limits of `PutRecords`.

use std::collections::VecDeque;

use crate::PutRecord;

/// What one request may hold. Sizes count data and partition keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// Records a request.
    pub max_records: usize,
    /// Bytes a request.
    pub max_bytes: usize,
    /// Bytes a record.
    pub max_record_bytes: usize,
}

impl Default for RequestLimits {
    /// 500 records, 5 MiB, 1 MiB each: what Kinesis takes by default.
    fn default() -> Self {
        Self {
            max_records: 500,
            max_bytes: 5 << 20,
            max_record_bytes: 1 << 20,
        }
    }
}

/// Collects records and cuts them into requests, in the order they came.
#[derive(Debug)]
pub struct Batcher {
    limits: RequestLimits,
    waiting: VecDeque<PutRecord>,
    bytes: usize,
}

impl Batcher {
    /// A batcher with nothing in it.
    pub fn new(limits: RequestLimits) -> Self {
        Self {
            limits,
            waiting: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Takes a record.
    ///
    /// # Errors
    /// The record itself, when no request may hold it: one such would fail a
    /// whole request.
    pub fn push(&mut self, record: PutRecord) -> Result<(), PutRecord> {
        if record.size() > self.limits.max_record_bytes.min(self.limits.max_bytes) {
            return Err(record);
        }
        self.bytes += record.size();
        self.waiting.push_back(record);
        Ok(())
    }

    /// Whether there is enough for a whole request.
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= self.limits.max_records || self.bytes >= self.limits.max_bytes
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next request: as many of the waiting records as one may hold, none
    /// only if none wait.
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
    fn a_record_over_the_limit_comes_back() {
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
        fn limits_hold_order_holds_nothing_is_lost(
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
