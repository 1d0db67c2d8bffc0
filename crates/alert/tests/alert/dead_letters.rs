//! Messages about dead letters. Each is stored, and retried on its own.

use insta::assert_snapshot;
use marquee_alert::{AlertError, AlertResponse};
use serde_json::{Value, json};

use crate::fixture::{
    alarm_metric, dead_letter_with, dead_letters, discarded_batch, execution_failed, failed_call,
    message, with,
};
use crate::harness::Harness;

#[test]
fn a_dead_letter_of_the_schedule() {
    assert_snapshot!(message(&dead_letters()), @r#"
    [Marquee: dead letter in marquee-prod-dead-letters]
    Dead letter in marquee-prod-dead-letters.

    Target: arn:aws:states:eu-west-1:123456789012:stateMachine:marquee-prod-daily
    Cause: Execution limit exceeded. (AWS.States.ExecutionLimitExceeded)
    Since: 2026-01-06 02:14 UTC
    Message id: 059f36b4-87a3-44ab-83d2-661975830a7d
    Impact: A call or a message was not delivered, so its work was not done. The lake keeps a copy of the message.
    Action: Read the dead letter, fix the cause of the failed delivery, then send the message again.

    Runbook: Dead letters, https://example.com/docs/OPERATIONS.md#dead-letters
    "#);
}

#[test]
fn a_dead_letter_that_contains_an_incident_reports_it() {
    let letter = dead_letter_with(&execution_failed().to_string());
    assert_snapshot!(message(&letter), @"
    [Marquee: marquee-prod-daily failed]
    marquee-prod-daily failed.

    Cause: 2026-01-05 is held: 3 rows violate the check events_unique (DatesHeld)
    Since: 2026-01-06 02:00 UTC
    Impact: Published dates stay available. Dates that failed stay due: the next run processes them.
    Action: Fix the cause, then start the daily state machine again: it processes every date that is still due.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed

    This message is late: it came through the dead letter queue marquee-prod-dead-letters, because its delivery failed: Execution limit exceeded. (AWS.States.ExecutionLimitExceeded)
    ");
}

#[test]
fn a_call_that_lambda_discarded() {
    let call = with(failed_call(), "/requestPayload", execution_failed());
    let text = message(&dead_letter_with(&call.to_string()));
    assert!(
        text.starts_with("[Marquee: marquee-prod-daily failed]"),
        "{text}"
    );
    let unknown = with(failed_call(), "/requestPayload", json!({"which": "due"}));
    let mut letter = dead_letter_with(&unknown.to_string());
    letter["Records"][0]["messageAttributes"] = json!({});
    assert_snapshot!(message(&letter), @r#"
    [Marquee: dead letter in marquee-prod-dead-letters]
    Dead letter in marquee-prod-dead-letters.

    Target: arn:aws:lambda:eu-west-1:123456789012:function:marquee-prod-alert:$LATEST
    Cause: cannot publish the alert
    Since: 2026-01-06 02:14 UTC
    Message id: 059f36b4-87a3-44ab-83d2-661975830a7d
    Impact: A call or a message was not delivered, so its work was not done. The lake keeps a copy of the message.
    Action: Read the dead letter, fix the cause of the failed delivery, then send the message again.

    Runbook: Dead letters, https://example.com/docs/OPERATIONS.md#dead-letters
    "#);
}

#[test]
fn a_batch_that_the_mapping_discarded() {
    assert_snapshot!(message(&dead_letter_with(&discarded_batch().to_string())), @"
    [Marquee: 500 records of shardId-000000000001 discarded]
    500 records of shardId-000000000001 discarded.

    Shard: shardId-000000000001
    First record: 49601189658422359378836298521827638475320189012309704722
    Cause: RetryAttemptsExhausted
    Since: 2026-01-06 00:38 UTC
    Impact: Events are missing from the tables. The bucket keeps them under aws/lambda/; their dates cannot become final.
    Action: Fix the cause of the transform's failure, then redeliver the payload of the object.

    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-transform
    Runbook: Failed batches, https://example.com/docs/OPERATIONS.md#failed-batches
    ");
}

#[tokio::test]
async fn dead_letters_are_stored_and_reported() {
    let harness = Harness::new();
    assert_eq!(harness.report(&dead_letters()).await, 2);
    let key =
        "ledger/alerts/letters/marquee-prod-dead-letters/059f36b4-87a3-44ab-83d2-661975830a7d.json";
    assert!(harness.keys().await.iter().any(|found| found == key));
    let stored = harness.document(key).await;
    assert_eq!(stored["body"], dead_letters()["Records"][0]["body"]);
    // The same batch again: the dead letters are stored, and recipients know them.
    assert_eq!(harness.report(&dead_letters()).await, 0);
}

/// The topic accepts the first message and rejects the second. The queue delivers only
/// the second again, and then it is sent.
#[tokio::test]
async fn only_unsent_dead_letters_are_delivered_again() {
    let harness = Harness::new();
    harness.reject([false, true]);
    let answer = harness.handler.handle(&dead_letters()).await.unwrap();
    assert_eq!(
        serde_json::to_string(&answer).unwrap(),
        r#"{"batchItemFailures":[{"itemIdentifier":"2e1424d4-f796-459a-8184-9c92662be6da"}]}"#
    );
    let mut again = dead_letters();
    again["Records"].as_array_mut().unwrap().remove(0);
    assert_eq!(harness.report(&again).await, 1);
    let sent = harness.subjects();
    assert_eq!(sent.len(), 2, "{sent:?}");
}

#[tokio::test]
async fn a_dead_letter_about_a_known_incident_is_stored_and_not_sent() {
    let harness = Harness::new();
    assert_eq!(harness.report(&alarm_metric()).await, 1);
    let letter = dead_letter_with(&alarm_metric().to_string());
    assert_eq!(harness.report(&letter).await, 0);
    let keys = harness.keys().await;
    assert!(keys.iter().any(|key| key.contains("/letters/")), "{keys:?}");
}

#[tokio::test]
async fn a_message_without_an_id_fails_the_batch() {
    let harness = Harness::new();
    let mut without_id = dead_letters();
    without_id["Records"][1]["messageId"] = Value::Null;
    let error = harness.report_failing(&without_id).await;
    assert!(matches!(error, AlertError::Unidentified), "{error}");
    // A message with an id but without a queue is delivered again on its own.
    let mut without_queue = dead_letters();
    without_queue["Records"][1]["eventSourceARN"] = Value::Null;
    let AlertResponse::Batch { failures } = harness.handler.handle(&without_queue).await.unwrap()
    else {
        panic!("expected a batch response");
    };
    assert_eq!(failures.len(), 1);
}
