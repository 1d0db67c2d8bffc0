//! Numbering of a producer's events, with which audits find gaps.

use std::collections::HashMap;

use marquee_event::bounds;
use memchr::memmem;

use crate::OutgoingEvent;

/// The sequence counter of a producer. It writes numbers into the events that can
/// carry them.
///
/// Every event takes a producer number (`producer.seq`), from 1. A number missing in the
/// lake is therefore a malformed unit that cannot carry one, or a lost event.
#[derive(Debug, Clone)]
pub struct Numbering {
    /// `"producer":{"id":…,"seq":`, to splice into events.
    prefix: Vec<u8>,
    count: u64,
}

/// A producer id that the event's contract rejects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid producer id: it must have 1 to {} bytes and no U+0000",
    bounds::ID_BYTES
)]
pub struct InvalidProducerId;

impl Numbering {
    /// Creates a counter for `producer_id`, which identifies one run of one producer.
    ///
    /// # Errors
    /// [`InvalidProducerId`] if the event's contract rejects the id.
    pub fn new(producer_id: &str) -> Result<Self, InvalidProducerId> {
        if producer_id.is_empty()
            || producer_id.len() > bounds::ID_BYTES
            || producer_id.contains('\0')
        {
            return Err(InvalidProducerId);
        }
        let id = serde_json::Value::from(producer_id);
        Ok(Self {
            prefix: format!(r#""producer":{{"id":{id},"seq":"#).into_bytes(),
            count: 0,
        })
    }

    /// Counts `event` and returns the bytes to send: the event with
    /// `"producer":{"id":…,"seq":n}` as its first member. Returns the event unchanged
    /// if it must not be numbered, is not a JSON object, or has a producer already.
    pub fn number(&mut self, event: OutgoingEvent) -> Vec<u8> {
        self.count += 1;
        if !event.numbered {
            return event.body;
        }
        match split_after_brace(&event.body) {
            Some((head, rest)) if !may_have_producer(&event.body) => self.splice(head, rest),
            _ => event.body,
        }
    }

    /// Returns the number of events counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    fn splice(&self, head: &[u8], rest: &[u8]) -> Vec<u8> {
        let seq = self.count.to_string();
        let mut out =
            Vec::with_capacity(head.len() + rest.len() + self.prefix.len() + seq.len() + 2);
        out.extend_from_slice(head);
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(seq.as_bytes());
        out.push(b'}');
        if rest.trim_ascii_start().first() != Some(&b'}') {
            out.push(b',');
        }
        out.extend_from_slice(rest);
        out
    }
}

/// Splits a body after its opening brace; `None` if it does not start with one.
fn split_after_brace(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let brace = body.len() - body.trim_ascii_start().len();
    (body.get(brace) == Some(&b'{')).then(|| body.split_at(brace + 1))
}

/// Returns whether the object has a top-level `producer`, or is invalid JSON that
/// may have one. Parses only the few bodies that contain the word or an escape.
fn may_have_producer(body: &[u8]) -> bool {
    if memmem::find(body, b"producer\"").is_none() && memmem::find(body, b"\\u").is_none() {
        return false;
    }
    serde_json::from_slice::<HashMap<String, serde::de::IgnoredAny>>(body)
        .map_or(true, |fields| fields.contains_key("producer"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn outgoing(body: &[u8]) -> OutgoingEvent {
        OutgoingEvent {
            user_id: "u".into(),
            arrives_at_ms: None,
            body: body.to_vec(),
            numbered: true,
        }
    }

    fn numbered(body: &str) -> String {
        let mut numbering = Numbering::new("p\"1").unwrap();
        String::from_utf8(numbering.number(outgoing(body.as_bytes()))).unwrap()
    }

    #[test]
    fn splices_after_the_opening_brace() {
        assert_eq!(
            numbered(r#"{"a":1}"#),
            r#"{"producer":{"id":"p\"1","seq":1},"a":1}"#
        );
        assert_eq!(
            numbered("  { } "),
            r#"  {"producer":{"id":"p\"1","seq":1} } "#
        );
        assert_eq!(numbered("{}"), r#"{"producer":{"id":"p\"1","seq":1}}"#);
    }

    #[test]
    fn an_existing_producer_is_kept() {
        for own in [
            r#"{"a":1,"producer":{"id":"x","seq":7}}"#,
            r#"{"\u0070roducer":null}"#,
            r#"{"producer":"#,
        ] {
            assert_eq!(numbered(own), own);
        }
        let nested = r#"{"device":{"producer":1}}"#;
        assert!(numbered(nested).starts_with(r#"{"producer":{"id""#));
    }

    #[test]
    fn events_that_carry_no_number_are_counted() {
        let mut numbering = Numbering::new("p").unwrap();
        assert_eq!(numbering.number(outgoing(b"[1]")), b"[1]");
        assert_eq!(
            numbering.number(OutgoingEvent {
                numbered: false,
                ..outgoing(b"{}")
            }),
            b"{}"
        );
        assert_eq!(numbering.number(outgoing(b"")), b"");
        assert_eq!(
            numbering.number(outgoing(b"{}")),
            br#"{"producer":{"id":"p","seq":4}}"#
        );
        assert_eq!(numbering.count(), 4);
    }

    #[test]
    fn ids_are_bounded() {
        for bad in ["", "a\0b", &"x".repeat(129)] {
            assert_eq!(Numbering::new(bad).unwrap_err(), InvalidProducerId);
        }
    }

    proptest! {
        #[test]
        fn an_object_keeps_its_fields(keys in prop::collection::btree_map("[a-z\"\\\\é]{0,9}", any::<i32>(), 0..5)) {
            let before = serde_json::to_value(&keys).unwrap();
            let after: serde_json::Value = serde_json::from_str(&numbered(&before.to_string())).unwrap();
            let mut expected = before;
            expected.as_object_mut().unwrap()
                .entry("producer")
                .or_insert_with(|| serde_json::json!({"id": "p\"1", "seq": 1}));
            prop_assert_eq!(after, expected);
        }

        #[test]
        fn never_panics(body in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Numbering::new("p").unwrap().number(outgoing(&body));
        }
    }
}
