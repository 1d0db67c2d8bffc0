//! The built function, called as Lambda calls it, on a bucket as S3 is one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use marquee_runtime_api::{Answer, Running, RuntimeApi, function};
use marquee_s3_stand_in::StandIn;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_marts");

/// Starts the function as that step on the bucket `lake` of `s3`.
fn start(s3: &StandIn, api: &RuntimeApi, step: &str) -> Running {
    let variables = [
        ("AWS_LAMBDA_RUNTIME_API", api.address()),
        ("AWS_ENDPOINT_URL", s3.endpoint()),
        ("MARQUEE_BUCKET", "lake"),
        ("MARQUEE_S3_PATH_STYLE", "true"),
        ("MARQUEE_STEP", step),
    ];
    function(BINARY, &variables).start()
}

/// The kind of the error that the event is answered with.
async fn kind(api: &mut RuntimeApi, event: Value) -> String {
    match api.invoke(&event.to_string()).await {
        Answer::Response(answer) => panic!("{event} was answered {answer}"),
        Answer::Error(error) => {
            let error: Value = serde_json::from_str(&error).unwrap();
            error["errorType"].as_str().unwrap().to_owned()
        }
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_an_error_with_its_kind() {
    let s3 = StandIn::start(["lake"]).await;
    let mut api = RuntimeApi::start().await;
    let _function = start(&s3, &api, "check");
    let work = "staging/plans/3f9c/event_date=2026-01-05";
    assert_eq!(kind(&mut api, json!({})).await, "Input");
    let no_run = json!({ "work": work, "phase": "window" });
    assert_eq!(kind(&mut api, no_run).await, "Input");
    let elsewhere = json!({ "work": "curated/events", "phase": "date" });
    assert_eq!(kind(&mut api, elsewhere).await, "Input");
    let gone = json!({ "work": work, "phase": "date" });
    assert_eq!(kind(&mut api, gone).await, "Store");
}

#[test]
fn an_unusable_environment_is_told_in_one_line() {
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
