//! Conversion of RFC 3339 instants to and from UTC microseconds.
//!
//! The calendar arithmetic follows Howard Hinnant's "chrono-compatible low-level date
//! algorithms" (days_from_civil, civil_from_days).

use marquee_json::digits::{WORD, leading_digits, value_with_zeros, word};

const MICROS_PER_SECOND: i64 = 1_000_000;
pub(crate) const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// Parses an RFC 3339 instant with any offset: `2026-01-31T20:15:00.25+01:00`.
///
/// As the RFC allows, `T` and `Z` may be lower case, and `T` may be a space. A fraction
/// has 1 to 9 digits; those beyond the microsecond are cut off. A leap second counts as
/// the second before it.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
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

/// Appends an instant as `2026-01-31T19:15:00.25Z`, without trailing zeros in the
/// fraction. An instant outside the years 0 to 9999 is clamped to them.
pub fn format_utc(micros: i64, out: &mut Vec<u8>) {
    const FIRST: i64 = -719_528 * MICROS_PER_DAY;
    const LAST: i64 = 2_932_897 * MICROS_PER_DAY - 1;
    let micros = micros.clamp(FIRST, LAST);
    let days = micros.div_euclid(MICROS_PER_DAY);
    let of_day = micros.rem_euclid(MICROS_PER_DAY);
    let (year, month, day) = civil_from_days(days);
    let seconds = of_day / MICROS_PER_SECOND;
    let fraction = of_day % MICROS_PER_SECOND;
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let mut put = |at: usize, width: usize, mut value: i64| {
        for place in (at..at + width).rev() {
            if let Some(byte) = text.get_mut(place) {
                *byte = b'0' + (value % 10) as u8;
            }
            value /= 10;
        }
    };
    put(0, 4, year);
    put(5, 2, month);
    put(8, 2, day);
    put(11, 2, seconds / 3600);
    put(14, 2, seconds / 60 % 60);
    put(17, 2, seconds % 60);
    put(20, 6, fraction);
    let mut end = 26;
    while end > 19 && matches!(text.get(end - 1), Some(b'0' | b'.')) {
        end -= 1;
        if text.get(end) == Some(&b'.') {
            break;
        }
    }
    out.extend_from_slice(text.get(..end).unwrap_or(&text));
    out.push(b'Z');
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

/// Returns year, month and day of a number of days since 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn formatted(micros: i64) -> String {
        let mut out = Vec::new();
        format_utc(micros, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_examples_of_the_rfc_are_parsed() {
        let cases = [
            ("1985-04-12T23:20:50.52Z", 482_196_050_520_000),
            ("1996-12-19T16:39:57-08:00", 851_042_397_000_000),
            ("1990-12-31T15:59:60-08:00", 662_687_999_000_000),
            ("1937-01-01T12:00:27.87+00:20", -1_041_337_172_130_000),
            ("2026-01-31t20:15:00.123456789z", 1_769_890_500_123_456),
            ("1970-01-01 00:00:00Z", 0),
            ("1970-01-01T00:00:00.1234567Z", 123_456),
            ("1970-01-01T00:00:00.12345678Z", 123_456),
            ("1970-01-01T00:00:00.12345678+00:00", 123_456),
            ("1970-01-01T00:00:00.123456789+00:00", 123_456),
            ("1970-01-01T00:00:00.5+00:00", 500_000),
            ("2024-02-29T23:59:59.999999Z", 1_709_251_199_999_999),
        ];
        for (text, micros) in cases {
            assert_eq!(parse_rfc3339(text), Some(micros), "{text}");
        }
    }

    #[test]
    fn invalid_instants_are_rejected() {
        for text in [
            "",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "2026-01-01T00:00:00.12345678",
            "2026-01-01T00:00:00.123456789",
            "2026-01-01T00:00:00.1",
            "2026-01-01T00:00:00.",
            "2026-01-01T00:00:00.1x",
            "2026-01-01T00:00:00,1Z",
            "2026x01-01T00:00:00Z",
            "2026-01-01T00:00:0aZ",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:00 Z",
            "+2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00Zz",
            "２０２６-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn trailing_zeros_of_a_fraction_are_omitted() {
        assert_eq!(formatted(0), "1970-01-01T00:00:00Z");
        assert_eq!(formatted(-1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(formatted(1_769_890_500_250_000), "2026-01-31T20:15:00.25Z");
        assert_eq!(formatted(1_769_890_510_000_000), "2026-01-31T20:15:10Z");
        assert_eq!(formatted(i64::MAX), "9999-12-31T23:59:59.999999Z");
        assert_eq!(formatted(i64::MIN), "0000-01-01T00:00:00Z");
    }

    proptest! {
        #[test]
        fn agrees_with_jiff(micros in -62_135_596_800_000_000i64..253_402_207_200_000_000) {
            let theirs = jiff::Timestamp::from_microsecond(micros).unwrap();
            prop_assert_eq!(parse_rfc3339(&theirs.to_string()), Some(micros));
            let back: jiff::Timestamp = formatted(micros).parse().unwrap();
            prop_assert_eq!(back, theirs);
        }

        #[test]
        fn offsets_agree_with_jiff(micros in 0i64..4_102_444_800_000_000, minutes in -1439i32..1440) {
            let offset = jiff::tz::Offset::from_seconds(minutes * 60).unwrap();
            let theirs = jiff::Timestamp::from_microsecond(micros).unwrap();
            prop_assert_eq!(parse_rfc3339(&theirs.display_with_offset(offset).to_string()), Some(micros));
        }
    }
}
