//! Sorted chunks: rows that exceed the memory limit, sorted by user for a spill file.

use crate::bucket_rows::BucketRows;
use crate::compactor::KernelError;
use crate::dedup::DroppedDuplicate;
use crate::error::TableError;
use crate::rows_by_user::RowsByUser;
use crate::table::{ResolvedEvent, RowGroupLimits, RowGroupSink, TableWriter};
use crate::title_catalog::TitleAttributes;

const DANGLING_ROW: TableError = TableError::DanglingReference("row");

/// A sorted chunk of [`BucketRows`] that are not deduplicated yet.
///
/// It has up to two files, both ordered by user: the events, with the schema of `events`,
/// and the duplicates of the parent generation, with the schema of `dropped_events`. The
/// columns from the title catalog are null.
pub struct SpillRun<'r> {
    rows: &'r BucketRows,
    by_user: RowsByUser,
    limits: RowGroupLimits,
}

impl<'r> SpillRun<'r> {
    /// Sorts the rows by user.
    ///
    /// A merge holds one row group of each sorted chunk in memory, so `limits` should be
    /// small.
    ///
    /// # Errors
    /// [`TableError::DanglingReference`].
    pub fn new(rows: &'r BucketRows, limits: RowGroupLimits) -> Result<Self, TableError> {
        Ok(Self {
            rows,
            by_user: RowsByUser::new(rows)?,
            limits,
        })
    }

    /// Writes the events.
    ///
    /// # Errors
    /// If they cannot be compressed or written.
    pub fn write_events(&self, sink: &mut impl RowGroupSink) -> Result<(), KernelError> {
        let mut tables = TableWriter::new(self.limits)?;
        for user in self.by_user.iter() {
            for index in user?.events {
                let event = self.rows.events.get(*index as usize).ok_or(DANGLING_ROW)?;
                let event = ResolvedEvent::new(self.rows, event, TitleAttributes::default())?;
                tables.push_event(self.rows, &event, sink)?;
            }
        }
        Ok(tables.finish(sink)?)
    }

    /// Writes the duplicates of the parent generation.
    ///
    /// # Errors
    /// As [`SpillRun::write_events`].
    pub fn write_dropped(&self, sink: &mut impl RowGroupSink) -> Result<(), KernelError> {
        let mut tables = TableWriter::new(self.limits)?;
        for user in self.by_user.iter() {
            let user = user?;
            for index in user.dropped {
                let dropped = self.rows.dropped.get(*index as usize);
                let dropped = dropped.ok_or(DANGLING_ROW)?;
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
        Ok(tables.finish(sink)?)
    }
}
