//! Dead letters: nothing that they say is lost, and each is tried again by
//! itself.

use insta::assert_snapshot;
use marquee_alert::{AlertError, Answer};
use serde_json::{Value, json};

use crate::fixture::{
    alarm_metric, batch, destination, execution_failed, letter_with, letters, page, with,
};
use crate::newsroom::Newsroom;

#[test]
fn a_letter_from_the_schedule() {
    assert_snapshot!(page(&letters()), @r#"
    [Marquee: a dead letter came into marquee-prod-dead-letters]
    A dead letter came into marquee-prod-dead-letters.

    To: arn:aws:states:eu-west-1:123456789012:stateMachine:marquee-prod-daily
    Why: Execution limit exceeded. (AWS.States.ExecutionLimitExceeded)
    Since: 2026-01-06 02:14 UTC
    Message: 059f36b4-87a3-44ab-83d2-661975830a7d
    It says: {"which":"due","time":"2026-01-06T02:00:00Z"}
    How bad: A call or a message did not arrive. The lake keeps what it says; what it was to do has not been done.
    What to do: Read the letter and mend why it was refused, then send it again.

    Runbook: Dead letters, https://example.com/docs/OPERATIONS.md#dead-letters
    "#);
}

#[test]
fn a_letter_that_was_to_report_an_incident_reports_it() {
    let letter = letter_with(&execution_failed().to_string());
    assert_snapshot!(page(&letter), @"
    [Marquee: marquee-prod-daily failed]
    marquee-prod-daily failed.

    Why: 2026-01-05 is held: events_unique found 3 rows that break it (DatesHeld)
    Since: 2026-01-06 02:00 UTC
    How bad: What was published stands, and readers keep it. The dates that were not made stay due: the next run makes them.
    What to do: Mend the cause, then start the daily machine again: it makes what is still due.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed

    This came late, by the dead letter queue marquee-prod-dead-letters, as it could not be delivered: Execution limit exceeded. (AWS.States.ExecutionLimitExceeded)
    ");
}

#[test]
fn a_call_that_lambda_gave_up() {
    let call = with(destination(), "/requestPayload", execution_failed());
    let page = page(&letter_with(&call.to_string()));
    assert!(
        page.starts_with("[Marquee: marquee-prod-daily failed]"),
        "{page}"
    );
    let unknown = with(destination(), "/requestPayload", json!({"which": "due"}));
    let mut letter = letter_with(&unknown.to_string());
    letter["Records"][0]["messageAttributes"] = json!({});
    assert_snapshot!(crate::fixture::page(&letter), @r#"
    [Marquee: a dead letter came into marquee-prod-dead-letters]
    A dead letter came into marquee-prod-dead-letters.

    To: arn:aws:lambda:eu-west-1:123456789012:function:marquee-prod-alert:$LATEST
    Why: the message could not be published
    Since: 2026-01-06 02:14 UTC
    Message: 059f36b4-87a3-44ab-83d2-661975830a7d
    It says: {"requestContext":{"approximateInvokeCount":3,"condition":"RetriesExhausted","functionArn":"arn:aws:lambda:eu-west-1:123456789012:function:marquee-prod-alert:$LATEST","requestId":"d9b8c7a6-0c12-4d53-9c4a-3a4f4ec0a111"},"requestPayload":{"which":"due"},"responseContext":{"executedVersion":"$LATEST","functionError":"Unhandled","statusCode":200},"responsePayload":{"errorMessage":"the message could not be published","errorType":"AlertError"},"timestamp":"2026-01-06T02:20:41.051Z","version":"1.0"}
    How bad: A call or a message did not arrive. The lake keeps what it says; what it was to do has not been done.
    What to do: Read the letter and mend why it was refused, then send it again.

    Runbook: Dead letters, https://example.com/docs/OPERATIONS.md#dead-letters
    "#);
}

#[test]
fn a_batch_that_the_mapping_gave_up() {
    assert_snapshot!(page(&letter_with(&batch().to_string())), @"
    [Marquee: 500 records of shardId-000000000001 were given up]
    500 records of shardId-000000000001 were given up.

    Shard: shardId-000000000001
    First record: 49601189658422359378836298521827638475320189012309704722
    Why: RetryAttemptsExhausted
    Since: 2026-01-06 00:38 UTC
    How bad: Events are missing from the tables. The bucket keeps them under aws/lambda/; the dates that they are of cannot become final.
    What to do: Mend why the transform refused the batch, then give it the object's payload again.

    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-transform
    Runbook: Failed batches, https://example.com/docs/OPERATIONS.md#failed-batches
    ");
}

#[tokio::test]
async fn letters_are_kept_and_told() {
    let newsroom = Newsroom::new();
    assert_eq!(newsroom.hear(&letters()).await, 2);
    let kept =
        "ledger/alerts/letters/marquee-prod-dead-letters/059f36b4-87a3-44ab-83d2-661975830a7d.json";
    assert!(newsroom.keys().await.iter().any(|key| key == kept));
    let text = newsroom
        .store
        .get_opts(&kept.into(), object_store::GetOptions::default())
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    let kept: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(kept["body"], letters()["Records"][0]["body"]);
    // The same batch once more: they are kept, and people know.
    assert_eq!(newsroom.hear(&letters()).await, 0);
}

/// The first reaches the topic, the second does not: only the second comes
/// again, and then it is told.
#[tokio::test]
async fn only_what_was_not_sent_comes_again() {
    let newsroom = Newsroom::new();
    newsroom.refuse([false, true]);
    let answer = newsroom.alert.handle(&letters()).await.unwrap();
    assert_eq!(
        serde_json::to_string(&answer).unwrap(),
        r#"{"batchItemFailures":[{"itemIdentifier":"2e1424d4-f796-459a-8184-9c92662be6da"}]}"#
    );
    let mut again = letters();
    again["Records"].as_array_mut().unwrap().remove(0);
    assert_eq!(newsroom.hear(&again).await, 1);
    let told = newsroom.subjects();
    assert_eq!(told.len(), 2, "{told:?}");
}

#[tokio::test]
async fn a_letter_that_reports_an_incident_people_know_is_kept_and_not_told() {
    let newsroom = Newsroom::new();
    assert_eq!(newsroom.hear(&alarm_metric()).await, 1);
    let letter = letter_with(&alarm_metric().to_string());
    assert_eq!(newsroom.hear(&letter).await, 0);
    let keys = newsroom.keys().await;
    assert!(keys.iter().any(|key| key.contains("/letters/")), "{keys:?}");
}

#[tokio::test]
async fn a_message_that_cannot_be_named_fails_the_batch() {
    let newsroom = Newsroom::new();
    let mut nameless = letters();
    nameless["Records"][1]["messageId"] = Value::Null;
    let error = newsroom.fail(&nameless).await;
    assert!(matches!(error, AlertError::Nameless), "{error}");
    // With a name but without a queue it comes again by itself.
    let mut nowhere = letters();
    nowhere["Records"][1]["eventSourceARN"] = Value::Null;
    let Answer::Batch { failures } = newsroom.alert.handle(&nowhere).await.unwrap() else {
        panic!("a batch was asked for");
    };
    assert_eq!(failures.len(), 1);
}
