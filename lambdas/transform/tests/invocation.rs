//! Runs the built function against a Lambda Runtime API and an S3 server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aws_lambda_events::streams::KinesisEventResponse;
use marquee_runtime_api::{InvocationResult, REQUEST_ID, RunningFunction, RuntimeApi, function};
use marquee_s3_stand_in::StandIn;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_transform");
const SEQUENCE: u128 = 49_590_338_271_490_256_608_559_692_538_361_571_095;

/// Starts the function on the bucket `lake` of `s3`.
fn start(s3: &StandIn, api: &RuntimeApi) -> RunningFunction {
    let variables = [
        ("AWS_LAMBDA_RUNTIME_API", api.address()),
        ("AWS_ENDPOINT_URL", s3.endpoint()),
        ("MARQUEE_BUCKET", "lake"),
        ("MARQUEE_S3_PATH_STYLE", "true"),
        ("MARQUEE_ENVIRONMENT", "test"),
    ];
    function(BINARY, &variables).start()
}

/// Ends the function and returns its log: first the metrics without their timestamps,
/// then the other lines.
fn logged(function: RunningFunction) -> (Vec<Value>, Vec<Value>) {
    let lines = function.end();
    let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    let (mut metrics, log): (Vec<Value>, Vec<Value>) =
        lines.partition(|line: &Value| line.get("_aws").is_some());
    for line in &mut metrics {
        let stamp = line["_aws"].as_object_mut().unwrap().remove("Timestamp");
        assert!(stamp.unwrap().as_u64() > Some(1_767_225_601_123), "{line}");
    }
    (metrics, log)
}

/// Removes a field that depends on the clock and returns its value in milliseconds.
fn take_ms(line: &mut Value, name: &str) -> f64 {
    let fields = line.as_object_mut().unwrap();
    let taken = fields.remove(name);
    let taken = taken.unwrap_or_else(|| panic!("{name} is not in the line"));
    // A metric's value is the list of all measurements since the last line.
    let one = taken.as_array().map_or(&taken, |all| &all[0]);
    one.as_f64().unwrap()
}

/// Returns a line of metrics in CloudWatch's embedded metric format.
fn emf(dimensions: Value, metrics: Value, values: Value) -> Value {
    let mut line = json!({
        "_aws": {"CloudWatchMetrics": [{
            "Namespace": "Marquee",
            "Dimensions": [dimensions],
            "Metrics": metrics,
        }]},
        "Environment": "test",
        "RequestId": REQUEST_ID,
    });
    let fields = line.as_object_mut().unwrap();
    fields.extend(values.as_object().unwrap().clone());
    line
}

/// Returns a Kinesis batch as Lambda delivers it, with one record per text.
fn batch(records: &[&str]) -> String {
    let record = |(number, data): (usize, &&str)| {
        let sequence = format!("{}", SEQUENCE + number as u128);
        json!({
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "7",
                "sequenceNumber": sequence,
                "data": base64_simd::STANDARD.encode_to_string(data),
                "approximateArrivalTimestamp": 1_767_225_601.123,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": format!("shardId-000000000006:{sequence}"),
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::123456789012:role/transform",
            "awsRegion": "us-east-1",
            "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/events",
        })
    };
    let records: Vec<_> = records.iter().enumerate().map(record).collect();
    json!({ "Records": records }).to_string()
}

/// A record of two units: an event and one that is invalid.
const GOOD_AND_BAD: &str = concat!(
    r#"{"event_id":"01936f2e-5c00-7000-8000-000000000001","event_type":"play","event_time":"2026-01-01T00:00:00Z","#,
    r#""user_id":"u-1","session_id":"s-1","title_id":"t-1","position_ms":0}"#,
    "\n",
    r#"{"event_id":"not even json"#,
);

