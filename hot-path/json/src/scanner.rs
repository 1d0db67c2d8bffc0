//! The cursor, and its methods for values, objects and arrays.

use memchr::memchr2;

use crate::{SyntaxError, Token, ValueKind};

/// The maximum nesting depth; deeper input is a syntax error.
const MAX_DEPTH: u32 = 127;

/// A cursor over a JSON text.
pub struct Scanner<'a> {
    text: &'a str,
    /// The bytes from the cursor on.
    pub(crate) rest: &'a [u8],
    /// The number of open objects and arrays at the cursor.
    depth: u32,
}

impl<'a> Scanner<'a> {
    /// Creates a scanner with its cursor at the start of the text.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            rest: text.as_bytes(),
            depth: 0,
        }
    }

    /// Returns the byte offset of the cursor.
    #[inline]
    pub fn position(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// Returns all bytes, including those before the cursor.
    #[inline]
    pub(crate) fn whole(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// Advances the cursor by `count` bytes, at most to the end.
    #[inline]
    pub(crate) fn advance(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    /// Returns the text between two offsets, which must be token boundaries.
    #[inline(always)]
    pub fn slice(&self, start: usize, end: usize) -> &'a str {
        let to_end = self.text.get(..end).unwrap_or_default();
        to_end.get(start..).unwrap_or_default()
    }

    /// Returns the byte at the cursor, or 0 at the end of the text.
    ///
    /// The grammar allows no 0 outside a string, so 0 is unambiguous there.
    #[inline]
    pub fn peek(&self) -> u8 {
        self.rest.first().copied().unwrap_or(0)
    }

    /// Consumes one byte.
    #[inline]
    pub fn bump(&mut self) {
        self.advance(1);
    }

    /// Consumes white space.
    #[inline]
    pub fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.bump();
        }
    }

    /// Returns a syntax error at the cursor.
    ///
    /// # Errors
    /// Always.
    #[cold]
    pub fn fault<T>(&self, expected: &'static str) -> Result<T, SyntaxError> {
        Err(SyntaxError {
            at: self.position(),
            expected,
        })
    }

    /// Consumes `{` or `[` and enters a nesting level.
    #[inline]
    pub(crate) fn open(&mut self) -> Result<(), SyntaxError> {
        if self.depth == MAX_DEPTH {
            return self.fault("fewer levels of nesting");
        }
        self.depth += 1;
        self.bump();
        Ok(())
    }

    /// Consumes `}` or `]` and leaves the innermost nesting level.
    #[inline]
    pub(crate) fn close(&mut self) {
        self.depth -= 1;
        self.bump();
    }

    /// Consumes trailing white space up to the end of the text.
    ///
    /// # Errors
    /// Returns an error if other bytes follow.
    pub fn end(&mut self) -> Result<(), SyntaxError> {
        self.skip_space();
        if self.rest.is_empty() {
            Ok(())
        } else {
            self.fault("nothing after the value")
        }
    }

    /// Iterates over the members of an object.
    ///
    /// The cursor must be on the object's `{`. For each member, calls `each`
    /// with the key and the offset of its opening quote. The cursor is then on
    /// the first byte of the value, and `each` must consume the value.
    ///
    /// # Errors
    /// Returns the first error of `each`, or a syntax error between the members.
    #[inline]
    pub fn members(
        &mut self,
        mut each: impl FnMut(&mut Self, Token<'a>, usize) -> Result<(), SyntaxError>,
    ) -> Result<(), SyntaxError> {
        self.open()?;
        self.skip_space();
        if self.peek() == b'}' {
            self.close();
            return Ok(());
        }
        loop {
            let key_start = self.position();
            let key = self.key()?;
            each(self, key, key_start)?;
            self.skip_space();
            match self.peek() {
                b',' => {
                    self.bump();
                    self.skip_space();
                }
                b'}' => {
                    self.close();
                    return Ok(());
                }
                _ => return self.fault("`,` or `}` after a member"),
            }
        }
    }

    /// Consumes a key, its colon and the white space around the colon.
    pub(crate) fn key(&mut self) -> Result<Token<'a>, SyntaxError> {
        if self.peek() != b'"' {
            return self.fault("a key in quotes");
        }
        self.bump();
        let key = self.string()?;
        self.skip_space();
        if self.peek() != b':' {
            return self.fault("`:` after a key");
        }
        self.bump();
        self.skip_space();
        Ok(key)
    }

    /// Consumes `text` if it follows; returns `false` otherwise.
    ///
    /// Performs no other check: `text` must be source text that the scanner has
    /// already validated at an equivalent position.
    #[inline]
    pub fn pass_proved(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text.as_bytes()) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Moves the cursor back to an earlier offset at the same nesting depth.
    pub fn return_to(&mut self, position: usize) {
        self.rest = self.whole().get(position..).unwrap_or_default();
    }

    /// Consumes a value.
    ///
    /// # Errors
    /// Returns an error if no valid value starts at the cursor.
    #[inline]
    pub fn value(&mut self) -> Result<Token<'a>, SyntaxError> {
        if self.peek() == b'"' {
            self.bump();
            return self.string();
        }
        let start = self.position();
        let kind = self.skip_value()?;
        Ok(Token {
            kind,
            text: self.slice(start, self.position()),
        })
    }

    /// Consumes optional white space and a value, with a fast path for strings
    /// without escapes and for short integers.
    ///
    /// # Errors
    /// Returns an error if no valid value follows.
    #[inline(always)]
    pub fn likely_value(&mut self) -> Result<Token<'a>, SyntaxError> {
        if let Some(text) = self.plain_string() {
            let kind = ValueKind::Plain;
            return Ok(Token { kind, text });
        }
        let start = self.position();
        if self.short_integer().is_some() {
            let text = self.slice(start, self.position());
            let kind = ValueKind::Number;
            return Ok(Token { kind, text });
        }
        self.other_value()
    }

    #[inline(never)]
    fn other_value(&mut self) -> Result<Token<'a>, SyntaxError> {
        self.skip_space();
        self.value()
    }

    /// Consumes a value and returns its kind.
    fn skip_value(&mut self) -> Result<ValueKind, SyntaxError> {
        match self.peek() {
            b'"' => {
                self.bump();
                Ok(self.string()?.kind)
            }
            b'-' | b'0'..=b'9' => self.number(),
            b'n' => self.literal("null", ValueKind::Null),
            b't' => self.literal("true", ValueKind::Other),
            b'f' => self.literal("false", ValueKind::Other),
            b'{' => {
                self.members(|scanner, _, _| scanner.skip_value().map(drop))?;
                Ok(ValueKind::Other)
            }
            b'[' => {
                self.elements(|scanner| scanner.skip_value().map(drop))?;
                Ok(ValueKind::Other)
            }
            _ => self.fault("a value"),
        }
    }

    /// Iterates over the elements of an array.
    ///
    /// The cursor must be on the array's `[`. Calls `each` for each element,
    /// which it must consume.
    ///
    /// # Errors
    /// Returns the first error of `each`, or a syntax error between the elements.
    #[inline]
    pub fn elements(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), SyntaxError>,
    ) -> Result<(), SyntaxError> {
        self.open()?;
        self.skip_space();
        if self.peek() == b']' {
            self.close();
            return Ok(());
        }
        loop {
            each(self)?;
            self.skip_space();
            match self.peek() {
                b',' => {
                    self.bump();
                    self.skip_space();
                }
                b']' => {
                    self.close();
                    return Ok(());
                }
                _ => return self.fault("`,` or `]` after an element"),
            }
        }
    }

    /// Consumes a value, with a fast path for a long string such as base64 data.
    ///
    /// The fast path only searches for the end of a string without escapes; it
    /// does not reject control characters. The caller must validate the
    /// characters, as a base64 decoder does.
    ///
    /// # Errors
    /// Returns an error if no valid value starts at the cursor.
    pub fn long_string(&mut self) -> Result<Token<'a>, SyntaxError> {
        if let Some((b'"', inside)) = self.rest.split_first()
            && let Some(length) = memchr2(b'"', b'\\', inside)
            && inside.get(length) == Some(&b'"')
        {
            let start = self.position() + 1;
            self.advance(length + 2);
            return Ok(Token {
                kind: ValueKind::Plain,
                text: self.slice(start, start + length),
            });
        }
        self.value()
    }

    fn literal(&mut self, word: &'static str, kind: ValueKind) -> Result<ValueKind, SyntaxError> {
        if self.pass_proved(word) {
            Ok(kind)
        } else {
            self.fault("`null`, `true` or `false`")
        }
    }
}
