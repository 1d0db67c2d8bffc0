//! The processed table: events, typed and enriched.

use bytes::Bytes;
use marquee_event::{Event, EventType};
use marquee_tables::encode::{
    EncodeError, FileLayout, FloatColumn, IntColumn, PrefixColumn, TextColumn, Width, Zstd,
    write_file,
};

use crate::raw::{Identity, IdentityColumns};
use crate::titles::Titles;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Builds one file of the processed table.
pub struct ProcessedTable<'t> {
    titles: &'t Titles,
    identity: IdentityColumns,
    event_ids: PrefixColumn,
    event_types: TextColumn,
    event_times: IntColumn,
    event_dates: IntColumn,
    user_ids: TextColumn,
    session_ids: TextColumn,
    profile_ids: TextColumn,
    countries: TextColumn,
    device_types: TextColumn,
    device_oses: TextColumn,
    app_versions: TextColumn,
    title_ids: TextColumn,
    positions: IntColumn,
    from_positions: IntColumn,
    queries: TextColumn,
    results: IntColumn,
    rows_browsed: IntColumn,
    ratings: FloatColumn,
    series_ids: TextColumn,
    genres: TextColumn,
    runtimes: IntColumn,
    completion_rates: FloatColumn,
    extras: TextColumn,
    producer_ids: TextColumn,
    producer_seqs: IntColumn,
    processed_at: IntColumn,
    /// The number of each event type in its column's dictionary.
    type_numbers: [Option<u32>; EventType::ALL.len()],
    /// What the catalogue knows of each title of this file, by the title's
    /// number in its column's dictionary: a title is looked up once.
    known: Vec<Known>,
    dates: DateCounts,
    rows: u64,
}

/// A title of this file: its runtime, and the numbers of its words in their
/// columns' dictionaries.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    runtime_ms: Option<i64>,
    series: Word,
    genres: Word,
}

/// How an enriching word of a title is appended.
#[derive(Debug, Clone, Copy, Default)]
enum Word {
    /// The catalogue has none.
    #[default]
    Null,
    /// By its number in the dictionary.
    Number(u32),
    /// By looking it up: the dictionary was full when it first came.
    LookUp,
}

impl<'t> ProcessedTable<'t> {
    /// A file without rows, to be enriched from `titles`.
    pub fn new(titles: &'t Titles) -> Self {
        let text = || TextColumn::new(false);
        let optional_text = || TextColumn::new(true);
        let int = |nullable| IntColumn::new(Width::W64, nullable);
        Self {
            titles,
            identity: IdentityColumns::new(),
            event_ids: PrefixColumn::default(),
            event_types: text(),
            event_times: int(false),
            event_dates: IntColumn::new(Width::W32, false),
            user_ids: text(),
            session_ids: text(),
            profile_ids: optional_text(),
            countries: optional_text(),
            device_types: optional_text(),
            device_oses: optional_text(),
            app_versions: optional_text(),
            title_ids: optional_text(),
            positions: int(true),
            from_positions: int(true),
            queries: optional_text(),
            results: IntColumn::new(Width::W32, true),
            rows_browsed: IntColumn::new(Width::W32, true),
            ratings: FloatColumn::default(),
            series_ids: optional_text(),
            genres: optional_text(),
            runtimes: int(true),
            completion_rates: FloatColumn::default(),
            extras: optional_text(),
            producer_ids: optional_text(),
            producer_seqs: int(true),
            processed_at: int(false),
            type_numbers: [None; EventType::ALL.len()],
            known: Vec::new(),
            dates: DateCounts::default(),
            rows: 0,
        }
    }

