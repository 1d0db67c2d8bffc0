//! The tables that compaction writes, in the form that their files will have.

mod dropped;
mod events;
mod sessions;
mod views;

use marquee_tables::encode::{Chunk, EncodeError, TextColumn, Zstd};

use crate::dedup::DroppedDuplicate;
use crate::record::Record;
use crate::row::{Detail, Row};
use crate::rows::Rows;
use crate::session::{Session, Sessionizer};
use crate::title_catalog::KnownTitle;
use crate::view::View;
use dropped::DroppedTable;
use events::EventsTable;
use sessions::SessionTable;
use views::ViewTable;

/// A table that compaction writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// `events`.
    Events,
    /// `dropped_events`.
    DroppedEvents,
    /// `fact_session`.
    FactSession,
    /// `fact_view`.
    FactView,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 4] = [
        Self::Events,
        Self::DroppedEvents,
        Self::FactSession,
        Self::FactView,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::DroppedEvents => "dropped_events",
            Self::FactSession => "fact_session",
            Self::FactView => "fact_view",
        }
    }

    /// Its columns.
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

/// Who takes finished row groups.
pub trait GroupSink {
    /// Takes the next row group of a table: a chunk a column of its schema.
    ///
    /// # Errors
    /// When it cannot be written.
    fn take(&mut self, table: Table, rows: u64, chunks: Vec<Chunk>) -> Result<(), EncodeError>;
}

/// When a row group is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupBounds {
    /// Its rows.
    pub rows: u64,
    /// Bytes of its free text (queries and unknown fields), which may be long.
    pub text_bytes: usize,
}

impl Default for GroupBounds {
    fn default() -> Self {
        Self {
            rows: 1 << 17,
            text_bytes: 64 << 20,
        }
    }
}

/// The open row groups of all tables. What is in them depends on the rows that
/// are appended and their order alone.
pub struct Tables {
    bounds: GroupBounds,
    zstd: Zstd,
    events: EventsTable,
    dropped: DroppedTable,
    sessions: SessionTable,
    views: ViewTable,
}

impl Tables {
    /// Without rows.
    ///
    /// # Errors
    /// When there is no memory for a compressor.
    pub fn new(bounds: GroupBounds) -> Result<Self, EncodeError> {
        Ok(Self {
            bounds,
            zstd: Zstd::new()?,
            events: EventsTable::new(),
            dropped: DroppedTable::new(),
            sessions: SessionTable::new(),
            views: ViewTable::new(),
        })
    }

    /// Forgets the numbers that [`Rows`] gave: others will follow.
    pub(crate) fn begin(&mut self) {
        self.events.begin();
    }

    pub(crate) fn push_event(
        &mut self,
        rows: &Rows,
        event: &WholeEvent<'_>,
        sink: &mut impl GroupSink,
    ) -> Result<(), EncodeError> {
        self.events.push(rows, event, &mut self.zstd)?;
        let is_full = self.events.rows >= self.bounds.rows
            || self.events.text_bytes >= self.bounds.text_bytes;
        match is_full {
            true => self.close_events(sink),
            false => Ok(()),
        }
    }

    fn close_events(&mut self, sink: &mut impl GroupSink) -> Result<(), EncodeError> {
        let table = std::mem::replace(&mut self.events, EventsTable::new());
        let rows = table.rows;
        sink.take(Table::Events, rows, table.finish(&mut self.zstd)?)
    }

    pub(crate) fn push_dropped(
        &mut self,
        rows: &Rows,
        user_id: &[u8],
        dropped: &DroppedDuplicate,
        sink: &mut impl GroupSink,
    ) -> Result<(), EncodeError> {
        self.dropped.push(rows, user_id, dropped, &mut self.zstd)?;
        match self.dropped.rows >= self.bounds.rows {
            true => self.close_dropped(sink),
            false => Ok(()),
        }
    }

    fn close_dropped(&mut self, sink: &mut impl GroupSink) -> Result<(), EncodeError> {
        let table = std::mem::replace(&mut self.dropped, DroppedTable::new());
        let rows = table.rows;
        sink.take(Table::DroppedEvents, rows, table.finish(&mut self.zstd)?)
    }

