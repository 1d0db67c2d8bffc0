//! Metrics in CloudWatch's embedded metric format (EMF): CloudWatch extracts them
//! from the function's log, without an API call or an agent.
//!
//! Code records metrics through the `metrics` facade; a function prints them after
//! each invocation. A measured value is a histogram, not a gauge: a gauge would
//! keep its value and repeat it in the next invocation.

use std::io::{self, Write as _};

use metrics::{Unit, describe_counter, describe_histogram};
use metrics_cloudwatch_embedded::{Builder, Collector};

use crate::alarmed::publish_alarmed;

/// The recorder of the process's metrics.
#[derive(Clone, Copy)]
pub struct Emf {
    collector: &'static Collector,
    alarmed_only: bool,
}

impl Emf {
    /// Installs the recorder; `environment` is a dimension of every metric. With
    /// `alarmed_only`, CloudWatch gets only the metrics that alarms evaluate; the log
    /// still has the values of the others.
    ///
    /// Call it once, at start.
    ///
    /// # Errors
    /// Returns an error if the process already has a recorder.
    pub fn init(
        namespace: String,
        environment: String,
        alarmed_only: bool,
    ) -> Result<Self, io::Error> {
        let collector = Builder::new()
            .cloudwatch_namespace(namespace)
            .with_dimension("Environment", environment)
            .init()
            .map_err(|cause| io::Error::other(cause.to_string()))?;
        describe();
        Ok(Self {
            collector,
            alarmed_only,
        })
    }

    /// Prints the metrics since the last flush to standard output, with the
    /// invocation's request id.
    ///
    /// Logs a warning if the write fails.
    pub fn flush(&self, request_id: &str) {
        let flushed = self.write(request_id);
        if let Err(cause) = flushed {
            tracing::warn!(%cause, "cannot write the metrics of this invocation");
        }
    }

    fn write(&self, request_id: &str) -> io::Result<()> {
        let collector = self.collector.set_property("RequestId", request_id);
        if !self.alarmed_only {
            return collector.flush(io::stdout().lock());
        }
        let mut lines = Vec::new();
        collector.flush(&mut lines)?;
        let lines = publish_alarmed(&String::from_utf8_lossy(&lines));
        io::stdout().lock().write_all(lines.as_bytes())
    }
}

/// Declares the unit of each metric for CloudWatch.
fn describe() {
    for name in [
        "Received",
        "Processed",
        "Duplicates",
        "Quarantined",
        "FailedBatches",
        "PublishedDates",
        "HeldDates",
    ] {
        describe_counter!(name, Unit::Count, "");
    }
    describe_counter!("Bytes", Unit::Bytes, "");
    describe_histogram!("BatchAge", Unit::Milliseconds, "");
    describe_histogram!("Duration", Unit::Milliseconds, "");
    describe_histogram!("Freshness", Unit::Seconds, "");
    describe_histogram!("AuditImbalance", Unit::Count, "");
}
