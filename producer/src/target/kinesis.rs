//! The target for a Kinesis data stream.

use async_trait::async_trait;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::put_records::PutRecordsError;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, PutRecordsResultEntry};

use super::{RecordFailure, Target, TargetError};
use crate::PutRecord;

/// A target that calls `PutRecords` on a stream.
#[derive(Debug, Clone)]
pub struct KinesisTarget {
    client: Client,
    stream: String,
}

impl KinesisTarget {
    /// Creates a target for `stream`. The retries of `client` apply to requests that
    /// fail as a whole; the producer retries single records.
    pub fn new(client: Client, stream: impl Into<String>) -> Self {
        Self {
            client,
            stream: stream.into(),
        }
    }

    /// Creates a target for `stream` with the credentials, region and endpoint from the
    /// environment (`AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`, …).
    pub async fn from_environment(stream: impl Into<String>) -> Self {
        let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .load()
            .await;
        Self::new(Client::new(&config), stream)
    }

    /// Returns the stream's number of open shards, for rate limiting.
    ///
    /// # Errors
    /// [`TargetError::Fatal`] if the stream cannot be described: no credentials, no
    /// such stream, or no permission.
    pub async fn open_shards(&self) -> Result<u32, TargetError> {
        let response = self
            .client
            .describe_stream_summary()
            .stream_name(&self.stream)
            .send()
            .await
            .map_err(|error| {
                TargetError::Fatal(format!(
                    "cannot describe the Kinesis stream {}: {}",
                    self.stream,
                    first_lines(&error)
                ))
            })?;
        response
            .stream_description_summary()
            .and_then(|summary| u32::try_from(summary.open_shard_count()).ok())
            .filter(|shards| *shards > 0)
            .ok_or_else(|| {
                TargetError::Fatal(format!(
                    "the description of the Kinesis stream {} has no number of open shards; \
                     set --shards",
                    self.stream
                ))
            })
    }
}

#[async_trait]
impl Target for KinesisTarget {
    async fn put(
        &self,
        records: &[PutRecord],
    ) -> Result<Vec<Result<(), RecordFailure>>, TargetError> {
        let entries = records.iter().map(entry).collect::<Result<_, _>>()?;
        let response = self
            .client
            .put_records()
            .stream_name(&self.stream)
            .set_records(Some(entries))
            .send()
            .await
            .map_err(|error| request_error(&error))?;
        Ok(response.records().iter().map(outcome).collect())
    }
}

fn entry(record: &PutRecord) -> Result<PutRecordsRequestEntry, TargetError> {
    PutRecordsRequestEntry::builder()
        .partition_key(&record.partition_key)
        .data(Blob::new(record.data.to_vec()))
        .build()
        .map_err(|error| TargetError::Fatal(error.to_string()))
}

/// Converts a record's result. Every failure is retryable: the codes that Kinesis
/// documents are a throttled record and an internal failure.
fn outcome(entry: &PutRecordsResultEntry) -> Result<(), RecordFailure> {
    match entry.error_code() {
        None => Ok(()),
        Some(code) => Err(RecordFailure {
            retryable: true,
            code: code.to_owned(),
            message: entry.error_message().unwrap_or_default().to_owned(),
        }),
    }
}

fn request_error(error: &SdkError<PutRecordsError>) -> TargetError {
    let message = first_lines(error);
    let retryable = |code: &str| TargetError::Retryable {
        code: code.to_owned(),
        message: message.clone(),
    };
    match error {
        SdkError::TimeoutError(_) => retryable("timeout"),
        SdkError::DispatchFailure(_) => retryable("connection_failed"),
        SdkError::ResponseError(_) => retryable("bad_response"),
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("unknown");
            if service.raw().status().is_server_error() || is_transient(code) {
                retryable(code)
            } else {
                TargetError::Fatal(message)
            }
        }
        _ => TargetError::Fatal(message),
    }
}

/// Joins the first lines of an error and its causes. The SDK's own text has pages.
fn first_lines(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut lines: Vec<String> = causes
        .filter_map(|cause| cause.to_string().lines().next().map(str::to_owned))
        .collect();
    lines.dedup();
    lines.join(": ")
}

/// Returns whether a request's error is transient.
fn is_transient(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "KMSThrottlingException"
            | "LimitExceededException"
            | "ThrottlingException"
            | "RequestTimeout"
            | "InternalFailureException"
    )
}
