//! The producer number in a unit that is not a valid event.

use std::borrow::Cow;

use marquee_event::bounds;
use serde::Deserialize;

/// The name of the field in JSON.
const NAME: &[u8] = b"\"producer\"";

#[derive(Deserialize)]
struct Producer<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    seq: i64,
}

/// Returns the producer and the number of the first `"producer"` object that can be read. The
/// rest of the unit may be truncated, invalid JSON or invalid UTF-8.
pub(crate) fn find_number(unit: &[u8]) -> Option<(String, u64)> {
    let mut rest = unit;
    while let Some(at) = rest.windows(NAME.len()).position(|window| window == NAME) {
        rest = rest.get(at + NAME.len()..)?;
        let value = rest.trim_ascii_start().strip_prefix(b":");
        let mut values = serde_json::Deserializer::from_slice(value.unwrap_or_default())
            .into_iter::<Producer<'_>>();
        if let Some(Ok(producer)) = values.next()
            && (1..=bounds::PRODUCER_SEQ).contains(&producer.seq)
        {
            return Some((producer.id.into_owned(), producer.seq.unsigned_abs()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_in_a_broken_unit() {
        let found = |unit: &[u8]| find_number(unit).map(|(id, seq)| format!("{id} {seq}"));
        for (unit, expected) in [
            (
                &br#"{"producer":{"id":"p","seq":7},"event_id":"trunc"#[..],
                Some("p 7"),
            ),
            (
                b"{\"producer\" : {\"seq\":8,\"id\":\"p \\\"q\\\"\",\"x\":[]}\xff",
                Some("p \"q\" 8"),
            ),
            (
                br#"{"producer":1,"device":{"producer":{"id":"p","seq":9}}"#,
                Some("p 9"),
            ),
            (br#"{"producer":{"id":"p","seq":0}}"#, None),
            (br#"{"producer":{"id":"p","seq":-1}}"#, None),
            (
                br#"{"producer":{"id":"p","seq":9223372036854775807}}"#,
                None,
            ),
            (br#"{"producer":{"id":"p","seq"#, None),
            (b"\"producer\"", None),
            (b"<html>", None),
            (b"", None),
        ] {
            assert_eq!(found(unit).as_deref(), expected, "{unit:?}");
        }
    }
}