    /// Appends an event.
    ///
    /// # Errors
    /// When a page cannot be compressed.
    pub fn push(
        &mut self,
        event: &Event<'_>,
        identity: &Identity<'_>,
        processed_at: i64,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let date = event.event_time.div_euclid(MICROS_PER_DAY);
        let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
        let id = event.event_id.hyphenated().encode_lower(&mut id);
        self.event_ids.push(id.as_bytes(), zstd)?;
        self.push_type(event.event_type, zstd)?;
        self.event_times.push(event.event_time, zstd)?;
        self.event_dates.push(date, zstd)?;
        self.user_ids.push(event.user_id.as_bytes(), zstd)?;
        self.session_ids.push(event.session_id.as_bytes(), zstd)?;
        self.profile_ids
            .push_optional(bytes(&event.profile_id), zstd)?;
        let country = event
            .country
            .as_ref()
            .map(|country| &country.as_bytes()[..]);
        self.countries.push_optional(country, zstd)?;
        self.device_types
            .push_optional(bytes(&event.device.kind), zstd)?;
        self.device_oses
            .push_optional(bytes(&event.device.os), zstd)?;
        self.app_versions
            .push_optional(bytes(&event.device.app_version), zstd)?;
        let runtime = self.push_title(event.title_id.as_deref(), zstd)?;
        self.runtimes.push_optional(runtime, zstd)?;
        self.completion_rates
            .push_optional(completion_rate(event, runtime), zstd)?;
        self.positions.push_optional(event.position_ms, zstd)?;
        self.from_positions
            .push_optional(event.from_position_ms, zstd)?;
        self.queries.push_optional(bytes(&event.query), zstd)?;
        self.results
            .push_optional(event.results.map(i64::from), zstd)?;
        self.rows_browsed
            .push_optional(event.row.map(i64::from), zstd)?;
        self.ratings
            .push_optional(event.rating.map(marquee_event::Rating::stars), zstd)?;
        self.extras.push_optional(bytes(&event.extra), zstd)?;
        let producer = event.producer.as_ref();
        self.producer_ids
            .push_optional(producer.map(|producer| producer.id.as_bytes()), zstd)?;
        self.producer_seqs
            .push_optional(producer.map(|producer| producer.seq), zstd)?;
        self.identity.push(identity, zstd)?;
        self.processed_at.push(processed_at, zstd)?;
        self.dates.count(date);
        self.rows += 1;
        Ok(())
    }

    #[inline]
    fn push_type(&mut self, event_type: EventType, zstd: &mut Zstd) -> Result<(), EncodeError> {
        match self.type_numbers.get_mut(event_type as usize) {
            Some(Some(number)) => self.event_types.push_number(*number, zstd),
            place => {
                let pushed = self.event_types.push(event_type.name().as_bytes(), zstd)?;
                if let (Some(place), Some((number, _))) = (place, pushed) {
                    *place = Some(number);
                }
                Ok(())
            }
        }
    }

    /// Appends the title and what the catalogue adds; the title's runtime.
    #[inline]
    fn push_title(
        &mut self,
        title_id: Option<&str>,
        zstd: &mut Zstd,
    ) -> Result<Option<i64>, EncodeError> {
        let Some(title_id) = title_id else {
            self.title_ids.push_null(zstd)?;
            self.series_ids.push_null(zstd)?;
            self.genres.push_null(zstd)?;
            return Ok(None);
        };
        let known = match self.title_ids.push(title_id.as_bytes(), zstd)? {
            Some((number, false)) => self.known.get(number as usize).copied(),
            Some((_, true)) | None => None,
        };
        if let Some(known) = known {
            let enrichment = || self.titles.get(title_id);
            let series = || enrichment().and_then(|title| title.series_id.as_deref());
            push_word(&mut self.series_ids, known.series, series, zstd)?;
            let genres = || enrichment().and_then(|title| title.genres.as_deref());
            push_word(&mut self.genres, known.genres, genres, zstd)?;
            return Ok(known.runtime_ms);
        }
        let enrichment = self.titles.get(title_id);
        let series = enrichment.and_then(|title| title.series_id.as_deref());
        let genres = enrichment.and_then(|title| title.genres.as_deref());
        let known = Known {
            runtime_ms: enrichment.and_then(|title| title.runtime_ms),
            series: push_first(&mut self.series_ids, series, zstd)?,
            genres: push_first(&mut self.genres, genres, zstd)?,
        };
        self.known.push(known);
        Ok(known.runtime_ms)
    }

