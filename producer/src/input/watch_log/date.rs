//! The values of `watch_date`.

use marquee_event::parse_rfc3339;

/// The accepted forms, for messages.
pub(super) const EXPECTED: &str = "a date (2026-01-31) or a date and time \
     (2026-01-31T20:15:00+01:00; UTC without an offset)";

/// Parses a date as its midnight, or a date and time; UTC microseconds. An instant at
/// exactly midnight UTC therefore counts as a date.
///
/// Between date and time stands `T` or a space. The seconds, their fraction and the
/// offset are optional. Accepts the offsets `Z`, `+01:00`, `+0100` and `+01`, also after
/// a space.
pub(super) fn parse_start(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked("2026-01-31".len())?;
    if rest.is_empty() {
        return parse_rfc3339(&format!("{date}T00:00:00Z"));
    }
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let (time, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => {
            let (time, offset) = time.split_at_checked(at)?;
            (time.strip_suffix(' ').unwrap_or(time), full_offset(offset)?)
        }
        None => (time, "Z".to_owned()),
    };
    let seconds = if time.len() == "20:15".len() {
        ":00"
    } else {
        ""
    };
    parse_rfc3339(&format!("{date}T{time}{seconds}{offset}"))
}

/// Completes `+01` and `+0100` to `+01:00`.
fn full_offset(offset: &str) -> Option<String> {
    let complete = match offset.len() {
        3 => format!("{offset}:00"),
        5 => {
            let (hours, minutes) = offset.split_at_checked(3)?;
            format!("{hours}:{minutes}")
        }
        _ => offset.to_owned(),
    };
    Some(complete)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_midnight() {
        assert_eq!(parse_start("2026-01-05"), Some(1_767_571_200_000_000));
    }

    #[test]
    fn a_date_and_time_has_many_forms() {
        let expected = parse_rfc3339("2026-01-31T19:15:00Z");
        for text in [
            "2026-01-31T19:15:00Z",
            "2026-01-31t19:15:00z",
            "2026-01-31T19:15:00",
            "2026-01-31 19:15:00",
            "2026-01-31 19:15",
            "2026-01-31T19:15Z",
            "2026-01-31 19:15:00 Z",
            "2026-01-31 19:15:00.000",
            "2026-01-31T20:15:00+01:00",
            "2026-01-31 20:15:00 +01:00",
            "2026-01-31T20:15:00+0100",
            "2026-01-31 20:15+01",
            "2026-01-31T14:15:00-05:00",
        ] {
            assert_eq!(parse_start(text), expected, "{text}");
        }
        assert_eq!(
            parse_start("2026-01-31T19:15:00.25"),
            expected.map(|at| at + 250_000)
        );
    }

    #[test]
    fn other_texts_are_rejected() {
        for text in [
            "",
            "yesterday",
            "31.01.2026",
            "2026-1-31",
            "2026-02-30",
            "2026-01-31T",
            "2026-01-31T19",
            "2026-01-31T25:00",
            "2026-01-31T19:15:00+1",
            "2026-01-31T19:15:00+25:00",
            "2026-01-31  19:15:00",
            "2026-01-31x19:15:00",
            "2026-01-31T19:15:00 CET",
            "2026-01-31T19:15+é0",
            "1769886900",
            "２026-01-31",
        ] {
            assert_eq!(parse_start(text), None, "{text}");
        }
    }
}
