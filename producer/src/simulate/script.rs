//! One sitting: from taking up a device to putting it down.

use marquee_event::EventType;

use super::catalogue::{Catalogue, Work};
use super::dice::Dice;
use super::population::{Bookmark, Memory, Viewer};
use super::search;
use super::taste::Taste;
use super::watching::Ending;

/// What somebody did at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// When, UTC microseconds; strictly rising within a sitting.
    pub(super) at: i64,
    /// Chances for the event's id.
    pub(super) id: u64,
    pub(super) act: Act,
}

/// What was done; titles are rows of the catalogue.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    /// Looked at a shelf, or at a title's page.
    Browse {
        shelf: Option<u8>,
        title: Option<u32>,
    },
    /// Searched; `query` is an index into [`Script::queries`].
    Search {
        query: u32,
        results: u32,
    },
    /// Anything of playback.
    Watch {
        what: EventType,
        title: u32,
        position_ms: u32,
        from_ms: Option<u32>,
    },
    Rate {
        title: u32,
        halves: u8,
    },
    List {
        title: u32,
    },
    Unlist {
        title: u32,
    },
}

/// All that happens in one sitting, in order.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) steps: Vec<Step>,
    /// What was searched for.
    pub(super) queries: Vec<String>,
}

/// Somebody with a device in hand. Writes the [`Script`] of the sitting.
#[derive(Debug)]
pub(super) struct Sitter<'w> {
    pub(super) catalogue: &'w Catalogue,
    pub(super) viewer: &'w Viewer,
    pub(super) taste: Taste,
    pub(super) memory: &'w mut Memory,
    /// Without a network there is nothing to browse or search, only what was
    /// downloaded.
    pub(super) offline: bool,
    pub(super) dice: &'w mut Dice,
    /// The clock, UTC milliseconds.
    pub(super) now_ms: i64,
    pub(super) script: Script,
}

/// Nobody watches more than so many things in one sitting.
const MOST_VIEWS: u32 = 10;

