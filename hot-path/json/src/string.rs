//! String scanning and unescaping.

use wide::u8x32;

use crate::{Scanner, SyntaxError, Token, ValueKind};

impl<'a> Scanner<'a> {
    /// Consumes a string without escapes and returns its text.
    ///
    /// Returns `None`, with the cursor unchanged, for any other input.
    #[inline(always)]
    pub fn plain_string(&mut self) -> Option<&'a str> {
        let (b'"', inside) = self.rest.split_first()? else {
            return None;
        };
        let length = plain_length(inside, self.whole());
        let (b'"', rest) = inside.get(length..)?.split_first()? else {
            return None;
        };
        let start = self.position() + 1;
        self.rest = rest;
        Some(self.slice(start, start + length))
    }

    /// Consumes the rest of a string, after its opening quote.
    pub(crate) fn string(&mut self) -> Result<Token<'a>, SyntaxError> {
        let start = self.position();
        let mut kind = ValueKind::Plain;
        loop {
            self.advance(plain_length(self.rest, self.whole()));
            match self.rest.first() {
                Some(b'"') => {
                    let text = self.slice(start, self.position());
                    self.bump();
                    return Ok(Token { kind, text });
                }
                Some(b'\\') => {
                    kind = ValueKind::Escaped;
                    self.bump();
                    self.escape()?;
                }
                Some(_) => return self.fault("a control character to be escaped"),
                None => return self.fault("a closing quote"),
            }
        }
    }

    /// Consumes the rest of an escape, after its backslash.
    fn escape(&mut self) -> Result<(), SyntaxError> {
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.bump();
                Ok(())
            }
            b'u' => match self.code_unit()? {
                0xDC00..=0xDFFF => self.fault("no lone low surrogate"),
                0xD800..=0xDBFF => {
                    if self.peek() != b'\\' {
                        return self.fault("the low half of a surrogate pair");
                    }
                    self.bump();
                    if self.peek() != b'u' || !matches!(self.code_unit()?, 0xDC00..=0xDFFF) {
                        return self.fault("the low half of a surrogate pair");
                    }
                    Ok(())
                }
                _ => Ok(()),
            },
            _ => self.fault("one of \"\\/bfnrtu after a backslash"),
        }
    }

    /// Consumes `uXXXX` and returns its UTF-16 code unit.
    fn code_unit(&mut self) -> Result<u16, SyntaxError> {
        let value = self.rest.get(1..5).and_then(hex4);
        match value {
            Some(value) => {
                self.advance(5);
                Ok(value)
            }
            None => self.fault("four hexadecimal digits after \\u"),
        }
    }
}

/// The number of bytes examined in one step.
const STEP: usize = 32;

/// Returns the number of bytes before the first quote, backslash or control
/// character of `rest`, or its length if there is none.
///
/// `rest` must be a suffix of `whole`.
#[inline(always)]
pub(crate) fn plain_length(rest: &[u8], whole: &[u8]) -> usize {
    let mut at = 0;
    while let Some(chunk) = rest.get(at..).and_then(|rest| rest.first_chunk::<STEP>()) {
        let specials = specials(chunk);
        if specials != 0 {
            return at + specials.trailing_zeros() as usize;
        }
        at += STEP;
    }
    at + plain_length_of_tail(rest.get(at..).unwrap_or_default(), whole)
}

/// Implements [`plain_length`] for less than a step: examines the last step of
/// `whole` and discards the bits of the bytes before `rest`.
#[inline(always)]
fn plain_length_of_tail(rest: &[u8], whole: &[u8]) -> usize {
    match whole.last_chunk::<STEP>() {
        Some(chunk) if !rest.is_empty() => {
            let specials = specials(chunk) >> (STEP - rest.len());
            (specials.trailing_zeros() as usize).min(rest.len())
        }
        _ => rest
            .iter()
            .position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')
            .unwrap_or(rest.len()),
    }
}

/// Returns a bit mask of the quotes, backslashes and control characters; the
/// lowest bit stands for the first byte.
#[inline(always)]
fn specials(chunk: &[u8; STEP]) -> u32 {
    let bytes = u8x32::new(*chunk);
    let special = bytes.simd_eq(u8x32::splat(b'"'))
        | bytes.simd_eq(u8x32::splat(b'\\'))
        | bytes.min(u8x32::splat(b' ' - 1)).simd_eq(bytes);
    special.to_bitmask()
}

fn hex4(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0u16, |value, &digit| {
        let nibble = char::from(digit).to_digit(16)?;
        Some(value << 4 | nibble as u16)
    })
}

/// Resolves the escapes of a string.
///
/// The scanner has validated the escapes; a malformed one would become U+FFFD.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut following = escaped.chars();
        rest = match following.next() {
            Some('u') => unescape_unicode(escaped, &mut out),
            Some(letter) => {
                out.push(match letter {
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    itself => itself,
                });
                following.as_str()
            }
            None => "",
        };
    }
    out.push_str(rest);
    out
}

/// Appends the character of `uXXXX`, or `uXXXX\uXXXX` for a surrogate pair, and
/// returns the text after it.
fn unescape_unicode<'a>(escaped: &'a str, out: &mut String) -> &'a str {
    let unit = |from: usize| escaped.as_bytes().get(from..from + 4).and_then(hex4);
    let high = unit(1).unwrap_or(0xFFFD);
    let (units, end) = match (high, unit(7)) {
        (0xD800..=0xDBFF, Some(low)) => ([high, low], 11),
        _ => ([high, 0], 5),
    };
    let used = if end == 11 { &units[..] } else { &units[..1] };
    out.extend(char::decode_utf16(used.iter().copied()).map(|unit| unit.unwrap_or('\u{fffd}')));
    escaped.get(end..).unwrap_or_default()
}
