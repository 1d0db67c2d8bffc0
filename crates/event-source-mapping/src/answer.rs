//! What a function's answer says of its batch.

use bytes::Bytes;
use marquee_stream::{Record, SequenceNumber};
use serde::Deserialize;

use crate::InvokeError;

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All of it is done.
    Done,
    /// The records before this one are done; it is the first that failed.
    FailedFrom(usize),
    /// All of it failed.
    Failed {
        /// Whether the function itself did, or only its answer says so.
        by_error: bool,
        /// Why, for people.
        cause: String,
    },
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "batchItemFailures", default)]
    failures: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "itemIdentifier", default)]
    identifier: Option<String>,
}

/// Judges the answer to `records` by Lambda's rules for streams.
///
/// Nothing at all, `null`, an object without failures and an empty list of them
/// are success. Of several identifiers the lowest sequence number counts. One
/// that is missing, empty, `null` or none of the batch's fails all of it, and
/// so does an answer that is none.
pub(crate) fn judge(answer: &Result<Bytes, InvokeError>, records: &[Record]) -> Verdict {
    let bytes = match answer {
        Ok(bytes) => bytes,
        Err(error) => {
            return Verdict::Failed {
                by_error: true,
                cause: error.to_string(),
            };
        }
    };
    if bytes.trim_ascii().is_empty() {
        return Verdict::Done;
    }
    let failed = |cause| Verdict::Failed {
        by_error: false,
        cause,
    };
    let failures = match serde_json::from_slice::<Option<Answer>>(bytes) {
        Ok(answer) => answer
            .and_then(|answer| answer.failures)
            .unwrap_or_default(),
        Err(error) => return failed(format!("the answer is not a batch response: {error}")),
    };
    let mut first = None;
    for item in failures {
        let named = item.identifier.unwrap_or_default();
        let Some(index) = SequenceNumber::parse(&named).and_then(|number| {
            records
                .binary_search_by_key(&number, |r| r.sequence_number)
                .ok()
        }) else {
            return failed(format!(
                "the answer names {named:?}, which is not in the batch"
            ));
        };
        first = Some(first.map_or(index, |first: usize| first.min(index)));
    }
    first.map_or(Verdict::Done, Verdict::FailedFrom)
}

#[cfg(test)]
mod tests {
    use marquee_stream::ShardId;

    use super::*;

    fn judged(answer: &str) -> Verdict {
        let records: Vec<_> = (1..=3)
            .map(|ordinal| Record {
                sequence_number: SequenceNumber::new(ShardId::new(0), ordinal),
                partition_key: "k".to_owned(),
                arrived_at_ms: 0,
                data: Vec::new(),
            })
            .collect();
        judge(&Ok(Bytes::copy_from_slice(answer.as_bytes())), &records)
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
        for answer in [
            "",
            " ",
            "null",
            "{}",
            r#"{"batchItemFailures":null}"#,
            r#"{"batchItemFailures":[]}"#,
        ] {
            assert_eq!(judged(answer), Verdict::Done, "{answer}");
        }
    }

    #[test]
    fn the_lowest_number_counts() {
        assert_eq!(judged(&naming(&[2])), Verdict::FailedFrom(1));
        assert_eq!(judged(&naming(&[3, 1, 2])), Verdict::FailedFrom(0));
    }

    #[test]
    fn what_names_no_record_fails_all() {
        for answer in [
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"identifier":"1"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":7}]}"#,
            r#"{"batchItemFailures":7}"#,
            r#""done""#,
            "{",
            &naming(&[2, 4]),
        ] {
            let verdict = judged(answer);
            assert!(
                matches!(
                    verdict,
                    Verdict::Failed {
                        by_error: false,
                        ..
                    }
                ),
                "{answer}: {verdict:?}"
            );
        }
    }

    #[test]
    fn an_error_fails_all() {
        let verdict = judge(&Err(InvokeError("out of memory".to_owned())), &[]);
        assert_eq!(
            verdict,
            Verdict::Failed {
                by_error: true,
                cause: "out of memory".to_owned()
            }
        );
    }
}
