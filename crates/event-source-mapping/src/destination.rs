//! Where batches go that the mapping gives up.

use std::sync::Arc;

use jiff::Timestamp;
use marquee_stream::{Record, ShardId};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde::Serialize;
use uuid::Uuid;

/// The stream's name in records of failure; the one that events have.
const STREAM_ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/marquee";
/// The function's.
const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:marquee-transform";

/// Why records were given up, in Lambda's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Condition {
    /// They failed as often as the mapping may try.
    RetryAttemptsExhausted,
    /// They were older than the mapping may deliver.
    RecordAgeExceeded,
    /// A single record is larger than an invocation can carry.
    PayloadSizeExceeded,
}

/// Records that are given up could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep the records that were given up at {key}: {source}")]
pub struct DestinationError {
    /// The object that was to keep them.
    key: Path,
    /// What the store said.
    source: object_store::Error,
}

/// Records to be given up.
#[derive(Debug)]
pub(crate) struct GivenUp<'a> {
    pub(crate) shard: ShardId,
    /// Never empty.
    pub(crate) records: &'a [Record],
    /// The event that they make.
    pub(crate) payload: &'a [u8],
    pub(crate) condition: Condition,
    /// How often they were tried.
    pub(crate) invocations: u32,
    /// Whether the last try ended in an error of the function.
    pub(crate) by_error: bool,
    /// The time in the shard, UTC milliseconds.
    pub(crate) now_ms: i64,
}

/// Keeps what is given up as Lambda's S3 on-failure destination does, under
/// `failed/` of the lake: one JSON object that says what happened, with the
/// whole event in it as a string.
///
/// The key is Lambda's, `aws/lambda/{mapping}/{shard}/YYYY/MM/DD/{time}-{id}`,
/// except that its time is the first record's arrival and its id is made from
/// the records: giving up the same records again writes the same object.
#[derive(Debug)]
pub(crate) struct Destination {
    store: Arc<dyn ObjectStore>,
    mapping: Uuid,
}

impl Destination {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, consumer: &str) -> Self {
        let mapping = Uuid::new_v5(
            &Uuid::NAMESPACE_URL,
            format!("{STREAM_ARN}/{consumer}").as_bytes(),
        );
        Self { store, mapping }
    }

    /// Keeps them, and says where. They are durable when it returns.
    pub(crate) async fn keep(&self, given_up: &GivenUp<'_>) -> Result<Path, DestinationError> {
        let [first, ..] = given_up.records else {
            return Ok(Path::from("failed"));
        };
        let last = given_up.records.last().unwrap_or(first);
        let id = Uuid::new_v5(
            &self.mapping,
            format!("{}-{}", first.sequence_number, last.sequence_number).as_bytes(),
        );
        let first_arrival = instant(first.arrived_at_ms);
        let report = Report {
            request_context: RequestContext {
                request_id: id.to_string(),
                function_arn: FUNCTION_ARN,
                condition: given_up.condition,
                approximate_invoke_count: given_up.invocations,
            },
            response_context: (given_up.invocations > 0).then_some(ResponseContext {
                status_code: 200,
                executed_version: "$LATEST",
                function_error: given_up.by_error.then_some("Unhandled"),
            }),
            version: "1.0",
            timestamp: rfc3339(instant(given_up.now_ms)),
            batch: BatchInfo {
                shard_id: given_up.shard.to_string(),
                start_sequence_number: first.sequence_number.to_string(),
                end_sequence_number: last.sequence_number.to_string(),
                approximate_arrival_of_first_record: rfc3339(first_arrival),
                approximate_arrival_of_last_record: rfc3339(instant(last.arrived_at_ms)),
                batch_size: given_up.records.len(),
                stream_arn: STREAM_ARN,
            },
            payload: String::from_utf8_lossy(given_up.payload).into_owned(),
        };
        let key = Path::from(format!(
            "failed/aws/lambda/{}/{}/{}-{id}",
            self.mapping,
            given_up.shard,
            first_arrival.strftime("%Y/%m/%d/%Y-%m-%dT%H.%M.%S"),
        ));
        let failing = |source| DestinationError {
            key: key.clone(),
            source,
        };
        let body = serde_json::to_vec(&report).map_err(|error| {
            failing(object_store::Error::Generic {
                store: "destination",
                source: error.into(),
            })
        })?;
        self.store.put(&key, body.into()).await.map_err(failing)?;
        Ok(key)
    }
}

/// The time that `ms` names; the epoch for what no calendar holds.
fn instant(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn rfc3339(instant: Timestamp) -> String {
    format!("{instant:.3}")
}

/// Lambda's record of a failed invocation of a Kinesis mapping.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
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
    condition: Condition,
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
