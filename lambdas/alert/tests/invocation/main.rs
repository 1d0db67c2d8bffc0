//! Runs the built function against a Lambda Runtime API, an S3 server and an SNS
//! server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod sns;

use marquee_runtime_api::{Function, InvocationResult, REQUEST_ID, RuntimeApi, function};
use marquee_s3_stand_in::StandIn;
use serde_json::{Value, json};

use crate::sns::Sns;

const BINARY: &str = env!("CARGO_BIN_EXE_alert");
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alerts";

/// Returns the function, configured for the bucket `lake`.
fn function_for(s3: &StandIn, sns: &Sns, api: &RuntimeApi) -> Function {
    function(
        BINARY,
        &[
            ("AWS_LAMBDA_RUNTIME_API", api.address()),
            ("AWS_ENDPOINT_URL_S3", s3.endpoint()),
            ("AWS_ENDPOINT_URL_SNS", sns.endpoint()),
            ("MARQUEE_BUCKET", "lake"),
            ("MARQUEE_S3_PATH_STYLE", "true"),
            ("MARQUEE_TOPIC_ARN", TOPIC),
            ("MARQUEE_RUNBOOK_URL", "https://example.com/OPERATIONS.md"),
        ],
    )
}

fn failed_step(step: &str) -> String {
    json!({
        "source": "marquee.state_machine",
        "step": step,
        "event_date": "2026-01-05",
        "cause": {
            "Error": "DayError",
            "Cause": "{\"errorType\":\"DayError\",\"errorMessage\":\"100 % gone & not found + é\"}",
        },
        "execution": "arn:aws:states:us-east-1:123456789012:execution:marquee-prod-daily:one",
        "state_machine": "arn:aws:states:us-east-1:123456789012:stateMachine:marquee-prod-daily",
        "started_at": "2026-01-06T02:00:00.123Z",
    })
    .to_string()
}

/// Returns two dead letters for different targets.
fn dead_letters() -> String {
    let dead_letter = |id: &str| {
        json!({
            "messageId": id,
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": "{\"which\":\"due\"}",
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1767665671881",
                "SenderId": "AROAIWPX5BD2BHG722MW4:scheduler",
                "ApproximateFirstReceiveTimestamp": "1767665671891",
            },
            "messageAttributes": {
                "TARGET_ARN": {
                    "stringValue": format!("arn:aws:states:us-east-1:123456789012:stateMachine:{id}"),
                    "stringListValues": [],
                    "binaryListValues": [],
                    "dataType": "String",
                },
            },
            "md5OfBody": "fce0ea8dd236ccb3ed9b37dae260836f",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:marquee-prod-dead-letters",
            "awsRegion": "us-east-1",
        })
    };
    json!({"Records": [dead_letter("one"), dead_letter("two")]}).to_string()
}

