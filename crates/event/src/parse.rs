//! One unit's bytes to an event, or to the reason why not.
//!
//! An event without a fault is nearly always read in one pass (`one_pass`).
//! Anything else takes two steps. The first proves the grammar and notes where each known field's
//! value lies. The second reads the fields in the contract's order, so that a
//! unit with two faults is always refused for the same one:
//!
//! 1. the unit: `invalid_json` (anywhere in it), `not_an_object`;
//! 2. `schema_version`, since a later version may change every other rule;
//! 3. the fields in the order of [`Event`]'s members, each by its own rules;
//! 4. what the event's type needs and is absent, in the same order;
//! 5. all extra fields together;
//! 6. [`Event::admit`]: the time against the arrival.
//!
//! Within a field: `missing_field`, `wrong_type` (JSON type, then format),
//! `too_long`, `illegal_character`, `out_of_range`.
//! A known field keeps its meaning and its rules on every type of event, also
//! where the type does not need it. `null` is absence. Of a key that comes
//! twice the last counts.

use marquee_json::{Keys, Scanner, SyntaxError, Token, ValueKind, decode_utf8};

use crate::field::wrong_type;
use crate::fields::{Device, Event, FIELDS, Field, Producer, at};
use crate::format::FormatVersion;
use crate::one_pass::NeedsSlowPath;
use crate::refusal::{Detail, Reason, Refusal};

/// The result of scanning JSON.
type Scanned<T = ()> = Result<T, SyntaxError>;

/// Reads one unit as an event, version 1.
///
/// # Errors
/// A [`Refusal`] with the first fault in the order above.
pub fn parse(unit: &[u8]) -> Result<Event<'_>, Refusal> {
    Parser::new().parse(unit)
}

/// Reads unit after unit. What it remembers from one to the next is the order
/// of the keys, which makes it fast and changes no answer.
#[derive(Debug, Clone)]
pub struct Parser {
    pub(crate) keys: Keys<{ FIELDS.len() }>,
    pub(crate) nested: NestedKeys,
}

/// The keys of the known objects.
#[derive(Debug, Clone)]
pub(crate) struct NestedKeys {
    pub(crate) device: Keys<{ Device::KEYS.len() }>,
    pub(crate) producer: Keys<{ Producer::KEYS.len() }>,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Parser {
    /// A parser that has seen nothing yet.
    pub fn new() -> Self {
        Self::of(FormatVersion::CURRENT)
    }

    /// As [`Parser::new`], but with the fields of that version: to it, those that
    /// came later are unknown, and are kept in `extra`.
    pub fn of(format: FormatVersion) -> Self {
        let known = |field: Field| format.has(field.since).then_some(field.path);
        Self {
            keys: Keys::some_of(FIELDS.map(known)),
            nested: NestedKeys {
                device: Keys::new(Device::KEYS),
                producer: Keys::new(Producer::KEYS),
            },
        }
    }

    /// Reads one unit as an event, version 1.
    ///
    /// # Errors
    /// A [`Refusal`] with the first fault in the order above.
    pub fn parse<'a>(&mut self, unit: &'a [u8]) -> Result<Event<'a>, Refusal> {
        let mut event = Event::blank();
        self.parse_into(unit, &mut event).map(|()| event)
    }

    /// As [`Parser::parse`], into a place for the event, so that it is nowhere
    /// moved from. The place holds nothing of worth where the unit is refused.
    ///
    /// # Errors
    /// As [`Parser::parse`].
    #[inline(always)]
    pub fn parse_into<'a>(&mut self, unit: &'a [u8], event: &mut Event<'a>) -> Result<(), Refusal> {
        let text = decode_utf8(unit).map_err(not_utf8)?;
        *event = Event::blank();
        match self.read_common(text, event) {
            Ok(()) => Ok(()),
            Err(NeedsSlowPath) => {
                *event = self.read_any(text)?;
                Ok(())
            }
        }
    }

    /// Reads a unit of whatever kind in two steps.
    #[inline(never)]
    fn read_any<'a>(&mut self, text: &'a str) -> Result<Event<'a>, Refusal> {
        let mut fields = Fields::default();
        match self.scan(text, &mut fields) {
            Ok(true) => fields.read(),
            Ok(false) => Err(Refusal::of_unit(Reason::NotAnObject, Detail::NotAnObject)),
            Err(fault) => Err(Refusal::of_unit(
                Reason::InvalidJson,
                Detail::Other(fault.to_string()),
            )),
        }
    }

    /// Proves the grammar and notes the fields; whether it was an object.
    fn scan<'a>(&mut self, text: &'a str, fields: &mut Fields<'a>) -> Scanned<bool> {
        let mut scanner = Scanner::new(text);
        scanner.skip_space();
        if scanner.peek() != b'{' {
            scanner.value()?;
            scanner.end()?;
            return Ok(false);
        }
        let Self { keys, nested } = self;
        scanner.known_members(
            keys,
            |scanner, index, key_start| -> Result<(), SyntaxError> {
                match index {
                    Some(at::device) => return fields.device.scan(scanner, &mut nested.device),
                    Some(at::producer) => {
                        return fields.producer.scan(scanner, &mut nested.producer);
                    }
                    _ => {}
                }
                let value = scanner.likely_value()?;
                match index.and_then(|index| fields.tokens.get_mut(index)) {
                    Some(token) => *token = value,
                    None => fields
                        .extra
                        .push(scanner.slice(key_start, scanner.position())),
                }
                Ok(())
            },
        )?;
        scanner.end()?;
        Ok(true)
    }
}

