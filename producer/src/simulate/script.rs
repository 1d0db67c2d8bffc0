//! The script of a session: the actions of one profile on one device.

use marquee_event::EventType;

use super::households::{Bookmark, Household, ProfileMemory};
use super::playback::ViewEnding;
use super::rng::SeededRng;
use super::search;
use super::taste::Taste;
use super::title_catalog::{CatalogWork, TitleCatalog};

/// An action and its time.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimedAction {
    /// The time in UTC microseconds, strictly ascending within a session.
    pub(super) at: i64,
    /// Random bits for the event's id.
    pub(super) id: u64,
    pub(super) action: UserAction,
}

/// An action of a user. Titles are rows of the title catalog.
#[derive(Debug, Clone, Copy)]
pub(super) enum UserAction {
    /// Opens a shelf or a title's page.
    Browse {
        shelf: Option<u8>,
        title: Option<u32>,
    },
    /// Searches; `query` is an index in [`SessionScript::queries`].
    Search {
        query: u32,
        results: u32,
    },
    /// Any event of playback.
    Watch {
        event_type: EventType,
        title: u32,
        position_ms: u32,
        from_ms: Option<u32>,
    },
    Rate {
        title: u32,
        halves: u8,
    },
    AddToList {
        title: u32,
    },
    RemoveFromList {
        title: u32,
    },
}

/// The actions of one session, in order.
#[derive(Debug, Default)]
pub(super) struct SessionScript {
    pub(super) steps: Vec<TimedAction>,
    /// The queries of the searches.
    pub(super) queries: Vec<String>,
}

/// A simulator of one session, which writes the [`SessionScript`].
#[derive(Debug)]
pub(super) struct SessionSimulator<'w> {
    pub(super) title_catalog: &'w TitleCatalog,
    pub(super) household: &'w Household,
    pub(super) taste: Taste,
    pub(super) memory: &'w mut ProfileMemory,
    /// True if the device is offline: it plays downloads, and cannot browse or search.
    pub(super) offline: bool,
    pub(super) rng: &'w mut SeededRng,
    /// The session's clock in UTC milliseconds.
    pub(super) now_ms: i64,
    pub(super) script: SessionScript,
}

/// The maximum number of views in a session.
const MAX_VIEWS: u32 = 10;

