//! A strict, validating JSON scanner (RFC 8259).
//!
//! It finds where values begin and end and proves the grammar; it converts
//! nothing. Strings come back as the text between their quotes, with a mark
//! whether it holds escapes, so that the common text is read without a copy.
//! It accepts what `serde_json` accepts, which a property test holds it to.

mod keys;

use std::borrow::Cow;
use std::fmt;

use memchr::memchr2;

pub use keys::Keys;
use keys::Place;

/// Levels of nesting that are followed, wherever the unit begins to nest;
/// deeper is refused as not JSON.
const MAX_DEPTH: u32 = 127;

/// What kind of value a [`Token`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
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
    pub kind: Kind,
    /// Where it lies.
    pub text: &'a str,
}

impl<'a> Token<'a> {
    /// No value.
    pub const ABSENT: Self = Self {
        kind: Kind::Absent,
        text: "",
    };

    /// The string this token stands for; only for [`Kind::Plain`] and [`Kind::Escaped`].
    pub fn unescaped(self) -> Cow<'a, str> {
        if self.kind == Kind::Escaped {
            Cow::Owned(unescape(self.text))
        } else {
            Cow::Borrowed(self.text)
        }
    }
}

/// Where the grammar broke, and what would have been right there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syntax {
    /// The byte, from 0.
    pub at: usize,
    /// What would have been right there.
    pub expected: &'static str,
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.at)
    }
}

impl std::error::Error for Syntax {}

/// The bytes as text, or the first byte that is none.
///
/// # Errors
/// How many bytes at the front are UTF-8.
pub fn text_of(bytes: &[u8]) -> Result<&str, usize> {
    // The fast check does not say where; only refused text pays for the other.
    simdutf8::basic::from_utf8(bytes).map_err(|_| match std::str::from_utf8(bytes) {
        Err(error) => error.valid_up_to(),
        Ok(text) => text.len(),
    })
}

/// A cursor over one text.
pub struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
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
    /// first byte of the value, and must pass the value.
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
        let mut last = None;
        let mut first = true;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            if (first || last.is_some())
                && let Some((index, length)) = keys.guess(last, rest)
            {
                let key_start = self.at + usize::from(!first);
                self.at += length;
                self.skip_space();
                each(self, Some(index), key_start)?;
                last = Some(index);
                first = false;
                continue;
            }
            self.skip_space();
            match self.peek() {
                b'}' => {
                    self.close();
                    return Ok(());
                }
                b',' if !first => {
                    self.bump();
                    self.skip_space();
                }
                b'"' if first => {}
                _ if first => return self.fault("a key in quotes"),
                _ => return self.fault("`,` or `}` after a member"),
            }
            let key_start = self.at;
            let key = self.key()?;
            last = keys.find(
                &key.unescaped(),
                if first {
                    Place::First
                } else {
                    Place::behind(last)
                },
            );
            each(self, last, key_start)?;
            first = false;
        }
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

    /// Passes a string whose opening quote is behind the cursor.
    #[inline]
    fn string(&mut self) -> Result<Token<'a>, Syntax> {
        let start = self.at;
        let mut kind = Kind::Plain;
        loop {
            self.at += plain_prefix(self.bytes.get(self.at..).unwrap_or_default());
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

/// How many bytes at the front need no thought: no quote, no backslash, no
/// control character. Eight at a time.
#[inline]
fn plain_prefix(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // The lowest set bit of each of these marks the first such byte exactly;
    // those above it may be wrong, and are not looked at.
    let zero_bytes = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let special = zero_bytes(word ^ (ONES * u64::from(b'"')))
            | zero_bytes(word ^ (ONES * u64::from(b'\\')))
            | (word.wrapping_sub(ONES * 0x20) & !word & HIGHS);
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    bytes
        .get(at..)
        .unwrap_or_default()
        .iter()
        .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20)
        .map_or(bytes.len(), |found| at + found)
}

fn hex4(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0u16, |value, &digit| {
        let nibble = char::from(digit).to_digit(16)?;
        Some(value << 4 | nibble as u16)
    })
}

