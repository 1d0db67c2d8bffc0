//! `fact_view`.

use marquee_tables::encode::{
    BooleanColumn, Chunk, EncodeError, FloatColumn, IntColumn, TextColumn, Width, Zstd,
};

use crate::rows::Rows;
use crate::table::SeenView;

/// Builds one row group of `fact_view`.
pub(crate) struct ViewTable {
    user_ids: TextColumn,
    session_ids: TextColumn,
    title_ids: TextColumn,
    series_ids: TextColumn,
    genres: TextColumn,
    runtimes: IntColumn,
    started_at: IntColumn,
    ended_at: IntColumn,
    events: IntColumn,
    watch_ms: IntColumn,
    completion_rates: FloatColumn,
    pauses: IntColumn,
    seeks: IntColumn,
    completed: BooleanColumn,
    ratings: FloatColumn,
    engagement_scores: FloatColumn,
    device_types: TextColumn,
    countries: TextColumn,
    pub(crate) rows: u64,
}

impl ViewTable {
    pub(crate) fn new() -> Self {
        let text = || TextColumn::new(false);
        let optional_text = || TextColumn::new(true);
        let int = |nullable| IntColumn::new(Width::W64, nullable);
        let narrow = || IntColumn::new(Width::W32, false);
        Self {
            user_ids: text(),
            session_ids: text(),
            title_ids: text(),
            series_ids: optional_text(),
            genres: optional_text(),
            runtimes: int(true),
            started_at: int(false),
            ended_at: int(false),
            events: narrow(),
            watch_ms: int(false),
            completion_rates: FloatColumn::default(),
            pauses: narrow(),
            seeks: narrow(),
            completed: BooleanColumn::default(),
            ratings: FloatColumn::default(),
            engagement_scores: FloatColumn::needed(),
            device_types: optional_text(),
            countries: optional_text(),
            rows: 0,
        }
    }

    pub(crate) fn push(
        &mut self,
        rows: &Rows,
        user_id: &[u8],
        seen: &SeenView<'_>,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let (view, known, midnight) = (&seen.view, &seen.known, rows.midnight());
        self.user_ids.push(user_id, zstd)?;
        self.session_ids.push(rows.words.get(seen.session), zstd)?;
        self.title_ids.push(rows.titles.get(view.title), zstd)?;
        self.series_ids
            .push_optional(known.series_id.map(str::as_bytes), zstd)?;
        self.genres
            .push_optional(known.genres.map(str::as_bytes), zstd)?;
        self.runtimes.push_optional(known.runtime_ms, zstd)?;
        self.started_at.push(midnight + view.started_at, zstd)?;
        self.ended_at.push(midnight + view.ended_at, zstd)?;
        self.events.push(i64::from(view.events), zstd)?;
        self.watch_ms.push(view.watch_ms, zstd)?;
        self.completion_rates
            .push_optional(seen.completion_rate, zstd)?;
        self.pauses.push(i64::from(view.pauses), zstd)?;
        self.seeks.push(i64::from(view.seeks), zstd)?;
        self.completed
            .push(view.is_completed(seen.completion_rate), zstd)?;
        self.ratings.push_optional(view.rating, zstd)?;
        let score = view.engagement_score(known.runtime_ms, seen.completion_rate);
        self.engagement_scores.push(score, zstd)?;
        self.device_types
            .push_optional(rows.words.optional(view.device_type), zstd)?;
        self.countries
            .push_optional(rows.words.optional(view.country), zstd)?;
        self.rows += 1;
        Ok(())
    }

    /// The columns, in the order of the schema.
    pub(crate) fn finish(self, zstd: &mut Zstd) -> Result<Vec<Chunk>, EncodeError> {
        Ok(vec![
            self.user_ids.finish(zstd)?,
            self.session_ids.finish(zstd)?,
            self.title_ids.finish(zstd)?,
            self.series_ids.finish(zstd)?,
            self.genres.finish(zstd)?,
            self.runtimes.finish(zstd)?,
            self.started_at.finish(zstd)?,
            self.ended_at.finish(zstd)?,
            self.events.finish(zstd)?,
            self.watch_ms.finish(zstd)?,
            self.completion_rates.finish(zstd)?,
            self.pauses.finish(zstd)?,
            self.seeks.finish(zstd)?,
            self.completed.finish(zstd)?,
            self.ratings.finish(zstd)?,
            self.engagement_scores.finish(zstd)?,
            self.device_types.finish(zstd)?,
            self.countries.finish(zstd)?,
        ])
    }
}
