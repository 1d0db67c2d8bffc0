//! The ingest transform as a mapping's function.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use marquee_ingest::{BatchReport, Transform};

use crate::{Function, InvokeError};

/// The transform that the Lambda function runs, with a running total of its
/// reports.
pub struct TransformFunction {
    transform: Transform,
    sum: Mutex<BatchReport>,
}

impl TransformFunction {
    /// Creates a function that runs `transform`.
    pub fn new(transform: Transform) -> Self {
        Self {
            transform,
            sum: Mutex::default(),
        }
    }

    /// Returns the sum of the reports of all invocations. A redelivered batch
    /// counts as repeated, and its units only once.
    pub fn report(&self) -> BatchReport {
        self.sum
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn count(&self, report: BatchReport) {
        let mut sum = self.sum.lock().unwrap_or_else(PoisonError::into_inner);
        sum.batches += report.batches;
        sum.repeated += report.repeated;
        sum.full += report.full;
        sum.received += report.received;
        sum.processed += report.processed;
        sum.received_bytes += report.received_bytes;
        sum.written_bytes += report.written_bytes;
        for (reason, number) in report.quarantined {
            *sum.quarantined.entry(reason).or_default() += number;
        }
    }
}

#[async_trait]
impl Function for TransformFunction {
    async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        let response = self
            .transform
            .handle(&payload)
            .await
            .map_err(|error| InvokeError(error.to_string()))?;
        let bytes =
            serde_json::to_vec(&response).map_err(|error| InvokeError(error.to_string()))?;
        self.count(response.report);
        Ok(bytes.into())
    }
}
