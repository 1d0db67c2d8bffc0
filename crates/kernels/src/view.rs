//! Views: what a user did with a title in a session, on one date.
//!
//! The definitions are those of `docs/DATA_MODEL.md`.

use marquee_event::EventType;

use crate::intern::NONE;
use crate::row::{Context, Row};

/// More than this between two events, in milliseconds, counts as watched only
/// where the position moved on as far.
const GAP_CAP_MS: i64 = 300_000;
/// What is taken for the runtime of a title that has none.
const USUAL_RUNTIME_MS: i64 = 1_800_000;
const COMPLETED: f32 = 0.95;
const BINGED: f32 = 0.7;

/// A view, as its events come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// The place of its session among the user's.
    pub(crate) session: u32,
    pub(crate) title: u32,
    /// Microseconds since midnight.
    pub(crate) started_at: i64,
    /// Microseconds since midnight.
    pub(crate) ended_at: i64,
    pub(crate) events: u32,
    pub(crate) watch_ms: i64,
    pub(crate) pauses: u32,
    pub(crate) seeks: u32,
    pub(crate) rating: Option<f32>,
    pub(crate) device_type: u32,
    pub(crate) country: u32,
    pub(crate) has_playback: bool,
    has_complete: bool,
    furthest_ms: i64,
    is_playing: bool,
    /// Time (since midnight, microseconds) and position of the last playback
    /// event.
    last: (i64, Option<i64>),
}

impl View {
    /// Whether events of that type belong to a view.
    #[inline]
    pub(crate) fn takes(event_type: EventType) -> bool {
        event_type.is_playback() || event_type == EventType::Rate
    }

    /// A view that begins with that event, which is still to be added.
    pub(crate) fn begin(session: u32, row: &Row) -> Self {
        Self {
            session,
            title: row.title,
            started_at: row.time_of_day(),
            ended_at: row.time_of_day(),
            events: 0,
            watch_ms: 0,
            pauses: 0,
            seeks: 0,
            rating: None,
            device_type: NONE,
            country: NONE,
            has_playback: false,
            has_complete: false,
            furthest_ms: 0,
            is_playing: false,
            last: (0, None),
        }
    }

    /// Adds the next event; `from_position_ms` is a seek's, `rating` a rating's.
    #[inline]
    pub(crate) fn add(
        &mut self,
        row: &Row,
        context: &Context,
        from_position_ms: Option<i64>,
        rating: Option<f32>,
    ) {
        let time = row.time_of_day();
        self.events = self.events.saturating_add(1);
        self.ended_at = time;
        if self.device_type == NONE {
            self.device_type = context.device_type;
        }
        if self.country == NONE {
            self.country = context.country;
        }
        let event_type = row.event_type();
        if event_type == EventType::Rate {
            self.rating = rating.or(self.rating);
            return;
        }
        let position = row.position_ms();
        if self.is_playing {
            let (last_time, last_position) = self.last;
            let reached = match event_type {
                EventType::Seek => from_position_ms.or(position),
                _ => position,
            };
            let gap = (time - last_time) / 1000;
            let advance = match (reached, last_position) {
                (Some(reached), Some(last)) => reached.saturating_sub(last),
                _ => 0,
            };
            self.watch_ms = self
                .watch_ms
                .saturating_add(gap.min(advance.max(GAP_CAP_MS)));
        }
        match event_type {
            EventType::Play | EventType::Resume | EventType::Heartbeat => self.is_playing = true,
            EventType::Pause => {
                self.is_playing = false;
                self.pauses = self.pauses.saturating_add(1);
            }
            EventType::Stop => self.is_playing = false,
            EventType::Complete => {
                self.is_playing = false;
                self.has_complete = true;
            }
            _ => self.seeks = self.seeks.saturating_add(1),
        }
        if event_type != EventType::Seek {
            self.furthest_ms = self.furthest_ms.max(position.unwrap_or_default());
        }
        self.has_playback = true;
        self.last = (time, position);
    }

    /// How much of the title was seen, 0 to 1.
    pub(crate) fn completion_rate(&self, runtime_ms: Option<i64>) -> Option<f32> {
        if self.has_complete {
            return Some(1.0);
        }
        runtime_ms.map(|runtime| (self.furthest_ms as f64 / runtime as f64).min(1.0) as f32)
    }

