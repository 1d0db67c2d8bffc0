//! Rows in, tables out: the kernels in their order, one user after the other.

use marquee_tables::encode::EncodeError;
use thiserror::Error;

use crate::dedup::{Counts, Deduplicator};
use crate::error::TableError;
use crate::intern::Words;
use crate::row::Row;
use crate::rows::Rows;
use crate::session::Sessionizer;
use crate::table::{GroupSink, Summed, Tables, WholeEvent};
use crate::title_catalog::{KnownTitle, TitleCatalog};
use crate::users::ByUser;
use crate::view::View;

/// How many events are gathered at a time.
const GATHERED: usize = 256;
/// How many views of one series are a binge.
const BINGE_VIEWS: u32 = 3;

/// What kept rows from becoming tables.
#[derive(Debug, Error)]
pub enum CompactError {
    /// The rows do not fit together.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A table could not be encoded or written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// The kernels, and what they keep from user to user.
pub struct Compactor {
    tables: Tables,
    deduplicator: Deduplicator,
    sessionizer: Sessionizer,
    counts: Counts,
}

impl Compactor {
    /// Appends to those tables.
    pub fn new(tables: Tables) -> Self {
        Self {
            tables,
            deduplicator: Deduplicator::default(),
            sessionizer: Sessionizer::default(),
            counts: Counts::default(),
        }
    }

    /// Takes in all rows of some users; those of the next call are all after
    /// them.
    ///
    /// # Errors
    /// Where an identity was dropped for an event that is not there, or a table
    /// cannot be written.
    pub fn push(
        &mut self,
        rows: &Rows,
        title_catalog: &impl TitleCatalog,
        sink: &mut impl GroupSink,
    ) -> Result<(), CompactError> {
        let titles = Titles::of(rows, title_catalog);
        self.tables.begin();
        let users = ByUser::of(rows)?;
        let mut events = Vec::with_capacity(GATHERED);
        for user in users.iter() {
            let (deduplicator, tables) = (&mut self.deduplicator, &mut self.tables);
            deduplicator.user(rows, user.events, user.dropped, &mut self.counts)?;
            let user_id = rows.users.get(user.number);
            for dropped in deduplicator.dropped_duplicates() {
                tables.push_dropped(rows, user_id, dropped, sink)?;
            }
            let mut kept = deduplicator.kept();
            // What an event needs lies anywhere in memory: one loop waits for many.
            loop {
                let whole = |row: &Row| WholeEvent::of(rows, row, titles.known(row.title));
                events.clear();
                events.extend(kept.by_ref().take(GATHERED).map(whole));
                if events.is_empty() {
                    break;
                }
                for event in &events {
                    tables.push_event(rows, event, sink)?;
                }
            }
            drop(kept);
            self.sessionizer.user(rows, deduplicator.kept());
            self.push_facts(rows, user_id, &titles, sink)?;
        }
        Ok(())
    }

    fn push_facts(
        &mut self,
        rows: &Rows,
        user_id: &[u8],
        titles: &Titles<'_>,
        sink: &mut impl GroupSink,
    ) -> Result<(), EncodeError> {
        let mut views = self
            .sessionizer
            .seen(|title| titles.known(title))
            .peekable();
        let mut series = Vec::new();
        for (at, session) in (0..).zip(&self.sessionizer.sessions) {
            let mut summed = Summed::default();
            series.clear();
            while let Some(seen) = views.next_if(|seen| seen.view.session == at) {
                summed.watch_ms = summed.watch_ms.saturating_add(seen.view.watch_ms);
                summed.titles += u32::from(seen.view.has_playback);
                if View::is_binged(seen.completion_rate)
                    && let Some(of) = titles.series(seen.view.title)
                {
                    series.push(of);
                }
                self.tables.push_view(rows, user_id, &seen, sink)?;
            }
            series.sort_unstable();
            summed.is_binge = series
                .chunk_by(|a, b| a == b)
                .any(|views| views.len() >= BINGE_VIEWS as usize);
            self.tables
                .push_session(rows, user_id, session, summed, sink)?;
        }
        Ok(())
    }

    /// Closes all tables; what became of the rows.
    ///
    /// # Errors
    /// When a table cannot be written.
    pub fn finish(self, sink: &mut impl GroupSink) -> Result<Counts, EncodeError> {
        self.tables.finish(sink)?;
        Ok(self.counts)
    }
}

/// What is known of the titles of some rows, by their numbers.
struct Titles<'c> {
    known: Vec<KnownTitle<'c>>,
    /// The number of each one's series.
    series: Vec<Option<u32>>,
}

impl<'c> Titles<'c> {
    fn of(rows: &Rows, title_catalog: &'c impl TitleCatalog) -> Self {
        let known: Vec<KnownTitle<'c>> = (0..rows.titles.len() as u32)
            .map(|number| {
                let id = std::str::from_utf8(rows.titles.get(number));
                id.map(|id| title_catalog.title(id)).unwrap_or_default()
            })
            .collect();
        let mut words = Words::default();
        let series = known
            .iter()
            .map(|known| known.series_id.map(|id| words.number(id.as_bytes())))
            .collect();
        Self { known, series }
    }

    #[inline]
    fn known(&self, title: u32) -> KnownTitle<'c> {
        self.known.get(title as usize).copied().unwrap_or_default()
    }

    fn series(&self, title: u32) -> Option<u32> {
        self.series.get(title as usize).copied().flatten()
    }
}