    /// How many events are in it.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The file's bytes, and how many of its events are of each date (days
    /// since 1970).
    ///
    /// # Errors
    /// When it cannot be compressed or written.
    pub fn finish(
        self,
        layout: &FileLayout,
        zstd: &mut Zstd,
    ) -> Result<(Bytes, Vec<(i64, u64)>), EncodeError> {
        let (identity, arrivals) = self.identity.finish(zstd)?;
        let mut chunks = vec![
            self.event_ids.finish(zstd)?,
            self.event_types.finish(zstd)?,
            self.event_times.finish(zstd)?,
            self.event_dates.finish(zstd)?,
            self.user_ids.finish(zstd)?,
            self.session_ids.finish(zstd)?,
            self.profile_ids.finish(zstd)?,
            self.countries.finish(zstd)?,
            self.device_types.finish(zstd)?,
            self.device_oses.finish(zstd)?,
            self.app_versions.finish(zstd)?,
            self.title_ids.finish(zstd)?,
            self.positions.finish(zstd)?,
            self.from_positions.finish(zstd)?,
            self.queries.finish(zstd)?,
            self.results.finish(zstd)?,
            self.rows_browsed.finish(zstd)?,
            self.ratings.finish(zstd)?,
            self.series_ids.finish(zstd)?,
            self.genres.finish(zstd)?,
            self.runtimes.finish(zstd)?,
            self.completion_rates.finish(zstd)?,
            self.extras.finish(zstd)?,
            self.producer_ids.finish(zstd)?,
            self.producer_seqs.finish(zstd)?,
        ];
        chunks.extend(identity);
        chunks.extend([arrivals, self.processed_at.finish(zstd)?]);
        Ok((write_file(layout, chunks)?, self.dates.0))
    }
}

#[inline]
fn bytes<'a>(text: &'a Option<std::borrow::Cow<'_, str>>) -> Option<&'a [u8]> {
    text.as_ref().map(|text| text.as_bytes())
}

/// How far into its title a playback event is, 0 to 1.
fn completion_rate(event: &Event<'_>, runtime_ms: Option<i64>) -> Option<f32> {
    if !event.event_type.is_playback() {
        return None;
    }
    let (position, runtime) = (event.position_ms?, runtime_ms?);
    Some((position as f64 / runtime as f64).min(1.0) as f32)
}

/// Appends a title's word for the first time in this file.
fn push_first(
    column: &mut TextColumn,
    word: Option<&str>,
    zstd: &mut Zstd,
) -> Result<Word, EncodeError> {
    let Some(word) = word else {
        column.push_null(zstd)?;
        return Ok(Word::Null);
    };
    let pushed = column.push(word.as_bytes(), zstd)?;
    Ok(pushed.map_or(Word::LookUp, |(number, _)| Word::Number(number)))
}

/// Appends a title's word again.
#[inline]
fn push_word<'a>(
    column: &mut TextColumn,
    word: Word,
    look_up: impl FnOnce() -> Option<&'a str>,
    zstd: &mut Zstd,
) -> Result<(), EncodeError> {
    match word {
        Word::Null => column.push_null(zstd),
        Word::Number(number) => column.push_number(number, zstd),
        Word::LookUp => column.push_optional(look_up().map(str::as_bytes), zstd),
    }
}

/// Events by date. A batch has few dates, mostly one after the other.
#[derive(Debug, Default)]
struct DateCounts(Vec<(i64, u64)>);

impl DateCounts {
    #[inline]
    fn count(&mut self, date: i64) {
        match self.0.iter_mut().find(|(counted, _)| *counted == date) {
            Some((_, count)) => *count += 1,
            None => self.0.push((date, 1)),
        }
    }
}
