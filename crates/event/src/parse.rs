//! Parses the bytes of one unit into an event, or into the reason for its rejection.
//!
//! The fast path (`one_pass`) reads nearly every valid event in one pass. The slow
//! path has two steps. The first checks the grammar and finds the value of each known
//! field. The second reads the fields in a fixed order, so that a unit with several
//! faults is always rejected for the same one:
//!
//! 1. the unit: `invalid_json` (anywhere in it), `not_an_object`;
//! 2. `schema_version`, because a later version may change every other rule;
//! 3. the fields in the order of [`FIELDS`], each by its own rules;
//! 4. absent fields that the event's type needs, in the same order;
//! 5. all unknown fields together;
//! 6. [`Event::admit`]: the time against the arrival.
//!
//! Within a field: `missing_field`, `wrong_type` (JSON type, then format),
//! `too_long`, `illegal_character`, `out_of_range`.
//! The rules of a known field apply to every event type, including types that do not
//! need the field. `null` means absence. If a key occurs twice, the last value counts.

use marquee_json::{Keys, Scanner, SyntaxError, Token, ValueKind, decode_utf8};

use crate::field::wrong_type;
use crate::fields::{Device, Event, FIELDS, Field, Producer, at};
use crate::format::FormatVersion;
use crate::one_pass::NeedsSlowPath;
use crate::rejection::{Detail, Reason, Rejection};

/// The result of scanning JSON.
type Scanned<T = ()> = Result<T, SyntaxError>;

/// Parses one unit as an event, version 1.
///
/// # Errors
/// A [`Rejection`] with the first fault in the order above.
pub fn parse(unit: &[u8]) -> Result<Event<'_>, Rejection> {
    Parser::new().parse(unit)
}

/// A parser of one unit after the other.
///
/// It remembers the order of the keys, which makes it faster and changes no result.
#[derive(Debug, Clone)]
pub struct Parser {
    pub(crate) keys: Keys<{ FIELDS.len() }>,
    pub(crate) nested: NestedKeys,
}

/// The keys of the members of the known objects.
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
    /// Creates a parser of the current format version.
    pub fn new() -> Self {
        Self::of(FormatVersion::CURRENT)
    }

    /// Creates a parser that knows only the fields of a format version. Fields that were
    /// added later are unknown to it: they go to `extra`.
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

    /// Parses one unit as an event, version 1.
    ///
    /// # Errors
    /// A [`Rejection`] with the first fault in the order above.
    pub fn parse<'a>(&mut self, unit: &'a [u8]) -> Result<Event<'a>, Rejection> {
        let mut event = Event::blank();
        self.parse_into(unit, &mut event).map(|()| event)
    }

    /// Parses one unit into `event`, which saves a move of the event. If the unit is
    /// rejected, `event` is unspecified.
    ///
    /// # Errors
    /// As [`Parser::parse`].
    #[inline(always)]
    pub fn parse_into<'a>(
        &mut self,
        unit: &'a [u8],
        event: &mut Event<'a>,
    ) -> Result<(), Rejection> {
        let text = decode_utf8(unit).map_err(not_utf8)?;
        *event = Event::blank();
        match self.parse_fast(text, event) {
            Ok(()) => Ok(()),
            Err(NeedsSlowPath) => {
                *event = self.parse_slow(text)?;
                Ok(())
            }
        }
    }

    /// Parses any unit on the slow path.
    #[inline(never)]
    fn parse_slow<'a>(&mut self, text: &'a str) -> Result<Event<'a>, Rejection> {
        let mut fields = Fields::default();
        match self.scan(text, &mut fields) {
            Ok(true) => fields.read(),
            Ok(false) => Err(Rejection::of_unit(Reason::NotAnObject, Detail::NotAnObject)),
            Err(fault) => Err(Rejection::of_unit(
                Reason::InvalidJson,
                Detail::Other(fault.to_string()),
            )),
        }
    }

    /// Checks the grammar and finds the fields. Returns whether the unit is an object.
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
fn not_utf8(valid: usize) -> Rejection {
    Rejection::of_unit(Reason::InvalidJson, Detail::NotUtf8 { valid })
}

/// The values of the known fields, not yet read, and the unknown members.
pub(crate) struct Fields<'a> {
    /// In the order of [`FIELDS`]. Those of objects are absent.
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
    /// Returns the value of the field at `place` in [`FIELDS`].
    pub(crate) fn token(&self, place: usize) -> Token<'a> {
        self.tokens[place]
    }
}

/// The value of a known object, its known members, and its unknown members.
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

    /// Returns whether the object is present.
    ///
    /// # Errors
    /// `wrong_type` if the value is not an object.
    pub(crate) fn is_present(&self, name: &'static str) -> Result<bool, Rejection> {
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

    /// Generates a typical event with a few pieces replaced.
    fn nearly_typical_event() -> impl Strategy<Value = String> {
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
    fn a_typical_event_takes_the_fast_path() {
        let mut event = Event::blank();
        assert!(Parser::new().parse_fast(EVENT, &mut event).is_ok());
        assert_eq!(Parser::new().parse_slow(EVENT), Ok(event));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn both_paths_return_the_same_event(text in nearly_typical_event()) {
            let mut event = Event::blank();
            if Parser::new().parse_fast(&text, &mut event).is_ok() {
                prop_assert_eq!(Parser::new().parse_slow(&text), Ok(event), "{}", text);
            }
        }
    }
}
