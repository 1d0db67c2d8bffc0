//! Sessions, and the views in them, of one user after the other.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use marquee_event::EventType;

use crate::intern::NONE;
use crate::row::Row;
use crate::rows::Rows;
use crate::view::View;

/// A session on one date, as its events come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    /// The number of its id's word.
    pub(crate) session: u32,
    /// Microseconds since midnight.
    pub(crate) started_at: i64,
    /// Microseconds since midnight.
    pub(crate) ended_at: i64,
    pub(crate) events: i64,
    pub(crate) searches: u32,
    pub(crate) device_type: u32,
    pub(crate) country: u32,
}

/// The sessions and views of one user.
#[derive(Debug, Default)]
pub(crate) struct Sessionizer {
    /// In the order of their first events.
    pub(crate) sessions: Vec<Session>,
    /// In the order of their sessions, and within one of their first events.
    pub(crate) views: Vec<View>,
    by_session: HashMap<u32, u32, FixedState>,
    by_title: HashMap<(u32, u32), u32, FixedState>,
    last_session: u32,
    last_view: u32,
}

impl Sessionizer {
    /// Takes in a user's events, in their order.
    pub(crate) fn user<'r>(&mut self, rows: &Rows, events: impl Iterator<Item = &'r Row>) {
        self.sessions.clear();
        self.views.clear();
        self.by_session.clear();
        self.by_title.clear();
        self.last_session = NONE;
        self.last_view = NONE;
        for event in events {
            let at = self.session(rows, event);
            if View::takes(event.event_type()) && event.title != NONE {
                self.view(rows, event, at);
            }
        }
        // Stable: within a session the order stays.
        self.views.sort_by_key(|view| view.session);
    }

    fn session(&mut self, rows: &Rows, event: &Row) -> u32 {
        let context = rows.context(event);
        let time = event.time_of_day();
        let is_last = self
            .sessions
            .get(self.last_session as usize)
            .is_some_and(|last| last.session == context.session);
        if !is_last {
            let sessions = &mut self.sessions;
            self.last_session = *self.by_session.entry(context.session).or_insert_with(|| {
                sessions.push(Session {
                    session: context.session,
                    started_at: time,
                    ended_at: time,
                    events: 0,
                    searches: 0,
                    device_type: NONE,
                    country: NONE,
                });
                (sessions.len() - 1) as u32
            });
        }
        if let Some(session) = self.sessions.get_mut(self.last_session as usize) {
            session.ended_at = time;
            session.events += 1;
            session.searches += u32::from(event.event_type() == EventType::Search);
            if session.device_type == NONE {
                session.device_type = context.device_type;
            }
            if session.country == NONE {
                session.country = context.country;
            }
        }
        self.last_session
    }

    fn view(&mut self, rows: &Rows, event: &Row, session: u32) {
        let is_last = self
            .views
            .get(self.last_view as usize)
            .is_some_and(|last| last.title == event.title && last.session == session);
        if !is_last {
            let views = &mut self.views;
            self.last_view = *self
                .by_title
                .entry((session, event.title))
                .or_insert_with(|| {
                    views.push(View::begin(session, event));
                    (views.len() - 1) as u32
                });
        }
        if let Some(view) = self.views.get_mut(self.last_view as usize) {
            let detail = rows.detail(event);
            view.add(
                event,
                rows.context(event),
                detail.from_position_ms,
                detail.rating,
            );
        }
    }
}
