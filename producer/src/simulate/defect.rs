//! The ways in which real clients break events.

use std::num::NonZeroU32;

use marquee_event::{Event, EventType};

const DAY_US: i64 = 86_400_000_000;

/// One way to break an event. Each breaks a single thing, so that the reason it
/// is refused for is not in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    /// The connection went away in the middle.
    Truncated,
    /// A byte of Latin-1.
    Latin1,
    /// Two events without a newline between.
    RunTogether,
    /// `NaN`, which some serializers write.
    NotANumber,
    /// A proxy's error page was sent on.
    ErrorPage,
    /// A client that sends its events as a list.
    InAList,
    /// JSON encoded twice: a string that holds the event.
    EncodedTwice,
    /// An old client that knows `uid` only.
    WithoutUser,
    /// No id.
    WithoutId,
    /// Nobody knows what was played.
    NullTitle,
    /// Every number in quotes.
    PositionAsText,
    /// Epoch milliseconds.
    TimeAsNumber,
    /// A database's row number for an id.
    IdNotAUuid,
    /// A type of tomorrow.
    UnknownType,
    /// Stars out of ten.
    TenStars,
    /// A player that counts from behind the beginning.
    NegativePosition,
    /// A token where the session's id should be.
    LongSession,
    /// A C string's end.
    NulInSession,
    /// A device whose clock is years ahead.
    ClockAhead,
    /// A device that lost its clock.
    ClockReset,
    /// A client newer than the service.
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

    /// A defect that this event can have.
    pub(super) fn for_event(event: &Event<'_>, chances: NonZeroU32) -> Self {
        let from = chances.get() as usize % Self::ALL.len();
        let mut round = Self::ALL.iter().cycle().skip(from).take(Self::ALL.len());
        round
            .find(|defect| defect.fits(event))
            .copied()
            .unwrap_or(Self::Truncated)
    }

    /// Whether a field can still be spliced in behind the opening brace.
    pub(super) const fn numbered(self) -> bool {
        !matches!(self, Self::ErrorPage | Self::InAList | Self::EncodedTwice)
    }

    fn fits(self, event: &Event<'_>) -> bool {
        match self {
            Self::NullTitle => event.event_type.needs_title(),
            Self::TenStars => event.title_id.is_some(),
            Self::PositionAsText | Self::NegativePosition | Self::NotANumber => {
                event.event_type.is_playback()
            }
            _ => true,
        }
    }

    /// The event as it is sent with this defect.
    pub(super) fn apply(self, mut event: Event<'_>, chances: NonZeroU32) -> Vec<u8> {
        let chances = i64::from(chances.get());
        match self {
            Self::ClockAhead => event.event_time += (366 + chances % 1_000) * DAY_US,
            Self::ClockReset => event.event_time = chances % DAY_US,
            Self::TenStars => {
                event.event_type = EventType::Rate;
                event.position_ms = None;
                event.from_position_ms = None;
            }
            _ => {}
        }
        let json = written(&event);
        match self {
            Self::Truncated => cut(json, chances).into_bytes(),
            Self::Latin1 => with_latin1(json),
            Self::RunTogether => json.repeat(2).into_bytes(),
            Self::ErrorPage => b"<html><body><h1>502 Bad Gateway</h1></body></html>".to_vec(),
            Self::InAList => format!("[{json}]").into_bytes(),
            Self::EncodedTwice => {
                format!("\"{}\"", json.replace('\\', "\\\\").replace('"', "\\\"")).into_bytes()
            }
            Self::WithoutUser => json.replacen("\"user_id\":", "\"uid\":", 1).into_bytes(),
            Self::WithoutId => json.replacen("\"event_id\":", "\"id\":", 1).into_bytes(),
            Self::NullTitle => with_value(json, "title_id", "null"),
            Self::NotANumber => with_value(json, "position_ms", "NaN"),
            Self::PositionAsText => {
                let position = event.position_ms.unwrap_or_default();
                with_value(json, "position_ms", &format!("\"{position}\""))
            }
            Self::NegativePosition => {
                with_value(json, "position_ms", &format!("-{}", 1 + chances % 5_000))
            }
            Self::TimeAsNumber => {
                with_value(json, "event_time", &(event.event_time / 1000).to_string())
            }
            Self::IdNotAUuid => with_value(json, "event_id", &format!("\"{chances}\"")),
            Self::UnknownType => with_value(json, "event_type", "\"play_trailer\""),
            Self::TenStars => with_member(json, &format!("\"rating\":{}", 6 + chances % 5)),
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
        }
    }
}

