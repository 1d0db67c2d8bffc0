//! Defects of events, as real clients cause them.

use std::num::NonZeroU32;

use marquee_event::{Event, EventType, MICROS_PER_DAY, WriteError};

/// A defect of an event. Each one breaks a single rule, so the reason of rejection is
/// unambiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    /// The connection was lost in the middle of the event.
    Truncated,
    /// A byte in Latin-1 encoding.
    Latin1,
    /// Two events without a newline between them.
    RunTogether,
    /// `NaN`, as some serializers write it.
    NotANumber,
    /// The error page of a proxy.
    ErrorPage,
    /// An array with the event.
    InAList,
    /// Doubly encoded JSON: a string with the event.
    EncodedTwice,
    /// `uid` in place of `user_id`, from an old client.
    WithoutUser,
    /// `id` in place of `event_id`.
    WithoutId,
    /// A null title id.
    NullTitle,
    /// The position as a string.
    PositionAsText,
    /// The event time in epoch milliseconds.
    TimeAsNumber,
    /// A number as the event id.
    IdNotAUuid,
    /// An unknown event type, from a newer client.
    UnknownType,
    /// A rating out of ten stars.
    TenStars,
    /// A negative position.
    NegativePosition,
    /// A long token as the session id.
    LongSession,
    /// U+0000 at the end of the session id, from a C string.
    NulInSession,
    /// A device clock that is years ahead.
    ClockAhead,
    /// A device clock reset to 1970.
    ClockReset,
    /// An unsupported schema version, from a newer client.
    NextSchema,
}

impl Defect {
    pub(super) const ALL: [Self; 21] = [
        Self::Truncated,
        Self::Latin1,
        Self::RunTogether,
        Self::NotANumber,
        Self::ErrorPage,
        Self::InAList,
        Self::EncodedTwice,
        Self::WithoutUser,
        Self::WithoutId,
        Self::NullTitle,
        Self::PositionAsText,
        Self::TimeAsNumber,
        Self::IdNotAUuid,
        Self::UnknownType,
        Self::TenStars,
        Self::NegativePosition,
        Self::LongSession,
        Self::NulInSession,
        Self::ClockAhead,
        Self::ClockReset,
        Self::NextSchema,
    ];

    /// Selects a defect that applies to this event.
    pub(super) fn for_event(event: &Event<'_>, bits: NonZeroU32) -> Self {
        let from = bits.get() as usize % Self::ALL.len();
        let mut round = Self::ALL.iter().cycle().skip(from).take(Self::ALL.len());
        round
            .find(|defect| defect.applies_to(event))
            .copied()
            .unwrap_or(Self::Truncated)
    }

    /// Returns whether the result is an object into which a field can be spliced.
    pub(super) const fn accepts_number(self) -> bool {
        !matches!(self, Self::ErrorPage | Self::InAList | Self::EncodedTwice)
    }

    fn applies_to(self, event: &Event<'_>) -> bool {
        match self {
            Self::NullTitle => event.event_type.needs_title(),
            Self::TenStars => event.title_id.is_some(),
            Self::PositionAsText | Self::NegativePosition | Self::NotANumber => {
                event.event_type.is_playback()
            }
            _ => true,
        }
    }

