//! Strings: where they end, and what their escapes stand for.

use wide::u8x16;

use crate::{Kind, Scanner, Syntax, Token};

impl<'a> Scanner<'a> {
    /// Passes a string without escapes, if that is what is under the cursor:
    /// the common value, by the shortest way.
    #[inline(always)]
    pub fn plain_string(&mut self) -> Option<Token<'a>> {
        if self.peek() != b'"' {
            return None;
        }
        let start = self.at + 1;
        let end = plain_end(self.bytes, start);
        if self.bytes.get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        Some(Token {
            kind: Kind::Plain,
            text: self.slice(start, end),
        })
    }

    /// Passes a string whose opening quote is behind the cursor.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Token<'a>, Syntax> {
        let start = self.at;
        let mut kind = Kind::Plain;
        loop {
            self.at = plain_end(self.bytes, self.at);
            match self.peek() {
                b'"' => {
                    let text = self.slice(start, self.at);
                    self.bump();
                    return Ok(Token { kind, text });
                }
                b'\\' => {
                    kind = Kind::Escaped;
                    self.bump();
                    self.escape()?;
                }
                _ if self.at >= self.bytes.len() => return self.fault("a closing quote"),
                _ => return self.fault("a control character to be escaped"),
            }
        }
    }

    /// Passes what follows a backslash.
    fn escape(&mut self) -> Result<(), Syntax> {
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

    /// Passes `uXXXX` and gives its value.
    fn code_unit(&mut self) -> Result<u16, Syntax> {
        let value = self.bytes.get(self.at + 1..self.at + 5).and_then(hex4);
        match value {
            Some(value) => {
                self.at += 5;
                Ok(value)
            }
            None => self.fault("four hexadecimal digits after \\u"),
        }
    }
}

/// Bytes that are looked at in one step.
const STEP: usize = 32;

/// Where the first byte at or behind `from` lies that needs thought (a quote, a
/// backslash or a control character), or the end.
#[inline(always)]
pub(crate) fn plain_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<STEP>()) {
        let specials = specials(chunk);
        if specials != 0 {
            return at + specials.trailing_zeros() as usize;
        }
        at += STEP;
    }
    plain_end_of_tail(bytes, at)
}

/// As [`plain_end`], where less than a step is left: the last step of all the
/// bytes is looked at, less what lies before `from`.
#[inline(always)]
fn plain_end_of_tail(bytes: &[u8], from: usize) -> usize {
    match bytes.last_chunk::<STEP>() {
        Some(chunk) if from < bytes.len() => {
            let before = from + STEP - bytes.len();
            let specials = specials(chunk) >> before;
            match specials {
                0 => bytes.len(),
                _ => from + specials.trailing_zeros() as usize,
            }
        }
        _ => bytes
            .get(from..)
            .unwrap_or_default()
            .iter()
            .position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')
            .map_or(bytes.len(), |found| from + found),
    }
}

/// A bit for every byte that needs thought, the first byte's the lowest.
#[inline(always)]
fn specials(chunk: &[u8; STEP]) -> u32 {
    let half = |bytes: &[u8; STEP / 2]| {
        let bytes = u8x16::new(*bytes);
        let special = bytes.simd_eq(u8x16::splat(b'"'))
            | bytes.simd_eq(u8x16::splat(b'\\'))
            | bytes.min(u8x16::splat(b' ' - 1)).simd_eq(bytes);
        special.to_bitmask()
    };
    match chunk.as_chunks().0 {
        [low, high] => half(low) | half(high) << (STEP / 2),
        _ => 0,
    }
}

fn hex4(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0u16, |value, &digit| {
        let nibble = char::from(digit).to_digit(16)?;
        Some(value << 4 | nibble as u16)
    })
}

/// Undoes the escapes of a string that the scanner has proved well formed.
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

/// Reads `uXXXX`, or `uXXXX\uXXXX` for a pair, and gives what comes behind.
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
