//! The rules of fields: how a value is read, bounded and written.
//!
//! A rule is a type without values, so that the compiler selects the code of each field.
//! [`Scalar::read_fast`] is the fast path. [`Scalar::read`] is the slow path, which also
//! reports the fault for which a unit is rejected. Property tests compare the two.

mod objects;

use std::borrow::Cow;

use marquee_json::{Scanner, Token, ValueKind};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::event::{Country, EventType, Rating, bounds};
use crate::field::{bounded_id, integer, out_of_range, plain_string, string, wrong_type};
use crate::fields::{Device, FieldKind, Producer};
use crate::one_pass::{NeedsSlowPath, found, word};
use crate::parse::{Fields, NestedKeys};
use crate::rejection::{Detail, Reason, Rejection};
use crate::time::{format_utc, parse_rfc3339};
use crate::write::{Unknown, WriteError, json};

pub(crate) use objects::{DeviceObject, ProducerObject};

/// The rule of a field that is not an object.
pub(crate) trait Scalar<'a> {
    /// The type of the field's values.
    type Value;
    /// The kind of the values, for tables and documentation.
    const KIND: FieldKind;

    /// Reads the value at the cursor if the fast path applies.
    fn read_fast(scanner: &mut Scanner<'a>) -> Result<Self::Value, NeedsSlowPath>;

    /// Reads the value of the field `path`; `None` if it is absent or null.
    fn read(path: &'static str, token: Token<'a>) -> Result<Option<Self::Value>, Rejection>;

    /// Appends `key`, which has the form `,"name":`, and the value.
    fn write(out: &mut Vec<u8>, key: &str, value: &Self::Value) -> Result<(), WriteError>;
}

/// The rule of any field of an event.
pub(crate) trait Rule<'a> {
    /// The type of the field's values.
    type Value;
    /// The kind of the values, for tables and documentation.
    const KIND: FieldKind;

    /// As [`Scalar::read_fast`]; `nested` has the keys of the objects.
    fn read_fast(
        scanner: &mut Scanner<'a>,
        nested: &mut NestedKeys,
    ) -> Result<Self::Value, NeedsSlowPath>;

    /// As [`Scalar::read`]; `fields` has the members of the objects.
    fn read(
        path: &'static str,
        token: Token<'a>,
        fields: &Fields<'a>,
    ) -> Result<Option<Self::Value>, Rejection>;

    /// As [`Scalar::write`]; `unknown` has the unknown members of the objects.
    fn write(
        out: &mut Vec<u8>,
        key: &str,
        value: &Self::Value,
        unknown: &Unknown<'_>,
    ) -> Result<(), WriteError>;
}

impl<'a, S: Scalar<'a>> Rule<'a> for S {
    type Value = S::Value;
    const KIND: FieldKind = S::KIND;

    #[inline(always)]
    fn read_fast(
        scanner: &mut Scanner<'a>,
        _: &mut NestedKeys,
    ) -> Result<Self::Value, NeedsSlowPath> {
        S::read_fast(scanner)
    }

    #[inline(always)]
    fn read(
        path: &'static str,
        token: Token<'a>,
        _: &Fields<'a>,
    ) -> Result<Option<Self::Value>, Rejection> {
        S::read(path, token)
    }

    #[inline(always)]
    fn write(
        out: &mut Vec<u8>,
        key: &str,
        value: &Self::Value,
        _: &Unknown<'_>,
    ) -> Result<(), WriteError> {
        S::write(out, key, value)
    }
}

/// The rule of a field that every event has: it has a value before it is read.
pub(crate) trait Blank<'a>: Rule<'a> {
    /// The value before the field is read.
    const BLANK: Self::Value;
}

/// The rule of a field that can be added after the first format version: every table
/// stores its values without code of its own.
pub(crate) trait AddedRule<'a>: Scalar<'a> {
    /// Converts the value for the tables.
    fn value<'v>(value: &'v Self::Value) -> Value<'v>;
}

/// The value of an added field, in the form that the tables store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// A string.
    Text(&'a str),
    /// An integer.
    Integer(i64),
}

