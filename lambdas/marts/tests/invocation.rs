//! Runs the built function against a Lambda Runtime API and an S3 server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use marquee_runtime_api::{InvocationResult, REQUEST_ID, RunningFunction, RuntimeApi, function};
use marquee_s3_stand_in::StandIn;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_marts");

/// Starts the function for a step on the bucket `lake` of `s3`.
fn start(s3: &StandIn, api: &RuntimeApi, step: &str) -> RunningFunction {
    let variables = [
        ("AWS_LAMBDA_RUNTIME_API", api.address()),
        ("AWS_ENDPOINT_URL", s3.endpoint()),
        ("MARQUEE_BUCKET", "lake"),
        ("MARQUEE_S3_PATH_STYLE", "true"),
        ("MARQUEE_STEP", step),
    ];
    function(BINARY, &variables).start()
}

/// Invokes the function and returns the error that it reports.
async fn error(api: &mut RuntimeApi, event: Value) -> Value {
    match api.invoke(&event.to_string()).await {
        InvocationResult::Response(answer) => panic!("{event} was answered {answer}"),
        InvocationResult::Error(error) => serde_json::from_str(&error).unwrap(),
    }
}

#[tokio::test]
async fn an_error_has_its_kind_and_is_logged_once() {
    let s3 = StandIn::start(["lake"]).await;
    let mut api = RuntimeApi::start().await;
    let function = start(&s3, &api, "check");
    let work = "staging/plans/3f9c/event_date=2026-01-05";
    let of_date = json!({ "work": work, "phase": "date" });
    let file = "curated/events/event_date=2026-01-05/run=000001-ab/part-0000.parquet";
    let mut errors = Vec::new();
    let mut call = async |event: Value, kind: &str| -> String {
        let error = error(&mut api, event).await;
        assert_eq!(error["errorType"], kind, "{error}");
        errors.push(error.clone());
        error["errorMessage"].as_str().unwrap().to_owned()
    };

    call(json!({}), "Input").await;
    let without_run = json!({ "work": work, "phase": "window" });
    call(without_run, "Input").await;
    let wrong_directory = json!({ "work": "curated/events", "phase": "date" });
    call(wrong_directory, "Input").await;

    // The document that the previous step writes.
    call(of_date.clone(), "Gone").await;
    let document = format!("{work}/date.json");
    s3.insert("lake", &document, r#"{"event_date": "2026-"#);
    assert!(call(of_date.clone(), "Damaged").await.contains(&document));
    // The SDK makes three attempts.
    (0..3).for_each(|_| s3.fail_next("GET", 503, "SlowDown"));
    let slow = call(of_date.clone(), "Store").await;
    assert!(slow.contains("503 SlowDown"), "{slow}");

    // An input file of the date.
    let content = "a text where a table should be";
    let inputs = json!({
        "event_date": "2026-01-05",
        "run": "000001-ab",
        "newest": false,
        "catalogue": null,
        "receipts": [],
        "looked_back": {},
        "tables": {"events": {"2026-01-05": [
            {"key": file, "rows": 1, "bytes": content.len(), "digest": "d16e57"},
        ]}},
    });
    s3.insert("lake", &document, inputs.to_string());
    assert!(call(of_date.clone(), "Gone").await.contains(file));
    s3.insert("lake", file, content);
    let damaged = call(of_date, "Damaged").await;
    let named =
        format!(".sql: {file} is damaged, its content differs from its digest in the ledger: ");
    assert!(damaged.contains(&named), "{damaged}");

    let lines: Vec<Value> = function
        .end()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .map(|mut line: Value| {
            let took = line.as_object_mut().unwrap().remove("took.ms");
            assert!(took.unwrap().is_u64(), "{line}");
            line
        })
        .collect();
    let expected = errors.iter().map(|error| {
        json!({
            "level": "ERROR",
            "message": error["errorMessage"],
            "target": "marquee_lake::step",
            "step": "check",
            "kind": error["errorType"],
            "span": {"name": "Lambda runtime invoke", "requestId": REQUEST_ID},
        })
    });
    assert_eq!(json!(lines), json!(expected.collect::<Vec<_>>()));
}

#[test]
fn an_invalid_environment_is_reported_in_one_line() {
    let output = function(BINARY, &[("MARQUEE_STEP", "plan")]).output();
    assert!(!output.status.success());
    let log = String::from_utf8(output.stdout).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("MARQUEE_BUCKET is missing"), "{log}");
    assert!(
        log.contains("MARQUEE_STEP=\\\"plan\\\" is not check or marts"),
        "{log}"
    );
}
