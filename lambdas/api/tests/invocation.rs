//! Runs the built function against a Lambda Runtime API and an S3 server, with the
//! events of API Gateway.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use marquee_runtime_api::{Function, InvocationResult, RuntimeApi, function};
use marquee_s3_stand_in::StandIn;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_api");

/// Returns the function, configured for the bucket `lake`.
fn function_for(s3: &StandIn, api: &RuntimeApi) -> Function {
    function(
        BINARY,
        &[
            ("AWS_LAMBDA_RUNTIME_API", api.address()),
            ("AWS_ENDPOINT_URL_S3", s3.endpoint()),
            ("MARQUEE_BUCKET", "lake"),
            ("MARQUEE_S3_PATH_STYLE", "true"),
            ("MARQUEE_REFRESH_SECONDS", "3600"),
        ],
    )
}

/// Returns a request as API Gateway sends it, in payload format 2.0.
fn request(method: &str, path: &str, query: &str) -> String {
    json!({
        "version": "2.0",
        "routeKey": "GET /v1/users/{user_id}/recommendations",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"accept": "*/*", "host": "abc.execute-api.us-east-1.amazonaws.com"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc",
            "domainName": "abc.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "abc",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "test",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "GET /v1/users/{user_id}/recommendations",
            "stage": "$default",
            "time": "10/Mar/2026:09:22:10 +0000",
            "timeEpoch": 1_773_134_530_000_u64,
        },
        "isBase64Encoded": false,
    })
    .to_string()
}

/// Sends a request and returns the status and the body of the response.
async fn send(api: &mut RuntimeApi, method: &str, path: &str, query: &str) -> (u64, Value) {
    let answer = match api.invoke(&request(method, path, query)).await {
        InvocationResult::Response(answer) => answer,
        InvocationResult::Error(error) => panic!("{error}"),
    };
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        answer["headers"]["content-type"], "application/json",
        "{answer}"
    );
    assert_eq!(answer["isBase64Encoded"], false, "{answer}");
    let body = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    (answer["statusCode"].as_u64().unwrap(), body)
}

/// Returns the ledger document of a generation without tables.
fn generation() -> String {
    json!({
        "version": 1, "event_date": "2026-03-09", "generation": 2, "parent": 1,
        "run": "000002-0", "catalogue": null, "covered": "", "receipts": 0,
        "newest": true, "definitions": "", "facts": "", "looked_back": {},
        "counts": {"receipt_rows": 0, "curated": 0, "duplicates": 0, "conflicts": 0,
                   "redelivered": 0},
        "tables": {},
    })
    .to_string()
}

#[tokio::test]
async fn requests_are_answered_from_the_published_state() {
    let s3 = StandIn::start(["lake"]).await;
    let mut api = RuntimeApi::start().await;
    let running = function_for(&s3, &api).start();

    // API Gateway decodes percent-encoded paths.
    let path = "/v1/users/u 1/recommendations";
    let (status, body) = send(&mut api, "GET", path, "").await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (503, &json!("nothing_published"))
    );

    let key = "ledger/days/event_date=2026-03-09/000002.json";
    s3.insert("lake", key, generation());
    let (status, body) = send(&mut api, "GET", path, "limit=3").await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        body,
        json!({
            "user_id": "u 1", "event_date": "2026-03-09", "generation": 2,
            "basis": "popular", "continue_watching": [], "recommendations": [],
        })
    );

    let (status, body) = send(&mut api, "GET", path, "limit=0").await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (400, &json!("bad_request"))
    );
    let (status, body) = send(&mut api, "POST", path, "").await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (405, &json!("method_not_allowed"))
    );
    let (status, body) = send(&mut api, "GET", "/v2", "").await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("not_found")));
    running.end();
}

#[tokio::test]
async fn a_failed_read_returns_an_error_and_logs_its_cause() {
    let s3 = StandIn::start(["lake"]).await;
    let mut api = RuntimeApi::start().await;
    let running = function_for(&s3, &api).start();
    let key = "ledger/days/event_date=2026-03-09/000002.json";
    s3.insert("lake", key, "{");
    let (status, body) = send(&mut api, "GET", "/health", "").await;
    assert_eq!(status, 500);
    assert_eq!(
        body["error"],
        json!({"code": "lake", "message": "cannot read the lake; the log of the API has the cause"})
    );
    let log = running.end();
    let line: Value = serde_json::from_str(log.last().unwrap()).unwrap();
    assert_eq!(line["level"], "ERROR", "{line}");
    assert_eq!(line["kind"], "Damaged", "{line}");
    assert!(line["message"].as_str().unwrap().contains(key), "{line}");
}

#[test]
fn a_missing_bucket_is_reported_at_start_up() {
    let output = function(BINARY, &[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")]).output();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(log.contains("MARQUEE_BUCKET is missing"), "{log}");
}
