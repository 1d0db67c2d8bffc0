//! An event as JSON.

use marquee_json::Scanner;

use crate::event::Event;
use crate::time::format_utc;

impl Event<'_> {
    /// Appends the event as one JSON object on one line, fields in the
    /// contract's order, absent ones left out. [`crate::parse`] reads it back.
    ///
    /// `extra` must be a JSON object, as it is in an event that was parsed; its
    /// members are written behind the known ones, those under `device` and
    /// `producer` into these objects.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let unknown = self.extra.as_deref().map(Unknown::of).unwrap_or_default();
        out.extend_from_slice(b"{\"event_id\":\"");
        let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
        out.extend_from_slice(self.event_id.hyphenated().encode_lower(&mut id).as_bytes());
        out.extend_from_slice(b"\",\"event_type\":\"");
        out.extend_from_slice(self.event_type.name().as_bytes());
        out.extend_from_slice(b"\",\"event_time\":\"");
        format_utc(self.event_time, out);
        out.push(b'"');
        text(out, "user_id", &self.user_id);
        text(out, "session_id", &self.session_id);
        optional_text(out, "profile_id", self.profile_id.as_deref());
        if let Some(country) = self.country {
            key(out, "country");
            out.push(b'"');
            out.extend_from_slice(country.as_bytes());
            out.push(b'"');
        }
        self.write_device(out, unknown.of_device);
        if let Some(producer) = &self.producer {
            key(out, "producer");
            out.extend_from_slice(b"{\"id\":");
            quoted(out, &producer.id);
            number(out, "seq", producer.seq);
            if !unknown.of_producer.is_empty() {
                out.push(b',');
                out.extend_from_slice(unknown.of_producer.as_bytes());
            }
            out.push(b'}');
        }
        optional_text(out, "title_id", self.title_id.as_deref());
        optional_number(out, "position_ms", self.position_ms);
        optional_number(out, "from_position_ms", self.from_position_ms);
        optional_text(out, "query", self.query.as_deref());
        optional_number(out, "results", self.results.map(i64::from));
        optional_number(out, "row", self.row.map(i64::from));
        if let Some(rating) = self.rating {
            key(out, "rating");
            digits(out, i64::from(rating.halves() / 2));
            out.extend_from_slice(if rating.halves() % 2 == 1 {
                b".5"
            } else {
                b".0"
            });
        }
        for member in unknown.of_event {
            out.push(b',');
            out.extend_from_slice(member.as_bytes());
        }
        out.push(b'}');
    }

    fn write_device(&self, out: &mut Vec<u8>, unknown: &str) {
        let words = [
            ("type", &self.device.kind),
            ("os", &self.device.os),
            ("app_version", &self.device.app_version),
        ];
        let mut opened = false;
        let mut next_member = |out: &mut Vec<u8>| {
            if opened {
                out.push(b',');
            } else {
                key(out, "device");
                out.push(b'{');
                opened = true;
            }
        };
        for (name, word) in words {
            let Some(word) = word else { continue };
            next_member(out);
            quoted(out, name);
            out.push(b':');
            quoted(out, word);
        }
        if !unknown.is_empty() {
            next_member(out);
            out.extend_from_slice(unknown.as_bytes());
        }
        if opened {
            out.push(b'}');
        }
    }
}

/// The members of an `extra`, by the object that they stood in.
#[derive(Default)]
struct Unknown<'a> {
    of_event: Vec<&'a str>,
    of_device: &'a str,
    of_producer: &'a str,
}

impl<'a> Unknown<'a> {
    /// What is no JSON object has no members.
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

/// What stands between an object's braces.
fn inside(object: &str) -> &str {
    object
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .map_or("", str::trim)
}

fn key(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn text(out: &mut Vec<u8>, name: &str, value: &str) {
    key(out, name);
    quoted(out, value);
}

fn optional_text(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        text(out, name, value);
    }
}

fn number(out: &mut Vec<u8>, name: &str, value: i64) {
    key(out, name);
    digits(out, value);
}

fn optional_number(out: &mut Vec<u8>, name: &str, value: Option<i64>) {
    if let Some(value) = value {
        number(out, name, value);
    }
}

fn digits(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    let mut rest = value.unsigned_abs();
    let mut buffer = [b'0'; 20];
    let mut used = 0;
    for place in buffer.iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(buffer.get(buffer.len() - used..).unwrap_or_default());
}

/// A string in quotes, with the escapes that JSON demands and no other.
fn quoted(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    let mut rest = value.as_bytes();
    while let Some(at) = rest
        .iter()
        .position(|&b| b == b'"' || b == b'\\' || b < 0x20)
    {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        if let Some((&byte, behind)) = special.split_first() {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                _ => {
                    let nibble =
                        |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0') as u8;
                    out.extend_from_slice(b"\\u00");
                    out.extend_from_slice(&[nibble(byte >> 4), nibble(byte & 15)]);
                }
            }
            rest = behind;
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}