#[tokio::test]
async fn a_batch_reaches_the_bucket_and_a_repeated_one_adds_nothing() {
    let s3 = StandIn::start(["lake"]).await;
    let mut api = RuntimeApi::start().await;
    let _function = start(&s3, &api);

    let event = batch(&[GOOD_AND_BAD, GOOD_AND_BAD]);
    let InvocationResult::Response(answer) = api.invoke(&event).await else {
        panic!("the batch failed")
    };
    assert_eq!(answer, r#"{"batchItemFailures":[]}"#);
    let keys = s3.keys("lake");
    for zone in ["raw/events", "quarantine/events", "processed/events"] {
        let zone = format!("{zone}/ingest_date=2026-01-01/ingest_hour=00/");
        assert_eq!(
            keys.iter().filter(|key| key.starts_with(&zone)).count(),
            1,
            "{zone} in {keys:?}"
        );
    }
    let receipts = "ledger/receipts/ingest_date=2026-01-01/";
    assert_eq!(
        keys.iter().filter(|key| key.starts_with(receipts)).count(),
        1,
        "{keys:?}"
    );
    assert_eq!(keys.len(), 4, "{keys:?}");

    let puts = |s3: &StandIn| {
        s3.take_calls()
            .iter()
            .filter(|call| call.method == "PUT")
            .count()
    };
    assert_eq!(puts(&s3), 4);
    let InvocationResult::Response(answer) = api.invoke(&event).await else {
        panic!("the repeated batch failed")
    };
    assert_eq!(answer, r#"{"batchItemFailures":[]}"#);
    assert_eq!(s3.keys("lake"), keys);
    assert_eq!(puts(&s3), 0, "a batch that has its receipt is done");
}

#[tokio::test]
async fn the_metrics_and_the_log_of_a_batch_have_exactly_these_keys() {
    let s3 = StandIn::start(["lake"]).await;
    let mut api = RuntimeApi::start().await;
    let function = start(&s3, &api);
    let event = batch(&[GOOD_AND_BAD, GOOD_AND_BAD]);
    for _ in 0..2 {
        let answer = api.invoke(&event).await;
        assert!(
            matches!(answer, InvocationResult::Response(_)),
            "{answer:?}"
        );
    }
    let (mut metrics, mut log) = logged(function);

    let count = |name: &str| json!({"Name": name, "Unit": "Count"});
    let ms = |name: &str| json!({"Name": name, "Unit": "Milliseconds"});
    // The repeated batch adds only its age to the metrics.
    let again = metrics.pop().unwrap();
    for line in &mut metrics {
        for name in ["BatchAge", "Duration"] {
            if line.get(name).is_some() {
                assert!(take_ms(line, name) > 0.0, "{line}");
            }
        }
    }
    let stage = |stage: &str| {
        emf(
            json!(["Environment", "Stage"]),
            json!([ms("Duration")]),
            json!({"Stage": stage}),
        )
    };
    let expected = [
        emf(
            json!(["Environment"]),
            json!([
                ms("BatchAge"),
                {"Name": "Bytes", "Unit": "Bytes"},
                count("Processed"),
                count("Quarantined"),
                count("Received"),
            ]),
            json!({
                "Bytes": 2 * (GOOD_AND_BAD.len() - 1),
                "Processed": 2,
                "Quarantined": 2,
                "Received": 4,
            }),
        ),
        emf(
            json!(["Environment", "Reason"]),
            json!([count("Quarantined")]),
            json!({"Reason": "invalid_json", "Quarantined": 2}),
        ),
        stage("put"),
        stage("transform"),
    ];
    // There is one line for each set of dimensions.
    assert_eq!(json!(metrics), json!(expected));
    assert_eq!(
        again["_aws"]["CloudWatchMetrics"][0]["Metrics"],
        json!([ms("BatchAge")])
    );

    assert_eq!(log.len(), 2, "{log:?}");
    for name in ["took.transform.ms", "took.put.ms"] {
        assert!(take_ms(&mut log[0], name) > 0.0);
    }
    let name = format!("shardId-000000000006-{SEQUENCE:056}-{:056}", SEQUENCE + 1);
    let line = |message: &str, counts: Value| {
        let mut line = json!({
            "level": "INFO",
            "message": message,
            "target": "marquee_ingest::handler",
            "batch.name": name,
            "batch.shard": "shardId-000000000006",
            "span": {"name": "Lambda runtime invoke", "requestId": REQUEST_ID},
        });
        let fields = line.as_object_mut().unwrap();
        fields.extend(counts.as_object().unwrap().clone());
        line
    };
    let counts = json!({
        "batch.records": 2,
        "batch.received": 4,
        "batch.processed": 2,
        "batch.quarantined": 2,
    });
    assert_eq!(log[0], line("batch is durable", counts));
    assert_eq!(log[1], line("batch was durable already", json!({})));
}

#[tokio::test]
async fn a_failed_put_fails_the_batch_and_the_retry_completes_it() {
    let s3 = StandIn::start(["lake"]).await;
    let mut api = RuntimeApi::start().await;
    let function = start(&s3, &api);

    let event = batch(&[GOOD_AND_BAD]);
    s3.fail_next("PUT", 403, "AccessDenied");
    match api.invoke(&event).await {
        InvocationResult::Error(error) => assert!(error.contains("403 AccessDenied"), "{error}"),
        InvocationResult::Response(answer) => {
            let answer: KinesisEventResponse = serde_json::from_str(&answer).unwrap();
            let first = answer.batch_item_failures[0].item_identifier.clone();
            assert_eq!(first, Some(SEQUENCE.to_string()));
        }
    }
    let receipted = |s3: &StandIn| s3.keys("lake").iter().any(|key| key.contains("/receipts/"));
    assert!(!receipted(&s3), "a failed batch has no receipt");
    let answer = api.invoke(&event).await;
    assert!(
        matches!(&answer, InvocationResult::Response(text) if text == r#"{"batchItemFailures":[]}"#),
        "{answer:?}"
    );
    assert!(receipted(&s3));

    let (metrics, log) = logged(function);
    let failed: Vec<&Value> = metrics
        .iter()
        .filter_map(|line| line.get("FailedBatches"))
        .collect();
    assert_eq!(failed, [1]);
    let errors: Vec<&Value> = log.iter().filter(|line| line["level"] == "ERROR").collect();
    let [error] = errors.as_slice() else {
        panic!("{errors:?}")
    };
    assert_eq!(error["kind"], "Store", "{error}");
    assert_eq!(error["batch.shard"], "shardId-000000000006", "{error}");
    assert_eq!(error["span"]["requestId"], REQUEST_ID, "{error}");
}

#[tokio::test]
async fn an_event_that_is_not_a_kinesis_batch_is_an_error_and_the_function_keeps_running() {
    let s3 = StandIn::start(["lake"]).await;
    let mut api = RuntimeApi::start().await;
    let function = start(&s3, &api);

    let mut messages = Vec::new();
    for event in ["not JSON", r#"{"Records":3}"#] {
        let InvocationResult::Error(error) = api.invoke(event).await else {
            panic!("{event} was answered")
        };
        let error: Value = serde_json::from_str(&error).unwrap();
        assert_eq!(error["errorType"], "Input", "{error}");
        messages.push(error["errorMessage"].clone());
    }
    let answer = api.invoke(&batch(&[GOOD_AND_BAD])).await;
    assert!(
        matches!(answer, InvocationResult::Response(_)),
        "{answer:?}"
    );

    // Each error is logged once.
    let (_, log) = logged(function);
    let errors: Vec<&Value> = log.iter().filter(|line| line["level"] == "ERROR").collect();
    let expected = messages.iter().map(|message| {
        json!({
            "level": "ERROR",
            "message": message,
            "target": "transform",
            "step": "transform",
            "kind": "Input",
            "span": {"name": "Lambda runtime invoke", "requestId": REQUEST_ID},
        })
    });
    assert_eq!(json!(errors), json!(expected.collect::<Vec<_>>()));
}

#[test]
fn an_invalid_environment_is_reported_in_one_line() {
    let output = function(BINARY, &[("MARQUEE_MAX_AGE_DAYS", "many")]).output();
    assert!(!output.status.success());
    let log = String::from_utf8(output.stdout).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    let line: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!(line["level"], "ERROR");
    let message = line["message"].as_str().unwrap();
    assert!(message.contains("MARQUEE_BUCKET is missing"), "{message}");
    assert!(
        message.contains("MARQUEE_MAX_AGE_DAYS=\"many\""),
        "{message}"
    );
}