impl SessionSimulator<'_> {
    /// Simulates the whole session.
    pub(super) fn simulate(mut self) -> SessionScript {
        let mut choice = self.first_choice();
        let mut views = 0;
        while let Some(bookmark) = choice {
            let ending = self.watch(bookmark);
            views += 1;
            choice = match ending {
                ViewEnding::Abandoned => None,
                ViewEnding::Completed => self.after_completing(bookmark.row, views),
                ViewEnding::Left { position_ms } => {
                    self.after_leaving(bookmark.row, position_ms, views)
                }
            };
        }
        self.script
    }

    /// Chooses the unfinished title or a new one, or only browses.
    fn first_choice(&mut self) -> Option<Bookmark> {
        if let Some(unfinished) = self.memory.unfinished
            && self.rng.percent_chance(55)
        {
            if !self.offline && self.rng.percent_chance(60) {
                self.record(UserAction::Browse {
                    shelf: Some(0),
                    title: None,
                });
                self.wait(2, 15);
            }
            return Some(unfinished);
        }
        if !self.offline && self.rng.percent_chance(7) {
            for shelf in 0..self.rng.between(1, 5) as u8 {
                self.record(UserAction::Browse {
                    shelf: Some(shelf),
                    title: None,
                });
                self.wait(4, 40);
            }
            return None;
        }
        self.choose()
    }

    /// Chooses a work by search or by browsing.
    fn choose(&mut self) -> Option<Bookmark> {
        let title_catalog = self.title_catalog;
        let work = self.draw_work(title_catalog)?;
        if self.offline {
            return Some(self.start_position(work));
        }
        if self.rng.percent_chance(22) {
            self.search(work);
            return Some(self.start_position(work));
        }
        for shelf in 0..self.rng.low_biased(1, 6) as u8 {
            self.record(UserAction::Browse {
                shelf: Some(shelf),
                title: None,
            });
            self.wait(3, 40);
            if self.rng.percent_chance(4) {
                let other = self.draw_work(title_catalog)?;
                self.record(UserAction::Browse {
                    shelf: Some(shelf),
                    title: Some(other.first),
                });
                self.wait(3, 12);
                self.add_to_list(other);
            }
        }
        if self.rng.percent_chance(60) {
            self.open_title_page(work);
        }
        Some(self.start_position(work))
    }

    /// Draws a work by the profile's taste.
    fn draw_work<'c>(&mut self, title_catalog: &'c TitleCatalog) -> Option<&'c CatalogWork> {
        let genre = self.taste.draw_genre(self.rng);
        title_catalog.draw(genre, self.rng)
    }

    /// Searches for a work by name, sometimes after a search without results or with a
    /// typing error. The last search succeeds.
    fn search(&mut self, work: &CatalogWork) {
        if self.rng.percent_chance(6) {
            let query = search::query_without_results(self.rng);
            self.query(query, 0);
            self.wait(5, 25);
        }
        let query = search::query_for(&work.name, self.rng);
        if self.rng.percent_chance(18) {
            let typed = search::mistyped(&query, self.rng);
            if typed != query {
                let results = search::results(&typed, true);
                self.query(typed, results);
                self.wait(4, 15);
            }
        }
        let results = search::results(&query, false);
        self.query(query, results);
        self.wait(3, 20);
        if self.rng.percent_chance(35) {
            self.open_title_page(work);
        }
    }

    fn query(&mut self, query: String, results: u32) {
        let index = self.script.queries.len() as u32;
        self.script.queries.push(query);
        self.record(UserAction::Search {
            query: index,
            results,
        });
    }

    fn open_title_page(&mut self, work: &CatalogWork) {
        self.record(UserAction::Browse {
            shelf: None,
            title: Some(work.first),
        });
        self.wait(4, 45);
    }

    fn add_to_list(&mut self, work: &CatalogWork) {
        if self.memory.listed != Some(work.first) {
            self.record(UserAction::AddToList { title: work.first });
            self.memory.listed = Some(work.first);
            self.wait(2, 10);
        }
    }

    /// Returns the start of a view of a work: the unfinished position, the first row, or,
    /// for a series that the profile knew before the simulation, a later episode.
    fn start_position(&mut self, work: &CatalogWork) -> Bookmark {
        let own = work.first..work.first + work.rows;
        if let Some(unfinished) = self
            .memory
            .unfinished
            .filter(|mark| own.contains(&mark.row))
        {
            return unfinished;
        }
        let ahead = if self.rng.percent_chance(40) {
            self.rng.low_biased(0, work.rows - 1)
        } else {
            0
        };
        Bookmark {
            row: work.first + ahead,
            position_ms: 0,
        }
    }

    fn after_completing(&mut self, row: u32, views: u32) -> Option<Bookmark> {
        let next = self.title_catalog.next_episode(row).map(|row| Bookmark {
            row,
            position_ms: 0,
        });
        self.memory.unfinished = next;
        if self.rng.percent_chance(9) {
            self.wait(4, 25);
            self.rate(row);
        }
        let work = self.title_catalog.work_of(row);
        if self.memory.listed == Some(work.first) && self.rng.percent_chance(70) {
            self.wait(3, 15);
            self.record(UserAction::RemoveFromList { title: work.first });
            self.memory.listed = None;
        }
        if views >= MAX_VIEWS {
            return None;
        }
        if next.is_some() {
            let fatigue = 4 * views;
            let percent = self.household.binge_percent.saturating_sub(fatigue);
            if !self.rng.percent_chance(percent) {
                return None;
            }
            // The player starts the next episode after a countdown.
            self.wait(5, 12);
            return next;
        }
        self.choose_another(20)
    }

    fn after_leaving(&mut self, row: u32, position_ms: u32, views: u32) -> Option<Bookmark> {
        // A title left within minutes is probably disliked.
        let disliked = position_ms < 10 * 60_000 && self.rng.percent_chance(60);
        self.memory.unfinished = (!disliked).then_some(Bookmark { row, position_ms });
        if views >= MAX_VIEWS {
            return None;
        }
        self.choose_another(if disliked { 65 } else { 15 })
    }

    fn choose_another(&mut self, percent: u32) -> Option<Bookmark> {
        if !self.rng.percent_chance(percent) {
            return None;
        }
        self.wait(5, 60);
        self.choose()
    }

    /// Rates a completed title: mostly high, and higher for the profile's genres.
    fn rate(&mut self, row: u32) {
        let work = self.title_catalog.work_of(row);
        let affinity = self.taste.affinity(&work.genres);
        let base = self.rng.between(1, 8).max(self.rng.between(1, 8));
        let halves = base + affinity.min(2);
        self.record(UserAction::Rate {
            title: row,
            halves: halves.clamp(1, 10) as u8,
        });
    }

    /// Advances the clock by `least` to `most` seconds, biased to few.
    pub(super) fn wait(&mut self, least: u32, most: u32) {
        self.now_ms += i64::from(self.rng.low_biased(least * 1000, most * 1000));
    }

    /// Records an action at the current time.
    pub(super) fn record(&mut self, action: UserAction) {
        let last = self.script.steps.last().map_or(i64::MIN, |step| step.at);
        let at = self.now_ms * 1000 + i64::from(self.rng.below(1000));
        let id = self.rng.bits64();
        self.script.steps.push(TimedAction {
            at: at.max(last.saturating_add(1)),
            id,
            action,
        });
    }
}
