//! An unknown input still sends a message.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::fixture::{alarm_metric, dead_letters, execution_failed, message, with};
use crate::harness::Harness;

#[test]
fn an_unknown_input() {
    assert_snapshot!(message(&json!({"hello": "world"})), @r#"
    [Marquee: the alert function received an unknown input]
    The alert function received an unknown input.

    Impact: Unknown: the input has none of the known forms.
    Action: Read the input. If it arrives again, find out who calls the alert function with it.
    Input: {"hello":"world"}
    "#);
}

#[test]
fn a_long_payload_is_truncated() {
    let text = message(&json!({"text": "ä".repeat(100_000)}));
    assert!(text.len() < 6_000, "{}", text.len());
    assert!(text.contains("(the first 2000 of 100011 characters)"));
}

#[tokio::test]
async fn every_input_sends_a_message() {
    let mixed = {
        let mut mixed = dead_letters();
        mixed["Records"][0]["eventSource"] = "aws:s3".into();
        mixed
    };
    let inputs = [
        Value::Null,
        json!(7),
        json!([]),
        json!({}),
        json!({"Records": []}),
        mixed,
        // Inputs that have the marks of a known form and lack its fields.
        json!({"detail-type": "CloudWatch Alarm State Change"}),
        with(alarm_metric(), "/detail/state/value", "SIDEWAYS"),
        with(execution_failed(), "/detail/status", 7),
    ];
    for input in &inputs {
        let harness = Harness::new();
        assert_eq!(harness.report(input).await, 1, "{input}");
        let [message] = &harness.published()[..] else {
            panic!("one message")
        };
        assert_eq!(
            message.subject,
            "Marquee: the alert function received an unknown input"
        );
    }
}

#[tokio::test]
async fn different_unknown_inputs_are_different_incidents() {
    let harness = Harness::new();
    assert_eq!(harness.report(&json!({"n": 1})).await, 1);
    assert_eq!(harness.report(&json!({"n": 1})).await, 0);
    assert_eq!(harness.report(&json!({"n": 2})).await, 1);
}
