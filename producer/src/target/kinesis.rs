//! A Kinesis data stream as a target.

use async_trait::async_trait;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::put_records::PutRecordsError;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, PutRecordsResultEntry};

use super::{RecordFailure, Target, TargetError};
use crate::PutRecord;

/// Puts into a stream with `PutRecords`.
#[derive(Debug, Clone)]
pub struct KinesisTarget {
    client: Client,
    stream: String,
}

impl KinesisTarget {
    /// Puts into `stream` through `client`, whose own retries serve requests
    /// that failed as a whole; the sender's serve single records.
    pub fn new(client: Client, stream: impl Into<String>) -> Self {
        Self {
            client,
            stream: stream.into(),
        }
    }

    /// Puts into `stream` with the credentials, region and endpoint that the
    /// environment gives (`AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`, …).
    pub async fn from_environment(stream: impl Into<String>) -> Self {
        let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .load()
            .await;
        Self::new(Client::new(&config), stream)
    }

    /// How many shards the stream has open, for pacing.
    ///
    /// # Errors
    /// One sentence: no credentials, no such stream, no right to ask, ….
    pub async fn open_shards(&self) -> Result<u32, TargetError> {
        let answer = self
            .client
            .describe_stream_summary()
            .stream_name(&self.stream)
            .send()
            .await
            .map_err(|error| {
                TargetError::Fatal(format!(
                    "cannot describe the Kinesis stream {}: {}",
                    self.stream,
                    in_a_sentence(&error)
                ))
            })?;
        let shards = answer
            .stream_description_summary()
            .map_or(1, |summary| summary.open_shard_count());
        Ok(u32::try_from(shards).unwrap_or(1).max(1))
    }
}

#[async_trait]
impl Target for KinesisTarget {
    async fn put(
        &self,
        records: &[PutRecord],
    ) -> Result<Vec<Result<(), RecordFailure>>, TargetError> {
        let entries = records.iter().map(entry).collect::<Result<_, _>>()?;
        let answer = self
            .client
            .put_records()
            .stream_name(&self.stream)
            .set_records(Some(entries))
            .send()
            .await
            .map_err(|error| request_error(&error))?;
        Ok(answer.records().iter().map(outcome).collect())
    }
}

fn entry(record: &PutRecord) -> Result<PutRecordsRequestEntry, TargetError> {
    PutRecordsRequestEntry::builder()
        .partition_key(&record.partition_key)
        .data(Blob::new(record.data.to_vec()))
        .build()
        .map_err(|error| TargetError::Fatal(error.to_string()))
}

/// Both codes that Kinesis documents for a record are worth another try
/// (throttled, and failed inside), so an unknown one is too.
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
    let message = in_a_sentence(error);
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
            if service.raw().status().is_server_error() || is_passing(code) {
                retryable(code)
            } else {
                TargetError::Fatal(message)
            }
        }
        _ => TargetError::Fatal(message),
    }
}

/// The error and its causes, the first line of each: the SDK's own rendering
/// goes on for pages.
fn in_a_sentence(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut lines: Vec<String> = causes
        .filter_map(|cause| cause.to_string().lines().next().map(str::to_owned))
        .collect();
    lines.dedup();
    lines.join(": ")
}

/// Whether a request's error passes with time.
fn is_passing(code: &str) -> bool {
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
