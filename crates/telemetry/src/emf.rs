//! Metrics in CloudWatch's embedded format: lines of a function's log that
//! become metrics, with no call and no agent.
//!
//! Code counts through the `metrics` facade, wherever it is; a function prints
//! what was counted after each invocation. A value is a histogram's, so that what
//! one invocation measured is not printed again by the next.

use std::io;

use metrics::{Unit, describe_counter, describe_histogram};
use metrics_cloudwatch_embedded::{Builder, Collector};

/// Prints what was counted.
#[derive(Clone, Copy)]
pub struct Emf(&'static Collector);

impl Emf {
    /// Begins to count; `environment` is a dimension of every metric.
    ///
    /// To be called once, at the start.
    ///
    /// # Errors
    /// When the process counts already.
    pub fn init(namespace: String, environment: String) -> Result<Self, io::Error> {
        let collector = Builder::new()
            .cloudwatch_namespace(namespace)
            .with_dimension("Environment", environment)
            .init()
            .map_err(|cause| io::Error::other(cause.to_string()))?;
        describe();
        Ok(Self(collector))
    }

    /// Prints what was counted since the last time, to standard output, with the
    /// invocation's id beside it.
    ///
    /// Should standard output refuse, a line of the log says so.
    pub fn flush(&self, request_id: &str) {
        let done = self
            .0
            .set_property("RequestId", request_id)
            .flush(io::stdout().lock());
        if let Err(cause) = done {
            tracing::warn!(%cause, "metrics of this invocation are lost");
        }
    }
}

/// The units that CloudWatch shows.
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
