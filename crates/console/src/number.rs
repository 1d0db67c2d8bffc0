//! Numbers on the command line.
//!
//! Every program takes the same forms: `1000000`, `1_000_000`, `1e6`, `86.4e6`.

use std::fmt::Display;
use std::ops::RangeInclusive;

use thiserror::Error;

/// The largest exponent of a whole number: 10^20 exceeds 64 bits.
const MAX_EXPONENT: i32 = 20;

/// An error of parsing a number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseNumberError {
    /// The text is not a number, or the number has a fraction or a sign.
    #[error("expected a whole number, such as 1000000, 1_000_000, 1e6 or 86.4e6")]
    NotWhole,
    /// The text is not a number.
    #[error("expected a number, such as 1000000, 1_000_000, 1e6 or 0.5")]
    NotANumber,
    /// The number is out of range.
    #[error("{value} is not in {min}..={max}")]
    OutOfRange {
        /// The text of the number.
        value: String,
        /// The minimum.
        min: String,
        /// The maximum.
        max: String,
    },
}

/// Parses a whole number: `1000000`, `1_000_000`, `1e6` or `86.4e6`.
///
/// The conversion is exact: `1e-3` and `1.5` are errors, `1.50e1` is 15.
///
/// # Errors
/// [`ParseNumberError`] if the text is not a whole number or exceeds `u64::MAX`.
pub fn parse_count(text: &str) -> Result<u64, ParseNumberError> {
    let plain = without_separators(text).ok_or(ParseNumberError::NotWhole)?;
    let (mantissa, exponent) = match plain.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let exponent: i32 = exponent.parse().map_err(|_| ParseNumberError::NotWhole)?;
            (mantissa, exponent)
        }
        None => (plain.as_str(), 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digit = !whole.is_empty() || !fraction.is_empty();
    let digits = [whole, fraction].concat();
    if !has_digit || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseNumberError::NotWhole);
    }
    let significant = digits.trim_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    let trailing_zeros = digits.len() - digits.trim_end_matches('0').len();
    let length = |text: &str| i32::try_from(text.len()).unwrap_or(i32::MAX);
    let scale = exponent
        .saturating_sub(length(fraction))
        .saturating_add(i32::try_from(trailing_zeros).unwrap_or(i32::MAX));
    if scale < 0 {
        return Err(ParseNumberError::NotWhole);
    }
    let too_large = || out_of_range(text, u64::MIN, u64::MAX);
    if scale > MAX_EXPONENT {
        return Err(too_large());
    }
    10_u64
        .checked_pow(scale.unsigned_abs())
        .zip(significant.parse::<u64>().ok())
        .and_then(|(power, digits)| power.checked_mul(digits))
        .ok_or_else(too_large)
}

/// Returns a parser of whole numbers in `range`, for `value_parser` of clap.
pub fn count_in<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, ParseNumberError> + Clone + Send + Sync + 'static
where
    T: TryFrom<u64> + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let refuse = |value: &str| out_of_range(value, range.start().clone(), range.end().clone());
        let number = match parse_count(text) {
            Err(ParseNumberError::OutOfRange { .. }) => return Err(refuse(text)),
            number => number?,
        };
        T::try_from(number)
            .ok()
            .filter(|value| range.contains(value))
            .ok_or_else(|| refuse(&number.to_string()))
    }
}

/// Parses a number that may have a fraction: `0.5`, `1_000.5`, `86.4e6`.
///
/// # Errors
/// [`ParseNumberError::NotANumber`] if the text is not a number. `NaN` and `inf` are
/// numbers; the option's range excludes them.
pub fn parse_number(text: &str) -> Result<f64, ParseNumberError> {
    without_separators(text)
        .and_then(|plain| plain.parse().ok())
        .ok_or(ParseNumberError::NotANumber)
}

/// Removes the underscores between digits; `None` if one is elsewhere.
fn without_separators(text: &str) -> Option<String> {
    let is_digit = |part: Option<char>| part.is_some_and(|c| c.is_ascii_digit());
    let parts: Vec<&str> = text.split('_').collect();
    let between_digits = parts.windows(2).all(|pair| match pair {
        [before, after] => is_digit(before.chars().next_back()) && is_digit(after.chars().next()),
        _ => true,
    });
    between_digits.then(|| parts.concat())
}

fn out_of_range<T: Display>(value: &str, min: T, max: T) -> ParseNumberError {
    ParseNumberError::OutOfRange {
        value: value.to_owned(),
        min: min.to_string(),
        max: max.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_several_forms() {
        for (text, expected) in [
            ("0", 0),
            ("0.0", 0),
            ("007", 7),
            ("1000000", 1_000_000),
            ("1_000_000", 1_000_000),
            ("1e6", 1_000_000),
            ("1E+6", 1_000_000),
            ("1_0e0_6", 10_000_000),
            ("86.4e6", 86_400_000),
            (".5e1", 5),
            ("1.50e1", 15),
            ("100e-2", 1),
            ("18446744073709551615", u64::MAX),
            ("1e19", 10_000_000_000_000_000_000),
        ] {
            assert_eq!(parse_count(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_rejected() {
        for text in [
            "", " 1", "-1", "+1", "1.5", "1e-3", "e6", ".", "1e", "1e1.5", "_1", "1_", "1__0",
            "1_e6", "1,000", "0x10", "NaN", "inf", "many", "1k", "١",
        ] {
            assert_eq!(parse_count(text), Err(ParseNumberError::NotWhole), "{text}");
        }
        assert_eq!(
            parse_count("1.5").unwrap_err().to_string(),
            "expected a whole number, such as 1000000, 1_000_000, 1e6 or 86.4e6"
        );
    }

    #[test]
    fn a_number_above_the_range_is_an_error() {
        for text in ["1e20", "18446744073709551616", "1e999", "1e2147483647"] {
            assert_eq!(
                parse_count(text).unwrap_err().to_string(),
                format!("{text} is not in 0..=18446744073709551615")
            );
        }
        let shards = count_in::<u32>(1..=10_000);
        assert_eq!(shards("1e4"), Ok(10_000));
        for (text, shown) in [("0", "0"), ("1e5", "100000"), ("1e10", "10000000000")] {
            assert_eq!(
                shards(text).unwrap_err().to_string(),
                format!("{shown} is not in 1..=10000")
            );
        }
        assert_eq!(
            shards("1e30").unwrap_err().to_string(),
            "1e30 is not in 1..=10000"
        );
        assert_eq!(shards("x"), Err(ParseNumberError::NotWhole));
    }

    #[test]
    fn numbers_may_have_a_fraction() {
        for (text, expected) in [
            ("0.5", 0.5),
            ("1_000.5", 1_000.5),
            ("86.4e6", 86_400_000.0),
            ("-1", -1.0),
            ("inf", f64::INFINITY),
        ] {
            assert_eq!(parse_number(text), Ok(expected), "{text}");
        }
        for text in ["", "1,5", "_1", "1__0", "half"] {
            assert_eq!(
                parse_number(text).unwrap_err().to_string(),
                "expected a number, such as 1000000, 1_000_000, 1e6 or 0.5",
                "{text}"
            );
        }
    }
}
