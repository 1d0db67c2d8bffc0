//! Row groups of the compacted tables, encoded as their files store them.

mod dropped;
mod events;
mod sessions;
mod views;

use marquee_encode::{Chunk, EncodeError, TextColumn, Zstd};

use crate::bucket_rows::BucketRows;
use crate::dedup::DroppedDuplicate;
use crate::error::TableError;
use crate::record::KinesisRecord;
use crate::row::{EventDetail, EventRow};
use crate::session::Session;
use crate::title_catalog::TitleAttributes;
use crate::view::View;
use dropped::DroppedTable;
use events::EventsTable;
use sessions::SessionTable;
use views::ViewTable;

/// A compacted table: one that compaction writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CompactedTable {
    /// `events`.
    Events,
    /// `dropped_events`.
    DroppedEvents,
    /// `fact_session`.
    FactSession,
    /// `fact_view`.
    FactView,
}

impl CompactedTable {
    /// Every table.
    pub const ALL: [Self; 4] = [
        Self::Events,
        Self::DroppedEvents,
        Self::FactSession,
        Self::FactView,
    ];

    /// Returns the table's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::DroppedEvents => "dropped_events",
            Self::FactSession => "fact_session",
            Self::FactView => "fact_view",
        }
    }

    /// Returns the table's schema.
    pub fn schema(self) -> arrow_schema::SchemaRef {
        use marquee_tables::curated;
        match self {
            Self::Events => curated::events(),
            Self::DroppedEvents => curated::dropped_events(),
            Self::FactSession => curated::fact_session(),
            Self::FactView => curated::fact_view(),
        }
    }
}

/// A receiver of finished row groups.
pub trait RowGroupSink {
    /// Writes the next row group of a table. `chunks` has one chunk for each column of the
    /// table's schema.
    ///
    /// # Errors
    /// If it cannot be written.
    fn write(
        &mut self,
        table: CompactedTable,
        rows: u64,
        chunks: Vec<Chunk>,
    ) -> Result<(), EncodeError>;
}

/// The size from which a row group is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowGroupLimits {
    /// The number of rows.
    pub rows: u64,
    /// The bytes of free text (queries and unknown fields), which has no small bound.
    pub text_bytes: usize,
}

impl Default for RowGroupLimits {
    fn default() -> Self {
        Self {
            rows: 1 << 17,
            text_bytes: 64 << 20,
        }
    }
}

/// The open row groups of all tables. Their bytes depend only on the appended rows and
/// their order.
pub struct TableWriter {
    limits: RowGroupLimits,
    zstd: Zstd,
    events: EventsTable,
    dropped: DroppedTable,
    sessions: SessionTable,
    views: ViewTable,
}

impl TableWriter {
    /// Creates a writer without rows.
    ///
    /// # Errors
    /// If there is not enough memory for a compressor.
    pub fn new(limits: RowGroupLimits) -> Result<Self, EncodeError> {
        Ok(Self {
            limits,
            zstd: Zstd::new()?,
            events: EventsTable::new(),
            dropped: DroppedTable::new(),
            sessions: SessionTable::new(),
            views: ViewTable::new(),
        })
    }

    /// Drops the cached numbers of a [`BucketRows`], before rows of another one.
    pub(crate) fn start_rows(&mut self) {
        self.events.start_rows();
    }

    pub(crate) fn push_event(
        &mut self,
        rows: &BucketRows,
        event: &ResolvedEvent<'_>,
        sink: &mut impl RowGroupSink,
    ) -> Result<(), EncodeError> {
        self.events.push(rows, event, &mut self.zstd)?;
        let is_full = self.events.rows >= self.limits.rows
            || self.events.text_bytes >= self.limits.text_bytes;
        match is_full {
            true => self.close_events(sink),
            false => Ok(()),
        }
    }

    fn close_events(&mut self, sink: &mut impl RowGroupSink) -> Result<(), EncodeError> {
        let table = std::mem::replace(&mut self.events, EventsTable::new());
        let rows = table.rows;
        sink.write(CompactedTable::Events, rows, table.finish(&mut self.zstd)?)
    }

    pub(crate) fn push_dropped(
        &mut self,
        rows: &BucketRows,
        user_id: &[u8],
        dropped: &DroppedDuplicate,
        sink: &mut impl RowGroupSink,
    ) -> Result<(), EncodeError> {
        self.dropped.push(rows, user_id, dropped, &mut self.zstd)?;
        match self.dropped.rows >= self.limits.rows {
            true => self.close_dropped(sink),
            false => Ok(()),
        }
    }

