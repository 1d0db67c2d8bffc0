//! `events`.

use marquee_event::EventType;
use marquee_tables::encode::{
    Chunk, EncodeError, FloatColumn, IntColumn, PrefixColumn, TextColumn, Width, Zstd,
};

use crate::added::{ADDED, AddedBuilder, TEXTS, UNSEEN};
use crate::intern::NONE;
use crate::record::Sequence;
use crate::row::{Detail, Row};
use crate::rows::Rows;
use crate::table::{Place, WholeEvent, push_word};
use crate::title_catalog::KnownTitle;

/// Builds one row group of `events`.
pub(crate) struct EventsTable {
    event_ids: PrefixColumn,
    event_types: TextColumn,
    times: IntColumn,
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
    row_indices: IntColumn,
    ratings: FloatColumn,
    series_ids: TextColumn,
    genres: TextColumn,
    runtimes: IntColumn,
    completion_rates: FloatColumn,
    extras: TextColumn,
    producer_ids: TextColumn,
    producer_seqs: IntColumn,
    shard_ids: TextColumn,
    sequence_numbers: PrefixColumn,
    sub_sequences: IntColumn,
    arrivals: IntColumn,
    added: [AddedBuilder; ADDED.len()],
    types: [Place; EventType::ALL.len()],
    context: ContextPlaces,
    /// By the number of the title.
    titles: Vec<TitlePlaces>,
    record: u32,
    sequence: Vec<u8>,
    shard: Place,
    pub(crate) rows: u64,
    pub(crate) text_bytes: usize,
}

/// Where the words of the last context stand.
#[derive(Debug, Clone, Copy)]
struct ContextPlaces {
    number: u32,
    user: Place,
    session: Place,
    profile: Place,
    country: Place,
    device_type: Place,
    device_os: Place,
    app_version: Place,
    producer: Place,
    added: [Place; TEXTS],
}

impl ContextPlaces {
    fn of(number: u32) -> Self {
        Self {
            number,
            user: Place::Unseen,
            session: Place::Unseen,
            profile: Place::Unseen,
            country: Place::Unseen,
            device_type: Place::Unseen,
            device_os: Place::Unseen,
            app_version: Place::Unseen,
            producer: Place::Unseen,
            added: UNSEEN,
        }
    }
}

/// Where the words of a title stand.
#[derive(Debug, Clone, Copy, Default)]
struct TitlePlaces {
    title: Place,
    series: Place,
    genres: Place,
}

impl EventsTable {
    pub(crate) fn new() -> Self {
        let text = || TextColumn::new(false);
        let optional_text = || TextColumn::new(true);
        let int = |nullable| IntColumn::new(Width::W64, nullable);
        let narrow = |nullable| IntColumn::new(Width::W32, nullable);
        Self {
            event_ids: PrefixColumn::default(),
            event_types: text(),
            times: int(false),
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
            results: narrow(true),
            row_indices: narrow(true),
            ratings: FloatColumn::default(),
            series_ids: optional_text(),
            genres: optional_text(),
            runtimes: int(true),
            completion_rates: FloatColumn::default(),
            extras: optional_text(),
            producer_ids: optional_text(),
            producer_seqs: int(true),
            shard_ids: text(),
            sequence_numbers: PrefixColumn::default(),
            sub_sequences: narrow(false),
            arrivals: int(false),
            added: ADDED.map(AddedBuilder::of),
            types: Default::default(),
            context: ContextPlaces::of(NONE),
            titles: Vec::new(),
            record: NONE,
            sequence: Vec::new(),
            shard: Place::Unseen,
            rows: 0,
            text_bytes: 0,
        }
    }

    /// Forgets the numbers that [`Rows`] gave.
    pub(crate) fn begin(&mut self) {
        self.context = ContextPlaces::of(NONE);
        self.titles.clear();
        self.record = NONE;
    }

    pub(crate) fn push(
        &mut self,
        rows: &Rows,
        whole: &WholeEvent<'_>,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let event = &whole.row;
        let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
        let id = event.event_id.uuid().hyphenated().encode_lower(&mut id);
        self.event_ids.push(id.as_bytes(), zstd)?;
        let event_type = event.event_type();
        let place = &mut self.types[event_type as usize];
        let name = || Some(event_type.name().as_bytes());
        push_word(&mut self.event_types, place, name, zstd)?;
        self.times
            .push(rows.midnight() + event.time_of_day(), zstd)?;
        self.push_context(rows, event, zstd)?;
        self.push_title(rows, event, whole.title, zstd)?;
        self.push_detail(rows, &whole.detail, zstd)?;
        self.producer_seqs
            .push_optional(event.producer_seq(), zstd)?;
        self.push_source(rows, whole, zstd)?;
        self.rows += 1;
        Ok(())
    }

