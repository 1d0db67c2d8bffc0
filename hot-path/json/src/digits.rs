//! Decimal digits, read eight at a time within a 64-bit word (SWAR).

/// The number of bytes in a word.
pub(crate) const WORD: usize = 8;

const ZEROS: u64 = u64::from_le_bytes([b'0'; WORD]);

/// Loads the first bytes of `rest` as a little-endian word, padded with zeros
/// after the end of `rest`.
///
/// `rest` must be a suffix of `whole`. Returns `None` if `rest` is empty or
/// `whole` is shorter than a word.
#[inline(always)]
pub(crate) fn word(rest: &[u8], whole: &[u8]) -> Option<u64> {
    match rest.first_chunk::<WORD>() {
        Some(bytes) => Some(u64::from_le_bytes(*bytes)),
        None => {
            let last = u64::from_le_bytes(*whole.last_chunk::<WORD>()?);
            last.checked_shr(8 * (WORD - rest.len()) as u32)
        }
    }
}

/// Counts the ASCII digits at the start of the word.
#[inline(always)]
pub(crate) fn leading_digits(word: u64) -> usize {
    const PAST_NINE: u64 = u64::from_le_bytes([0x80 - 10; WORD]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; WORD]);
    let digits = word ^ ZEROS;
    // The lowest set bit marks the first non-digit. A carry can falsify the
    // bits above it, so only the lowest one counts.
    let others = (digits.wrapping_add(PAST_NINE) | digits) & HIGHS;
    (others.trailing_zeros() / 8) as usize
}

/// Returns the value of the first `count` digits, 1 to 8.
#[inline(always)]
pub(crate) fn value_of(word: u64, count: usize) -> u64 {
    // Shift the digits to the end, so that zeros lead.
    sum((word ^ ZEROS) << (8 * (WORD - count)))
}

/// Returns the value of the first `count` digits, 1 to 8, extended with zeros
/// to eight digits.
#[inline(always)]
pub(crate) fn value_with_zeros(word: u64, count: usize) -> u64 {
    sum((word ^ ZEROS) & (u64::MAX >> (8 * (WORD - count))))
}

/// Combines eight digit values, the most significant in the lowest byte.
///
/// Combines adjacent digits into pairs, pairs into fours, and fours into the
/// result, with one multiplication for all lanes of a step.
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
