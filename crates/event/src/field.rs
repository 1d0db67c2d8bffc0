//! The slow path of single values: reads the token of a field and reports its fault.

use std::borrow::Cow;

use marquee_json::{Token, ValueKind};

use crate::event::bounds;
use crate::rejection::{Detail, Reason, Rejection};

/// Reads a string of any length and characters.
#[inline(always)]
pub(crate) fn plain_string<'a>(
    field: &'static str,
    token: Token<'a>,
) -> Result<Option<Cow<'a, str>>, Rejection> {
    match token.kind {
        ValueKind::Plain => Ok(Some(Cow::Borrowed(token.text))),
        ValueKind::Absent => Ok(None),
        _ => other_string(field, token),
    }
}

#[cold]
fn other_string<'a>(
    field: &'static str,
    token: Token<'a>,
) -> Result<Option<Cow<'a, str>>, Rejection> {
    match token.kind {
        ValueKind::Absent | ValueKind::Null => Ok(None),
        ValueKind::Plain | ValueKind::Escaped => Ok(Some(token.unescaped())),
        ValueKind::Number | ValueKind::Other => Err(wrong_type(field, token, "a string")),
    }
}

/// Reads a string of at most `most` bytes without U+0000.
#[inline(always)]
pub(crate) fn string<'a>(
    field: &'static str,
    token: Token<'a>,
    most: usize,
) -> Result<Option<Cow<'a, str>>, Rejection> {
    match token.kind {
        ValueKind::Plain if token.text.len() <= most => Ok(Some(Cow::Borrowed(token.text))),
        ValueKind::Absent => Ok(None),
        _ => bounded_string(field, token, most),
    }
}

#[cold]
fn bounded_string<'a>(
    field: &'static str,
    token: Token<'a>,
    most: usize,
) -> Result<Option<Cow<'a, str>>, Rejection> {
    let Some(text) = other_string(field, token)? else {
        return Ok(None);
    };
    if text.len() > most {
        return Err(Rejection::of_field(
            Reason::TooLong,
            field,
            Some(text.as_bytes()),
            Detail::TooLong {
                bytes: text.len(),
                most,
            },
        ));
    }
    // JSON allows control characters in a string only as escapes.
    if token.kind == ValueKind::Escaped && text.contains('\0') {
        return Err(Rejection::of_field(
            Reason::IllegalCharacter,
            field,
            Some(text.as_bytes()),
            Detail::NullCharacter,
        ));
    }
    Ok(Some(text))
}

/// Reads a string of 1 to [`bounds::ID_BYTES`] bytes.
#[inline(always)]
pub(crate) fn bounded_id<'a>(
    field: &'static str,
    token: Token<'a>,
) -> Result<Option<Cow<'a, str>>, Rejection> {
    let text = string(field, token, bounds::ID_BYTES)?;
    if text.as_ref().is_some_and(|text| text.is_empty()) {
        return Err(wrong_type(field, token, "a string that is not empty"));
    }
    Ok(text)
}

/// Reads an integer within `least..=most`. `2.0` and `2e0` are the integer 2.
#[inline(always)]
pub(crate) fn integer(
    field: &'static str,
    token: Token<'_>,
    least: i64,
    most: i64,
) -> Result<Option<i64>, Rejection> {
    match token.kind {
        ValueKind::Absent => Ok(None),
        ValueKind::Number => match small_integer(token.text.as_bytes()) {
            Some(value) if (least..=most).contains(&value) => Ok(Some(value)),
            _ => other_integer(field, token, least, most),
        },
        _ => other_integer(field, token, least, most),
    }
}

#[cold]
fn other_integer(
    field: &'static str,
    token: Token<'_>,
    least: i64,
    most: i64,
) -> Result<Option<i64>, Rejection> {
    match token.kind {
        ValueKind::Absent | ValueKind::Null => return Ok(None),
        ValueKind::Number => {}
        _ => return Err(wrong_type(field, token, "an integer")),
    }
    let value = match small_integer(token.text.as_bytes()) {
        Some(value) => value,
        None => match token.text.parse::<f64>() {
            // A number beyond the largest double is out of range, not a fraction.
            Ok(number) if number.is_finite() && number.fract() != 0.0 => {
                return Err(wrong_type(field, token, "an integer"));
            }
            // Beyond 2^53 a double does not represent every integer.
            Ok(number) if number.abs() <= bounds::PRODUCER_SEQ as f64 => number as i64,
            _ => return Err(out_of_range(field, token, &format!("{least} to {most}"))),
        },
    };
    if (least..=most).contains(&value) {
        Ok(Some(value))
    } else {
        Err(out_of_range(field, token, &format!("{least} to {most}")))
    }
}

/// Reads up to 18 digits and nothing else.
#[inline]
fn small_integer(digits: &[u8]) -> Option<i64> {
    if digits.len() > 18 {
        return None;
    }
    let mut value = 0i64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(value)
}

#[inline]
pub(crate) fn needed<T>(field: &'static str, value: Option<T>) -> Result<T, Rejection> {
    value.ok_or_else(|| missing(field))
}

#[cold]
pub(crate) fn missing(field: &'static str) -> Rejection {
    Rejection::of_field(Reason::MissingField, field, None, Detail::Missing)
}

#[cold]
pub(crate) fn wrong_type(field: &'static str, token: Token<'_>, expected: &str) -> Rejection {
    Rejection::of_field(
        Reason::WrongType,
        field,
        Some(token.text.as_bytes()),
        Detail::Other(format!("expected {expected}")),
    )
}

#[cold]
pub(crate) fn out_of_range(field: &'static str, token: Token<'_>, expected: &str) -> Rejection {
    Rejection::of_field(
        Reason::OutOfRange,
        field,
        Some(token.text.as_bytes()),
        Detail::Other(format!("expected {expected}")),
    )
}
