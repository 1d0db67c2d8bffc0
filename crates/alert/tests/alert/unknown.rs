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
    Action: Read the stored input, and find out who calls the alert function with it.
    Input: 17 bytes of JSON with the fields hello
    "#);
}

#[test]
fn a_message_has_no_value_of_an_unknown_input() {
    let text = message(&json!({"user_id": "u-secret", "\u{1b}[2J": ["u-secret"]}));
    assert!(!text.contains("u-secret"), "{text}");
    assert!(
        text.contains("with the fields \\u{1b}[2J, user_id"),
        "{text}"
    );
    let names = (0..1_000).map(|number| (format!("{number:0>300}"), json!(1)));
    let text = message(&Value::Object(names.collect()));
    assert!(text.len() < 1_000, "{}", text.len());
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

#[tokio::test]
async fn an_unknown_input_is_stored_once() {
    let harness = Harness::new();
    let input = json!({"n": 1});
    for _ in 0..2 {
        harness.report(&input).await;
    }
    let [message] = &harness.published()[..] else {
        panic!("one message")
    };
    let stored = message
        .body
        .lines()
        .find_map(|line| line.strip_prefix("Stored as: "));
    let key = stored.unwrap();
    assert!(key.starts_with("ledger/alerts/unknown/"), "{key}");
    assert_eq!(harness.document(key).await, input);
}
