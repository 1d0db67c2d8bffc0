//! The headings of the runbook, `docs/OPERATIONS.md`: one for each kind of failure.

/// A heading of the runbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Runbook {
    /// The transform lags behind the stream.
    IteratorAge,
    /// The stream rejects records of the producers.
    StreamThrottles,
    /// Calls of a function fail.
    FunctionErrors,
    /// Lambda throttles the calls of a function.
    FunctionThrottles,
    /// Calls of a function come near its timeout.
    FunctionDuration,
    /// A message could not be delivered.
    DeadLetters,
    /// The event source mapping discarded a batch.
    FailedBatches,
    /// The transform rejects a large share of the units.
    QuarantineRate,
    /// Published tables are old.
    Freshness,
    /// An execution of a state machine failed.
    ExecutionFailed,
    /// An execution takes too long, or none succeeds.
    ExecutionLate,
    /// The audit of a date does not balance.
    AuditImbalance,
    /// A violated check or an unbalanced event book holds a date.
    HeldDates,
    /// Figures of a date are far from their usual values.
    Anomalies,
    /// Queries scan more data than planned.
    AthenaBytesScanned,
    /// The API answers requests with errors.
    ApiErrors,
    /// The API answers requests slowly.
    ApiLatency,
}

impl Runbook {
    /// All headings.
    pub const ALL: [Self; 17] = [
        Self::IteratorAge,
        Self::StreamThrottles,
        Self::FunctionErrors,
        Self::FunctionThrottles,
        Self::FunctionDuration,
        Self::DeadLetters,
        Self::FailedBatches,
        Self::QuarantineRate,
        Self::Freshness,
        Self::ExecutionFailed,
        Self::ExecutionLate,
        Self::AuditImbalance,
        Self::HeldDates,
        Self::Anomalies,
        Self::AthenaBytesScanned,
        Self::ApiErrors,
        Self::ApiLatency,
    ];