impl Sitter<'_> {
    /// The whole sitting.
    pub(super) fn sit(mut self) -> Script {
        let mut choice = self.first_choice();
        let mut views = 0;
        while let Some(bookmark) = choice {
            let ending = self.watch(bookmark);
            views += 1;
            choice = match ending {
                Ending::Vanished => None,
                Ending::Completed => self.after_completing(bookmark.row, views),
                Ending::Left { position_ms } => {
                    self.after_leaving(bookmark.row, position_ms, views)
                }
            };
        }
        self.script
    }

    /// Going on with what was begun, something new, or nothing after all.
    fn first_choice(&mut self) -> Option<Bookmark> {
        if let Some(unfinished) = self.memory.unfinished
            && self.dice.percent(55)
        {
            if !self.offline && self.dice.percent(60) {
                self.act(Act::Browse {
                    shelf: Some(0),
                    title: None,
                });
                self.think(2, 15);
            }
            return Some(unfinished);
        }
        if !self.offline && self.dice.percent(7) {
            for shelf in 0..self.dice.between(1, 5) as u8 {
                self.act(Act::Browse {
                    shelf: Some(shelf),
                    title: None,
                });
                self.think(4, 40);
            }
            return None;
        }
        self.choose()
    }

    /// Something to watch, by searching or by browsing.
    fn choose(&mut self) -> Option<Bookmark> {
        let catalogue = self.catalogue;
        let work = self.fancy(catalogue)?;
        if self.offline {
            return Some(self.beginning_of(work));
        }
        if self.dice.percent(22) {
            self.search(work);
            return Some(self.beginning_of(work));
        }
        for shelf in 0..self.dice.rather_low(1, 6) as u8 {
            self.act(Act::Browse {
                shelf: Some(shelf),
                title: None,
            });
            self.think(3, 40);
            if self.dice.percent(4) {
                let other = self.fancy(catalogue)?;
                self.act(Act::Browse {
                    shelf: Some(shelf),
                    title: Some(other.first),
                });
                self.think(3, 12);
                self.list(other);
            }
        }
        if self.dice.percent(60) {
            self.look_at(work);
        }
        Some(self.beginning_of(work))
    }

    /// The work one is in the mood for.
    fn fancy<'c>(&mut self, catalogue: &'c Catalogue) -> Option<&'c Work> {
        let genre = self.taste.mood(self.dice);
        catalogue.draw(genre, self.dice)
    }

    /// Looks for the work by name: perhaps in vain for something else first,
    /// perhaps with a slip of the finger, at last with success.
    fn search(&mut self, work: &Work) {
        if self.dice.percent(6) {
            let query = search::absent(self.dice);
            self.query(query, 0);
            self.think(5, 25);
        }
        let query = search::query_for(&work.name, self.dice);
        if self.dice.percent(18) {
            let typed = search::mistyped(&query, self.dice);
            if typed != query {
                let results = search::results(&typed, true);
                self.query(typed, results);
                self.think(4, 15);
            }
        }
        let results = search::results(&query, false);
        self.query(query, results);
        self.think(3, 20);
        if self.dice.percent(35) {
            self.look_at(work);
        }
    }

    fn query(&mut self, query: String, results: u32) {
        let place = self.script.queries.len() as u32;
        self.script.queries.push(query);
        self.act(Act::Search {
            query: place,
            results,
        });
    }

    fn look_at(&mut self, work: &Work) {
        self.act(Act::Browse {
            shelf: None,
            title: Some(work.first),
        });
        self.think(4, 45);
    }

    fn list(&mut self, work: &Work) {
        if self.memory.listed != Some(work.first) {
            self.act(Act::List { title: work.first });
            self.memory.listed = Some(work.first);
            self.think(2, 10);
        }
    }

    /// Where somebody starts with a work: where they were, at its beginning,
    /// or, as some knew the series before the simulation began, further on.
    fn beginning_of(&mut self, work: &Work) -> Bookmark {
        let own = work.first..work.first + work.rows;
        if let Some(unfinished) = self
            .memory
            .unfinished
            .filter(|mark| own.contains(&mark.row))
        {
            return unfinished;
        }
        let ahead = if self.dice.percent(40) {
            self.dice.rather_low(0, work.rows - 1)
        } else {
            0
        };
        Bookmark {
            row: work.first + ahead,
            position_ms: 0,
        }
    }

    fn after_completing(&mut self, row: u32, views: u32) -> Option<Bookmark> {
        let next = self.catalogue.next_episode(row).map(|row| Bookmark {
            row,
            position_ms: 0,
        });
        self.memory.unfinished = next;
        if self.dice.percent(9) {
            self.think(4, 25);
            self.rate(row);
        }
        let work = self.catalogue.work_of(row)?;
        if self.memory.listed == Some(work.first) && self.dice.percent(70) {
            self.think(3, 15);
            self.act(Act::Unlist { title: work.first });
            self.memory.listed = None;
        }
        if views >= MOST_VIEWS {
            return None;
        }
        if next.is_some() {
            let weary = 4 * views;
            if !self.dice.percent(self.viewer.binge.saturating_sub(weary)) {
                return None;
            }
            // The player counts down and plays on by itself.
            self.think(5, 12);
            return next;
        }
        self.choose_another(20)
    }

    fn after_leaving(&mut self, row: u32, position_ms: u32, views: u32) -> Option<Bookmark> {
        // What was left within minutes was not to one's taste.
        let disliked = position_ms < 10 * 60_000 && self.dice.percent(60);
        self.memory.unfinished = (!disliked).then_some(Bookmark { row, position_ms });
        if views >= MOST_VIEWS {
            return None;
        }
        self.choose_another(if disliked { 65 } else { 15 })
    }

    fn choose_another(&mut self, percent: u32) -> Option<Bookmark> {
        if !self.dice.percent(percent) {
            return None;
        }
        self.think(5, 60);
        self.choose()
    }

    /// Stars after the end: mostly many, more for what fits the taste.
    fn rate(&mut self, row: u32) {
        let Some(work) = self.catalogue.work_of(row) else {
            return;
        };
        let fits = self.taste.affinity(&work.genres);
        let liked = self.dice.between(1, 8).max(self.dice.between(1, 8));
        let halves = liked + fits.min(2);
        self.act(Act::Rate {
            title: row,
            halves: halves.clamp(1, 10) as u8,
        });
    }

    /// Time goes by, in seconds, more often less.
    pub(super) fn think(&mut self, least: u32, most: u32) {
        self.now_ms += i64::from(self.dice.rather_low(least * 1000, most * 1000));
    }

    /// Something is done now.
    pub(super) fn act(&mut self, act: Act) {
        let last = self.script.steps.last().map_or(i64::MIN, |step| step.at);
        let at = self.now_ms * 1000 + i64::from(self.dice.below(1000));
        let id = self.dice.bits64();
        self.script.steps.push(Step {
            at: at.max(last.saturating_add(1)),
            id,
            act,
        });
    }
}