    fn close_dropped(&mut self, sink: &mut impl RowGroupSink) -> Result<(), EncodeError> {
        let table = std::mem::replace(&mut self.dropped, DroppedTable::new());
        let rows = table.rows;
        sink.write(
            CompactedTable::DroppedEvents,
            rows,
            table.finish(&mut self.zstd)?,
        )
    }

    pub(crate) fn push_view(
        &mut self,
        rows: &BucketRows,
        user_id: &[u8],
        view: &EnrichedView<'_>,
        sink: &mut impl RowGroupSink,
    ) -> Result<(), EncodeError> {
        self.views.push(rows, user_id, view, &mut self.zstd)?;
        match self.views.rows >= self.limits.rows {
            true => self.close_views(sink),
            false => Ok(()),
        }
    }

    fn close_views(&mut self, sink: &mut impl RowGroupSink) -> Result<(), EncodeError> {
        let table = std::mem::replace(&mut self.views, ViewTable::new());
        let rows = table.rows;
        sink.write(
            CompactedTable::FactView,
            rows,
            table.finish(&mut self.zstd)?,
        )
    }

    pub(crate) fn push_session(
        &mut self,
        rows: &BucketRows,
        user_id: &[u8],
        session: &Session,
        totals: SessionTotals,
        sink: &mut impl RowGroupSink,
    ) -> Result<(), EncodeError> {
        self.sessions
            .push(rows, user_id, session, totals, &mut self.zstd)?;
        match self.sessions.rows >= self.limits.rows {
            true => self.close_sessions(sink),
            false => Ok(()),
        }
    }

    fn close_sessions(&mut self, sink: &mut impl RowGroupSink) -> Result<(), EncodeError> {
        let table = std::mem::replace(&mut self.sessions, SessionTable::new());
        let rows = table.rows;
        sink.write(
            CompactedTable::FactSession,
            rows,
            table.finish(&mut self.zstd)?,
        )
    }

    /// Closes the row groups that have rows.
    ///
    /// # Errors
    /// If they cannot be compressed or written.
    pub fn finish(mut self, sink: &mut impl RowGroupSink) -> Result<(), EncodeError> {
        if self.events.rows > 0 {
            self.close_events(sink)?;
        }
        if self.dropped.rows > 0 {
            self.close_dropped(sink)?;
        }
        if self.sessions.rows > 0 {
            self.close_sessions(sink)?;
        }
        if self.views.rows > 0 {
            self.close_views(sink)?;
        }
        Ok(())
    }
}

/// An event with the values that its numbers refer to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResolvedEvent<'c> {
    pub(crate) row: EventRow,
    pub(crate) record: KinesisRecord,
    pub(crate) detail: EventDetail,
    pub(crate) title: TitleAttributes<'c>,
}

impl<'c> ResolvedEvent<'c> {
    #[inline]
    pub(crate) fn new(
        rows: &BucketRows,
        row: &EventRow,
        title: TitleAttributes<'c>,
    ) -> Result<Self, TableError> {
        let record = rows.record(row);
        Ok(Self {
            row: *row,
            record: *record.ok_or(TableError::DanglingReference("record"))?,
            detail: *rows.detail(row),
            title,
        })
    }
}

/// A view with its title's attributes and the values that depend on them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnrichedView<'c> {
    pub(crate) view: View,
    /// The number of its session id among the strings.
    pub(crate) session: u32,
    pub(crate) title: TitleAttributes<'c>,
    pub(crate) completion_rate: Option<f32>,
}

/// The sums over the views of a session.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SessionTotals {
    pub(crate) watch_ms: i64,
    pub(crate) titles: u32,
    pub(crate) is_binge: bool,
}

/// The cached position of a string in a column's dictionary.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum DictionarySlot {
    /// The string has not been appended yet.
    #[default]
    Unseen,
    /// The value is null.
    Null,
    /// The number in the dictionary.
    At(u32),
}

/// Appends a string and caches its dictionary number in `slot`. The next append of the same
/// slot skips the dictionary lookup.
#[inline]
pub(crate) fn push_interned<'a>(
    column: &mut TextColumn,
    slot: &mut DictionarySlot,
    string: impl FnOnce() -> Option<&'a [u8]>,
    zstd: &mut Zstd,
) -> Result<(), EncodeError> {
    match *slot {
        DictionarySlot::At(number) => column.push_number(number, zstd),
        DictionarySlot::Null => column.push_null(zstd),
        DictionarySlot::Unseen => match string() {
            None => {
                *slot = DictionarySlot::Null;
                column.push_null(zstd)
            }
            Some(string) => {
                // A full dictionary gives no number; the slot stays unseen.
                if let Some((number, _)) = column.push(string, zstd)? {
                    *slot = DictionarySlot::At(number);
                }
                Ok(())
            }
        },
    }
}
