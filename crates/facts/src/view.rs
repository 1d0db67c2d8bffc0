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
