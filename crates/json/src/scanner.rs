//! The cursor: values, objects and arrays.

use memchr::memchr2;

use crate::{SyntaxError, Token, ValueKind};

/// Levels of nesting that are followed, wherever the unit begins to nest;
/// deeper is refused as not JSON.
const MAX_DEPTH: u32 = 127;

/// A cursor over one text.
pub struct Scanner<'a> {
    text: &'a str,
    /// What lies at the cursor and behind it.
    pub(crate) rest: &'a [u8],
    /// How many objects and arrays are open at the cursor.
    depth: u32,
}

impl<'a> Scanner<'a> {
    /// At the front of the text.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            rest: text.as_bytes(),
            depth: 0,
        }
    }

    /// How many bytes were passed.
    #[inline]
    pub fn position(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// All bytes, those that were passed too.
    #[inline]
    pub(crate) fn whole(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// Passes that many bytes.
    #[inline]
    pub(crate) fn pass_bytes(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    /// The text between two positions that lie on token borders.
    #[inline(always)]
    pub fn slice(&self, start: usize, end: usize) -> &'a str {
        let to_end = self.text.get(..end).unwrap_or_default();
        to_end.get(start..).unwrap_or_default()
    }

    /// The byte under the cursor; 0, which is legal nowhere outside a string,
    /// at the end.
    #[inline]
    pub fn peek(&self) -> u8 {
        self.rest.first().copied().unwrap_or(0)
    }

    /// Passes one byte.
    #[inline]
    pub fn bump(&mut self) {
        self.pass_bytes(1);
    }

    /// Passes white space.
    #[inline]
    pub fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.bump();
        }
    }

    /// The error that something else was expected here.
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

    /// Passes `{` or `[`, if there is a level left.
    #[inline]
    pub(crate) fn open(&mut self) -> Result<(), SyntaxError> {
        if self.depth == MAX_DEPTH {
            return self.fault("fewer levels of nesting");
        }
        self.depth += 1;
        self.bump();
        Ok(())
    }

    /// Passes the `}` or `]` of what was opened last.
    #[inline]
    pub(crate) fn close(&mut self) {
        self.depth -= 1;
        self.bump();
    }

    /// Only space may follow.
    ///
    /// # Errors
    /// When something else does.
    pub fn end(&mut self) -> Result<(), SyntaxError> {
        self.skip_space();
        if self.rest.is_empty() {
            Ok(())
        } else {
            self.fault("nothing after the value")
        }
    }

    /// Walks the members of the object whose `{` is under the cursor. `each`
    /// gets the key and where its opening quote lies, with the cursor on the
    /// first byte of the value, and must pass the value.
    ///
    /// # Errors
    /// What `each` answers, and faults between the members.
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

    /// Passes a key and its colon.
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

    /// Passes `text`, if it is what follows. It must be a piece of grammar that
    /// was proved before, at a place like this one: nothing else is checked.
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

    /// Puts the cursor back to where it was.
    pub fn return_to(&mut self, position: usize) {
        self.rest = self.whole().get(position..).unwrap_or_default();
    }

    /// Passes a value and says what and where it was.
    ///
    /// # Errors
    /// When there is none.
    #[inline]
    pub fn value(&mut self) -> Result<Token<'a>, SyntaxError> {
        if self.peek() == b'"' {
            self.bump();
            return self.string();
        }
        let start = self.position();
        let kind = self.pass()?;
        Ok(Token {
            kind,
            text: self.slice(start, self.position()),
        })
    }

    /// Passes a value that is under the cursor or behind space; quickest where
    /// it is a string without escapes or a short integer.
    ///
    /// # Errors
    /// When there is none.
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

    fn pass(&mut self) -> Result<ValueKind, SyntaxError> {
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
                self.members(|scanner, _, _| scanner.pass().map(drop))?;
                Ok(ValueKind::Other)
            }
            b'[' => {
                self.elements(|scanner| scanner.pass().map(drop))?;
                Ok(ValueKind::Other)
            }
            _ => self.fault("a value"),
        }
    }

    /// Walks the elements of the array whose `[` is under the cursor; `each`
    /// must pass its element.
    ///
    /// # Errors
    /// What `each` answers, and faults between the elements.
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

    /// Passes a value that is expected to be a long string whose characters the
    /// caller checks itself, as in decoding base64: where it has no escapes, its
    /// end is searched for and nothing else.
    ///
    /// # Errors
    /// As [`Scanner::value`].
    pub fn long_string(&mut self) -> Result<Token<'a>, SyntaxError> {
        if let Some((b'"', inside)) = self.rest.split_first()
            && let Some(length) = memchr2(b'"', b'\\', inside)
            && inside.get(length) == Some(&b'"')
        {
            let start = self.position() + 1;
            self.pass_bytes(length + 2);
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
