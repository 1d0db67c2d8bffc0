//! Sequence numbers.

use std::fmt;

use crate::ShardId;

/// The sequence number of a record: 56 decimal digits, strictly increasing within
/// a shard and unique in the stream.
///
/// The digits are the prefix `49`, as in Kinesis, 12 digits of the shard's index
/// and 42 digits of the record's ordinal in the shard, from 1. Unlike Kinesis'
/// numbers they do not depend on a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceNumber {
    shard: ShardId,
    ordinal: u64,
}

const PREFIX: &str = "49";
const SHARD_DIGITS: usize = 12;
const DIGITS: usize = 56;

impl SequenceNumber {
    /// Creates the number of the `ordinal`-th record of `shard`, counted from 1.
    pub const fn new(shard: ShardId, ordinal: u64) -> Self {
        Self { shard, ordinal }
    }

    /// Parses a sequence number; `None` if `text` is not one of an embedded stream.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (shard, ordinal) = text.strip_prefix(PREFIX)?.split_at_checked(SHARD_DIGITS)?;
        Some(Self {
            shard: ShardId::new(shard.parse().ok()?),
            ordinal: ordinal.parse().ok()?,
        })
    }

    /// Returns the record's shard.
    pub const fn shard(self) -> ShardId {
        self.shard
    }

    /// Returns the record's position in its shard, from 1.
    pub const fn ordinal(self) -> u64 {
        self.ordinal
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{:012}{:042}", self.shard.index(), self.ordinal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_reverses_display_and_text_sorts_like_numbers() {
        let numbers = [1, 9, 10, u64::MAX].map(|n| SequenceNumber::new(ShardId::new(3), n));
        let texts = numbers.map(|number| number.to_string());
        assert!(texts.is_sorted() && numbers.is_sorted());
        for (number, text) in numbers.iter().zip(&texts) {
            assert_eq!(text.len(), DIGITS);
            assert_eq!(SequenceNumber::parse(text), Some(*number));
        }
        assert_eq!(texts[0], format!("49000000000003{:042}", 1));
    }

    #[test]
    fn parse_rejects_other_text() {
        for text in [
            "",
            "49",
            &"9".repeat(56),
            &format!("49{}", "9".repeat(54)),
            &"é".repeat(28),
        ] {
            assert_eq!(SequenceNumber::parse(text), None, "{text}");
        }
    }
}
