//! One view of one title: the player's side of a sitting.
//!
//! The position tells the truth: it moves with the clock while the title plays,
//! stands while it is paused, jumps where the viewer seeks, and never passes
//! the title's end.

use marquee_event::EventType;

use super::population::Bookmark;
use super::sitting::{Act, Sitter};

/// How a view ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Seen to the end.
    Completed,
    /// Stopped before.
    Left { position_ms: u32 },
    /// The player went away without a word: the battery, the network, the cat.
    Vanished,
}

/// A playing player says so once a minute of play.
const HEARTBEAT_MS: u32 = 60_000;
/// No seek lands nearer to the end than this.
const CREDITS_MS: u32 = 5_000;

/// Where a view stands.
struct View {
    row: u32,
    runtime_ms: u32,
    position_ms: u32,
    /// Where it will be over: at the runtime, or where the viewer has enough.
    until_ms: u32,
}

impl Sitter<'_> {
    /// Plays from the bookmark on, to whatever end.
    pub(super) fn watch(&mut self, from: Bookmark) -> Ending {
        let Some(&playable) = self.catalogue.playables.get(from.row as usize) else {
            return Ending::Vanished;
        };
        let mut view = View {
            row: from.row,
            runtime_ms: playable.runtime_ms,
            position_ms: from.position_ms,
            until_ms: playable.runtime_ms,
        };
        view.until_ms = self.intention(&view);
        self.playback(EventType::Play, &view);
        let mut heartbeat = self.next_heartbeat();
        let mut whim = self.next_whim();
        loop {
            let span = (view.until_ms - view.position_ms).min(heartbeat).min(whim);
            self.now_ms += i64::from(span);
            view.position_ms += span;
            heartbeat -= span;
            whim -= span;
            if view.position_ms == view.until_ms {
                return self.end(&view);
            }
            if heartbeat == 0 {
                self.playback(EventType::Heartbeat, &view);
                heartbeat = self.next_heartbeat();
            }
            if whim == 0 {
                if self.dice.percent(55) {
                    if let Some(ending) = self.pause(&view) {
                        return ending;
                    }
                    heartbeat = self.next_heartbeat();
                } else {
                    self.seek(&mut view);
                }
                whim = self.next_whim();
            }
        }
    }

    /// How far somebody will watch, whims aside.
    fn intention(&mut self, view: &View) -> u32 {
        let left = view.runtime_ms - view.position_ms;
        let fits = self
            .catalogue
            .work_of(view.row)
            .map_or(0, |work| self.taste.affinity(&work.genres));
        let finishes = self.dice.percent(self.viewer.patience + 8 * fits);
        if finishes || left < 2 * CREDITS_MS {
            return view.runtime_ms;
        }
        // Half of those who leave do so while they find out what it is.
        let most = if self.dice.percent(50) {
            left.min(12 * 60_000)
        } else {
            left
        };
        view.position_ms + self.dice.between(CREDITS_MS / 2, most - CREDITS_MS / 2)
    }

    fn end(&mut self, view: &View) -> Ending {
        if view.position_ms == view.runtime_ms {
            self.playback(EventType::Complete, view);
            return Ending::Completed;
        }
        if self.dice.percent(5) {
            return Ending::Vanished;
        }
        self.playback(EventType::Stop, view);
        Ending::Left {
            position_ms: view.position_ms,
        }
    }

    /// A break; the end of the view for those who do not come back.
    fn pause(&mut self, view: &View) -> Option<Ending> {
        self.playback(EventType::Pause, view);
        if self.dice.percent(80) {
            self.think(3, 240);
        } else {
            self.think(120, 1800);
        }
        match self.dice.below(100) {
            0..2 => Some(Ending::Vanished),
            2..7 => {
                self.playback(EventType::Stop, view);
                Some(Ending::Left {
                    position_ms: view.position_ms,
                })
            }
            _ => {
                self.playback(EventType::Resume, view);
                None
            }
        }
    }

    /// A jump: a little back, a little on, or to another scene.
    fn seek(&mut self, view: &mut View) {
        let from = view.position_ms;
        let to = match self.dice.below(20) {
            0..9 => from.saturating_sub(10_000 * self.dice.rather_low(1, 4)),
            9..16 => from + 30_000 * self.dice.rather_low(1, 4),
            16..18 => from.saturating_sub(self.dice.between(60_000, 900_000)),
            _ => from + self.dice.between(60_000, 900_000),
        };
        let to = to.min(view.runtime_ms.saturating_sub(CREDITS_MS));
        if to == from {
            return;
        }
        view.position_ms = to;
        self.act(Act::Watch {
            what: EventType::Seek,
            title: view.row,
            position_ms: to,
            from_ms: Some(from),
        });
        if to >= view.until_ms {
            // It did not get better there either.
            let enough = to + self.dice.between(1, CREDITS_MS - 1);
            view.until_ms = enough.min(view.runtime_ms);
        }
    }

    fn playback(&mut self, what: EventType, view: &View) {
        self.act(Act::Watch {
            what,
            title: view.row,
            position_ms: view.position_ms,
            from_ms: None,
        });
    }

    /// Milliseconds of play to the next heartbeat: timers are a little late.
    fn next_heartbeat(&mut self) -> u32 {
        HEARTBEAT_MS + self.dice.below(20)
    }

    /// Milliseconds of play to the next pause or seek.
    fn next_whim(&mut self) -> u32 {
        self.dice.rather_low(2 * 60_000, 70 * 60_000)
    }
}