#[cold]
fn not_utf8(valid: usize) -> Refusal {
    Refusal::of_unit(Reason::InvalidJson, Detail::NotUtf8 { valid })
}

/// Where the values of the known fields lie, and the unknown members.
pub(crate) struct Fields<'a> {
    /// In the order of [`FIELDS`]; those of objects are absent.
    pub(crate) tokens: [Token<'a>; FIELDS.len()],
    pub(crate) device: Object<'a, { Device::KEYS.len() }>,
    pub(crate) producer: Object<'a, { Producer::KEYS.len() }>,
    pub(crate) extra: Vec<&'a str>,
}

impl Default for Fields<'_> {
    fn default() -> Self {
        Self {
            tokens: [Token::ABSENT; FIELDS.len()],
            device: Object::default(),
            producer: Object::default(),
            extra: Vec::new(),
        }
    }
}

impl<'a> Fields<'a> {
    /// The value of the field at that place.
    pub(crate) fn token(&self, place: usize) -> Token<'a> {
        self.tokens[place]
    }
}

/// A known object: its own value's token, its known members, and the rest.
pub(crate) struct Object<'a, const N: usize> {
    pub(crate) whole: Token<'a>,
    pub(crate) members: [Token<'a>; N],
    pub(crate) extra: Vec<&'a str>,
}

impl<const N: usize> Default for Object<'_, N> {
    fn default() -> Self {
        Self {
            whole: Token::ABSENT,
            members: [Token::ABSENT; N],
            extra: Vec::new(),
        }
    }
}

impl<'a, const N: usize> Object<'a, N> {
    fn scan(&mut self, scanner: &mut Scanner<'a>, keys: &mut Keys<N>) -> Scanned {
        if self.whole.kind != ValueKind::Absent {
            *self = Self::default();
        }
        scanner.skip_space();
        if scanner.peek() != b'{' {
            self.whole = scanner.value()?;
            return Ok(());
        }
        let start = scanner.position();
        scanner.known_members(keys, |scanner, index, key_start| -> Scanned {
            let value = scanner.likely_value()?;
            match index.and_then(|index| self.members.get_mut(index)) {
                Some(member) => *member = value,
                None => self
                    .extra
                    .push(scanner.slice(key_start, scanner.position())),
            }
            Ok(())
        })?;
        self.whole = Token {
            kind: ValueKind::Other,
            text: scanner.slice(start, scanner.position()),
        };
        Ok(())
    }

    /// Whether there is such an object; `wrong_type` where something else is.
    pub(crate) fn is_present(&self, name: &'static str) -> Result<bool, Refusal> {
        match self.whole.kind {
            ValueKind::Absent | ValueKind::Null => Ok(false),
            ValueKind::Other if self.whole.text.starts_with('{') => Ok(true),
            _ => Err(wrong_type(name, self.whole, "an object")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const EVENT: &str = r#"{"producer":{"id":"p","seq":7},"event_id":"01936f2e-5c00-7000-8000-000000000001","event_type":"seek","event_time":"2026-01-31T20:15:00.25+01:00","user_id":"u-1","session_id":"s-1","profile_id":"p1","country":"DE","device":{"type":"tv","os":"o","app_version":"1.2"},"title_id":"t-1","position_ms":12345678,"from_position_ms":123456789,"query":"q","results":3,"row":0,"rating":4.5,"schema_version":1}"#;

    /// An event with a few pieces of it replaced.
    fn almost_common() -> impl Strategy<Value = String> {
        const PIECES: &[&str] = &[
            "\"",
            ":",
            ",",
            "{",
            "}",
            "[]",
            "null",
            "1",
            "-1",
            "1.5",
            "9007199254740993",
            "\\n",
            "\\u0000",
            " ",
            "\"row\":1,",
            "\"new\":[1],",
            "\"title_id\":\"t\",",
            "\"device\":{},",
            "\"\"",
            "x",
            "é",
            "0",
        ];
        let change = (any::<prop::sample::Index>(), 0usize..3, select(PIECES));
        proptest::collection::vec(change, 0..3).prop_map(|changes| {
            let mut text = EVENT.to_owned();
            for (at, length, piece) in changes {
                let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
                let start = at.index(places.len());
                let end = places.get(start + length).copied().unwrap_or(text.len());
                text.replace_range(places.get(start).copied().unwrap_or(0)..end, piece);
            }
            text
        })
    }

    #[test]
    fn the_common_event_is_read_in_one_pass() {
        let mut event = Event::blank();
        assert!(Parser::new().read_common(EVENT, &mut event).is_ok());
        assert_eq!(Parser::new().read_any(EVENT), Ok(event));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn what_is_read_in_one_pass_is_read_alike_in_two_steps(text in almost_common()) {
            let mut event = Event::blank();
            if Parser::new().read_common(&text, &mut event).is_ok() {
                prop_assert_eq!(Parser::new().read_any(&text), Ok(event), "{}", text);
            }
        }
    }
}
