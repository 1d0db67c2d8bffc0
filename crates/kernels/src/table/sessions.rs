//! The row groups of `fact_session`.

use marquee_encode::{BooleanColumn, Chunk, EncodeError, IntColumn, TextColumn, Width, Zstd};

use crate::bucket_rows::BucketRows;
use crate::session::Session;
use crate::table::SessionTotals;

/// Builds one row group of `fact_session`.
pub(crate) struct SessionTable {
    user_ids: TextColumn,
    session_ids: TextColumn,
    started_at: IntColumn,
    ended_at: IntColumn,
    events: IntColumn,
    watch_ms: IntColumn,
    titles: IntColumn,
    searches: IntColumn,
    device_types: TextColumn,
    countries: TextColumn,
    are_binges: BooleanColumn,
    pub(crate) rows: u64,
}

impl SessionTable {
    pub(crate) fn new() -> Self {
        let wide = || IntColumn::new(Width::W64, false);
        let narrow = || IntColumn::new(Width::W32, false);
        Self {
            user_ids: TextColumn::new(false),
            session_ids: TextColumn::new(false),
            started_at: wide(),
            ended_at: wide(),
            events: wide(),
            watch_ms: wide(),
            titles: narrow(),
            searches: narrow(),
            device_types: TextColumn::new(true),
            countries: TextColumn::new(true),
            are_binges: BooleanColumn::default(),
            rows: 0,
        }
    }

    pub(crate) fn push(
        &mut self,
        rows: &BucketRows,
        user_id: &[u8],
        session: &Session,
        totals: SessionTotals,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let midnight = rows.midnight();
        self.user_ids.push(user_id, zstd)?;
        self.session_ids
            .push(rows.strings.get(session.session), zstd)?;
        self.started_at.push(midnight + session.started_at, zstd)?;
        self.ended_at.push(midnight + session.ended_at, zstd)?;
        self.events.push(session.events, zstd)?;
        self.watch_ms.push(totals.watch_ms, zstd)?;
        self.titles.push(i64::from(totals.titles), zstd)?;
        self.searches.push(i64::from(session.searches), zstd)?;
        self.device_types
            .push_optional(rows.strings.optional(session.device_type), zstd)?;
        self.countries
            .push_optional(rows.strings.optional(session.country), zstd)?;
        self.are_binges.push(totals.is_binge, zstd)?;
        self.rows += 1;
        Ok(())
    }

    /// Returns the columns, in the order of the schema.
    pub(crate) fn finish(self, zstd: &mut Zstd) -> Result<Vec<Chunk>, EncodeError> {
        Ok(vec![
            self.user_ids.finish(zstd)?,
            self.session_ids.finish(zstd)?,
            self.started_at.finish(zstd)?,
            self.ended_at.finish(zstd)?,
            self.events.finish(zstd)?,
            self.watch_ms.finish(zstd)?,
            self.titles.finish(zstd)?,
            self.searches.finish(zstd)?,
            self.device_types.finish(zstd)?,
            self.countries.finish(zstd)?,
            self.are_binges.finish(zstd)?,
        ])
    }
}