    /// Returns the bytes of the event with this defect.
    ///
    /// # Errors
    /// [`WriteError`].
    pub(super) fn apply(
        self,
        mut event: Event<'_>,
        bits: NonZeroU32,
    ) -> Result<Vec<u8>, WriteError> {
        let bits = i64::from(bits.get());
        match self {
            Self::ClockAhead => event.event_time += (366 + bits % 1_000) * MICROS_PER_DAY,
            Self::ClockReset => event.event_time = bits % MICROS_PER_DAY,
            Self::TenStars => {
                event.event_type = EventType::Rate;
                event.position_ms = None;
                event.from_position_ms = None;
            }
            _ => {}
        }
        let json = to_json(&event)?;
        Ok(match self {
            Self::Truncated => truncate(json, bits).into_bytes(),
            Self::Latin1 => with_latin1(json),
            Self::RunTogether => json.repeat(2).into_bytes(),
            Self::ErrorPage => b"<html><body><h1>502 Bad Gateway</h1></body></html>".to_vec(),
            Self::InAList => format!("[{json}]").into_bytes(),
            Self::EncodedTwice => serde_json::Value::from(json).to_string().into_bytes(),
            Self::WithoutUser => json.replacen("\"user_id\":", "\"uid\":", 1).into_bytes(),
            Self::WithoutId => json.replacen("\"event_id\":", "\"id\":", 1).into_bytes(),
            Self::NullTitle => with_value(json, "title_id", "null"),
            Self::NotANumber => with_value(json, "position_ms", "NaN"),
            Self::PositionAsText => {
                let position = event.position_ms.unwrap_or_default();
                with_value(json, "position_ms", &format!("\"{position}\""))
            }
            Self::NegativePosition => {
                with_value(json, "position_ms", &format!("-{}", 1 + bits % 5_000))
            }
            Self::TimeAsNumber => {
                with_value(json, "event_time", &(event.event_time / 1000).to_string())
            }
            Self::IdNotAUuid => with_value(json, "event_id", &format!("\"{bits}\"")),
            Self::UnknownType => with_value(json, "event_type", "\"play_trailer\""),
            Self::TenStars => with_member(json, &format!("\"rating\":{}", 6 + bits % 5)),
            Self::LongSession => with_value(
                json,
                "session_id",
                &format!("\"{}\"", "eyJhbGciOi".repeat(20)),
            ),
            Self::NulInSession => with_value(
                json,
                "session_id",
                &format!("\"{}\\u0000\"", event.session_id),
            ),
            Self::NextSchema => with_member(json, "\"schema_version\":2"),
            Self::ClockAhead | Self::ClockReset => json.into_bytes(),
        })
    }
}

fn to_json(event: &Event<'_>) -> Result<String, WriteError> {
    let mut json = Vec::with_capacity(512);
    event.write_json(&mut json)?;
    Ok(String::from_utf8_lossy(&json).into_owned())
}

/// Truncates the text to between a quarter and three quarters of its length.
fn truncate(mut json: String, bits: i64) -> String {
    let quarter = json.len() / 4;
    let mut end = quarter + bits as usize % (2 * quarter).max(1);
    while !json.is_char_boundary(end) {
        end -= 1;
    }
    json.truncate(end);
    json
}

/// Inserts `é` in Latin-1 as the last byte of the user id.
fn with_latin1(json: String) -> Vec<u8> {
    let end = value_range(&json, "user_id").map_or(1, |range| range.end.saturating_sub(1));
    let mut bytes = json.into_bytes();
    bytes.insert(end, 0xe9);
    bytes
}

/// Replaces the value of a member.
fn with_value(mut json: String, name: &str, new: &str) -> Vec<u8> {
    if let Some(range) = value_range(&json, name) {
        json.replace_range(range, new);
    }
    json.into_bytes()
}

/// Inserts a first member.
fn with_member(json: String, member: &str) -> Vec<u8> {
    json.replacen('{', &format!("{{{member},"), 1).into_bytes()
}

