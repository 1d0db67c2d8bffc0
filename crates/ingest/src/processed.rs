//! The processed table: typed and enriched events.

mod added;
mod title;
mod viewer;

use ::bytes::Bytes;
use marquee_encode::{
    EncodeError, FileLayout, FloatColumn, IntColumn, PrefixColumn, TextColumn, Width, Zstd,
    write_file,
};
use marquee_event::{ADDED_FIELDS, Date, Event, EventType, FormatVersion};
use uuid::fmt::Hyphenated;

use self::added::AddedColumn;
use self::title::TitleColumns;
use self::viewer::ViewerColumns;
use crate::raw::{Identity, IdentityColumns};
use crate::titles::Titles;

/// A builder of one file of the processed table.
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
    /// The columns of the fields that were added after the first format version.
    added: [AddedColumn; ADDED_FIELDS.len()],
    format: FormatVersion,
    /// The last value of `processed_at`, and the number of rows with it that are not in the
    /// column yet. All events of a batch have the same value.
    processed_last: i64,
    processed_run: usize,
    /// The number of each event type in the dictionary of its column.
    type_numbers: [Option<u32>; EventType::ALL.len()],
    dates: DateCounts,
    rows: usize,
}

impl<'t> ProcessedTable<'t> {
    /// Creates a file without rows that has the columns of a format version. Events are
    /// enriched from `titles`.
    pub fn new(titles: &'t Titles, format: FormatVersion) -> Self {
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
            added: ADDED_FIELDS.map(AddedColumn::of),
            format,
            processed_last: 0,
            processed_run: 0,
            type_numbers: [None; EventType::ALL.len()],
            dates: DateCounts::default(),
            rows: 0,
        }
    }

    /// Reserves capacity for `rows` more rows in the columns that have a value in most rows.
    pub fn reserve(&mut self, rows: usize) {
        self.identity.reserve(rows);
        self.viewer.reserve(rows);
        self.title.reserve(rows);
        self.event_ids.reserve(rows);
        self.event_types.reserve(rows);
        self.event_times.reserve(rows);
        self.event_dates.reserve(rows);
        self.positions.reserve(rows);
        self.completion_rates.reserve(rows);
        self.producer_ids.reserve(rows);
        self.producer_seqs.reserve(rows);
    }

    /// Appends an event.
    ///
    /// # Errors
    /// If a page cannot be compressed.
    pub fn push(
        &mut self,
        event: &Event<'_>,
        identity: &Identity<'_>,
        processed_at: i64,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let date = Date::of(event.event_time);
        let mut id = [0; Hyphenated::LENGTH];
        let id = event.event_id.hyphenated().encode_lower(&mut id);
        self.event_ids.push(id.as_bytes(), zstd)?;
        self.push_type(event.event_type, zstd)?;
        self.event_times.push(event.event_time, zstd)?;
        self.event_dates.push(date.days().into(), zstd)?;
        let session = self.viewer.push(event, zstd)?;
        let runtime = self.title.push(event.title_id.as_deref(), session, zstd)?;
        self.completion_rates
            .push_optional(completion_rate(event, runtime), zstd)?;
        self.positions.push_optional(event.position_ms, zstd)?;
        self.push_rare(event, zstd)?;
        let producer = event.producer.as_ref();
        self.producer_ids
            .push_optional(producer.map(|producer| producer.id.as_bytes()), zstd)?;
        self.producer_seqs
            .push_optional(producer.map(|producer| producer.seq), zstd)?;
        self.identity.push(identity, zstd)?;
        if processed_at != self.processed_last {
            self.close_processed_run(zstd)?;
            self.processed_last = processed_at;
        }
        self.processed_run += 1;
        self.dates.count(date);
        self.rows += 1;
        Ok(())
    }

    fn close_processed_run(&mut self, zstd: &mut Zstd) -> Result<(), EncodeError> {
        let rows = std::mem::take(&mut self.processed_run);
        self.processed_at.repeat(self.processed_last, rows, zstd)
    }

    /// Appends the values that few events have. Their columns lag behind: they are padded
    /// with nulls before a value and at the end.
    #[inline]
    fn push_rare(&mut self, event: &Event<'_>, zstd: &mut Zstd) -> Result<(), EncodeError> {
        let row = self.rows;
        if let Some(position) = event.from_position_ms {
            self.from_positions.pad_to(row, zstd)?;
            self.from_positions.push(position, zstd)?;
        }
        if let Some(query) = bytes(&event.query) {
            self.queries.pad_to(row, zstd)?;
            self.queries.push(query, zstd)?;
        }
        if let Some(results) = event.results {
            self.results.pad_to(row, zstd)?;
            self.results.push(results.into(), zstd)?;
        }
        if let Some(browsed) = event.row {
            self.rows_browsed.pad_to(row, zstd)?;
            self.rows_browsed.push(browsed.into(), zstd)?;
        }
        if let Some(rating) = event.rating {
            self.ratings.pad_to(row, zstd)?;
            self.ratings.push(rating.stars(), zstd)?;
        }
        if let Some(extra) = bytes(&event.extra) {
            self.extras.pad_to(row, zstd)?;
            self.extras.push(extra, zstd)?;
        }
        for (column, value) in self.added.iter_mut().zip(event.added()) {
            if let Some(value) = value {
                column.push(value, row, zstd)?;
            }
        }
        Ok(())
    }

    fn pad_rare(&mut self, zstd: &mut Zstd) -> Result<(), EncodeError> {
        let rows = self.rows;
        self.from_positions.pad_to(rows, zstd)?;
        self.queries.pad_to(rows, zstd)?;
        self.results.pad_to(rows, zstd)?;
        self.rows_browsed.pad_to(rows, zstd)?;
        self.ratings.pad_to(rows, zstd)?;
        self.extras.pad_to(rows, zstd)?;
        self.added
            .iter_mut()
            .try_for_each(|column| column.pad_to(rows, zstd))
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

    /// Returns the number of events.
    pub fn rows(&self) -> u64 {
        self.rows as u64
    }

    /// Returns the bytes of the file, and the number of events of each date, in days since
    /// 1970-01-01.
    ///
    /// # Errors
    /// If the file cannot be compressed or written.
    pub fn finish(
        mut self,
        layout: &FileLayout,
        zstd: &mut Zstd,
    ) -> Result<(Bytes, Vec<(Date, u64)>), EncodeError> {
        self.pad_rare(zstd)?;
        self.close_processed_run(zstd)?;
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
        for (field, column) in ADDED_FIELDS.iter().zip(self.added) {
            if self.format.has(field.since) {
                chunks.push(column.finish(zstd)?);
            }
        }
        Ok((write_file(layout, chunks)?, self.dates.0))
    }
}

#[inline]
fn bytes<'a>(text: &'a Option<std::borrow::Cow<'_, str>>) -> Option<&'a [u8]> {
    text.as_ref().map(|text| text.as_bytes())
}

/// Returns the fraction of the title that a playback event has reached, 0 to 1.
fn completion_rate(event: &Event<'_>, runtime_ms: Option<i64>) -> Option<f32> {
    if !event.event_type.is_playback() {
        return None;
    }
    let (position, runtime) = (event.position_ms?, runtime_ms?);
    Some((position as f64 / runtime as f64).min(1.0) as f32)
}

/// The number of events by date. A batch has few dates, mostly in runs.
#[derive(Debug, Default)]
struct DateCounts(Vec<(Date, u64)>);

impl DateCounts {
    #[inline]
    fn count(&mut self, date: Date) {
        match self.0.iter_mut().find(|(counted, _)| *counted == date) {
            Some((_, count)) => *count += 1,
            None => self.0.push((date, 1)),
        }
    }
}
