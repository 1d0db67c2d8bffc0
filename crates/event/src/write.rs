//! Serialization of an event as JSON.

use marquee_json::Scanner;
use serde::Serialize;

use crate::fields::Event;

impl Event<'_> {
    /// Appends the event as one JSON object on one line. Fields are in the order of
    /// [`FIELDS`](crate::FIELDS); absent fields are left out. [`crate::parse`] is the inverse.
    ///
    /// `extra` must be a JSON object, as the parser produces it. Its members follow the
    /// known fields. Those under `device` and `producer` go into these objects.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let unknown = self.extra.as_deref().map(Unknown::of).unwrap_or_default();
        let start = out.len();
        self.write_fields(out, &unknown);
        for member in &unknown.of_event {
            out.push(b',');
            out.extend_from_slice(member.as_bytes());
        }
        // Each member starts with a comma; the first comma becomes the brace.
        if let Some(comma) = out.get_mut(start) {
            *comma = b'{';
        }
        out.push(b'}');
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
    /// Finds the members. Text that is not a JSON object has none.
    fn of(extra: &'a str) -> Self {
        let mut unknown = Self::default();
        let mut scanner = Scanner::new(extra);
        if scanner.peek() != b'{' {
            return unknown;
        }
        let walked = scanner.members(|scanner, key, key_start| {
            let name = key.unescaped();
            let value = scanner.value()?;
            match &*name {
                "device" => unknown.of_device = inside(value.text),
                "producer" => unknown.of_producer = inside(value.text),
                _ => unknown
                    .of_event
                    .push(scanner.slice(key_start, scanner.position())),
            }
            Ok(())
        });
        walked.map_or_else(|_| Self::default(), |()| unknown)
    }
}

/// Returns the text between the braces of an object.
fn inside(object: &str) -> &str {
    object
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .map_or("", str::trim)
}

/// Appends a string, with only the escapes that JSON requires, or a number.
pub(crate) fn json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok(), "a buffer takes strings and finite numbers");
}
