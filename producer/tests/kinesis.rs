//! Tests of the Kinesis target with a mocked client: `--features kinesis-mocks`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::operation::put_records::{PutRecordsError, PutRecordsOutput};
use aws_sdk_kinesis::types::PutRecordsResultEntry;
use aws_sdk_kinesis::types::error::{
    ProvisionedThroughputExceededException, ResourceNotFoundException,
};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use marquee_producer::{
    KinesisTarget, OutgoingEvent, Producer, PutRecord, SendSettings, Target, TargetError,
};

fn records(count: u32) -> Vec<PutRecord> {
    (0..count)
        .map(|n| PutRecord {
            partition_key: format!("k{n}"),
            data: vec![7].into(),
            events: 1,
            arrives_at_ms: None,
        })
        .collect()
}

fn stored() -> PutRecordsResultEntry {
    PutRecordsResultEntry::builder()
        .sequence_number("1")
        .shard_id("shardId-000000000000")
        .build()
}

fn throttled() -> PutRecordsResultEntry {
    PutRecordsResultEntry::builder()
        .error_code("ProvisionedThroughputExceededException")
        .error_message("Rate exceeded for shard shardId-000000000000")
        .build()
}

fn output(entries: Vec<PutRecordsResultEntry>) -> PutRecordsOutput {
    PutRecordsOutput::builder()
        .set_records(Some(entries))
        .build()
        .unwrap()
}

#[tokio::test]
async fn each_record_has_its_own_outcome() {
    let rule = mock!(Client::put_records)
        .match_requests(|request| {
            request.stream_name() == Some("events")
                && request
                    .records()
                    .iter()
                    .map(|record| record.partition_key())
                    .eq([Some("k0"), Some("k1")])
                && request
                    .records()
                    .iter()
                    .all(|record| record.data().as_ref() == [7])
        })
        .then_output(|| output(vec![stored(), throttled()]));
    let target = KinesisTarget::new(mock_client!(aws_sdk_kinesis, [&rule]), "events");
    let outcomes = target.put(&records(2)).await.unwrap();
    assert_eq!(outcomes.first(), Some(&Ok(())));
    let failure = outcomes.get(1).unwrap().clone().unwrap_err();
    assert!(failure.retryable);
    assert_eq!(failure.code, "ProvisionedThroughputExceededException");
}

#[tokio::test]
async fn a_failed_request_is_retryable_or_fatal() {
    let busy = mock!(Client::put_records).then_error(|| {
        PutRecordsError::ProvisionedThroughputExceededException(
            ProvisionedThroughputExceededException::builder()
                .meta(meta("ProvisionedThroughputExceededException"))
                .build(),
        )
    });
    let target = KinesisTarget::new(
        mock_client!(aws_sdk_kinesis, RuleMode::MatchAny, [&busy]),
        "events",
    );
    assert!(matches!(
        target.put(&records(1)).await,
        Err(TargetError::Retryable { .. })
    ));

    let gone = mock!(Client::put_records).then_error(|| {
        PutRecordsError::ResourceNotFoundException(
            ResourceNotFoundException::builder()
                .meta(meta("ResourceNotFoundException"))
                .build(),
        )
    });
    let target = KinesisTarget::new(
        mock_client!(aws_sdk_kinesis, RuleMode::MatchAny, [&gone]),
        "events",
    );
    assert!(matches!(
        target.put(&records(1)).await,
        Err(TargetError::Fatal(_))
    ));
}

fn meta(code: &str) -> aws_sdk_kinesis::error::ErrorMetadata {
    aws_sdk_kinesis::error::ErrorMetadata::builder()
        .code(code)
        .message("no")
        .build()
}

#[tokio::test(start_paused = true)]
async fn the_producer_retries_only_failed_records() {
    let put = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&put);
    let rule = mock!(Client::put_records).then_compute_output(move |request| {
        let first = counted.fetch_add(request.records().len(), Ordering::SeqCst) == 0;
        let outcome = |n: usize| {
            if first && n % 2 == 1 {
                throttled()
            } else {
                stored()
            }
        };
        output((0..request.records().len()).map(outcome).collect())
    });
    let target = KinesisTarget::new(
        mock_client!(aws_sdk_kinesis, RuleMode::MatchAny, [&rule]),
        "events",
    );
    let mut settings = SendSettings::new("p");
    settings.aggregate.aggregate = false;
    let producer = Producer::start(Arc::new(target), settings).unwrap();
    for n in 0..10 {
        let event = OutgoingEvent {
            user_id: format!("u{n}"),
            arrives_at_ms: None,
            body: b"{}".to_vec(),
            numbered: true,
        };
        producer.send(event).await.unwrap();
    }
    let summary = producer.finish().await.unwrap();
    assert!(summary.is_complete() && summary.retries > 0, "{summary}");
    assert_eq!(put.load(Ordering::SeqCst) as u64, 10 + summary.retries);
}
