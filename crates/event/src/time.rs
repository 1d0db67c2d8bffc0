//! Conversion of RFC 3339 instants to and from UTC microseconds.

use chrono::{DateTime, TimeDelta};

const MICROS_PER_SECOND: i64 = 1_000_000;
/// One day in microseconds.
pub const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// The longest instants, with nine digits of a fraction, in UTC and with an offset.
const LONGEST_UTC: usize = "2026-01-31T20:15:00.123456789Z".len();
const LONGEST: usize = "2026-01-31T20:15:00.123456789+01:00".len();

/// Parses an RFC 3339 instant with any offset: `2026-01-31T20:15:00.25+01:00`.
///
/// As the RFC allows, `T` and `Z` may be lower case, and `T` may be a space. A fraction
/// has 1 to 9 digits; those beyond the microsecond are cut off. A leap second counts as
/// the second before it.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    // chrono also accepts more digits, and U+2212 as the sign of the offset.
    let longest = match text.ends_with(['Z', 'z']) {
        true => LONGEST_UTC,
        false => LONGEST,
    };
    if text.len() > longest || !text.is_ascii() {
        return None;
    }
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    // In a leap second, the fraction is at least one second.
    let micros = i64::from(time.timestamp_subsec_micros()) % MICROS_PER_SECOND;
    Some(time.timestamp() * MICROS_PER_SECOND + micros)
}

/// Appends an instant as `2026-01-31T19:15:00.25Z`, without trailing zeros in the
/// fraction. An instant outside the years 0 to 9999 is clamped to them.
pub fn format_utc(micros: i64, out: &mut Vec<u8>) {
    const FIRST: i64 = -719_528 * MICROS_PER_DAY;
    const LAST: i64 = 2_932_897 * MICROS_PER_DAY - 1;
    let time = DateTime::UNIX_EPOCH + TimeDelta::microseconds(micros.clamp(FIRST, LAST));
    let text = time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let text = text.trim_end_matches('0').trim_end_matches('.');
    out.extend_from_slice(text.as_bytes());
    out.push(b'Z');
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
            "2026-01-01T00:00:00.1234567890+00:00",
            "2026-01-01T00:00:00\u{2212}01:00",
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