    #[inline]
    fn push_context(
        &mut self,
        rows: &Rows,
        event: &Row,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        if self.context.number != event.context {
            self.context = ContextPlaces::of(event.context);
        }
        let (context, places) = (rows.context(event), &mut self.context);
        let user = || Some(rows.users.get(context.user));
        push_word(&mut self.user_ids, &mut places.user, user, zstd)?;
        for (column, place, word) in [
            (&mut self.session_ids, &mut places.session, context.session),
            (&mut self.profile_ids, &mut places.profile, context.profile),
            (&mut self.countries, &mut places.country, context.country),
            (
                &mut self.device_types,
                &mut places.device_type,
                context.device_type,
            ),
            (
                &mut self.device_oses,
                &mut places.device_os,
                context.device_os,
            ),
            (
                &mut self.app_versions,
                &mut places.app_version,
                context.app_version,
            ),
            (
                &mut self.producer_ids,
                &mut places.producer,
                context.producer,
            ),
        ] {
            push_word(column, place, || rows.words.optional(word), zstd)?;
        }
        let added = self.added.iter_mut().filter_map(AddedBuilder::text);
        for (column, (place, word)) in added.zip(places.added.iter_mut().zip(context.added)) {
            push_word(column, place, || rows.words.optional(word), zstd)?;
        }
        Ok(())
    }

    /// Appends the title, what the catalogue adds, and where in it the event is.
    #[inline]
    fn push_title(
        &mut self,
        rows: &Rows,
        event: &Row,
        known: KnownTitle<'_>,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let position = event.position_ms();
        self.positions.push_optional(position, zstd)?;
        self.runtimes.push_optional(known.runtime_ms, zstd)?;
        let completion_rate = match (event.event_type().is_playback(), position, known.runtime_ms) {
            (true, Some(position), Some(runtime)) => {
                Some((position as f64 / runtime as f64).min(1.0) as f32)
            }
            _ => None,
        };
        self.completion_rates.push_optional(completion_rate, zstd)?;
        if event.title == NONE {
            self.title_ids.push_null(zstd)?;
            self.series_ids.push_null(zstd)?;
            return self.genres.push_null(zstd);
        }
        let title = event.title as usize;
        if self.titles.len() <= title {
            self.titles
                .resize(rows.titles.len(), TitlePlaces::default());
        }
        let places = self.titles.get_mut(title);
        let places = places.ok_or(EncodeError::Row("its title was not taken in with it"))?;
        let id = || Some(rows.titles.get(event.title));
        push_word(&mut self.title_ids, &mut places.title, id, zstd)?;
        let series = || known.series_id.map(str::as_bytes);
        push_word(&mut self.series_ids, &mut places.series, series, zstd)?;
        let genres = || known.genres.map(str::as_bytes);
        push_word(&mut self.genres, &mut places.genres, genres, zstd)
    }

    #[inline]
    fn push_detail(
        &mut self,
        rows: &Rows,
        detail: &Detail,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        self.from_positions
            .push_optional(detail.from_position_ms, zstd)?;
        self.results
            .push_optional(detail.results.map(i64::from), zstd)?;
        self.row_indices
            .push_optional(detail.row_index.map(i64::from), zstd)?;
        self.ratings.push_optional(detail.rating, zstd)?;
        let added = self.added.iter_mut().filter_map(AddedBuilder::integer);
        for (column, number) in added.zip(detail.added) {
            column.push_optional(number, zstd)?;
        }
        for (column, word) in [
            (&mut self.queries, detail.query),
            (&mut self.extras, detail.extra),
        ] {
            let word = rows.words.optional(word);
            self.text_bytes += word.map_or(0, <[u8]>::len);
            column.push_optional(word, zstd)?;
        }
        Ok(())
    }

    #[inline]
    fn push_source(
        &mut self,
        rows: &Rows,
        whole: &WholeEvent<'_>,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let event = &whole.row;
        self.sub_sequences
            .push(i64::from(event.sub_sequence), zstd)?;
        let record = whole.record.as_ref();
        let record = record.ok_or(EncodeError::Row("its record was not taken in with it"))?;
        self.arrivals.push(record.arrived_at, zstd)?;
        if self.record != event.record {
            self.record = event.record;
            let mut buffer = Sequence::buffer();
            self.sequence.clear();
            self.sequence
                .extend_from_slice(record.sequence.write(&mut buffer));
            self.shard = Place::Unseen;
        }
        self.sequence_numbers.push(&self.sequence, zstd)?;
        let shard = || Some(rows.words.get(record.shard));
        push_word(&mut self.shard_ids, &mut self.shard, shard, zstd)
    }

    /// The columns, in the order of the schema.
    pub(crate) fn finish(self, zstd: &mut Zstd) -> Result<Vec<Chunk>, EncodeError> {
        let mut chunks = vec![
            self.event_ids.finish(zstd)?,
            self.event_types.finish(zstd)?,
            self.times.finish(zstd)?,
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
            self.row_indices.finish(zstd)?,
            self.ratings.finish(zstd)?,
            self.series_ids.finish(zstd)?,
            self.genres.finish(zstd)?,
            self.runtimes.finish(zstd)?,
            self.completion_rates.finish(zstd)?,
            self.extras.finish(zstd)?,
            self.producer_ids.finish(zstd)?,
            self.producer_seqs.finish(zstd)?,
            self.shard_ids.finish(zstd)?,
            self.sequence_numbers.finish(zstd)?,
            self.sub_sequences.finish(zstd)?,
            self.arrivals.finish(zstd)?,
        ];
        for column in self.added {
            chunks.push(column.finish(zstd)?);
        }
        Ok(chunks)
    }
}
