//! The built function, called as Lambda calls it, on a bucket as S3 is one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use marquee_runtime_api::{Answer, Running, RuntimeApi, function};
use marquee_s3_stand_in::StandIn;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_daily");

/// Starts the function as that step on the bucket `lake` of `s3`.
fn start(s3: &StandIn, api: &RuntimeApi, step: &str) -> Running {
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
        Answer::Response(answer) => serde_json::from_str(&answer).unwrap(),
        Answer::Error(error) => panic!("{event} failed: {error}"),
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

#[tokio::test]
async fn what_cannot_be_asked_is_an_error_with_its_kind() {
    let s3 = StandIn::start(["lake"]).await;
    let mut api = RuntimeApi::start().await;
    let _function = start(&s3, &api, "audit");
    let kind = |error: &str| -> String {
        let error: Value = serde_json::from_str(error).unwrap();
        error["errorType"].as_str().unwrap().to_owned()
    };
    for event in [
        r#"{"event_date": "soon"}"#,
        r#"{"event_date": "2026-01-05"}"#,
        "{}",
    ] {
        let Answer::Error(error) = api.invoke(event).await else {
            panic!("{event} was answered")
        };
        assert_eq!(kind(&error), "Input", "{event}: {error}");
    }
}

#[test]
fn an_unusable_environment_is_told_in_one_line() {
    let output = function(BINARY, &[("MARQUEE_STEP", "dance")]).output();
    assert!(!output.status.success());
    let log = String::from_utf8(output.stdout).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("MARQUEE_BUCKET is missing"), "{log}");
    assert!(log.contains("is not one of plan, split, compact"), "{log}");
}