/// Returns the range of a member's value in an event that this crate wrote. The value
/// is a number, or a string without escapes.
fn value_range(json: &str, name: &str) -> Option<std::ops::Range<usize>> {
    let key = format!("\"{name}\":");
    let start = json.find(&key)? + key.len();
    let rest = json.get(start..)?;
    let len = match rest.strip_prefix('"') {
        Some(text) => text.find('"')? + 2,
        None => rest.find([',', '}'])?,
    };
    Some(start..start + len)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(super) mod tests {
    use marquee_event::{Reason, TimeWindow, parse};

    use super::*;

    impl Defect {
        /// Returns the reason for which an event with this defect is rejected.
        pub(super) const fn reason(self) -> Reason {
            match self {
                Self::Truncated
                | Self::Latin1
                | Self::RunTogether
                | Self::NotANumber
                | Self::ErrorPage => Reason::InvalidJson,
                Self::InAList | Self::EncodedTwice => Reason::NotAnObject,
                Self::WithoutUser | Self::WithoutId | Self::NullTitle => Reason::MissingField,
                Self::PositionAsText | Self::TimeAsNumber | Self::IdNotAUuid => Reason::WrongType,
                Self::UnknownType => Reason::UnknownEventType,
                Self::TenStars | Self::NegativePosition => Reason::OutOfRange,
                Self::LongSession => Reason::TooLong,
                Self::NulInSession => Reason::IllegalCharacter,
                Self::ClockAhead => Reason::TimeInFuture,
                Self::ClockReset => Reason::TimeTooOld,
                Self::NextSchema => Reason::UnsupportedSchemaVersion,
            }
        }
    }

    /// Returns the reason for which a body with this arrival time is rejected; `None` if
    /// it is valid.
    pub(in crate::simulate) fn rejection(body: &[u8], arrives_at_ms: i64) -> Option<Reason> {
        parse(body)
            .and_then(|event| event.admit(arrives_at_ms * 1000, TimeWindow::default()))
            .err()
            .map(|rejection| rejection.reason)
    }

    const BROWSE: &str = r#"{"event_id":"019b8b2e-5c00-7000-8000-000000000001","event_type":"browse","event_time":"2026-01-05T20:00:00Z","user_id":"u-0000001","session_id":"s-01"}"#;
    const PLAY: &str = r#"{"event_id":"019b8b2e-5c00-7000-8000-000000000001","event_type":"play","event_time":"2026-01-05T20:00:00.5Z","user_id":"u-0000001","session_id":"s-01","title_id":"mv-00001","position_ms":0}"#;
    const SEARCH: &str = r#"{"event_id":"019b8b2e-5c00-7000-8000-000000000001","event_type":"search","event_time":"2026-01-05T20:00:00Z","user_id":"u-0000001","session_id":"s-01","query":"a \"quoted\" é","results":0}"#;

    #[test]
    fn each_defect_is_rejected_for_its_reason() {
        for json in [BROWSE, PLAY, SEARCH] {
            let event = parse(json.as_bytes()).unwrap();
            let arrives_at_ms = event.event_time / 1000 + 1_000;
            assert_eq!(rejection(json.as_bytes(), arrives_at_ms), None);
            for defect in Defect::ALL
                .into_iter()
                .filter(|defect| defect.applies_to(&event))
            {
                for bits in (1..200).chain(u32::MAX - 9..=u32::MAX) {
                    let bits = NonZeroU32::new(bits).unwrap();
                    let body = defect.apply(event.clone(), bits).unwrap();
                    let text = String::from_utf8_lossy(&body);
                    assert_eq!(
                        rejection(&body, arrives_at_ms),
                        Some(defect.reason()),
                        "{defect:?}: {text}"
                    );
                    assert_eq!(
                        defect.accepts_number(),
                        body.starts_with(b"{"),
                        "{defect:?}: {text}"
                    );
                    assert!(!body.contains(&b'\n'));
                }
            }
        }
    }

    #[test]
    fn every_event_has_a_defect_and_every_defect_occurs() {
        let event = parse(PLAY.as_bytes()).unwrap();
        for defect in Defect::ALL {
            assert!((1..=21).any(|bits| {
                Defect::for_event(&event, NonZeroU32::new(bits).unwrap()) == defect
            }));
        }
        let event = parse(BROWSE.as_bytes()).unwrap();
        for bits in 1..=100 {
            assert!(Defect::for_event(&event, NonZeroU32::new(bits).unwrap()).applies_to(&event));
        }
    }
}