/// A UUID with hyphens.
pub(crate) struct UuidText;

/// Parses `8-4-4-4-12` hexadecimal digits in either case.
#[inline(always)]
fn parse_uuid(text: &str) -> Option<Uuid> {
    // The other forms that the crate accepts have other lengths.
    match text.len() {
        Hyphenated::LENGTH => Uuid::try_parse(text).ok(),
        _ => None,
    }
}

impl<'a> Scalar<'a> for UuidText {
    type Value = Uuid;
    const KIND: FieldKind = FieldKind::Uuid;

    #[inline(always)]
    fn read_fast(scanner: &mut Scanner<'a>) -> Result<Uuid, NeedsSlowPath> {
        found(parse_uuid(word(scanner)?))
    }

    fn read(path: &'static str, token: Token<'a>) -> Result<Option<Uuid>, Rejection> {
        let Some(text) = plain_string(path, token)? else {
            return Ok(None);
        };
        match parse_uuid(&text) {
            Some(uuid) => Ok(Some(uuid)),
            None => Err(wrong_type(path, token, "a UUID with hyphens")),
        }
    }

    fn write(out: &mut Vec<u8>, key: &str, value: &Uuid) -> Result<(), WriteError> {
        let mut text = [0; Hyphenated::LENGTH];
        let text = value.hyphenated().encode_lower(&mut text);
        in_quotes(out, key, text.as_bytes());
        Ok(())
    }
}

impl Blank<'_> for UuidText {
    const BLANK: Uuid = Uuid::nil();
}

/// The name of an event type.
pub(crate) struct TypeName;

impl<'a> Scalar<'a> for TypeName {
    type Value = EventType;
    const KIND: FieldKind = FieldKind::TypeName;

    #[inline(always)]
    fn read_fast(scanner: &mut Scanner<'a>) -> Result<EventType, NeedsSlowPath> {
        found(EventType::from_name(word(scanner)?))
    }

    fn read(path: &'static str, token: Token<'a>) -> Result<Option<EventType>, Rejection> {
        let Some(name) = plain_string(path, token)? else {
            return Ok(None);
        };
        match EventType::from_name(&name) {
            Some(event_type) => Ok(Some(event_type)),
            None => Err(Rejection::of_field(
                Reason::UnknownEventType,
                path,
                Some(token.text.as_bytes()),
                Detail::UnknownEventType,
            )),
        }
    }

    fn write(out: &mut Vec<u8>, key: &str, value: &EventType) -> Result<(), WriteError> {
        in_quotes(out, key, value.name().as_bytes());
        Ok(())
    }
}

impl Blank<'_> for TypeName {
    const BLANK: EventType = EventType::Play;
}

/// A time of RFC 3339 with an offset, in UTC microseconds.
pub(crate) struct Time;

impl<'a> Scalar<'a> for Time {
    type Value = i64;
    const KIND: FieldKind = FieldKind::Time;

    #[inline(always)]
    fn read_fast(scanner: &mut Scanner<'a>) -> Result<i64, NeedsSlowPath> {
        found(parse_rfc3339(word(scanner)?))
    }

    fn read(path: &'static str, token: Token<'a>) -> Result<Option<i64>, Rejection> {
        let Some(text) = plain_string(path, token)? else {
            return Ok(None);
        };
        match parse_rfc3339(&text) {
            Some(time) => Ok(Some(time)),
            None => Err(wrong_type(path, token, "an RFC 3339 time with an offset")),
        }
    }

    fn write(out: &mut Vec<u8>, key: &str, value: &i64) -> Result<(), WriteError> {
        out.extend_from_slice(key.as_bytes());
        out.push(b'"');
        format_utc(*value, out);
        out.push(b'"');
        Ok(())
    }
}

impl Blank<'_> for Time {
    const BLANK: i64 = 0;
}

/// A string of 1 to [`bounds::ID_BYTES`] bytes.
pub(crate) struct Id;

impl<'a> Scalar<'a> for Id {
    type Value = Cow<'a, str>;
    const KIND: FieldKind = FieldKind::Id {
        most: bounds::ID_BYTES,
    };