async fn sent(api: &mut RuntimeApi, event: &str) -> Value {
    match api.invoke(event).await {
        InvocationResult::Response(answer) => serde_json::from_str(&answer).unwrap(),
        InvocationResult::Error(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_failure_reaches_the_topic_once() {
    let s3 = StandIn::start(["lake"]).await;
    let sns = Sns::start().await;
    let mut api = RuntimeApi::start().await;
    let _running = function_for(&s3, &sns, &api).start();

    let event = failed_step("compact");
    assert_eq!(sent(&mut api, &event).await, json!({"sent": 1}));
    assert_eq!(sent(&mut api, &event).await, json!({"sent": 0}));
    let [call] = &sns.take_calls()[..] else {
        panic!("one message")
    };
    assert_eq!(call["Action"], "Publish");
    assert_eq!(call["TopicArn"], TOPIC);
    assert_eq!(
        call["Subject"],
        "Marquee: compact failed for 2026-01-05 (marquee-prod-daily)"
    );
    let body = &call["Message"];
    assert!(
        body.contains("Cause: 100 % gone & not found + é (DayError)\n"),
        "{body}"
    );
    assert!(
        body.contains("https://example.com/OPERATIONS.md#execution-failed\n"),
        "{body}"
    );
    // One object each for the step, its execution, and the alarm that will fire.
    let keys = s3.keys("lake");
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert!(
        keys.iter().all(|key| key.starts_with("ledger/alerts/")),
        "{keys:?}"
    );
}

#[tokio::test]
async fn a_failed_publish_fails_the_call_and_the_retry_sends_the_alert() {
    let s3 = StandIn::start(["lake"]).await;
    let sns = Sns::start().await;
    let mut api = RuntimeApi::start().await;
    let running = function_for(&s3, &sns, &api).start();

    sns.fail_next(403, "AuthorizationError", "not allowed to publish");
    let event = failed_step("plan");
    match api.invoke(&event).await {
        InvocationResult::Error(error) => {
            let error: Value = serde_json::from_str(&error).unwrap();
            assert_eq!(error["errorType"], "AlertError");
            let message = error["errorMessage"].as_str().unwrap();
            assert!(
                message.contains("AuthorizationError: not allowed to publish"),
                "{message}"
            );
        }
        InvocationResult::Response(answer) => panic!("nothing was sent, but it returned {answer}"),
    }
    assert_eq!(s3.keys("lake"), [""; 0]);
    assert_eq!(sent(&mut api, &event).await, json!({"sent": 1}));
    let errors: Vec<Value> = running
        .end()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["level"] == "ERROR")
        .collect();
    let [error] = errors.as_slice() else {
        panic!("{errors:?}")
    };
    assert_eq!(error["kind"], "AlertError", "{error}");
    assert_eq!(error["span"]["requestId"], REQUEST_ID, "{error}");
}

#[tokio::test]
async fn the_response_lists_the_dead_letters_to_redeliver() {
    let s3 = StandIn::start(["lake"]).await;
    let sns = Sns::start().await;
    let mut api = RuntimeApi::start().await;
    let _running = function_for(&s3, &sns, &api).start();

    sns.fail_next(403, "AuthorizationError", "not allowed to publish");
    assert_eq!(
        sent(&mut api, &dead_letters()).await,
        json!({"batchItemFailures": [{"itemIdentifier": "one"}]})
    );
    assert_eq!(
        sent(&mut api, &dead_letters()).await,
        json!({"batchItemFailures": []})
    );
    assert_eq!(
        sns.take_calls().len(),
        3,
        "one failed call and two messages"
    );
}

#[tokio::test]
async fn an_unknown_event_is_reported_and_the_function_keeps_running() {
    let s3 = StandIn::start(["lake"]).await;
    let sns = Sns::start().await;
    let mut api = RuntimeApi::start().await;
    let _running = function_for(&s3, &sns, &api).start();

    for event in ["null", "7", r#"{"Records":3}"#] {
        assert_eq!(sent(&mut api, event).await, json!({"sent": 1}), "{event}");
    }
    let answer = api.invoke("not JSON").await;
    assert!(matches!(answer, InvocationResult::Error(_)), "{answer:?}");
    assert_eq!(
        sent(&mut api, &failed_step("plan")).await,
        json!({"sent": 1})
    );
}

#[test]
fn an_invalid_environment_is_reported_in_one_line() {
    let output = function(BINARY, &[("MARQUEE_ALERT_WINDOW_MINUTES", "long")]).output();
    assert!(!output.status.success());
    let log = String::from_utf8(output.stdout).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    let line: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(line["level"], "ERROR");
    let message = line["message"].as_str().unwrap();
    for part in [
        "MARQUEE_BUCKET is missing",
        "MARQUEE_TOPIC_ARN is missing",
        "MARQUEE_ALERT_WINDOW_MINUTES=\"long\"",
    ] {
        assert!(message.contains(part), "{message}");
    }
}
