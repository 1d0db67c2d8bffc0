//! Numbers: their grammar, and the value of short integers.

use crate::digits::{WORD, leading_digits, value_of, value_with_zeros, word};
use crate::{Scanner, SyntaxError, ValueKind};

impl Scanner<'_> {
    /// Passes a number.
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

    /// Passes digits; whether there was one.
    #[inline]
    fn digits(&mut self) -> bool {
        let before = self.rest.len();
        while let Some(word) = self.rest.first_chunk::<WORD>() {
            let count = leading_digits(u64::from_le_bytes(*word));
            self.pass_bytes(count);
            if count < WORD {
                return self.rest.len() < before;
            }
        }
        while self.peek().is_ascii_digit() {
            self.bump();
        }
        self.rest.len() < before
    }

    /// Passes an integer of up to sixteen digits, without a sign, that a comma
    /// or a brace follows at once; `None`, and the cursor stays, where there is
    /// anything else.
    #[inline(always)]
    pub fn short_integer(&mut self) -> Option<i64> {
        let (value, count) = self.leading_integer()?;
        if !ends_a_member(*self.rest.get(count)?) {
            return None;
        }
        self.pass_bytes(count);
        Some(value as i64)
    }

    /// Passes a number of up to twelve digits, and up to three behind a point,
    /// that a comma or a brace follows at once: its value in thousandths.
    /// `None`, and the cursor stays, where there is anything else.
    #[inline]
    pub fn thousandths(&mut self) -> Option<i64> {
        const MOST: usize = 12;
        let (whole, count) = self.leading_integer()?;
        let behind = self.rest.get(count..)?;
        let (thousandths, length) = match behind.split_first()? {
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
        if count > MOST {
            return None;
        }
        self.pass_bytes(length);
        Some((whole * 1000 + thousandths) as i64)
    }

    /// The integer of up to sixteen digits at the cursor, which stays, and how
    /// many digits it has: one, or more of which the first is no zero.
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
