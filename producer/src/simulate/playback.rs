//! Playback: one view of one title within a session.
//!
//! The reported position is consistent: it advances with the clock during play, stands
//! still during a pause, jumps on a seek, and never exceeds the runtime.

use marquee_event::EventType;

use super::households::Bookmark;
use super::script::{SessionSimulator, UserAction};

/// The end of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ViewEnding {
    /// The title was watched to its end.
    Completed,
    /// The user stopped before the end.
    Left { position_ms: u32 },
    /// The player disappeared without a final event, as after a crash.
    Abandoned,
}

/// The interval of heartbeats, in milliseconds of play.
const HEARTBEAT_MS: u32 = 60_000;
/// The minimum distance of a seek's target from the end.
const CREDITS_MS: u32 = 5_000;

/// The state of a view.
struct ActiveView {
    row: u32,
    runtime_ms: u32,
    position_ms: u32,
    /// The position at which the view ends: the runtime, or where the user leaves.
    until_ms: u32,
}

impl SessionSimulator<'_> {
    /// Plays a title from the bookmark to the end of the view.
    pub(super) fn watch(&mut self, from: Bookmark) -> ViewEnding {
        let playable = self.title_catalog.playables[from.row as usize];
        let mut view = ActiveView {
            row: from.row,
            runtime_ms: playable.runtime_ms,
            position_ms: from.position_ms,
            until_ms: playable.runtime_ms,
        };
        view.until_ms = self.planned_end_ms(&view);
        self.playback(EventType::Play, &view);
        let mut heartbeat = self.next_heartbeat();
        let mut interruption = self.next_interruption();
        loop {
            let step = (view.until_ms - view.position_ms)
                .min(heartbeat)
                .min(interruption);
            self.now_ms += i64::from(step);
            view.position_ms += step;
            heartbeat -= step;
            interruption -= step;
            if view.position_ms == view.until_ms {
                return self.end(&view);
            }
            if heartbeat == 0 {
                self.playback(EventType::Heartbeat, &view);
                heartbeat = self.next_heartbeat();
            }
            if interruption == 0 {
                if self.rng.percent_chance(55) {
                    if let Some(ending) = self.pause(&view) {
                        return ending;
                    }
                    heartbeat = self.next_heartbeat();
                } else {
                    self.seek(&mut view);
                }
                interruption = self.next_interruption();
            }
        }
    }

    /// Draws the position at which the view ends, before any seek.
    fn planned_end_ms(&mut self, view: &ActiveView) -> u32 {
        let left = view.runtime_ms - view.position_ms;
        let work = self.title_catalog.work_of(view.row);
        let affinity = self.taste.affinity(&work.genres);
        let finishes = self
            .rng
            .percent_chance(self.household.finish_percent + 8 * affinity);
        if finishes || left < 2 * CREDITS_MS {
            return view.runtime_ms;
        }
        // Half of the users who leave do so in the first minutes.
        let most = if self.rng.percent_chance(50) {
            left.min(12 * 60_000)
        } else {
            left
        };
        view.position_ms + self.rng.between(CREDITS_MS / 2, most - CREDITS_MS / 2)
    }

    fn end(&mut self, view: &ActiveView) -> ViewEnding {
        if view.position_ms == view.runtime_ms {
            self.playback(EventType::Complete, view);
            return ViewEnding::Completed;
        }
        if self.rng.percent_chance(5) {
            return ViewEnding::Abandoned;
        }
        self.playback(EventType::Stop, view);
        ViewEnding::Left {
            position_ms: view.position_ms,
        }
    }

    /// Pauses; returns the view's ending if the user does not resume.
    fn pause(&mut self, view: &ActiveView) -> Option<ViewEnding> {
        self.playback(EventType::Pause, view);
        if self.rng.percent_chance(80) {
            self.wait(3, 240);
        } else {
            self.wait(120, 1800);
        }
        match self.rng.below(100) {
            0..2 => Some(ViewEnding::Abandoned),
            2..7 => {
                self.playback(EventType::Stop, view);
                Some(ViewEnding::Left {
                    position_ms: view.position_ms,
                })
            }
            _ => {
                self.playback(EventType::Resume, view);
                None
            }
        }
    }

    /// Seeks: a short step back or forward, or a long jump.
    fn seek(&mut self, view: &mut ActiveView) {
        let from = view.position_ms;
        let to = match self.rng.below(20) {
            0..9 => from.saturating_sub(10_000 * self.rng.low_biased(1, 4)),
            9..16 => from + 30_000 * self.rng.low_biased(1, 4),
            16..18 => from.saturating_sub(self.rng.between(60_000, 900_000)),
            _ => from + self.rng.between(60_000, 900_000),
        };
        let to = to.min(view.runtime_ms.saturating_sub(CREDITS_MS));
        if to == from {
            return;
        }
        view.position_ms = to;
        self.record(UserAction::Watch {
            event_type: EventType::Seek,
            title: view.row,
            position_ms: to,
            from_ms: Some(from),
        });
        if to >= view.until_ms {
            // The user leaves soon after the seek.
            let enough = to + self.rng.between(1, CREDITS_MS - 1);
            view.until_ms = enough.min(view.runtime_ms);
        }
    }

    fn playback(&mut self, event_type: EventType, view: &ActiveView) {
        self.record(UserAction::Watch {
            event_type,
            title: view.row,
            position_ms: view.position_ms,
            from_ms: None,
        });
    }

    /// Draws the play time until the next heartbeat; timers are slightly late.
    fn next_heartbeat(&mut self) -> u32 {
        HEARTBEAT_MS + self.rng.below(20)
    }

    /// Draws the play time until the next pause or seek.
    fn next_interruption(&mut self) -> u32 {
        self.rng.low_biased(2 * 60_000, 70 * 60_000)
    }
}
