//! Runs the built function against a Lambda Runtime API and an S3 server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use marquee_runtime_api::{InvocationResult, REQUEST_ID, RunningFunction, RuntimeApi, function};
use marquee_s3_stand_in::StandIn;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_daily");

/// Starts the function for a step on the bucket `lake` of `s3`.
fn start(s3: &StandIn, api: &RuntimeApi, step: &str) -> RunningFunction {
    let variables = [
        ("AWS_LAMBDA_RUNTIME_API", api.address()),
        ("AWS_ENDPOINT_URL", s3.endpoint()),
        ("MARQUEE_BUCKET", "lake"),
        ("MARQUEE_S3_PATH_STYLE", "true"),
        ("MARQUEE_STEP", step),
        ("MARQUEE_DATABASE", "marquee"),
        ("MARQUEE_ENVIRONMENT", "test"),
    ];
    function(BINARY, &variables).start()
}

async fn call(api: &mut RuntimeApi, event: Value) -> Value {
    match api.invoke(&event.to_string()).await {
        InvocationResult::Response(answer) => serde_json::from_str(&answer).unwrap(),
        InvocationResult::Error(error) => panic!("{event} failed: {error}"),
    }
}

#[tokio::test]
async fn an_empty_lake_has_nothing_due() {
    let s3 = StandIn::start(["lake"]).await;
    let mut api = RuntimeApi::start().await;
    let _function = start(&s3, &api, "plan");
    let plan = call(&mut api, json!({ "which": "due" })).await;
    assert_eq!(plan["count"], 0);
    assert_eq!(plan["dates"], json!([]));
    let spans = json!({ "which": "spans", "from": "2026-01-30", "to": "2026-02-02" });
    let spans = call(&mut api, spans).await;
    assert_eq!(spans["spans"].as_array().unwrap().len(), 2);
    assert!(s3.keys("lake").is_empty());
}

/// Ends the function and returns the lines of its log.
fn logged(function: RunningFunction) -> Vec<Value> {
    let lines = function.end();
    let lines = lines.iter().map(|line| serde_json::from_str(line));
    lines.collect::<Result<_, _>>().unwrap()
}

/// Removes a field that depends on the clock and returns its value.
fn take(line: &mut Value, name: &str) -> Value {
    let taken = line.as_object_mut().unwrap().remove(name);
    taken.unwrap_or_else(|| panic!("{name} is not in the line"))
}

#[tokio::test]
async fn the_metrics_and_the_log_of_a_step_have_exactly_these_keys() {
    let s3 = StandIn::start(["lake"]).await;
    let mut api = RuntimeApi::start().await;
    let function = start(&s3, &api, "plan");
    let answer = call(&mut api, json!({ "which": "due" })).await;
    let mut lines = logged(function);
    for line in &mut lines {
        match line.get("_aws") {
            Some(_) => drop(take(&mut line["_aws"], "Timestamp")),
            None => assert!(take(line, "took.ms").is_u64()),
        }
        if line.get("Duration").is_some() {
            assert!(take(line, "Duration")[0].is_f64());
        }
    }
    let emf = |dimensions: Value, metrics: Value| {
        json!({"CloudWatchMetrics": [{
            "Namespace": "Marquee",
            "Dimensions": [dimensions],
            "Metrics": metrics,
        }]})
    };
    let expected = json!([
        {
            "level": "INFO",
            "message": "step is done",
            "target": "marquee_lake::step",
            "step": "plan",
            "answer": answer.to_string(),
            "span": {"name": "Lambda runtime invoke", "requestId": REQUEST_ID},
        },
        {
            "_aws": emf(json!(["Environment"]), json!([{"Name": "Freshness", "Unit": "Seconds"}])),
            "Environment": "test",
            "RequestId": REQUEST_ID,
            "Freshness": [0.0],
        },
        {
            "_aws": emf(
                json!(["Environment", "Stage"]),
                json!([{"Name": "Duration", "Unit": "Milliseconds"}]),
            ),
            "Environment": "test",
            "RequestId": REQUEST_ID,
            "Stage": "plan",
        },
    ]);
    assert_eq!(json!(lines), expected);
}

#[tokio::test]
async fn an_invalid_request_is_an_error_with_its_kind() {
    let s3 = StandIn::start(["lake"]).await;
    let mut api = RuntimeApi::start().await;
    let function = start(&s3, &api, "audit");
    let mut messages = Vec::new();
    let kind = |error: &str| -> String {
        let error: Value = serde_json::from_str(error).unwrap();
        error["errorType"].as_str().unwrap().to_owned()
    };
    for event in [
        r#"{"event_date": "soon"}"#,
        r#"{"event_date": "2026-01-05"}"#,
        "{}",
    ] {
        let InvocationResult::Error(error) = api.invoke(event).await else {
            panic!("{event} was answered")
        };
        assert_eq!(kind(&error), "Input", "{event}: {error}");
        let error: Value = serde_json::from_str(&error).unwrap();
        messages.push(error["errorMessage"].clone());
    }
    // Each error is logged once and counts in no metric.
    let mut lines = logged(function);
    for line in &mut lines {
        assert!(take(line, "took.ms").is_u64());
    }
    let expected = messages.iter().map(|message| {
        json!({
            "level": "ERROR",
            "message": message,
            "target": "marquee_lake::step",
            "step": "audit",
            "kind": "Input",
            "span": {"name": "Lambda runtime invoke", "requestId": REQUEST_ID},
        })
    });
    assert_eq!(json!(lines), json!(expected.collect::<Vec<_>>()));
}

#[test]
fn an_invalid_environment_is_reported_in_one_line() {
    let output = function(BINARY, &[("MARQUEE_STEP", "dance")]).output();
    assert!(!output.status.success());
    let log = String::from_utf8(output.stdout).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("MARQUEE_BUCKET is missing"), "{log}");
    assert!(log.contains("is not one of plan, split, compact"), "{log}");
}
