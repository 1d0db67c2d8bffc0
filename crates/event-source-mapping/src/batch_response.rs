//! Parser of a function's response to a batch.

use bytes::Bytes;
use marquee_stream::{Record, SequenceNumber};
use serde::Deserialize;

use crate::InvokeError;

/// The outcome of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BatchOutcome {
    /// All records are processed.
    Done,
    /// The records before this index are processed; the record at it failed.
    FailedFrom(usize),
    /// The whole batch failed.
    Failed {
        /// True if the invocation failed, as opposed to an invalid response.
        by_error: bool,
        /// The cause, for logs.
        cause: String,
    },
}

#[derive(Deserialize)]
struct BatchResponse {
    #[serde(rename = "batchItemFailures", default)]
    failures: Option<Vec<BatchItemFailure>>,
}

#[derive(Deserialize)]
struct BatchItemFailure {
    #[serde(rename = "itemIdentifier", default)]
    identifier: Option<String>,
}

/// Interprets the response to an invocation with `records` by Lambda's rules for
/// streams.
///
/// - An empty response, `null`, an object without `batchItemFailures` and an empty
///   list are success.
/// - Of several identifiers the lowest sequence number counts.
/// - An identifier that is missing, empty, `null` or not in the batch fails the
///   whole batch. So does an invalid response.
pub(crate) fn parse_response(
    response: &Result<Bytes, InvokeError>,
    records: &[Record],
) -> BatchOutcome {
    let bytes = match response {
        Ok(bytes) => bytes,
        Err(error) => {
            return BatchOutcome::Failed {
                by_error: true,
                cause: error.to_string(),
            };
        }
    };
    if bytes.trim_ascii().is_empty() {
        return BatchOutcome::Done;
    }
    let failed = |cause| BatchOutcome::Failed {
        by_error: false,
        cause,
    };
    let failures = match serde_json::from_slice::<Option<BatchResponse>>(bytes) {
        Ok(response) => response
            .and_then(|response| response.failures)
            .unwrap_or_default(),
        Err(error) => return failed(format!("the response is not a batch response: {error}")),
    };
    let mut first = None;
    for item in failures {
        let identifier = item.identifier.unwrap_or_default();
        let Some(index) = SequenceNumber::parse(&identifier).and_then(|number| {
            records
                .binary_search_by_key(&number, |r| r.sequence_number)
                .ok()
        }) else {
            return failed(format!(
                "the response names {identifier:?}, which is not in the batch"
            ));
        };
        first = Some(first.map_or(index, |first: usize| first.min(index)));
    }
    first.map_or(BatchOutcome::Done, BatchOutcome::FailedFrom)
}

#[cfg(test)]
mod tests {
    use marquee_stream::ShardId;

    use super::*;

    fn outcome_of(response: &str) -> BatchOutcome {
        let records: Vec<_> = (1..=3)
            .map(|ordinal| Record {
                sequence_number: SequenceNumber::new(ShardId::new(0), ordinal),
                partition_key: "k".to_owned(),
                arrived_at_ms: 0,
                data: Vec::new(),
            })
            .collect();
        parse_response(&Ok(Bytes::copy_from_slice(response.as_bytes())), &records)
    }

    fn naming(ordinals: &[u64]) -> String {
        let items: Vec<_> = ordinals
            .iter()
            .map(|&ordinal| {
                let number = SequenceNumber::new(ShardId::new(0), ordinal);
                format!("{{\"itemIdentifier\":\"{number}\"}}")
            })
            .collect();
        format!("{{\"batchItemFailures\":[{}]}}", items.join(","))
    }

    #[test]
    fn no_failures_are_success() {
        for response in [
            "",
            " ",
            "null",
            "{}",
            r#"{"batchItemFailures":null}"#,
            r#"{"batchItemFailures":[]}"#,
        ] {
            assert_eq!(outcome_of(response), BatchOutcome::Done, "{response}");
        }
    }

    #[test]
    fn the_lowest_sequence_number_counts() {
        assert_eq!(outcome_of(&naming(&[2])), BatchOutcome::FailedFrom(1));
        assert_eq!(outcome_of(&naming(&[3, 1, 2])), BatchOutcome::FailedFrom(0));
    }

    #[test]
    fn an_invalid_response_fails_the_whole_batch() {
        for response in [
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"identifier":"1"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":7}]}"#,
            r#"{"batchItemFailures":7}"#,
            r#""done""#,
            "{",
            &naming(&[2, 4]),
        ] {
            let outcome = outcome_of(response);
            assert!(
                matches!(
                    outcome,
                    BatchOutcome::Failed {
                        by_error: false,
                        ..
                    }
                ),
                "{response}: {outcome:?}"
            );
        }
    }

    #[test]
    fn a_failed_invocation_fails_the_whole_batch() {
        let outcome = parse_response(&Err(InvokeError("out of memory".to_owned())), &[]);
        assert_eq!(
            outcome,
            BatchOutcome::Failed {
                by_error: true,
                cause: "out of memory".to_owned()
            }
        );
    }
}
