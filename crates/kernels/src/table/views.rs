//! The row groups of `fact_view`.

use marquee_encode::{
    BooleanColumn, Chunk, EncodeError, FloatColumn, IntColumn, TextColumn, Width, Zstd,
};

use crate::bucket_rows::BucketRows;
use crate::table::EnrichedView;

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
        rows: &BucketRows,
        user_id: &[u8],
        enriched: &EnrichedView<'_>,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let (view, title, midnight) = (&enriched.view, &enriched.title, rows.midnight());
        self.user_ids.push(user_id, zstd)?;
        self.session_ids
            .push(rows.strings.get(enriched.session), zstd)?;
        self.title_ids.push(rows.titles.get(view.title), zstd)?;
        self.series_ids
            .push_optional(title.series_id.map(str::as_bytes), zstd)?;
        self.genres
            .push_optional(title.genres.map(str::as_bytes), zstd)?;
        self.runtimes.push_optional(title.runtime_ms, zstd)?;
        self.started_at.push(midnight + view.started_at, zstd)?;
        self.ended_at.push(midnight + view.ended_at, zstd)?;
        self.events.push(i64::from(view.events), zstd)?;
        self.watch_ms.push(view.watch_ms, zstd)?;
        self.completion_rates
            .push_optional(enriched.completion_rate, zstd)?;
        self.pauses.push(i64::from(view.pauses), zstd)?;
        self.seeks.push(i64::from(view.seeks), zstd)?;
        self.completed
            .push(view.is_completed(enriched.completion_rate), zstd)?;
        self.ratings.push_optional(view.rating, zstd)?;
        let score = view.engagement_score(title.runtime_ms, enriched.completion_rate);
        self.engagement_scores.push(score, zstd)?;
        self.device_types
            .push_optional(rows.strings.optional(view.device_type), zstd)?;
        self.countries
            .push_optional(rows.strings.optional(view.country), zstd)?;
        self.rows += 1;
        Ok(())
    }

    /// Returns the columns, in the order of the schema.
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
