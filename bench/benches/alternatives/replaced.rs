//! Handwritten functions that the transform does not use any more, because a library costs
//! less than 3 % of its CPU time.

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
pub(crate) fn hyphenated(id: &Uuid) -> [u8; LENGTH] {
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

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Parses an RFC 3339 instant with any offset: `2026-01-31T20:15:00.25+01:00`.
///
/// As the RFC allows, `T` and `Z` may be lower case, and `T` may be a space. A fraction
/// has 1 to 9 digits; those beyond the microsecond are cut off. A leap second counts as
/// the second before it.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    let text = text.as_bytes();
    let (date_time, rest) = text.split_first_chunk::<{ FORM.len() }>()?;
    let digits = digits(date_time)?;
    let two = |at: usize| i64::from(digits[at]) * 10 + i64::from(digits[at + 1]);
    let (year, month, day) = (two(0) * 100 + two(2), two(5), two(8));
    let (hour, minute, second) = (two(11), two(14), two(17));
    if hour > 23 || minute > 59 || second > 60 || !(1..=12).contains(&month) {
        return None;
    }
    if day < 1 || day > 28 && day > days_in_month(year, month) {
        return None;
    }
    let (micros, offset) = match rest.split_first() {
        Some((b'.', fraction)) => micros_of(fraction, text)?,
        _ => (0, rest),
    };
    let minutes = hour * 60 + minute - offset_minutes(offset)?;
    let seconds = days_from_civil(year, month, day) * 86_400 + minutes * 60 + second.min(59);
    Some(seconds * MICROS_PER_SECOND + micros)
}

/// The form of date and time of day; each zero stands for a digit.
const FORM: [u8; 19] = *b"0000-00-00T00:00:00";

/// Returns the digits at their places; `None` if `text` does not have the form.
#[inline(always)]
fn digits(text: &[u8; FORM.len()]) -> Option<[u8; FORM.len()]> {
    const MOST: [u8; FORM.len()] = [9, 9, 9, 9, 0, 9, 9, 0, 9, 9, 255, 9, 9, 0, 9, 9, 0, 9, 9];
    let mut digits = [0; FORM.len()];
    let mut wrong = false;
    for place in 0..FORM.len() {
        digits[place] = text[place].wrapping_sub(FORM[place]);
        wrong |= digits[place] > MOST[place];
    }
    (!wrong && matches!(text[10], b'T' | b't' | b' ')).then_some(digits)
}

/// Returns the number that two digits represent.
#[inline]
fn two_digits(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then_some(i64::from(tens) * 10 + i64::from(ones))
}

/// Parses the 1 to 9 digits of a fraction. Returns microseconds and the rest.
/// `fraction` is the end of `text`.
#[inline(always)]
fn micros_of<'a>(fraction: &'a [u8], text: &[u8]) -> Option<(i64, &'a [u8])> {
    let word = word(fraction, text)?;
    let count = leading_digits(word);
    let length = match count {
        0 => return None,
        // A ninth digit is cut off; a tenth is a fault.
        WORD => match fraction.get(WORD..WORD + 2) {
            Some([b'0'..=b'9', b'0'..=b'9']) => return None,
            Some([b'0'..=b'9', _]) => WORD + 1,
            _ => WORD,
        },
        _ => count,
    };
    let micros = value_with_zeros(word, count) as i64 / 100;
    Some((micros, fraction.get(length..)?))
}

/// Parses `Z`, `+hh:mm` or `-hh:mm`. Returns minutes.
#[inline]
fn offset_minutes(text: &[u8]) -> Option<i64> {
    match *text {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hours, minutes) = (two_digits(h0, h1)?, two_digits(m0, m1)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * 60 + minutes;
            Some(if sign == b'-' { -offset } else { offset })
        }
        _ => None,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Returns the days since 1970-01-01 of a proleptic Gregorian date.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The number of bytes in a word.
const WORD: usize = 8;

const ZEROS: u64 = u64::from_le_bytes([b'0'; WORD]);

/// Loads the first bytes of `rest` as a little-endian word, padded with zeros
/// after the end of `rest`.
///
/// `rest` must be a suffix of `whole`. Returns `None` if `rest` is empty or
/// `whole` is shorter than a word.
#[inline(always)]
fn word(rest: &[u8], whole: &[u8]) -> Option<u64> {
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
fn leading_digits(word: u64) -> usize {
    const PAST_NINE: u64 = u64::from_le_bytes([0x80 - 10; WORD]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; WORD]);
    let digits = word ^ ZEROS;
    // The lowest set bit marks the first non-digit. A carry can falsify the
    // bits above it, so only the lowest one counts.
    let others = (digits.wrapping_add(PAST_NINE) | digits) & HIGHS;
    (others.trailing_zeros() / 8) as usize
}

/// Returns the value of the first `count` digits, 1 to 8, extended with zeros
/// to eight digits.
#[inline(always)]
fn value_with_zeros(word: u64, count: usize) -> u64 {
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
