//! A strict, validating JSON scanner (RFC 8259).
//!
//! The scanner validates the grammar and locates each value; it converts none.
//! It returns a string as the text between its quotes, flagged as plain or
//! escaped, so callers borrow the common plain string without a copy. A property
//! test checks that it accepts the same documents as `serde_json`.

mod digits;
mod keys;
mod members;
mod number;
mod scanner;
mod string;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

pub use keys::Keys;
pub use scanner::Scanner;

/// The kind of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// No value: the initial state of a field.
    Absent,
    /// `null`, which callers treat like an absent field.
    Null,
    /// A string without escapes.
    Plain,
    /// A string with escapes, all of them well formed.
    Escaped,
    /// A number.
    Number,
    /// A boolean, an object or an array.
    Other,
}

/// A value and its source text.
#[derive(Debug, Clone, Copy)]
pub struct Token<'a> {
    /// The kind of the value.
    pub kind: ValueKind,
    /// The source text: a string without its quotes, any other value in full.
    pub text: &'a str,
}

impl<'a> Token<'a> {
    /// The token of an absent value.
    pub const ABSENT: Self = Self {
        kind: ValueKind::Absent,
        text: "",
    };

    /// Returns the string value, with escapes resolved.
    ///
    /// Meaningful only for [`ValueKind::Plain`] and [`ValueKind::Escaped`].
    #[inline]
    pub fn unescaped(self) -> Cow<'a, str> {
        if self.kind == ValueKind::Escaped {
            Cow::Owned(string::unescape(self.text))
        } else {
            Cow::Borrowed(self.text)
        }
    }
}

/// A violation of the JSON grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxError {
    /// The byte offset of the violation, from 0.
    pub at: usize,
    /// The token that the grammar requires at this offset.
    pub expected: &'static str,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.at)
    }
}

impl std::error::Error for SyntaxError {}

/// Validates the bytes as UTF-8 and returns them as text.
///
/// # Errors
/// Returns the length of the valid prefix if the bytes are not UTF-8.
pub fn decode_utf8(bytes: &[u8]) -> Result<&str, usize> {
    // The SIMD check does not report the offset. Only invalid input pays for the second check.
    simdutf8::basic::from_utf8(bytes).map_err(|_| match std::str::from_utf8(bytes) {
        Err(error) => error.valid_up_to(),
        Ok(text) => text.len(),
    })
}
