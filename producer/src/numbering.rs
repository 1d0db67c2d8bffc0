//! The producer's own count of what it was given, for the audit.

use std::collections::HashMap;

use marquee_event::bounds;
use memchr::memmem;

use crate::Outgoing;

/// Gives every event its number, and writes it into those that can carry one.
///
/// The number counts every event given, from 1, so that a missing number at the
/// other end is either a unit too broken to carry one or a loss.
#[derive(Debug, Clone)]
pub struct Numbering {
    /// `"producer":{"id":…,"seq":`, ready to be spliced in.
    prefix: Vec<u8>,
    given: u64,
}

/// A producer's id that no event may carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the producer id must have 1 to {} bytes and no U+0000",
    bounds::ID_BYTES
)]
pub struct BadProducerId;

impl Numbering {
    /// Counts for the producer of that id, which names one run of one producer.
    ///
    /// # Errors
    /// An id that the event's contract would refuse.
    pub fn new(producer_id: &str) -> Result<Self, BadProducerId> {
        if producer_id.is_empty()
            || producer_id.len() > bounds::ID_BYTES
            || producer_id.contains('\0')
        {
            return Err(BadProducerId);
        }
        let id = serde_json::Value::from(producer_id);
        Ok(Self {
            prefix: format!(r#""producer":{{"id":{id},"seq":"#).into_bytes(),
            given: 0,
        })
    }

    /// Counts `event` and gives its bytes as they are to be sent: with
    /// `"producer":{"id":…,"seq":n}` first in the object, unless the event may
    /// not be numbered, is not an object, or brought a producer of its own.
    pub fn number(&mut self, event: Outgoing) -> Vec<u8> {
        self.given += 1;
        if !event.numbered {
            return event.body;
        }
        match inside_of_object(&event.body) {
            Some((head, rest)) if !may_have_producer(&event.body) => self.splice(head, rest),
            _ => event.body,
        }
    }

    /// How many events were counted.
    pub fn given(&self) -> u64 {
        self.given
    }

    fn splice(&self, head: &[u8], rest: &[u8]) -> Vec<u8> {
        let seq = self.given.to_string();
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

/// The body cut behind its opening brace; `None` unless it begins with one.
fn inside_of_object(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let brace = body.len() - body.trim_ascii_start().len();
    (body.get(brace) == Some(&b'{')).then(|| body.split_at(brace + 1))
}

/// Whether the object has, or cannot be shown not to have, a `producer` at its
/// top level. Few bodies hold the word, so few are parsed.
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

    fn outgoing(body: &[u8]) -> Outgoing {
        Outgoing {
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
    fn an_own_producer_is_left_alone() {
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
    fn what_carries_no_number_is_counted_all_the_same() {
        let mut numbering = Numbering::new("p").unwrap();
        assert_eq!(numbering.number(outgoing(b"[1]")), b"[1]");
        assert_eq!(
            numbering.number(Outgoing {
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
        assert_eq!(numbering.given(), 4);
    }

    #[test]
    fn ids_are_bounded() {
        for bad in ["", "a\0b", &"x".repeat(129)] {
            assert_eq!(Numbering::new(bad).unwrap_err(), BadProducerId);
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