/// Undoes the escapes of a string that the scanner has proved well formed.
fn unescape(text: &str) -> String {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_string_is_found_whole_and_escapes_take_the_slow_way() {
        for (text, kind, expected) in [
            (r#""QUJD" ,"#, Kind::Plain, "QUJD"),
            (r#""QU\/D" ,"#, Kind::Escaped, "QU/D"),
            (r#"17 ,"#, Kind::Number, "17"),
        ] {
            let mut scanner = Scanner::new(text);
            let token = scanner.long_string().unwrap();
            assert_eq!((token.kind, &*token.unescaped()), (kind, expected));
            scanner.skip_space();
            assert_eq!(scanner.peek(), b',');
        }
        assert!(Scanner::new("\"abc").long_string().is_err());
    }

    fn accepts(text: &str) -> bool {
        let mut scanner = Scanner::new(text);
        scanner.skip_space();
        scanner.value().is_ok() && scanner.end().is_ok()
    }

    fn string_of(text: &str) -> String {
        let mut scanner = Scanner::new(text);
        scanner.value().unwrap().unescaped().into_owned()
    }

    #[test]
    fn finds_the_end_of_plain_text_wherever_it_lies() {
        for length in 0..40 {
            for stop in [b'"', b'\\', 0x00, 0x1f] {
                let mut bytes = vec![b'x'; length];
                assert_eq!(plain_prefix(&bytes), length);
                bytes.push(stop);
                bytes.extend_from_slice(b"yyyyyyyyyyyy");
                assert_eq!(plain_prefix(&bytes), length, "before {stop:#x}");
            }
        }
        assert_eq!(
            plain_prefix("äöü€😀 \u{7f}\u{80}".as_bytes()),
            "äöü€😀 \u{7f}\u{80}".len()
        );
    }

    #[test]
    fn undoes_every_escape() {
        assert_eq!(string_of(r#""\"\\\/\b\f\n\r\t""#), "\"\\/\u{8}\u{c}\n\r\t");
        assert_eq!(string_of(r#""a\u0041\u00e9\uD83D\uDE00z""#), "aAé😀z");
    }

    #[test]
    fn refuses_lone_surrogates_and_deep_nesting() {
        assert!(!accepts(r#""\uD83D""#));
        assert!(!accepts(r#""\uDE00""#));
        assert!(!accepts(r#""\uD83D\u0041""#));
        assert!(accepts(&format!("{}{}", "[".repeat(127), "]".repeat(127))));
        assert!(!accepts(&format!("{}{}", "[".repeat(128), "]".repeat(128))));
        assert!(!accepts(&"[".repeat(200_000)));
    }

    /// JSON-like text: grammar pieces in any order, so that about as much is
    /// nearly right as is wrong.
    fn almost_json() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("{".to_owned()),
            Just("}".to_owned()),
            Just("[".to_owned()),
            Just("]".to_owned()),
            Just(",".to_owned()),
            Just(":".to_owned()),
            Just(" ".to_owned()),
            Just("null".to_owned()),
            Just("true".to_owned()),
            Just("-0.5e+3".to_owned()),
            Just("\"a\"".to_owned()),
            Just("\"\\u00e9\\n\"".to_owned()),
            Just("\\".to_owned()),
            Just("\"".to_owned()),
            "[0-9.eE+-]{1,5}",
            "\"[^\"\\\\]{0,12}\"",
            "\\PC{0,3}",
        ];
        proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            ".*".prop_map(serde_json::Value::String),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                proptest::collection::hash_map(".*", inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn accepts_what_serde_json_accepts(text in almost_json()) {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            // serde_json also refuses numbers too large for a double; JSON does not.
            let too_large = theirs.as_ref().is_err_and(|e| e.to_string().contains("number out of range"));
            prop_assume!(!too_large);
            prop_assert_eq!(accepts(&text), theirs.is_ok(), "{}", text);
        }

        #[test]
        fn accepts_all_json(value in any_json()) {
            prop_assert!(accepts(&value.to_string()));
            prop_assert!(accepts(&serde_json::to_string_pretty(&value).unwrap()));
        }

        #[test]
        fn strings_come_back(text in ".*") {
            prop_assert_eq!(string_of(&serde_json::to_string(&text).unwrap()), text);
        }
    }
}
