//! The cursor: values, objects and arrays.

use memchr::memchr2;

use crate::keys::{Keys, Place};
use crate::{Kind, Syntax, Token};

/// Levels of nesting that are followed, wherever the unit begins to nest;
/// deeper is refused as not JSON.
const MAX_DEPTH: u32 = 127;

/// A cursor over one text.
pub struct Scanner<'a> {
    text: &'a str,
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
    /// How many objects and arrays are open at the cursor.
    depth: u32,
}

impl<'a> Scanner<'a> {
    /// At the front of the text.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            depth: 0,
        }
    }

    /// How many bytes are behind the cursor.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The text between two positions that lie on token borders.
    pub fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The byte under the cursor; 0, which is legal nowhere outside a string,
    /// at the end.
    #[inline]
    pub fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Passes one byte.
    #[inline]
    pub fn bump(&mut self) {
        self.at += 1;
    }

    /// Passes white space.
    #[inline]
    pub fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// The error that something else was expected here.
    ///
    /// # Errors
    /// Always.
    #[cold]
    pub fn fault<T>(&self, expected: &'static str) -> Result<T, Syntax> {
        Err(Syntax {
            at: self.at,
            expected,
        })
    }

    /// Passes `{` or `[`, if there is a level left.
    #[inline]
    fn open(&mut self) -> Result<(), Syntax> {
        if self.depth == MAX_DEPTH {
            return self.fault("fewer levels of nesting");
        }
        self.depth += 1;
        self.bump();
        Ok(())
    }

    /// Passes the `}` or `]` of what was opened last.
    #[inline]
    fn close(&mut self) {
        self.depth -= 1;
        self.bump();
    }

    /// Only space may follow.
    ///
    /// # Errors
    /// When something else does.
    pub fn end(&mut self) -> Result<(), Syntax> {
        self.skip_space();
        if self.at == self.bytes.len() {
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
        mut each: impl FnMut(&mut Self, Token<'a>, usize) -> Result<(), Syntax>,
    ) -> Result<(), Syntax> {
        self.open()?;
        self.skip_space();
        if self.peek() == b'}' {
            self.close();
            return Ok(());
        }
        loop {
            let key_start = self.at;
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

    /// Walks the members of the object whose `{` is under the cursor, where its
    /// keys are known beforehand. `each` gets the key's index, or `None` for an
    /// unknown one, and where its opening quote lies, with the cursor on the
    /// value or on space before it, and must pass the value.
    ///
    /// # Errors
    /// What `each` answers, and faults between the members.
    #[inline]
    pub fn known_members<const N: usize>(
        &mut self,
        keys: &mut Keys<N>,
        mut each: impl FnMut(&mut Self, Option<usize>, usize) -> Result<(), Syntax>,
    ) -> Result<(), Syntax> {
        self.open()?;
        let mut last = match keys.guess_first(self.rest()) {
            Some((index, length)) => {
                let key_start = self.at;
                self.at += length;
                each(self, Some(index), key_start)?;
                Some(index)
            }
            None => {
                self.skip_space();
                if self.peek() == b'}' {
                    self.close();
                    return Ok(());
                }
                self.unexpected_member(keys, Place::First, &mut each)?
            }
        };
        loop {
            while let Some(before) = last
                && let Some((index, length)) = keys.guess_behind(before, self.rest())
            {
                let key_start = self.at + 1;
                self.at += length;
                each(self, Some(index), key_start)?;
                last = Some(index);
            }
            self.skip_space();
            match self.peek() {
                b'}' => {
                    self.close();
                    return Ok(());
                }
                b',' => {
                    self.bump();
                    self.skip_space();
                }
                _ => return self.fault("`,` or `}` after a member"),
            }
            last = self.unexpected_member(keys, Place::behind(last), &mut each)?;
        }
    }

    /// Passes a member whose key is not the one that was expected, and
    /// remembers its place; the key's index.
    fn unexpected_member<const N: usize>(
        &mut self,
        keys: &mut Keys<N>,
        place: Place,
        each: &mut impl FnMut(&mut Self, Option<usize>, usize) -> Result<(), Syntax>,
    ) -> Result<Option<usize>, Syntax> {
        let key_start = self.at;
        let key = self.key()?;
        let index = keys.find(&key.unescaped(), place);
        each(self, index, key_start)?;
        Ok(index)
    }

    /// What lies behind the cursor's left.
    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Passes a key and its colon.
    fn key(&mut self) -> Result<Token<'a>, Syntax> {
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
        let found = self.bytes.get(self.at..self.at + text.len()) == Some(text.as_bytes());
        if found {
            self.at += text.len();
        }
        found
    }

    /// Puts the cursor back to where it was.
    pub fn return_to(&mut self, position: usize) {
        self.at = position;
    }

    /// Passes a value and says what and where it was.
    ///
    /// # Errors
    /// When there is none.
    #[inline]
    pub fn value(&mut self) -> Result<Token<'a>, Syntax> {
        if self.peek() == b'"' {
            self.bump();
            return self.string();
        }
        let start = self.at;
        let kind = self.pass()?;
        Ok(Token {
            kind,
            text: self.slice(start, self.at),
        })
    }

    /// Passes a value that is under the cursor or behind space; quickest where
    /// it is a string without escapes or a short integer.
    ///
    /// # Errors
    /// When there is none.
    #[inline(always)]
    pub fn likely_value(&mut self) -> Result<Token<'a>, Syntax> {
        let token = match self.plain_string() {
            Some(token) => Some(token),
            None => self.short_integer(),
        };
        match token {
            Some(token) => Ok(token),
            None => self.other_value(),
        }
    }

    #[inline(never)]
    fn other_value(&mut self) -> Result<Token<'a>, Syntax> {
        self.skip_space();
        self.value()
    }

    /// Passes up to eight digits that a comma or a brace follows.
    #[inline(always)]
    fn short_integer(&mut self) -> Option<Token<'a>> {
        const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);
        const PAST_NINE: u64 = u64::from_le_bytes([0x80 - 10; 8]);
        const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
        let digits = self.word()? ^ ZEROS;
        // The lowest set bit marks the first byte that is no digit exactly;
        // those above it may be wrong, and are not looked at.
        let others = (digits.wrapping_add(PAST_NINE) | digits) & HIGHS;
        let length = (others.trailing_zeros() / 8) as usize;
        let leading_zero = digits & 0xFF == 0 && length > 1;
        let end = self.at + length;
        if length == 0 || leading_zero || !matches!(self.bytes.get(end), Some(b',' | b'}')) {
            return None;
        }
        let text = self.slice(self.at, end);
        self.at = end;
        Some(Token {
            kind: Kind::Number,
            text,
        })
    }

    /// The next eight bytes, the first the lowest, with zeros behind the end.
    #[inline(always)]
    fn word(&self) -> Option<u64> {
        match self.rest().first_chunk::<8>() {
            Some(bytes) => Some(u64::from_le_bytes(*bytes)),
            None => {
                let last = u64::from_le_bytes(*self.bytes.last_chunk::<8>()?);
                last.checked_shr(8 * (self.at + 8 - self.bytes.len()) as u32)
            }
        }
    }

    fn pass(&mut self) -> Result<Kind, Syntax> {
        match self.peek() {
            b'"' => {
                self.bump();
                Ok(self.string()?.kind)
            }
            b'-' | b'0'..=b'9' => self.number(),
            b'n' => self.literal("null", Kind::Null),
            b't' => self.literal("true", Kind::Other),
            b'f' => self.literal("false", Kind::Other),
            b'{' => {
                self.members(|scanner, _, _| scanner.pass().map(drop))?;
                Ok(Kind::Other)
            }
            b'[' => {
                self.elements(|scanner| scanner.pass().map(drop))?;
                Ok(Kind::Other)
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
        mut each: impl FnMut(&mut Self) -> Result<(), Syntax>,
    ) -> Result<(), Syntax> {
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
    pub fn long_string(&mut self) -> Result<Token<'a>, Syntax> {
        let start = self.at + 1;
        if self.peek() == b'"'
            && let Some(length) = memchr2(b'"', b'\\', self.bytes.get(start..).unwrap_or_default())
            && self.bytes.get(start + length) == Some(&b'"')
        {
            self.at = start + length + 1;
            return Ok(Token {
                kind: Kind::Plain,
                text: self.slice(start, start + length),
            });
        }
        self.value()
    }

    fn literal(&mut self, word: &'static str, kind: Kind) -> Result<Kind, Syntax> {
        if self.bytes.get(self.at..self.at + word.len()) == Some(word.as_bytes()) {
            self.at += word.len();
            Ok(kind)
        } else {
            self.fault("`null`, `true` or `false`")
        }
    }

    #[inline]
    fn digits(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        self.at > start
    }

    fn number(&mut self) -> Result<Kind, Syntax> {
        if self.peek() == b'-' {
            self.bump();
        }
        if self.peek() == b'0' {
            self.bump();
        } else if !self.digits() {
            return self.fault("a digit");
        }
        if self.peek() == b'.' {
            self.bump();
            if !self.digits() {
                return self.fault("a digit after the point");
            }
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.bump();
            if matches!(self.peek(), b'+' | b'-') {
                self.bump();
            }
            if !self.digits() {
                return self.fault("a digit in the exponent");
            }
        }
        Ok(Kind::Number)
    }
}
