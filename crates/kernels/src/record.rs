//! The source of events: shard, sequence number, arrival.

use std::cmp::Ordering;

/// Decimal digits in one word of a [`SequenceNumber`].
const WORD_DIGITS: usize = 19;
const WORDS: usize = 3;
/// The maximum number of digits.
const MAX_DIGITS: usize = WORD_DIGITS * WORDS;

/// A Kinesis sequence number: up to 57 decimal digits, including leading zeros.
///
/// It is ordered as a number. Of two texts of one number, the shorter is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SequenceNumber {
    /// The digits of the number in base 10¹⁹, most significant first.
    words: [u64; WORDS],
    digits: u8,
}

impl SequenceNumber {
    /// Parses a sequence number; returns `None` if `text` is not 1 to 57 decimal digits.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        if text.is_empty() || text.len() > MAX_DIGITS {
            return None;
        }
        let mut words = [0u64; WORDS];
        let mut rest = text;
        for word in words.iter_mut().rev() {
            let (before, last) = rest.split_at(rest.len().saturating_sub(WORD_DIGITS));
            for byte in last {
                let digit = byte.wrapping_sub(b'0');
                if digit > 9 {
                    return None;
                }
                *word = *word * 10 + u64::from(digit);
            }
            rest = before;
        }
        Some(Self {
            words,
            digits: text.len() as u8,
        })
    }

    /// Writes the text that was parsed.
    pub(crate) fn write<'a>(&self, out: &'a mut [u8; MAX_DIGITS]) -> &'a [u8] {
        const EIGHT: u64 = 100_000_000;
        for (word, text) in self.words.iter().zip(out.as_chunks_mut::<WORD_DIGITS>().0) {
            let (above, low) = (word / EIGHT, word % EIGHT);
            let (high, middle) = (above / EIGHT, above % EIGHT);
            let [.., a, b, c] = eight_digits(high);
            let (three, rest) = text.split_at_mut(WORD_DIGITS - 16);
            three.copy_from_slice(&[a, b, c]);
            let (first, second) = rest.split_at_mut(8);
            first.copy_from_slice(&eight_digits(middle));
            second.copy_from_slice(&eight_digits(low));
        }
        let leading = MAX_DIGITS.saturating_sub(usize::from(self.digits));
        out.split_at(leading).1
    }

    /// Returns a buffer for [`SequenceNumber::write`].
    pub(crate) const fn buffer() -> [u8; MAX_DIGITS] {
        [0; MAX_DIGITS]
    }
}

/// Formats a number below 10⁸ as eight digits. Each step halves all groups of digits at
/// once, as lanes of one word: two of four digits, four of two digits, eight of one.
fn eight_digits(number: u64) -> [u8; 8] {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 5_243) >> 19) & 0x7F_0000_007F;
    let twos = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x000F_000F_000F_000F;
    let digits = tens | ((twos - tens * 10) << 8);
    (digits | 0x3030_3030_3030_3030).to_le_bytes()
}

/// A Kinesis record. It may contain several events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KinesisRecord {
    /// The number of its shard id among the strings.
    pub(crate) shard: u32,
    pub(crate) sequence: SequenceNumber,
    /// UTC microseconds.
    pub(crate) arrived_at: i64,
}

impl KinesisRecord {
    /// Compares the records' part of an identity: shard id (bytewise), then sequence number.
    pub(crate) fn compare_identity<'a>(
        &self,
        other: &Self,
        shard: impl Fn(u32) -> &'a [u8],
    ) -> Ordering {
        let shards = match self.shard == other.shard {
            true => Ordering::Equal,
            false => shard(self.shard).cmp(shard(other.shard)),
        };
        shards.then_with(|| self.sequence.cmp(&other.sequence))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_digits_are_a_sequence_number() {
        for text in ["", "1x", "-1", "١", &"1".repeat(MAX_DIGITS + 1)] {
            assert_eq!(SequenceNumber::parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn every_number_of_eight_digits_is_written() {
        // One half varies while the other is zero; then both vary together.
        for half in 0..10_000u64 {
            for number in [half, half * 10_000, half * 10_001] {
                assert_eq!(eight_digits(number), *format!("{number:08}").as_bytes());
            }
        }
    }

    proptest! {
        #[test]
        fn a_sequence_number_round_trips(text in "[0-9]{1,57}") {
            let mut buffer = SequenceNumber::buffer();
            let sequence = SequenceNumber::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(sequence.write(&mut buffer), text.as_bytes());
        }

        #[test]
        fn sequence_numbers_are_ordered_as_numbers(a in "[0-9]{1,57}", b in "[0-9]{1,57}") {
            let number = |text: &str| {
                let digits = text.trim_start_matches('0').to_owned();
                (digits.len(), digits, text.len())
            };
            let parse = |text: &str| SequenceNumber::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(parse(&a).cmp(&parse(&b)), number(&a).cmp(&number(&b)));
        }
    }
}