    /// Whether the title was seen to its end, or nearly.
    pub(crate) fn is_completed(&self, completion_rate: Option<f32>) -> bool {
        self.has_complete || completion_rate.is_some_and(|rate| rate >= COMPLETED)
    }

    /// Whether the view counts towards a binge.
    pub(crate) fn is_binged(completion_rate: Option<f32>) -> bool {
        completion_rate.is_some_and(|rate| rate >= BINGED)
    }

    /// How much the user was taken by the title, 0 to 1.
    pub(crate) fn engagement_score(
        &self,
        runtime_ms: Option<i64>,
        completion_rate: Option<f32>,
    ) -> f32 {
        let runtime = runtime_ms.unwrap_or(USUAL_RUNTIME_MS);
        let watched = (self.watch_ms as f64 / runtime as f64).min(1.0);
        let completed = f64::from(completion_rate.unwrap_or_default());
        let breaks = self.pauses.saturating_add(self.seeks).min(10);
        let base = (0.6 * watched + 0.4 * completed) * (1.0 - 0.02 * f64::from(breaks));
        let score = match self.rating {
            Some(rating) => 0.8 * base + 0.2 * (f64::from(rating) - 0.5) / 4.5,
            None => base,
        };
        score as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{EventId, Packed};

    /// A view of events: type, milliseconds since midnight, position, and where
    /// a seek came from.
    fn view(events: &[(EventType, i64, i32, Option<i64>)]) -> View {
        let row = |event: &(EventType, i64, i32, Option<i64>)| {
            let fields = Packed {
                time_of_day: event.1 * 1000,
                event_type: event.0,
                position_ms: event.0.is_playback().then_some(event.2),
                producer_seq: None,
            };
            Row::new(EventId([0; 2]), fields, [0, 0, 0, NONE], 0)
        };
        let first = events.first().map(row);
        let mut view = View::begin(
            0,
            &first.unwrap_or_else(|| row(&(EventType::Play, 0, 0, None))),
        );
        for event in events {
            view.add(&row(event), &Context::NOBODY, event.3, Some(5.0));
        }
        view
    }

    #[test]
    fn a_long_gap_counts_as_far_as_the_position_moved() {
        use EventType::{Heartbeat, Pause, Play};
        let hour = 3_600_000;
        let watched = |position| {
            view(&[
                (Play, 0, 0, None),
                (Heartbeat, hour, position, None),
                (Pause, hour + 60_000, position + 60_000, None),
                (Heartbeat, 2 * hour, position, None),
            ])
            .watch_ms
        };
        // The player slept: the cap. It played on unheard: all of it.
        assert_eq!(watched(1_000), 300_000 + 60_000);
        assert_eq!(watched(600_000), 600_000 + 60_000);
        assert_eq!(watched(9_000_000), hour + 60_000);
    }

    #[test]
    fn a_seek_ends_at_where_it_came_from_and_leaves_the_state() {
        use EventType::{Pause, Play, Seek, Stop};
        let seek = |state, from| {
            let came_from = Some(from);
            view(&[
                (state, 0, 0, None),
                (Seek, 900_000, 5_000_000, came_from),
                (Stop, 910_000, 5_010_000, None),
            ])
        };
        assert_eq!(seek(Play, 800_000).watch_ms, 800_000 + 10_000);
        assert_eq!(seek(Pause, 800_000).watch_ms, 0);
        assert_eq!(
            seek(Play, 800_000).completion_rate(Some(5_010_000)),
            Some(1.0)
        );
        let jumped = view(&[(Play, 0, 0, None), (Seek, 1, 90, Some(0))]);
        assert_eq!(jumped.completion_rate(Some(100)), Some(0.0));
    }

    #[test]
    fn engagement_is_0_to_1() {
        use EventType::{Complete, Play, Rate};
        let best = view(&[
            (Play, 0, 0, None),
            (Complete, 1000, 1000, None),
            (Rate, 2000, 0, None),
        ]);
        let rate = best.completion_rate(None);
        assert_eq!(rate, Some(1.0));
        assert_eq!(best.engagement_score(Some(1000), rate), 1.0);
        let rated = view(&[(Rate, 0, 0, None)]);
        assert!(!rated.has_playback);
        assert_eq!(rated.completion_rate(None), None);
        assert_eq!(rated.engagement_score(None, None), 0.2);
    }
}
