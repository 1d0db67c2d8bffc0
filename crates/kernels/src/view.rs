//! Views: a user's playback and rating of one title in one session on one date.
//!
//! `docs/DATA_MODEL.md` defines the values.

use marquee_event::EventType;

use crate::error::TableError;
use crate::intern::NONE;
use crate::row::{EventRow, SessionContext};

/// The cap, in milliseconds, on the watch time between two events. A longer gap counts
/// in full only if the position advanced as far.
const GAP_CAP_MS: i64 = 300_000;
/// The runtime that the engagement score assumes for a title of unknown runtime.
const DEFAULT_RUNTIME_MS: i64 = 1_800_000;
/// The completion rate from which a view counts as completed.
const MIN_COMPLETED_RATE: f32 = 0.95;
/// The completion rate from which a view counts towards a binge.
const MIN_BINGE_RATE: f32 = 0.7;

/// A view, built up event by event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// The index of its session among those of the user.
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
    /// The time (microseconds since midnight) and position (milliseconds) of the last
    /// playback event.
    last: (i64, Option<i64>),
}

impl View {
    /// Returns true if events of this type belong to a view.
    #[inline]
    pub(crate) fn accepts(event_type: EventType) -> bool {
        event_type.is_playback() || event_type == EventType::Rate
    }

    /// Creates the view that starts at an event. The caller still adds that event.
    pub(crate) fn new(session: u32, row: &EventRow) -> Self {
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

    /// Adds the next event. Only a seek has `from_position_ms`, only a rating has `rating`.
    ///
    /// # Errors
    /// [`TableError::NoViewEvent`].
    #[inline]
    pub(crate) fn add(
        &mut self,
        row: &EventRow,
        context: &SessionContext,
        from_position_ms: Option<i64>,
        rating: Option<f32>,
    ) -> Result<(), TableError> {
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
            return Ok(());
        }
        let position = row.position_ms();
        if self.is_playing {
            let (last_time, last_position) = self.last;
            // Playback before a seek ends at the position that the seek left.
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
            EventType::Seek => self.seeks = self.seeks.saturating_add(1),
            EventType::Search
            | EventType::Browse
            | EventType::Rate
            | EventType::AddToList
            | EventType::RemoveFromList => return Err(TableError::NoViewEvent(event_type)),
        }
        if event_type != EventType::Seek {
            self.furthest_ms = self.furthest_ms.max(position.unwrap_or_default());
        }
        self.has_playback = true;
        self.last = (time, position);
        Ok(())
    }

    /// Returns the part of the title that was watched, 0 to 1; `None` if it is unknown.
    pub(crate) fn completion_rate(&self, runtime_ms: Option<i64>) -> Option<f32> {
        if self.has_complete {
            return Some(1.0);
        }
        runtime_ms.map(|runtime| (self.furthest_ms as f64 / runtime as f64).min(1.0) as f32)
    }

    /// Returns true if the title was watched to its end or nearly so.
    pub(crate) fn is_completed(&self, completion_rate: Option<f32>) -> bool {
        self.has_complete || completion_rate.is_some_and(|rate| rate >= MIN_COMPLETED_RATE)
    }

    /// Returns true if the view counts towards a binge.
    pub(crate) fn counts_towards_binge(completion_rate: Option<f32>) -> bool {
        completion_rate.is_some_and(|rate| rate >= MIN_BINGE_RATE)
    }

    /// Returns the measure of the user's interest in the title, 0 to 1.
    pub(crate) fn engagement_score(
        &self,
        runtime_ms: Option<i64>,
        completion_rate: Option<f32>,
    ) -> f32 {
        let runtime = runtime_ms.unwrap_or(DEFAULT_RUNTIME_MS);
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
    use crate::row::{EventId, PackedFields};

    /// Builds a view from events: type, milliseconds since midnight, position, and the
    /// position that a seek left.
    fn view(events: &[(EventType, i64, i32, Option<i64>)]) -> View {
        let row = |event: &(EventType, i64, i32, Option<i64>)| {
            let fields = PackedFields {
                time_of_day: event.1 * 1000,
                event_type: event.0,
                position_ms: event.0.is_playback().then_some(event.2),
                producer_seq: None,
            };
            EventRow::new(EventId([0; 2]), fields, [0, 0, 0, NONE], 0)
        };
        let first = events.first().map(row);
        let mut view = View::new(
            0,
            &first.unwrap_or_else(|| row(&(EventType::Play, 0, 0, None))),
        );
        for event in events {
            let added = view.add(&row(event), &SessionContext::EMPTY, event.3, Some(5.0));
            assert_eq!(added, Ok(()));
        }
        view
    }

    #[test]
    fn a_long_gap_counts_as_far_as_the_position_advanced() {
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
        // The player slept: the cap applies. It played on without heartbeats: all counts.
        assert_eq!(watched(1_000), 300_000 + 60_000);
        assert_eq!(watched(600_000), 600_000 + 60_000);
        assert_eq!(watched(9_000_000), hour + 60_000);
    }

    #[test]
    fn a_seek_ends_playback_at_the_position_that_it_left_and_keeps_the_state() {
        use EventType::{Pause, Play, Seek, Stop};
        let seek = |state, from| {
            view(&[
                (state, 0, 0, None),
                (Seek, 900_000, 5_000_000, Some(from)),
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
    fn an_event_of_no_view_is_an_error() {
        let mut searched = view(&[]);
        let fields = PackedFields {
            time_of_day: 0,
            event_type: EventType::Search,
            position_ms: None,
            producer_seq: None,
        };
        let search = EventRow::new(EventId([0; 2]), fields, [0, 0, 0, NONE], 0);
        assert_eq!(
            searched.add(&search, &SessionContext::EMPTY, None, None),
            Err(TableError::NoViewEvent(EventType::Search))
        );
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
