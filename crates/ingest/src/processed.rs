//! The processed table: events, typed and enriched.

mod title;
mod viewer;

use ::bytes::Bytes;
use marquee_event::{Event, EventType};
use marquee_tables::encode::{
    EncodeError, FileLayout, FloatColumn, IntColumn, PrefixColumn, TextColumn, Width, Zstd,
    write_file,
};

use self::title::TitleColumns;
use self::viewer::ViewerColumns;
use crate::raw::{Identity, IdentityColumns};
use crate::titles::Titles;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Builds one file of the processed table.
pub struct ProcessedTable<'t> {
    identity: IdentityColumns,
    viewer: ViewerColumns,
    title: TitleColumns<'t>,
    event_ids: PrefixColumn,
    event_types: TextColumn,
    event_times: IntColumn,
    event_dates: IntColumn,
    positions: IntColumn,
    from_positions: IntColumn,
    queries: TextColumn,
    results: IntColumn,
    rows_browsed: IntColumn,
    ratings: FloatColumn,
    completion_rates: FloatColumn,
    extras: TextColumn,
    producer_ids: TextColumn,
    producer_seqs: IntColumn,
    processed_at: IntColumn,
    /// The number of each event type in its column's dictionary.
    type_numbers: [Option<u32>; EventType::ALL.len()],
    dates: DateCounts,
    rows: u64,
}

impl<'t> ProcessedTable<'t> {
    /// A file without rows, to be enriched from `titles`.
    pub fn new(titles: &'t Titles) -> Self {
        let optional_text = || TextColumn::new(true);
        let int = |nullable| IntColumn::new(Width::W64, nullable);
        Self {
            identity: IdentityColumns::new(),
            viewer: ViewerColumns::new(),
            title: TitleColumns::new(titles),
            event_ids: PrefixColumn::default(),
            event_types: TextColumn::new(false),
            event_times: int(false),
            event_dates: IntColumn::new(Width::W32, false),
            positions: int(true),
            from_positions: int(true),
            queries: optional_text(),
            results: IntColumn::new(Width::W32, true),
            rows_browsed: IntColumn::new(Width::W32, true),
            ratings: FloatColumn::default(),
            completion_rates: FloatColumn::default(),
            extras: optional_text(),
            producer_ids: optional_text(),
            producer_seqs: int(true),
            processed_at: int(false),
            type_numbers: [None; EventType::ALL.len()],
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
        let session = self.viewer.push(event, zstd)?;
        let runtime = self.title.push(event.title_id.as_deref(), session, zstd)?;
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
        let title = self.title.finish(zstd)?;
        let mut chunks = vec![
            self.event_ids.finish(zstd)?,
            self.event_types.finish(zstd)?,
            self.event_times.finish(zstd)?,
            self.event_dates.finish(zstd)?,
        ];
        chunks.extend(self.viewer.finish(zstd)?);
        chunks.extend([
            title.title_ids,
            self.positions.finish(zstd)?,
            self.from_positions.finish(zstd)?,
            self.queries.finish(zstd)?,
            self.results.finish(zstd)?,
            self.rows_browsed.finish(zstd)?,
            self.ratings.finish(zstd)?,
            title.series_ids,
            title.genres,
            title.runtimes,
            self.completion_rates.finish(zstd)?,
            self.extras.finish(zstd)?,
            self.producer_ids.finish(zstd)?,
            self.producer_seqs.finish(zstd)?,
        ]);
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
