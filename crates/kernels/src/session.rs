//! Sessions and views of one user at a time.

use hashbrown::HashMap;
use marquee_event::EventType;

use crate::bucket_rows::BucketRows;
use crate::error::TableError;
use crate::intern::{EventHasher, NONE};
use crate::row::EventRow;
use crate::view::View;

/// A session on one date, built up event by event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    /// The number of its id among the strings.
    pub(crate) session: u32,
    /// Microseconds since midnight.
    pub(crate) started_at: i64,
    /// Microseconds since midnight.
    pub(crate) ended_at: i64,
    pub(crate) events: i64,
    pub(crate) searches: u32,
    /// The first non-null value among its events.
    pub(crate) device_type: u32,
    /// The first non-null value among its events.
    pub(crate) country: u32,
}

/// The sessions and views of one user.
#[derive(Debug, Default)]
pub(crate) struct Sessionizer {
    /// In the order of their first events.
    pub(crate) sessions: Vec<Session>,
    /// By session; within a session in the order of their first events.
    pub(crate) views: Vec<View>,
    session_indices: HashMap<u32, u32, EventHasher>,
    view_indices: HashMap<(u32, u32), u32, EventHasher>,
    last_session: u32,
    last_view: u32,
}

impl Sessionizer {
    /// Replaces the sessions and views with those of the next user, whose kept events are
    /// given in order.
    ///
    /// # Errors
    /// An error of `events`; [`TableError::DanglingReference`].
    pub(crate) fn process_user<'r>(
        &mut self,
        rows: &BucketRows,
        events: impl Iterator<Item = Result<&'r EventRow, TableError>>,
    ) -> Result<(), TableError> {
        self.sessions.clear();
        self.views.clear();
        self.session_indices.clear();
        self.view_indices.clear();
        self.last_session = NONE;
        self.last_view = NONE;
        for event in events {
            let event = event?;
            let session = self.add_to_session(rows, event)?;
            if View::accepts(event.event_type()) && event.title != NONE {
                self.add_to_view(rows, event, session)?;
            }
        }
        // The sort is stable: views of one session keep their order.
        self.views.sort_by_key(|view| view.session);
        Ok(())
    }

    /// Adds an event to its session; returns the session's index.
    fn add_to_session(&mut self, rows: &BucketRows, event: &EventRow) -> Result<u32, TableError> {
        let context = rows.context(event);
        let time = event.time_of_day();
        let is_last = self
            .sessions
            .get(self.last_session as usize)
            .is_some_and(|last| last.session == context.session);
        if !is_last {
            let sessions = &mut self.sessions;
            let index = self.session_indices.entry(context.session);
            self.last_session = *index.or_insert_with(|| {
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
        let session = self.sessions.get_mut(self.last_session as usize);
        let session = session.ok_or(TableError::DanglingReference("session"))?;
        session.ended_at = time;
        session.events += 1;
        session.searches += u32::from(event.event_type() == EventType::Search);
        if session.device_type == NONE {
            session.device_type = context.device_type;
        }
        if session.country == NONE {
            session.country = context.country;
        }
        Ok(self.last_session)
    }

    /// Adds an event to the view of its title in a session.
    fn add_to_view(
        &mut self,
        rows: &BucketRows,
        event: &EventRow,
        session: u32,
    ) -> Result<(), TableError> {
        let is_last = self
            .views
            .get(self.last_view as usize)
            .is_some_and(|last| last.title == event.title && last.session == session);
        if !is_last {
            let views = &mut self.views;
            let index = self.view_indices.entry((session, event.title));
            self.last_view = *index.or_insert_with(|| {
                views.push(View::new(session, event));
                (views.len() - 1) as u32
            });
        }
        let view = self.views.get_mut(self.last_view as usize);
        let view = view.ok_or(TableError::DanglingReference("view"))?;
        let detail = rows.detail(event);
        view.add(
            event,
            rows.context(event),
            detail.from_position_ms,
            detail.rating,
        )
    }
}