    pub(crate) fn push_view(
        &mut self,
        rows: &Rows,
        user_id: &[u8],
        view: &SeenView<'_>,
        sink: &mut impl GroupSink,
    ) -> Result<(), EncodeError> {
        self.views.push(rows, user_id, view, &mut self.zstd)?;
        match self.views.rows >= self.bounds.rows {
            true => self.close_views(sink),
            false => Ok(()),
        }
    }

    fn close_views(&mut self, sink: &mut impl GroupSink) -> Result<(), EncodeError> {
        let table = std::mem::replace(&mut self.views, ViewTable::new());
        let rows = table.rows;
        sink.take(Table::FactView, rows, table.finish(&mut self.zstd)?)
    }

    pub(crate) fn push_session(
        &mut self,
        rows: &Rows,
        user_id: &[u8],
        session: &Session,
        summed: Summed,
        sink: &mut impl GroupSink,
    ) -> Result<(), EncodeError> {
        self.sessions
            .push(rows, user_id, session, summed, &mut self.zstd)?;
        match self.sessions.rows >= self.bounds.rows {
            true => self.close_sessions(sink),
            false => Ok(()),
        }
    }

    fn close_sessions(&mut self, sink: &mut impl GroupSink) -> Result<(), EncodeError> {
        let table = std::mem::replace(&mut self.sessions, SessionTable::new());
        let rows = table.rows;
        sink.take(Table::FactSession, rows, table.finish(&mut self.zstd)?)
    }

    /// Closes the row groups that have rows.
    ///
    /// # Errors
    /// When they cannot be compressed or written.
    pub fn finish(mut self, sink: &mut impl GroupSink) -> Result<(), EncodeError> {
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

/// An event with what is kept of it elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WholeEvent<'c> {
    pub(crate) row: Row,
    pub(crate) record: Option<Record>,
    pub(crate) detail: Detail,
    pub(crate) title: KnownTitle<'c>,
}

impl<'c> WholeEvent<'c> {
    #[inline]
    pub(crate) fn of(rows: &Rows, row: &Row, title: KnownTitle<'c>) -> Self {
        Self {
            row: *row,
            record: rows.record(row).copied(),
            detail: *rows.detail(row),
            title,
        }
    }
}

/// A view with what follows from its title.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeenView<'c> {
    pub(crate) view: View,
    /// The number of its session's word.
    pub(crate) session: u32,
    pub(crate) known: KnownTitle<'c>,
    pub(crate) completion_rate: Option<f32>,
}

/// What a session's views add up to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Summed {
    pub(crate) watch_ms: i64,
    pub(crate) titles: u32,
    pub(crate) is_binge: bool,
}

/// Where a word stands in a column's dictionary.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Place {
    /// It was not appended yet.
    #[default]
    Unseen,
    /// It is a null.
    Null,
    /// Under that number.
    At(u32),
}

/// Appends a word; where it is appended again, by its number.
#[inline]
pub(crate) fn push_word<'a>(
    column: &mut TextColumn,
    place: &mut Place,
    word: impl FnOnce() -> Option<&'a [u8]>,
    zstd: &mut Zstd,
) -> Result<(), EncodeError> {
    match *place {
        Place::At(number) => column.push_number(number, zstd),
        Place::Null => column.push_null(zstd),
        Place::Unseen => match word() {
            None => {
                *place = Place::Null;
                column.push_null(zstd)
            }
            Some(word) => {
                if let Some((number, _)) = column.push(word, zstd)? {
                    *place = Place::At(number);
                }
                Ok(())
            }
        },
    }
}

impl Sessionizer {
    /// The views, with what follows from their titles.
    pub(crate) fn seen<'s, 'c: 's>(
        &'s self,
        known: impl Fn(u32) -> KnownTitle<'c> + 's,
    ) -> impl Iterator<Item = SeenView<'c>> + 's {
        self.views.iter().map(move |view| {
            let known = known(view.title);
            let session = self.sessions.get(view.session as usize);
            SeenView {
                view: *view,
                session: session.map_or(crate::intern::NONE, |session| session.session),
                known,
                completion_rate: view.completion_rate(known.runtime_ms),
            }
        })
    }
}
