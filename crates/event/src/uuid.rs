//! Conversion of UUIDs with hyphens to and from their sixteen bytes.
//!
//! The code has no branch that depends on a digit, so that the compiler can use vector
//! instructions. Tests compare it with the `uuid` crate.

use uuid::Uuid;

/// The number of characters of a UUID with hyphens.
const LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;
/// The number of hexadecimal digits of a UUID.
const DIGITS: usize = 32;

/// Parses `8-4-4-4-12` hexadecimal digits in either case.
#[inline(always)]
pub(crate) fn parse_hyphenated(text: &str) -> Option<Uuid> {
    let text: &[u8; LENGTH] = text.as_bytes().try_into().ok()?;
    let hyphens = [text[8], text[13], text[18], text[23]];
    let digits = without_hyphens(text);
    let mut values = [0u8; DIGITS];
    let mut wrong = 0u8;
    for (value, digit) in values.iter_mut().zip(digits) {
        let decimal = digit.wrapping_sub(b'0');
        let letter = (digit | 0x20).wrapping_sub(b'a');
        let is_decimal = decimal < 10;
        wrong |= u8::from(!is_decimal & (letter >= 6));
        *value = if is_decimal {
            decimal
        } else {
            letter.wrapping_add(10)
        };
    }
    if wrong != 0 || hyphens != [b'-'; 4] {
        return None;
    }
    let mut bytes = [0; 16];
    for (byte, [high, low]) in bytes.iter_mut().zip(values.as_chunks::<2>().0) {
        *byte = high << 4 | low;
    }
    Some(Uuid::from_bytes(bytes))
}

#[inline(always)]
fn without_hyphens(text: &[u8; LENGTH]) -> [u8; DIGITS] {
    let mut digits = [0; DIGITS];
    digits[..8].copy_from_slice(&text[..8]);
    digits[8..12].copy_from_slice(&text[9..13]);
    digits[12..16].copy_from_slice(&text[14..18]);
    digits[16..20].copy_from_slice(&text[19..23]);
    digits[20..].copy_from_slice(&text[24..]);
    digits
}

/// Formats the UUID with hyphens and lower-case letters.
#[inline(always)]
pub fn hyphenated(id: &Uuid) -> [u8; LENGTH] {
    let mut digits = [0u8; DIGITS];
    for ([high, low], byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(id.as_bytes()) {
        *high = byte >> 4;
        *low = byte & 0xF;
    }
    for digit in &mut digits {
        let letter = u8::from(*digit > 9) * (b'a' - b'0' - 10);
        *digit += b'0' + letter;
    }
    let mut text = [b'-'; LENGTH];
    text[..8].copy_from_slice(&digits[..8]);
    text[9..13].copy_from_slice(&digits[8..12]);
    text[14..18].copy_from_slice(&digits[12..16]);
    text[19..23].copy_from_slice(&digits[16..20]);
    text[24..].copy_from_slice(&digits[20..]);
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parsing_and_formatting_agree_with_the_crate(bytes in any::<[u8; 16]>()) {
            let id = Uuid::from_bytes(bytes);
            let text = id.hyphenated().to_string();
            prop_assert_eq!(parse_hyphenated(&text), Some(id));
            prop_assert_eq!(parse_hyphenated(&text.to_uppercase()), Some(id));
            prop_assert_eq!(&hyphenated(&id)[..], text.as_bytes());
        }

        #[test]
        fn validity_agrees_with_the_crate(
            bytes in any::<[u8; 16]>(),
            damage in proptest::collection::vec((0..LENGTH, any::<u8>()), 1..3),
        ) {
            let mut text = Uuid::from_bytes(bytes).hyphenated().to_string().into_bytes();
            for (at, byte) in damage {
                text[at] = byte & 0x7F;
            }
            let text = String::from_utf8(text).unwrap();
            prop_assert_eq!(parse_hyphenated(&text), Uuid::try_parse(&text).ok(), "{}", text);
        }
    }

    #[test]
    fn validity_agrees_with_the_crate_for_every_byte_in_every_position() {
        let id = "019b8b74-23e9-7ee1-a861-0c3009697f8b";
        for at in 0..LENGTH {
            for byte in 0..0x80 {
                let mut text = id.as_bytes().to_vec();
                text[at] = byte;
                let text = String::from_utf8(text).unwrap();
                assert_eq!(
                    parse_hyphenated(&text),
                    Uuid::try_parse(&text).ok(),
                    "{text}"
                );
            }
        }
        for other in [
            "",
            "019b8b7423e97ee1a8610c3009697f8b",
            "{019b8b74-23e9-7ee1-a861-0c3009697f8b}",
        ] {
            assert_eq!(parse_hyphenated(other), None);
        }
    }
}
