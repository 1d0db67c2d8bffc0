//! A session as the service sees it: its events.

use std::borrow::Cow;

use marquee_event::{Country, Device, Event, EventType, Rating};
use uuid::Uuid;

use super::arrival::StepArrival;
use super::households;
use super::script::{SessionScript, TimedAction, UserAction};
use super::title_catalog::TitleCatalog;

/// A simulated session: the common fields of its events, its script and the arrivals.
#[derive(Debug)]
pub(super) struct SimulatedSession {
    pub(super) user_id: String,
    pub(super) session_id: String,
    pub(super) profile_id: String,
    pub(super) country: Option<Country>,
    pub(super) device: households::SimulatedDevice,
    pub(super) in_experiment: bool,
    pub(super) script: SessionScript,
    /// The arrivals, in the order of time.
    pub(super) arrivals: Vec<StepArrival>,
}

impl SimulatedSession {
    /// Creates the event of an action.
    pub(super) fn event<'s>(
        &'s self,
        step: &TimedAction,
        title_catalog: &'s TitleCatalog,
    ) -> Event<'s> {
        let mut event = Event {
            event_id: event_id(step.at, step.id),
            event_type: EventType::Browse,
            event_time: step.at,
            user_id: Cow::Borrowed(&self.user_id),
            session_id: Cow::Borrowed(&self.session_id),
            profile_id: Some(Cow::Borrowed(&self.profile_id)),
            country: self.country,
            device: Device {
                kind: Some(Cow::Borrowed(self.device.kind)),
                os: Some(Cow::Borrowed(self.device.os)),
                app_version: Some(Cow::Borrowed(self.device.app_version)),
            },
            ..Event::blank()
        };
        let title = |row: u32| {
            title_catalog
                .titles
                .get(row as usize)
                .map(|title| Cow::Borrowed(title.title_id.as_str()))
        };
        match step.action {
            UserAction::Browse {
                shelf,
                title: title_page,
            } => {
                event.row = shelf.map(i32::from);
                event.title_id = title_page.and_then(title);
            }
            UserAction::Search { query, results } => {
                event.event_type = EventType::Search;
                event.query = self
                    .script
                    .queries
                    .get(query as usize)
                    .map(|query| Cow::Borrowed(query.as_str()));
                event.results = Some(results as i32);
            }
            UserAction::Watch {
                event_type,
                title: row,
                position_ms,
                from_ms,
            } => {
                event.event_type = event_type;
                event.title_id = title(row);
                event.position_ms = Some(i64::from(position_ms));
                event.from_position_ms = from_ms.map(i64::from);
            }
            UserAction::Rate { title: row, halves } => {
                event.event_type = EventType::Rate;
                event.title_id = title(row);
                event.rating = Rating::from_halves(halves);
            }
            UserAction::AddToList { title: row } => {
                event.event_type = EventType::AddToList;
                event.title_id = title(row);
            }
            UserAction::RemoveFromList { title: row } => {
                event.event_type = EventType::RemoveFromList;
                event.title_id = title(row);
            }
        }
        event.extra = self.extra(event.event_type, step.id).map(Cow::Borrowed);
        event
    }

    /// Returns fields outside the event's contract: the experiment of some clients, and
    /// occasionally the picture quality.
    fn extra(&self, event_type: EventType, bits: u64) -> Option<&'static str> {
        const PICTURES: [&str; 4] = [
            r#"{"bitrate_kbps":5800,"dropped_frames":0}"#,
            r#"{"bitrate_kbps":15600,"dropped_frames":2}"#,
            r#"{"bitrate_kbps":3000,"dropped_frames":11}"#,
            r#"{"bitrate_kbps":1750,"dropped_frames":4,"rebuffered":true}"#,
        ];
        match event_type {
            EventType::Browse | EventType::Search | EventType::Play if self.in_experiment => {
                Some(r#"{"experiment":"row-order-b"}"#)
            }
            EventType::Heartbeat if bits & 63 == 0 => {
                PICTURES.get((bits >> 6) as usize % PICTURES.len()).copied()
            }
            _ => None,
        }
    }
}

/// Creates a UUID v7 (RFC 9562): milliseconds, the fraction of the millisecond in
/// `rand_a` (method 3), and 62 random bits.
fn event_id(at_us: i64, bits: u64) -> Uuid {
    let ms = at_us.div_euclid(1000) as u64;
    let fraction = (at_us.rem_euclid(1000) as u64 * 4096) / 1000;
    let high = (ms << 16) | (7 << 12) | fraction;
    let low = (0b10 << 62) | (bits >> 2);
    Uuid::from_u64_pair(high, low)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_and_sort_by_time() {
        let at = 1_767_571_200_123_456;
        let id = event_id(at, u64::MAX);
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanos / 1_000_000), (1_767_571_200, 123));
        assert!(event_id(at, u64::MAX) < event_id(at + 1, 0));
    }
}
