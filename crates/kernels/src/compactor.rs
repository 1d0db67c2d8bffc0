//! The compactor: applies the kernels to one user at a time and writes the tables.

use marquee_encode::EncodeError;
use thiserror::Error;

use crate::bucket_rows::BucketRows;
use crate::dedup::{DedupCounts, Deduplicator};
use crate::error::TableError;
use crate::event_columns::quoted;
use crate::intern::{NONE, StringInterner};
use crate::rows_by_user::RowsByUser;
use crate::session::Sessionizer;
use crate::table::{EnrichedView, ResolvedEvent, RowGroupSink, SessionTotals, TableWriter};
use crate::title_catalog::{TitleAttributes, TitleCatalog};
use crate::view::View;

/// The number of events that are resolved before any of them is written.
const RESOLVE_BATCH: usize = 256;
/// The number of views of one series that make a session a binge.
const BINGE_VIEWS: usize = 3;

/// A failure of a kernel.
#[derive(Debug, Error)]
pub enum KernelError {
    /// The rows are invalid or inconsistent.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A table cannot be encoded or written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Compacts the rows of one bucket, one range of users at a time.
pub struct Compactor {
    tables: TableWriter,
    deduplicator: Deduplicator,
    sessionizer: Sessionizer,
    counts: DedupCounts,
}

impl Compactor {
    /// Creates a compactor that appends to `tables`.
    pub fn new(tables: TableWriter) -> Self {
        Self {
            tables,
            deduplicator: Deduplicator::default(),
            sessionizer: Sessionizer::default(),
            counts: DedupCounts::default(),
        }
    }

    /// Compacts all rows of some users. The users of the next call must be greater than
    /// those of this call.
    ///
    /// # Errors
    /// [`TableError::OrphanDuplicate`] if a duplicate of the parent generation has no kept
    /// event; an error of `sink`.
    pub fn push(
        &mut self,
        rows: &BucketRows,
        title_catalog: &impl TitleCatalog,
        sink: &mut impl RowGroupSink,
    ) -> Result<(), KernelError> {
        let by_user = RowsByUser::new(rows)?;
        let titles = ResolvedTitles::new(rows, title_catalog)?;
        self.tables.start_rows();
        let mut batch = Vec::with_capacity(RESOLVE_BATCH);
        for user in by_user.iter() {
            let user = user?;
            let (deduplicator, tables) = (&mut self.deduplicator, &mut self.tables);
            deduplicator.process_user(rows, user, &mut self.counts)?;
            let user_id = rows.users.get(user.number);
            for dropped in deduplicator.dropped_duplicates() {
                tables.push_dropped(rows, user_id, dropped, sink)?;
            }
            let mut kept = deduplicator.kept();
            // The values of an event are scattered in memory. Resolving a batch in one loop
            // lets the processor overlap the cache misses.
            loop {
                batch.clear();
                for event in kept.by_ref().take(RESOLVE_BATCH) {
                    let event = event?;
                    let title = titles.attributes(event.title)?;
                    batch.push(ResolvedEvent::new(rows, event, title)?);
                }
                if batch.is_empty() {
                    break;
                }
                for event in &batch {
                    tables.push_event(rows, event, sink)?;
                }
            }
            drop(kept);
            self.sessionizer.process_user(rows, deduplicator.kept())?;
            self.push_facts(rows, user_id, &titles, sink)?;
        }
        Ok(())
    }

    /// Appends the sessions and views of one user.
    fn push_facts(
        &mut self,
        rows: &BucketRows,
        user_id: &[u8],
        titles: &ResolvedTitles<'_>,
        sink: &mut impl RowGroupSink,
    ) -> Result<(), KernelError> {
        let mut views = self.sessionizer.views.iter().peekable();
        let mut binge_series = Vec::new();
        for (index, session) in (0..).zip(&self.sessionizer.sessions) {
            let mut totals = SessionTotals::default();
            binge_series.clear();
            while let Some(view) = views.next_if(|view| view.session == index) {
                let title = titles.attributes(view.title)?;
                let completion_rate = view.completion_rate(title.runtime_ms);
                totals.watch_ms = totals.watch_ms.saturating_add(view.watch_ms);
                totals.titles += u32::from(view.has_playback);
                if View::counts_towards_binge(completion_rate)
                    && let Some(series) = titles.series(view.title)?
                {
                    binge_series.push(series);
                }
                let enriched = EnrichedView {
                    view: *view,
                    session: session.session,
                    title,
                    completion_rate,
                };
                self.tables.push_view(rows, user_id, &enriched, sink)?;
            }
            binge_series.sort_unstable();
            totals.is_binge = binge_series
                .chunk_by(|a, b| a == b)
                .any(|views| views.len() >= BINGE_VIEWS);
            self.tables
                .push_session(rows, user_id, session, totals, sink)?;
        }
        match views.next() {
            None => Ok(()),
            Some(_) => Err(TableError::DanglingReference("session").into()),
        }
    }

    /// Closes all tables; returns the row counts.
    ///
    /// # Errors
    /// If a table cannot be written.
    pub fn finish(self, sink: &mut impl RowGroupSink) -> Result<DedupCounts, EncodeError> {
        self.tables.finish(sink)?;
        Ok(self.counts)
    }
}

/// The attributes of all titles of a [`BucketRows`], by the titles' numbers.
struct ResolvedTitles<'c> {
    attributes: Vec<TitleAttributes<'c>>,
    /// The number of each title's series.
    series: Vec<Option<u32>>,
}

impl<'c> ResolvedTitles<'c> {
    fn new(rows: &BucketRows, title_catalog: &'c impl TitleCatalog) -> Result<Self, TableError> {
        let resolve = |number: u32| {
            let id = rows.titles.get(number);
            let text = std::str::from_utf8(id).map_err(|_| TableError::InvalidValue {
                column: "title_id",
                found: quoted(id),
                expected: "UTF-8",
            })?;
            Ok(title_catalog.title(text))
        };
        let attributes = (0..rows.titles.len() as u32)
            .map(resolve)
            .collect::<Result<Vec<TitleAttributes<'c>>, TableError>>()?;
        let mut series_ids = StringInterner::default();
        let series = attributes
            .iter()
            .map(|title| title.series_id.map(|id| series_ids.intern(id.as_bytes())))
            .collect();
        Ok(Self { attributes, series })
    }

    /// Returns the attributes of a title; the default for [`NONE`].
    #[inline]
    fn attributes(&self, title: u32) -> Result<TitleAttributes<'c>, TableError> {
        match title {
            NONE => Ok(TitleAttributes::default()),
            title => {
                let attributes = self.attributes.get(title as usize).copied();
                attributes.ok_or(TableError::DanglingReference("title"))
            }
        }
    }

    /// Returns the number of a title's series, if it has one.
    fn series(&self, title: u32) -> Result<Option<u32>, TableError> {
        let series = self.series.get(title as usize).copied();
        series.ok_or(TableError::DanglingReference("title"))
    }
}
