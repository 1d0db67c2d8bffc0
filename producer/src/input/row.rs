//! What events made from a table's rows have in common.

use std::borrow::Cow;

use marquee_event::{Event, EventType};
use uuid::Uuid;

use crate::Outgoing;

/// The namespace of ids made from rows.
const NAMESPACE: Uuid = Uuid::from_u128(0x6d61_7271_7565_4e65_8a1b_726f_7769_6473);

/// An id that is the same whenever the same row of the same kind is read: UUID
/// v5 of the parts, none of which may hold U+0000.
pub(super) fn id_of(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, parts.join("\0").as_bytes())
}

/// The session of one user's rows of one day.
pub(super) fn session_of(kind: &str, user: &str, time_us: i64) -> String {
    let day = time_us.div_euclid(86_400_000_000).to_string();
    id_of(&[kind, "session", user, &day]).to_string()
}

/// An event that says no more than every event must.
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

/// An event on its way, arriving when it happens.
pub(super) fn outgoing(event: &Event<'_>) -> Outgoing {
    let mut body = Vec::with_capacity(320);
    event.write_json(&mut body);
    Outgoing {
        user_id: event.user_id.clone().into_owned(),
        arrives_at_ms: Some(arrival_ms(event.event_time)),
        body,
        numbered: true,
    }
}

/// The first millisecond at which an event of that time can have arrived.
pub(super) fn arrival_ms(time_us: i64) -> i64 {
    time_us.div_euclid(1_000) + i64::from(time_us.rem_euclid(1_000) > 0)
}