    #[inline(always)]
    fn read_fast(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, NeedsSlowPath> {
        let text = word(scanner)?;
        let is_id = matches!(text.len(), 1..=bounds::ID_BYTES);
        found(is_id.then_some(Cow::Borrowed(text)))
    }

    fn read(path: &'static str, token: Token<'a>) -> Result<Option<Cow<'a, str>>, Rejection> {
        bounded_id(path, token)
    }

    fn write(out: &mut Vec<u8>, key: &str, value: &Cow<'a, str>) -> Result<(), WriteError> {
        out.extend_from_slice(key.as_bytes());
        json(out, &**value)
    }
}

impl<'a> Blank<'a> for Id {
    const BLANK: Cow<'a, str> = Cow::Borrowed("");
}

impl<'a> AddedRule<'a> for Id {
    #[inline(always)]
    fn value<'v>(value: &'v Cow<'a, str>) -> Value<'v> {
        Value::Text(value)
    }
}

/// A string of up to `MOST` bytes.
pub(crate) struct Text<const MOST: usize>;

impl<'a, const MOST: usize> Scalar<'a> for Text<MOST> {
    type Value = Cow<'a, str>;
    const KIND: FieldKind = FieldKind::Text { most: MOST };

    #[inline(always)]
    fn read_fast(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, NeedsSlowPath> {
        let text = word(scanner)?;
        found((text.len() <= MOST).then_some(Cow::Borrowed(text)))
    }

    fn read(path: &'static str, token: Token<'a>) -> Result<Option<Cow<'a, str>>, Rejection> {
        string(path, token, MOST)
    }

    fn write(out: &mut Vec<u8>, key: &str, value: &Cow<'a, str>) -> Result<(), WriteError> {
        out.extend_from_slice(key.as_bytes());
        json(out, &**value)
    }
}

impl<'a, const MOST: usize> AddedRule<'a> for Text<MOST> {
    #[inline(always)]
    fn value<'v>(value: &'v Cow<'a, str>) -> Value<'v> {
        Value::Text(value)
    }
}

/// Two capital letters.
pub(crate) struct CountryCode;

impl<'a> Scalar<'a> for CountryCode {
    type Value = Country;
    const KIND: FieldKind = FieldKind::Country;

    #[inline(always)]
    fn read_fast(scanner: &mut Scanner<'a>) -> Result<Country, NeedsSlowPath> {
        found(Country::from_code(word(scanner)?))
    }

    fn read(path: &'static str, token: Token<'a>) -> Result<Option<Country>, Rejection> {
        let Some(code) = plain_string(path, token)? else {
            return Ok(None);
        };
        match Country::from_code(&code) {
            Some(country) => Ok(Some(country)),
            None => Err(wrong_type(
                path,
                token,
                "two capital letters (ISO 3166-1 alpha-2)",
            )),
        }
    }

    fn write(out: &mut Vec<u8>, key: &str, value: &Country) -> Result<(), WriteError> {
        in_quotes(out, key, value.as_bytes());
        Ok(())
    }
}

/// An integer of 32 bits, within `LEAST..=MOST`.
pub(crate) struct Int32<const LEAST: i64, const MOST: i64>;

impl<const LEAST: i64, const MOST: i64> Int32<LEAST, MOST> {
    const FITS: () = assert!(LEAST >= i32::MIN as i64 && MOST <= i32::MAX as i64);
}

impl<'a, const LEAST: i64, const MOST: i64> Scalar<'a> for Int32<LEAST, MOST> {
    type Value = i32;
    const KIND: FieldKind = {
        let () = Self::FITS;
        FieldKind::Int32 {
            least: LEAST,
            most: MOST,
        }
    };

    #[inline(always)]
    fn read_fast(scanner: &mut Scanner<'a>) -> Result<i32, NeedsSlowPath> {
        Ok(<Int64<LEAST, MOST> as Scalar>::read_fast(scanner)? as i32)
    }

