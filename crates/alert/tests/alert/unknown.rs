//! Whatever it is, somebody hears of it.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::fixture::{alarm_metric, execution_failed, letters, page, with};
use crate::newsroom::Newsroom;

#[test]
fn something_else() {
    assert_snapshot!(page(&json!({"hello": "world"})), @r#"
    [Marquee: something that is not known was reported]
    Something that is not known was reported.

    How bad: That cannot be told: it is none of the kinds that are known.
    What to do: Read it; if it comes again, see who calls the alert function with it.
    It says: {"hello":"world"}
    "#);
}

#[test]
fn a_long_payload_is_shortened() {
    let page = page(&json!({"text": "ä".repeat(100_000)}));
    assert!(page.len() < 6_000, "{}", page.len());
    assert!(page.contains("(the first 2000 of 100011 characters)"));
}

#[tokio::test]
async fn nothing_is_dropped() {
    let mixed = {
        let mut mixed = letters();
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
        // Claims to be what it is not.
        json!({"detail-type": "CloudWatch Alarm State Change"}),
        with(alarm_metric(), "/detail/state/value", "SIDEWAYS"),
        with(execution_failed(), "/detail/status", 7),
    ];
    for input in &inputs {
        let newsroom = Newsroom::new();
        assert_eq!(newsroom.hear(input).await, 1, "{input}");
        let [message] = &newsroom.published()[..] else {
            panic!("one message")
        };
        assert_eq!(
            message.subject,
            "Marquee: something that is not known was reported"
        );
    }
}

#[tokio::test]
async fn two_unknowns_are_two_incidents() {
    let newsroom = Newsroom::new();
    assert_eq!(newsroom.hear(&json!({"n": 1})).await, 1);
    assert_eq!(newsroom.hear(&json!({"n": 1})).await, 0);
    assert_eq!(newsroom.hear(&json!({"n": 2})).await, 1);
}
