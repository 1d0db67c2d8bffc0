//! Rows that do not fit into memory, sorted by user for a file.

use marquee_tables::encode::EncodeError;

use crate::dedup::DroppedDuplicate;
use crate::error::TableError;
use crate::rows::Rows;
use crate::table::{GroupBounds, GroupSink, Tables, WholeEvent};
use crate::title_catalog::KnownTitle;
use crate::users::ByUser;

/// A sorted run of [`Rows`] that are still to be deduplicated.
///
/// It is up to two files, each in the order of users and in the form of the
/// curated table of that name: events, and identities that the last generation
/// dropped. What the catalogue adds is left out.
pub struct SpillRun<'r> {
    rows: &'r Rows,
    users: ByUser,
    bounds: GroupBounds,
}

impl<'r> SpillRun<'r> {
    /// Sorts the rows. A reader of the files holds a part of each of many runs
    /// at a time, so their row groups should be small.
    ///
    /// # Errors
    /// [`TableError::Lost`].
    pub fn of(rows: &'r Rows, bounds: GroupBounds) -> Result<Self, TableError> {
        Ok(Self {
            rows,
            users: ByUser::of(rows)?,
            bounds,
        })
    }

    /// Writes the events.
    ///
    /// # Errors
    /// When they cannot be compressed or written.
    pub fn write_events(&self, sink: &mut impl GroupSink) -> Result<(), EncodeError> {
        let mut tables = Tables::new(self.bounds)?;
        let places = self.users.iter().flat_map(|user| user.events);
        for place in places {
            let event = self.rows.rows.get(*place as usize);
            let event = event.ok_or(EncodeError::Row("its place is beyond the rows"))?;
            let event = WholeEvent::of(self.rows, event, KnownTitle::default());
            tables.push_event(self.rows, &event, sink)?;
        }
        tables.finish(sink)
    }

    /// Writes the dropped identities.
    ///
    /// # Errors
    /// As [`SpillRun::write_events`].
    pub fn write_dropped(&self, sink: &mut impl GroupSink) -> Result<(), EncodeError> {
        let mut tables = Tables::new(self.bounds)?;
        for user in self.users.iter() {
            for place in user.dropped {
                let dropped = self.rows.dropped.get(*place as usize);
                let dropped = dropped.ok_or(EncodeError::Row("its place is beyond the rows"))?;
                let dropped = DroppedDuplicate {
                    event_id: dropped.event_id,
                    record: dropped.record,
                    sub_sequence: dropped.sub_sequence,
                    content_digest: dropped.content_digest,
                    is_conflict: false,
                };
                let user_id = self.rows.users.get(user.number);
                tables.push_dropped(self.rows, user_id, &dropped, sink)?;
            }
        }
        tables.finish(sink)
    }
}