    /// Returns the heading as `docs/OPERATIONS.md` writes it.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::IteratorAge => "Iterator age",
            Self::StreamThrottles => "Stream throttles",
            Self::FunctionErrors => "Function errors",
            Self::FunctionThrottles => "Function throttles",
            Self::FunctionDuration => "Function duration",
            Self::DeadLetters => "Dead letters",
            Self::FailedBatches => "Failed batches",
            Self::QuarantineRate => "Quarantine rate",
            Self::Freshness => "Freshness",
            Self::ExecutionFailed => "Execution failed",
            Self::ExecutionLate => "Execution late",
            Self::AuditImbalance => "Audit imbalance",
            Self::HeldDates => "Held dates",
            Self::Anomalies => "Anomalies",
            Self::AthenaBytesScanned => "Athena bytes scanned",
            Self::ApiErrors => "API errors",
            Self::ApiLatency => "API latency",
        }
    }

    /// Returns the heading as links and alarm names write it: `iterator-age`.
    pub fn anchor(self) -> String {
        self.heading().to_lowercase().replace(' ', "-")
    }

    /// Returns the heading that covers alarms on a CloudWatch metric.
    pub fn of_metric(namespace: &str, metric: &str) -> Option<Self> {
        Some(match (namespace, metric) {
            ("AWS/Lambda", "IteratorAge") => Self::IteratorAge,
            ("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds") => Self::IteratorAge,
            ("AWS/Kinesis", "WriteProvisionedThroughputExceeded") => Self::StreamThrottles,
            ("AWS/Lambda", "Errors") => Self::FunctionErrors,
            ("AWS/Lambda", "Throttles") => Self::FunctionThrottles,
            ("AWS/Lambda", "Duration") => Self::FunctionDuration,
            ("AWS/Lambda", "OnFailureDestinationDeliveredEventCount" | "DroppedEventCount") => {
                Self::FailedBatches
            }
            ("AWS/Lambda", "DeadLetterErrors" | "DestinationDeliveryFailures") => Self::DeadLetters,
            ("AWS/SQS", _) => Self::DeadLetters,
            ("AWS/Events" | "AWS/Scheduler", _) => Self::DeadLetters,
            ("AWS/States", "ExecutionsTimedOut" | "ExecutionTime" | "ExecutionsStarted") => {
                Self::ExecutionLate
            }
            ("AWS/States", "ExecutionsSucceeded") => Self::ExecutionLate,
            ("AWS/States", _) => Self::ExecutionFailed,
            ("AWS/Athena", _) => Self::AthenaBytesScanned,
            ("AWS/ApiGateway", "Count" | "5xx") => Self::ApiErrors,
            ("AWS/ApiGateway", "Latency" | "IntegrationLatency") => Self::ApiLatency,
            (_, "FailedBatches") => Self::FailedBatches,
            (_, "Quarantined") => Self::QuarantineRate,
            (_, "Freshness" | "PublishedDates") => Self::Freshness,
            (_, "AuditImbalance") => Self::AuditImbalance,
            (_, "HeldDates") => Self::HeldDates,
            _ => return None,
        })
    }

    /// Returns the heading that an alarm's description names: `… Runbook: Iterator age`.
    pub fn of_description(description: &str) -> Option<Self> {
        let (_, heading) = description.rsplit_once("Runbook:")?;
        let heading = heading.trim().trim_end_matches('.');
        Self::ALL
            .into_iter()
            .find(|runbook| runbook.heading().eq_ignore_ascii_case(heading))
    }

    /// Returns the heading that an alarm's name contains.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_lowercase().replace([' ', '_'], "-");
        Self::ALL
            .into_iter()
            .find(|runbook| name.contains(&runbook.anchor()))
    }

    /// Returns true if the alarm's return to `OK` means that the problem is fixed. For
    /// conditions that a run detects now and then, `OK` means only that the last run did
    /// not detect them again.
    pub const fn ok_means_fixed(self) -> bool {
        !matches!(
            self,
            Self::FailedBatches
                | Self::ExecutionFailed
                | Self::AuditImbalance
                | Self::HeldDates
                | Self::AthenaBytesScanned
        )
    }

    /// Returns the impact on data and users.
    pub const fn impact(self) -> &'static str {
        match self {
            Self::IteratorAge => {
                "Tables are updated late. No data is lost while the records are younger than the stream's retention; older records are lost."
            }
            Self::StreamThrottles => {
                "Producers retry the rejected records and apply backpressure. A producer that exhausts its retries drops the record and reports it."
            }
            Self::FunctionErrors => {
                "A failed call leaves no partial result and is retried. If calls keep failing, the stream or the daily pipeline stops."
            }
            Self::FunctionThrottles => {
                "Throttled calls wait and are retried, so the stream or the daily pipeline falls behind."
            }
            Self::FunctionDuration => {
                "Nothing has failed yet. A call that reaches its timeout is ended and retried from the start."
            }
            Self::DeadLetters => {
                "A call or a message was not delivered, so its work was not done. The lake keeps a copy of the message."
            }
            Self::FailedBatches => {
                "Events are missing from the tables. The bucket keeps them under aws/lambda/; their dates cannot become final."
            }
            Self::QuarantineRate => {
                "No data is lost, because quarantine keeps every unit. The tables lack these events until they are replayed."
            }
            Self::Freshness => "Readers see older tables, which are complete. No data is lost.",
            Self::ExecutionFailed => {
                "Published dates stay available. Dates that failed stay due: the next run processes them."
            }
            Self::ExecutionLate => {
                "Readers see older tables, which are complete. Due dates stay due."
            }
            Self::AuditImbalance => {
                "The date is published, but the audit cannot account for every event. Do not rely on its figures until the audit balances."
            }
            Self::HeldDates => {
                "No data is lost. Readers keep the previous generation of the date, if it has one. The date stays held until the cause is fixed."
            }
            Self::Anomalies => {
                "The date is published, and every event is accounted for. Figures may be wrong where producers send too little, too much or other data."
            }
            Self::AthenaBytesScanned => "Queries cost more than planned. No data is affected.",
            Self::ApiErrors => {
                "Callers get no recommendations. The API only reads: no data is affected."
            }
            Self::ApiLatency => {
                "Callers wait and may time out. The API only reads: no data is affected."
            }
        }
    }

    /// Returns the first action. `DATE` stands for the affected date.
    pub const fn action(self) -> &'static str {
        match self {
            Self::IteratorAge => {
                "Check the transform's log for errors. If there are none, add shards, raise the parallelization factor, or give the function more memory."
            }
            Self::StreamThrottles => {
                "Add shards to the stream. If only one shard is full, raise the producers' number of buckets."
            }
            Self::FunctionErrors => {
                "Read the last ERROR line of the function's log: it states what failed and what to do."
            }
            Self::FunctionThrottles => {
                "Find out what uses the account's concurrency, and check whether the function's reserved concurrency is too low."
            }
            Self::FunctionDuration => {
                "Give the function more memory (Lambda adds CPU with memory), or reduce its batches."
            }
            Self::DeadLetters => {
                "Read the dead letter, fix the cause of the failed delivery, then send the message again."
            }
            Self::FailedBatches => {
                "Fix the cause of the transform's failure, then redeliver the payload of the object."
            }
            Self::QuarantineRate => {
                "Find the rejection reason that grew and the producer that sends these units. Fix the cause, then replay that reason."
            }
            Self::Freshness => {
                "Check whether the daily state machine runs, and how old the stream's iterator is."
            }
            Self::ExecutionFailed => {
                "Fix the cause, then start the daily state machine again: it processes every date that is still due."
            }
            Self::ExecutionLate => {
                "Open the execution, find the current step, and read the log of that step's function."
            }
            Self::AuditImbalance => {
                "Follow the advice of each problem in ledger/days/event_date=DATE/audit/books.json, then audit the date again."
            }
            Self::HeldDates => {
                "Read the report in ledger/days/event_date=DATE/checks/: it shows the rows that violate a check. Fix the data or the check, then run the date again."
            }
            Self::Anomalies => {
                "Compare the numbers with what happened on the date: a release, a removed title, an outage, a new version of a producer. If nothing explains them, look for the producer that stopped or changed."
            }
            Self::AthenaBytesScanned => {
                "Find the query in the workgroup's history. Most likely it has no filter on event_date."
            }
            Self::ApiErrors => {
                "Find the failed requests in the API's access log, and the cause in the last ERROR line of the function's log."
            }
            Self::ApiLatency => {
                "Check in the API's access log whether the function is slow. If it is, give it more memory."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_names_and_descriptions_map_to_headings() {
        let of = Runbook::of_metric;
        assert_eq!(of("AWS/Lambda", "Errors"), Some(Runbook::FunctionErrors));
        assert_eq!(of("Marquee", "HeldDates"), Some(Runbook::HeldDates));
        assert_eq!(of("AWS/ApiGateway", "5xx"), Some(Runbook::ApiErrors));
        assert_eq!(of("Marquee", "Received"), None);
        for runbook in Runbook::ALL {
            let name = format!("marquee-prod-transform-{}", runbook.anchor());
            assert_eq!(Runbook::of_name(&name), Some(runbook));
            let name = format!("Marquee: {}", runbook.heading());
            assert_eq!(Runbook::of_name(&name), Some(runbook));
        }
        assert_eq!(Runbook::of_name("cpu"), None);
        let of = Runbook::of_description;
        assert_eq!(of("Old. Runbook: Freshness"), Some(Runbook::Freshness));
        assert_eq!(of("Runbook: Execution late."), Some(Runbook::ExecutionLate));
        for none in ["", "Freshness", "Runbook: ", "Runbook: of the house"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
