//! Serialization of an event as JSON.

use marquee_json::{Scanner, Token, ValueKind};
use serde::Serialize;
use thiserror::Error;

use crate::fields::Event;

/// The error of writing an event as JSON.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The unknown members have another form than the parser gives them.
    #[error(
        "cannot write an event: extra is not a JSON object whose members device and producer \
         are objects; set extra only to text that the parser returned"
    )]
    Extra,
    /// A value has no JSON form.
    #[error("cannot write an event")]
    Value(#[from] serde_json::Error),
}

impl Event<'_> {
    /// Appends the event as one JSON object on one line. Fields are in the order of
    /// [`FIELDS`](crate::FIELDS); absent fields are left out. [`crate::parse`] is the inverse.
    ///
    /// `extra` must be a JSON object, as the parser produces it. Its members follow the
    /// known fields. Those under `device` and `producer` go into these objects.
    ///
    /// # Errors
    /// [`WriteError`]. `out` is unchanged then.
    pub fn write_json(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let unknown = match &self.extra {
            Some(extra) => Unknown::of(extra).ok_or(WriteError::Extra)?,
            None => Unknown::default(),
        };
        let start = out.len();
        if let Err(error) = self.write_fields(out, &unknown) {
            out.truncate(start);
            return Err(error);
        }
        for member in &unknown.of_event {
            out.push(b',');
            out.extend_from_slice(member.as_bytes());
        }
        // Each member starts with a comma; the first comma becomes the brace.
        if let Some(comma) = out.get_mut(start) {
            *comma = b'{';
        }
        out.push(b'}');
        Ok(())
    }
}

/// The members of `extra`, by the object that they belong to.
#[derive(Default)]
pub(crate) struct Unknown<'a> {
    pub(crate) of_event: Vec<&'a str>,
    pub(crate) of_device: &'a str,
    pub(crate) of_producer: &'a str,
}

impl<'a> Unknown<'a> {
    /// Finds the members; `None` if the text is not a JSON object, or `device` or `producer`
    /// in it is not one.
    fn of(extra: &'a str) -> Option<Self> {
        let mut unknown = Self::default();
        let mut scanner = Scanner::new(extra);
        if scanner.peek() != b'{' {
            return None;
        }
        let mut of_device = Some("");
        let mut of_producer = Some("");
        let walked = scanner.members(|scanner, key, key_start| {
            let name = key.unescaped();
            let value = scanner.value()?;
            match &*name {
                "device" => of_device = inside(value),
                "producer" => of_producer = inside(value),
                _ => unknown
                    .of_event
                    .push(scanner.slice(key_start, scanner.position())),
            }
            Ok(())
        });
        walked.and_then(|()| scanner.end()).ok()?;
        unknown.of_device = of_device?;
        unknown.of_producer = of_producer?;
        Some(unknown)
    }
}

/// Returns the text between the braces of an object; `None` for another value.
fn inside(value: Token<'_>) -> Option<&str> {
    // The text of a string has no quotes, so it can look like an object.
    if value.kind != ValueKind::Other {
        return None;
    }
    let members = value.text.strip_prefix('{')?.strip_suffix('}')?;
    Some(members.trim())
}

/// Appends a string, with only the escapes that JSON requires, or a number.
pub(crate) fn json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<(), WriteError> {
    Ok(serde_json::to_writer(out, value)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn extra_that_is_no_object_of_members_is_an_error() {
        let mut event = Event::blank();
        let mut out = b"before".to_vec();
        for invalid in [
            "",
            "[]",
            "\"text\"",
            "{",
            "{\"a\":1} ,",
            "{\"a\":}",
            "{\"device\":1}",
            "{\"producer\":\"{}\"}",
        ] {
            event.extra = Some(Cow::Borrowed(invalid));
            let written = event.write_json(&mut out);
            assert!(matches!(written, Err(WriteError::Extra)), "{invalid}");
            assert_eq!(out, b"before", "{invalid}");
        }
        event.extra = Some(Cow::Borrowed("{\"a\":1,\"device\":{\"hdr\":true}}"));
        event.write_json(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\"device\":{\"hdr\":true}"), "{text}");
        assert!(text.ends_with(",\"a\":1}"), "{text}");
    }
}
