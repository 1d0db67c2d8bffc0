//! Number grammar, and the value of short numbers.

use crate::digits::{WORD, leading_digits, value_of, value_with_zeros, word};
use crate::{Scanner, SyntaxError, ValueKind};

impl Scanner<'_> {
    /// Consumes a number.
    pub(crate) fn number(&mut self) -> Result<ValueKind, SyntaxError> {
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
        Ok(ValueKind::Number)
    }

    /// Consumes digits; returns `false` if there is none.
    #[inline]
    fn digits(&mut self) -> bool {
        let before = self.rest.len();
        while let Some(word) = self.rest.first_chunk::<WORD>() {
            let count = leading_digits(u64::from_le_bytes(*word));
            self.advance(count);
            if count < WORD {
                return self.rest.len() < before;
            }
        }
        while self.peek().is_ascii_digit() {
            self.bump();
        }
        self.rest.len() < before
    }

    /// Consumes an unsigned integer of at most sixteen digits, directly followed
    /// by a comma or a closing brace.
    ///
    /// Returns `None`, with the cursor unchanged, for any other input.
    #[inline(always)]
    pub fn short_integer(&mut self) -> Option<i64> {
        let (value, count) = self.leading_integer()?;
        if !ends_a_member(*self.rest.get(count)?) {
            return None;
        }
        self.advance(count);
        Some(value as i64)
    }

    /// Consumes an unsigned decimal number and returns its value in thousandths.
    ///
    /// The number has at most twelve digits, then at most three decimal places,
    /// directly followed by a comma or a closing brace. Returns `None`, with the
    /// cursor unchanged, for any other input.
    #[inline]
    pub fn thousandths(&mut self) -> Option<i64> {
        const MAX_DIGITS: usize = 12;
        let (whole, count) = self.leading_integer()?;
        let rest = self.rest.get(count..)?;
        let (thousandths, length) = match rest.split_first()? {
            (b'.', fraction) => {
                let word = word(fraction, self.whole())?;
                let places = leading_digits(word);
                if !matches!(places, 1..=3) || !ends_a_member(*fraction.get(places)?) {
                    return None;
                }
                let thousandths = value_with_zeros(word, places) / 100_000;
                (thousandths, count + 1 + places)
            }
            (end, _) if ends_a_member(*end) => (0, count),
            _ => return None,
        };
        if count > MAX_DIGITS {
            return None;
        }
        self.advance(length);
        Some((whole * 1000 + thousandths) as i64)
    }

    /// Returns the integer of at most sixteen digits at the cursor and its
    /// number of digits, without consuming it.
    ///
    /// Returns `None` if there is no digit, or a leading zero before another digit.
    #[inline(always)]
    fn leading_integer(&self) -> Option<(u64, usize)> {
        let first = word(self.rest, self.whole())?;
        let count = leading_digits(first);
        let leading_zero = first & 0xFF == u64::from(b'0') && count > 1;
        if count == 0 || leading_zero {
            return None;
        }
        if count < WORD {
            return Some((value_of(first, count), count));
        }
        let second = word(self.rest.get(WORD..)?, self.whole())?;
        let more = leading_digits(second);
        let low = match more {
            0 => 0,
            _ => value_of(second, more),
        };
        let high = value_of(first, WORD) * 10u64.pow(more as u32);
        Some((high + low, WORD + more))
    }
}

#[inline(always)]
fn ends_a_member(byte: u8) -> bool {
    matches!(byte, b',' | b'}')
}