    fn read(path: &'static str, token: Token<'a>) -> Result<Option<i32>, Rejection> {
        Ok(integer(path, token, LEAST, MOST)?.map(|value| value as i32))
    }

    fn write(out: &mut Vec<u8>, key: &str, value: &i32) -> Result<(), WriteError> {
        out.extend_from_slice(key.as_bytes());
        json(out, value)
    }
}

impl<const LEAST: i64, const MOST: i64> AddedRule<'_> for Int32<LEAST, MOST> {
    #[inline(always)]
    fn value<'v>(value: &'v i32) -> Value<'v> {
        Value::Integer(i64::from(*value))
    }
}

/// An integer of 64 bits, within `LEAST..=MOST`.
pub(crate) struct Int64<const LEAST: i64, const MOST: i64>;

impl<'a, const LEAST: i64, const MOST: i64> Scalar<'a> for Int64<LEAST, MOST> {
    type Value = i64;
    const KIND: FieldKind = FieldKind::Int64 {
        least: LEAST,
        most: MOST,
    };

    #[inline(always)]
    fn read_fast(scanner: &mut Scanner<'a>) -> Result<i64, NeedsSlowPath> {
        let value = found(scanner.short_integer())?;
        found((LEAST..=MOST).contains(&value).then_some(value))
    }

    fn read(path: &'static str, token: Token<'a>) -> Result<Option<i64>, Rejection> {
        integer(path, token, LEAST, MOST)
    }

    fn write(out: &mut Vec<u8>, key: &str, value: &i64) -> Result<(), WriteError> {
        out.extend_from_slice(key.as_bytes());
        json(out, value)
    }
}

impl<const LEAST: i64, const MOST: i64> Blank<'_> for Int64<LEAST, MOST> {
    const BLANK: i64 = 0;
}

impl<const LEAST: i64, const MOST: i64> AddedRule<'_> for Int64<LEAST, MOST> {
    #[inline(always)]
    fn value<'v>(value: &'v i64) -> Value<'v> {
        Value::Integer(*value)
    }
}

/// Half a star to five stars, in halves.
pub(crate) struct Stars;

impl<'a> Scalar<'a> for Stars {
    type Value = Rating;
    const KIND: FieldKind = FieldKind::Stars;

    #[inline(always)]
    fn read_fast(scanner: &mut Scanner<'a>) -> Result<Rating, NeedsSlowPath> {
        let token = scanner.likely_value()?;
        match <Self as Scalar>::read("", token) {
            Ok(Some(rating)) => Ok(rating),
            Ok(None) | Err(_) => Err(NeedsSlowPath),
        }
    }

    fn read(path: &'static str, token: Token<'a>) -> Result<Option<Rating>, Rejection> {
        match token.kind {
            ValueKind::Absent | ValueKind::Null => Ok(None),
            ValueKind::Number => token
                .text
                .parse::<f64>()
                .ok()
                .and_then(Rating::from_stars)
                .map(Some)
                .ok_or_else(|| out_of_range(path, token, "0.5 to 5 in steps of a half")),
            _ => Err(wrong_type(path, token, "a number")),
        }
    }

    fn write(out: &mut Vec<u8>, key: &str, value: &Rating) -> Result<(), WriteError> {
        out.extend_from_slice(key.as_bytes());
        json(out, &value.stars())
    }
}

/// Appends `key` and a text without characters that need escapes.
fn in_quotes(out: &mut Vec<u8>, key: &str, text: &[u8]) {
    out.extend_from_slice(key.as_bytes());
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

/// Appends `key` and an object of the members that `write` appends, each after a comma,
/// and of the unknown members. Appends nothing if there is no member.
fn object(
    out: &mut Vec<u8>,
    key: &str,
    unknown: &str,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let before = out.len();
    out.extend_from_slice(key.as_bytes());
    let open = out.len();
    write(out)?;
    if !unknown.is_empty() {
        out.push(b',');
        out.extend_from_slice(unknown.as_bytes());
    }
    match out.get_mut(open) {
        Some(comma) => {
            *comma = b'{';
            out.push(b'}');
        }
        None => out.truncate(before),
    }
    Ok(())
}
