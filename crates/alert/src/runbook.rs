//! What is written in `docs/OPERATIONS.md`: a heading for everything that can
//! go wrong.

/// A heading of the runbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Runbook {
    /// The transform is behind the stream.
    IteratorAge,
    /// The stream takes less than the producers send.
    StreamThrottles,
    /// A function fails.
    FunctionErrors,
    /// A function is not run as often as it is called.
    FunctionThrottles,
    /// A function nears its time limit.
    FunctionDuration,
    /// A message found nobody to take it.
    DeadLetters,
    /// The event source mapping gave up a batch.
    FailedBatches,
    /// Too much of what arrives is no event.
    QuarantineRate,
    /// Published tables are old.
    Freshness,
    /// An execution of a state machine failed.
    ExecutionFailed,
    /// An execution takes too long, or did not come about.
    ExecutionLate,
    /// The books of a date do not balance.
    AuditImbalance,
    /// A date is not published, as a check or its book stops it.
    HeldDates,
    /// Queries read more than was meant.
    AthenaBytesScanned,
    /// The API fails whoever asks it.
    ApiErrors,
    /// The API takes long to answer.
    ApiLatency,
}

impl Runbook {
    /// Every heading.
    pub const ALL: [Self; 16] = [
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
        Self::AthenaBytesScanned,
        Self::ApiErrors,
        Self::ApiLatency,
    ];

    /// As it is written there.
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
            Self::AthenaBytesScanned => "Athena bytes scanned",
            Self::ApiErrors => "API errors",
            Self::ApiLatency => "API latency",
        }
    }

    /// The heading as it stands in names: `iterator-age`.
    pub fn anchor(self) -> String {
        self.heading().to_lowercase().replace(' ', "-")
    }

    /// What a CloudWatch metric is watched for.
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

    /// What an alarm's description says: `… Runbook: Iterator age`.
    pub fn of_description(description: &str) -> Option<Self> {
        let (_, heading) = description.rsplit_once("Runbook:")?;
        let heading = heading.trim().trim_end_matches('.');
        Self::ALL
            .into_iter()
            .find(|runbook| runbook.heading().eq_ignore_ascii_case(heading))
    }

    /// What an alarm is about whose name has a heading in it.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_lowercase().replace([' ', '_'], "-");
        Self::ALL
            .into_iter()
            .find(|runbook| name.contains(&runbook.anchor()))
    }

    /// Whether its alarm's end says that it is mended. Of what is found now and
    /// then, it says only that it was not found again.
    pub const fn ends_with_its_alarm(self) -> bool {
        !matches!(
            self,
            Self::FailedBatches
                | Self::ExecutionFailed
                | Self::AuditImbalance
                | Self::HeldDates
                | Self::AthenaBytesScanned
        )
    }

    /// What is at stake, and until when.
    pub const fn how_bad(self) -> &'static str {
        match self {
            Self::IteratorAge => {
                "Tables get later. Nothing is lost while the records are younger than the stream's retention; what is older than that is gone."
            }
            Self::StreamThrottles => {
                "Producers try the refused records again, and wait. Nothing is lost while a producer has room for what waits."
            }
            Self::FunctionErrors => {
                "A call that fails leaves nothing half done and is tried again. If it goes on, the stream or the day stands still."
            }
            Self::FunctionThrottles => {
                "Calls wait and are tried again; the stream or the day gets later."
            }
            Self::FunctionDuration => {
                "Nothing failed yet. A call that reaches the limit is ended, and tried again from the start."
            }
            Self::DeadLetters => {
                "A call or a message did not arrive. The lake keeps what it says; what it was to do has not been done."
            }
            Self::FailedBatches => {
                "Events are missing from the tables. The bucket keeps them under aws/lambda/; the dates that they are of cannot become final."
            }
            Self::QuarantineRate => {
                "Nothing is lost, as quarantine keeps every unit; but tables lack what is in it until it is replayed."
            }
            Self::Freshness => "Readers have the older tables, which are whole. Nothing is lost.",
            Self::ExecutionFailed => {
                "What was published stands, and readers keep it. The dates that were not made stay due: the next run makes them."
            }
            Self::ExecutionLate => {
                "Readers have the older tables, which are whole. Dates that are due stay due."
            }
            Self::AuditImbalance => {
                "The date is published, but not everything that arrived can be accounted for: doubt its figures until it balances."
            }
            Self::HeldDates => {
                "Nothing is lost: readers keep the generation that the date had before, if it had one. It stays held until its cause is mended."
            }
            Self::AthenaBytesScanned => "It costs money, and harms no data.",
            Self::ApiErrors => {
                "Whoever asked has no recommendations. The API only reads: no data is harmed."
            }
            Self::ApiLatency => {
                "Whoever asks waits, and may give up. The API only reads: no data is harmed."
            }
        }
    }

    /// What to do first, in a sentence or two. `DATE` is the date that it is about.
    pub const fn what_to_do(self) -> &'static str {
        match self {
            Self::IteratorAge => {
                "See in the transform's log whether it fails. If it does not, it needs more shards, a higher parallelization factor, or more memory."
            }
            Self::StreamThrottles => {
                "Give the stream more shards. If one shard alone is full, the producers' buckets are too few."
            }
            Self::FunctionErrors => {
                "The function's log says in its last ERROR line what failed and what helps."
            }
            Self::FunctionThrottles => {
                "See what uses up the account's concurrency, and whether the function's reserved concurrency is too low."
            }
            Self::FunctionDuration => {
                "Give the function more memory, which is also more CPU, or smaller batches."
            }
            Self::DeadLetters => "Read the letter and mend why it was refused, then send it again.",
            Self::FailedBatches => {
                "Mend why the transform refused the batch, then give it the object's payload again."
            }
            Self::QuarantineRate => {
                "See which reason grew and which producer it comes from; after it is mended, replay that reason."
            }
            Self::Freshness => {
                "See whether the daily machine runs, and how old the stream's iterator is."
            }
            Self::ExecutionFailed => {
                "Mend the cause, then start the daily machine again: it makes what is still due."
            }
            Self::ExecutionLate => {
                "Look at the execution which step it is in, and at that function's log."
            }
            Self::AuditImbalance => {
                "Each problem in ledger/days/event_date=DATE/audit/books.json has an advice: follow it, and audit the date again."
            }
            Self::HeldDates => {
                "The report in ledger/days/event_date=DATE/checks/ shows the rows that break an expectation. Mend them or the expectation, then run the date again."
            }
            Self::AthenaBytesScanned => {
                "Find the query in the workgroup's history; it most likely names no event_date."
            }
            Self::ApiErrors => {
                "See in the API's access log what failed, and in the function's last ERROR line why."
            }
            Self::ApiLatency => {
                "See in the API's access log whether the function is slow, and give it more memory if it is."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_and_names_lead_to_headings() {
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