fn written(event: &Event<'_>) -> String {
    let mut json = Vec::with_capacity(512);
    event.write_json(&mut json);
    String::from_utf8_lossy(&json).into_owned()
}

/// The first quarter to three quarters of it.
fn cut(mut json: String, chances: i64) -> String {
    let quarter = json.len() / 4;
    let mut end = quarter + chances as usize % (2 * quarter).max(1);
    while !json.is_char_boundary(end) {
        end -= 1;
    }
    json.truncate(end);
    json
}

/// With a lone `é` of Latin-1 as the last byte of the user's id.
fn with_latin1(json: String) -> Vec<u8> {
    let end = value(&json, "user_id").map_or(1, |span| span.end.saturating_sub(1));
    let mut bytes = json.into_bytes();
    bytes.insert(end, 0xe9);
    bytes
}

/// With another value in the place of a member's.
fn with_value(mut json: String, name: &str, new: &str) -> Vec<u8> {
    if let Some(span) = value(&json, name) {
        json.replace_range(span, new);
    }
    json.into_bytes()
}

/// With one more member, in the first place.
fn with_member(json: String, member: &str) -> Vec<u8> {
    json.replacen('{', &format!("{{{member},"), 1).into_bytes()
}

/// Where a member's value lies in an event that we wrote: a number, or a string
/// without escapes.
fn value(json: &str, name: &str) -> Option<std::ops::Range<usize>> {
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
        /// Why an event with this defect is refused.
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

    /// Why a body that arrives then is refused, if it is.
    pub(in crate::simulate) fn refusal(body: &[u8], arrives_at_ms: i64) -> Option<Reason> {
        parse(body)
            .and_then(|event| event.admit(arrives_at_ms * 1000, TimeWindow::default()))
            .err()
            .map(|refusal| refusal.reason)
    }

    const BROWSE: &str = r#"{"event_id":"019b8b2e-5c00-7000-8000-000000000001","event_type":"browse","event_time":"2026-01-05T20:00:00Z","user_id":"u-0000001","session_id":"s-01"}"#;
    const PLAY: &str = r#"{"event_id":"019b8b2e-5c00-7000-8000-000000000001","event_type":"play","event_time":"2026-01-05T20:00:00.5Z","user_id":"u-0000001","session_id":"s-01","title_id":"mv-00001","position_ms":0}"#;
    const SEARCH: &str = r#"{"event_id":"019b8b2e-5c00-7000-8000-000000000001","event_type":"search","event_time":"2026-01-05T20:00:00Z","user_id":"u-0000001","session_id":"s-01","query":"a \"quoted\" é","results":0}"#;

    #[test]
    fn each_defect_is_refused_for_what_it_breaks() {
        for json in [BROWSE, PLAY, SEARCH] {
            let event = parse(json.as_bytes()).unwrap();
            let arrives_at_ms = event.event_time / 1000 + 1_000;
            assert_eq!(refusal(json.as_bytes(), arrives_at_ms), None);
            for defect in Defect::ALL.into_iter().filter(|defect| defect.fits(&event)) {
                for chances in (1..200).chain(u32::MAX - 9..=u32::MAX) {
                    let body = defect.apply(event.clone(), NonZeroU32::new(chances).unwrap());
                    let text = String::from_utf8_lossy(&body);
                    assert_eq!(
                        refusal(&body, arrives_at_ms),
                        Some(defect.reason()),
                        "{defect:?}: {text}"
                    );
                    assert_eq!(
                        defect.numbered(),
                        body.starts_with(b"{"),
                        "{defect:?}: {text}"
                    );
                    assert!(!body.contains(&b'\n'));
                }
            }
        }
    }

    #[test]
    fn every_event_can_be_broken_and_every_defect_comes() {
        let event = parse(PLAY.as_bytes()).unwrap();
        for defect in Defect::ALL {
            assert!((1..=21).any(|chances| {
                Defect::for_event(&event, NonZeroU32::new(chances).unwrap()) == defect
            }));
        }
        let event = parse(BROWSE.as_bytes()).unwrap();
        for chances in 1..=100 {
            assert!(Defect::for_event(&event, NonZeroU32::new(chances).unwrap()).fits(&event));
        }
    }
}
