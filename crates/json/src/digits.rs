//! Decimal digits, eight at a time.

/// Bytes of a word.
pub const WORD: usize = 8;

const ZEROS: u64 = u64::from_le_bytes([b'0'; WORD]);

/// The word at the front of `rest`, the first byte the lowest, with zeros behind
/// the end. `rest` is the end of `whole`; `None` where that is shorter than a
/// word, or `rest` is empty.
#[inline(always)]
pub fn word(rest: &[u8], whole: &[u8]) -> Option<u64> {
    match rest.first_chunk::<WORD>() {
        Some(bytes) => Some(u64::from_le_bytes(*bytes)),
        None => {
            let last = u64::from_le_bytes(*whole.last_chunk::<WORD>()?);
            last.checked_shr(8 * (WORD - rest.len()) as u32)
        }
    }
}

/// How many of the word's bytes are digits before the first that is none.
#[inline(always)]
pub fn leading_digits(word: u64) -> usize {
    const PAST_NINE: u64 = u64::from_le_bytes([0x80 - 10; WORD]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; WORD]);
    let digits = word ^ ZEROS;
    // The lowest set bit marks the first byte that is no digit exactly; those
    // above it may be wrong, and are not looked at.
    let others = (digits.wrapping_add(PAST_NINE) | digits) & HIGHS;
    (others.trailing_zeros() / 8) as usize
}

/// The number that the word's first `count` bytes write, 1 to 8 digits.
#[inline(always)]
pub fn value_of(word: u64, count: usize) -> u64 {
    // The digits move to the end, so that zeros lead.
    sum((word ^ ZEROS) << (8 * (WORD - count)))
}

/// As [`value_of`], as if zeros followed up to the eighth digit.
#[inline(always)]
pub fn value_with_zeros(word: u64, count: usize) -> u64 {
    sum((word ^ ZEROS) & (u64::MAX >> (8 * (WORD - count))))
}

/// The number of eight digits, the first the lowest byte: neighbours are put
/// together, then pairs, then fours, all lanes at once.
#[inline(always)]
fn sum(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(1 + (10 << 8)) >> 8 & 0x00FF_00FF_00FF_00FF;
    let fours = pairs.wrapping_mul(1 + (100 << 16)) >> 16 & 0x0000_FFFF_0000_FFFF;
    fours.wrapping_mul(1 + (10_000 << 32)) >> 32
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_are_counted_and_read(bytes in any::<[u8; WORD]>(), text in "[0-9]{0,8}") {
            let mut bytes = bytes;
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let word = u64::from_le_bytes(bytes);
            prop_assert_eq!(leading_digits(word), count);
            for count in 1..=count {
                let digits = std::str::from_utf8(&bytes[..count]).unwrap();
                let value: u64 = digits.parse().unwrap();
                prop_assert_eq!(value_of(word, count), value);
                let scale = 10u64.pow((WORD - count) as u32);
                prop_assert_eq!(value_with_zeros(word, count), value * scale);
            }
        }
    }
}
