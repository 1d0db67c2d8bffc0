//! The on-failure destination of records that the mapping gives up.

use std::sync::Arc;

use jiff::Timestamp;
use marquee_stream::{Record, ShardId};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde::Serialize;
use uuid::Uuid;

/// The stream's ARN in failure reports, the same as in events.
const STREAM_ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/marquee";
/// The function's ARN in failure reports.
const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:marquee-transform";

/// The condition on which records were given up, named as in Lambda's reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum FailureCondition {
    /// The records failed after all retries.
    RetryAttemptsExhausted,
    /// The records exceeded the maximum age.
    RecordAgeExceeded,
    /// A single record exceeds the payload limit of an invocation.
    PayloadSizeExceeded,
}

/// An error of writing dead letters.
#[derive(Debug, thiserror::Error)]
#[error("cannot write dead letters to {key}: {source}")]
pub struct DestinationError {
    /// The key of the dead letters' object.
    key: Path,
    /// The store's error.
    source: object_store::Error,
}

/// Records that the mapping gives up, and the circumstances.
#[derive(Debug)]
pub(crate) struct FailedRecords<'a> {
    pub(crate) shard: ShardId,
    /// Never empty.
    pub(crate) records: &'a [Record],
    /// The event with the records.
    pub(crate) payload: &'a [u8],
    pub(crate) condition: FailureCondition,
    /// The number of invocations with these records.
    pub(crate) invocations: u32,
    /// True if the last invocation failed with an error of the function.
    pub(crate) by_error: bool,
    /// The shard's clock in UTC milliseconds.
    pub(crate) now_ms: i64,
}

/// A writer of dead letters to `failed/` in the lake, in the format of Lambda's S3
/// on-failure destination: a JSON report with the whole event as a string.
///
/// The key is Lambda's, `aws/lambda/{mapping}/{shard}/YYYY/MM/DD/{time}-{id}`, but
/// `time` is the first record's arrival and `id` is derived from the records.
/// Writing is therefore idempotent: the same records go to the same object.
#[derive(Debug)]
pub(crate) struct FailureDestination {
    store: Arc<dyn ObjectStore>,
    mapping: Uuid,
}

impl FailureDestination {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, consumer: &str) -> Self {
        let mapping = Uuid::new_v5(
            &Uuid::NAMESPACE_URL,
            format!("{STREAM_ARN}/{consumer}").as_bytes(),
        );
        Self { store, mapping }
    }

    /// Writes the records durably and returns the object's key.
    pub(crate) async fn write(&self, failed: &FailedRecords<'_>) -> Result<Path, DestinationError> {
        let (Some(first), Some(last)) = (failed.records.first(), failed.records.last()) else {
            return Err(DestinationError {
                key: Path::from("failed"),
                source: object_store::Error::Generic {
                    store: "destination",
                    source: "there are no records to write".into(),
                },
            });
        };
        let id = Uuid::new_v5(
            &self.mapping,
            format!("{}-{}", first.sequence_number, last.sequence_number).as_bytes(),
        );
        let first_arrival = instant(first.arrived_at_ms)?;
        let report = FailureReport {
            request_context: RequestContext {
                request_id: id.to_string(),
                function_arn: FUNCTION_ARN,
                condition: failed.condition,
                approximate_invoke_count: failed.invocations,
            },
            response_context: (failed.invocations > 0).then_some(ResponseContext {
                status_code: 200,
                executed_version: "$LATEST",
                function_error: failed.by_error.then_some("Unhandled"),
            }),
            version: "1.0",
            timestamp: rfc3339(instant(failed.now_ms)?),
            batch: BatchInfo {
                shard_id: failed.shard.to_string(),
                start_sequence_number: first.sequence_number.to_string(),
                end_sequence_number: last.sequence_number.to_string(),
                approximate_arrival_of_first_record: rfc3339(first_arrival),
                approximate_arrival_of_last_record: rfc3339(instant(last.arrived_at_ms)?),
                batch_size: failed.records.len(),
                stream_arn: STREAM_ARN,
            },
            payload: String::from_utf8_lossy(failed.payload).into_owned(),
        };
        let key = Path::from(format!(
            "failed/aws/lambda/{}/{}/{}-{id}",
            self.mapping,
            failed.shard,
            first_arrival.strftime("%Y/%m/%d/%Y-%m-%dT%H.%M.%S"),
        ));
        let destination_error = |source| DestinationError {
            key: key.clone(),
            source,
        };
        let body = serde_json::to_vec(&report).map_err(|error| {
            destination_error(object_store::Error::Generic {
                store: "destination",
                source: error.into(),
            })
        })?;
        let put = self.store.put(&key, body.into()).await;
        put.map_err(destination_error)?;
        Ok(key)
    }
}

/// Converts UTC milliseconds to a timestamp.
fn instant(ms: i64) -> Result<Timestamp, DestinationError> {
    Timestamp::from_millisecond(ms).map_err(|error| DestinationError {
        key: Path::from("failed"),
        source: object_store::Error::Generic {
            store: "destination",
            source: error.into(),
        },
    })
}

fn rfc3339(instant: Timestamp) -> String {
    format!("{instant:.3}")
}

/// Lambda's report of a failed invocation of a Kinesis mapping.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureReport {
    request_context: RequestContext,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_context: Option<ResponseContext>,
    version: &'static str,
    timestamp: String,
    #[serde(rename = "KinesisBatchInfo")]
    batch: BatchInfo,
    payload: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    request_id: String,
    function_arn: &'static str,
    condition: FailureCondition,
    approximate_invoke_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseContext {
    status_code: u16,
    executed_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_error: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchInfo {
    shard_id: String,
    start_sequence_number: String,
    end_sequence_number: String,
    approximate_arrival_of_first_record: String,
    approximate_arrival_of_last_record: String,
    batch_size: usize,
    stream_arn: &'static str,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_time_out_of_range_is_an_error() {
        assert_eq!(rfc3339(instant(1_500).unwrap()), "1970-01-01T00:00:01.500Z");
        let error = instant(i64::MAX).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot write dead letters to failed: "),
            "{error}"
        );
    }
}
