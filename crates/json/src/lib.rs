//! A strict, validating JSON scanner (RFC 8259).
//!
//! It finds where values begin and end and proves the grammar; it converts
//! nothing. Strings come back as the text between their quotes, with a mark
//! whether it holds escapes, so that the common text is read without a copy.
//! It accepts what `serde_json` accepts, which a property test holds it to.

pub mod digits;
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

/// What kind of value a [`Token`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// No value at all: what a field is before one was found.
    Absent,
    /// `null`, which means the same as no such field.
    Null,
    /// A string without escapes.
    Plain,
    /// A string with escapes, proved to be well formed.
    Escaped,
    /// A number.
    Number,
    /// A boolean, an object or an array.
    Other,
}

/// A value where it lies: strings without their quotes, anything else whole.
#[derive(Debug, Clone, Copy)]
pub struct Token<'a> {
    /// What it is.
    pub kind: ValueKind,
    /// Where it lies.
    pub text: &'a str,
}

impl<'a> Token<'a> {
    /// No value.
    pub const ABSENT: Self = Self {
        kind: ValueKind::Absent,
        text: "",
    };

    /// The string this token stands for; only for [`ValueKind::Plain`] and [`ValueKind::Escaped`].
    #[inline]
    pub fn unescaped(self) -> Cow<'a, str> {
        if self.kind == ValueKind::Escaped {
            Cow::Owned(string::unescape(self.text))
        } else {
            Cow::Borrowed(self.text)
        }
    }
}

/// Where the grammar broke, and what would have been right there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxError {
    /// The byte, from 0.
    pub at: usize,
    /// What would have been right there.
    pub expected: &'static str,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.at)
    }
}

impl std::error::Error for SyntaxError {}

/// The bytes as text, or the first byte that is none.
///
/// # Errors
/// How many bytes at the front are UTF-8.
pub fn decode_utf8(bytes: &[u8]) -> Result<&str, usize> {
    // The fast check does not say where; only refused text pays for the other.
    simdutf8::basic::from_utf8(bytes).map_err(|_| match std::str::from_utf8(bytes) {
        Err(error) => error.valid_up_to(),
        Ok(text) => text.len(),
    })
}
