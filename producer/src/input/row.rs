//! Construction of events from table rows.

use std::borrow::Cow;

use marquee_event::{Event, EventType, MICROS_PER_DAY, WriteError};
use uuid::Uuid;

use crate::OutgoingEvent;

/// The UUID namespace of ids derived from rows.
const NAMESPACE: Uuid = Uuid::from_u128(0x6d61_7271_7565_4e65_8a1b_726f_7769_6473);

/// Derives an id from the parts of a row, a UUID v5. The same parts always give the
/// same id. No part may contain U+0000.
pub(super) fn deterministic_id(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, parts.join("\0").as_bytes())
}

/// Derives the session id that one user's rows of one day share.
pub(super) fn daily_session_id(kind: &str, user: &str, time_us: i64) -> String {
    let day = time_us.div_euclid(MICROS_PER_DAY).to_string();
    deterministic_id(&[kind, "session", user, &day]).to_string()
}

/// Creates an event with the required fields only.
pub(super) fn event<'a>(
    event_id: Uuid,
    event_type: EventType,
    event_time: i64,
    user_id: &'a str,
    session_id: &'a str,
) -> Event<'a> {
    Event {
        event_id,
        event_type,
        event_time,
        user_id: Cow::Borrowed(user_id),
        session_id: Cow::Borrowed(session_id),
        ..Event::blank()
    }
}

/// Serialises an event that arrives at its event time.
///
/// # Errors
/// [`WriteError`].
pub(super) fn to_outgoing(event: &Event<'_>) -> Result<OutgoingEvent, WriteError> {
    let mut body = Vec::with_capacity(320);
    event.write_json(&mut body)?;
    Ok(OutgoingEvent {
        user_id: event.user_id.clone().into_owned(),
        arrives_at_ms: Some(arrival_ms(event.event_time)),
        body,
        numbered: true,
    })
}

/// Returns the first whole millisecond at or after an event time.
pub(super) fn arrival_ms(time_us: i64) -> i64 {
    time_us.div_euclid(1_000) + i64::from(time_us.rem_euclid(1_000) > 0)
}
