//! The row groups of `events`.

use marquee_encode::{
    Chunk, EncodeError, FloatColumn, IntColumn, PrefixColumn, TextColumn, Width, Zstd,
};
use marquee_event::EventType;

use crate::added::{ADDED, AddedBuilder, TEXTS};
use crate::bucket_rows::BucketRows;
use crate::intern::NONE;
use crate::record::SequenceNumber;
use crate::row::{EventDetail, EventRow};
use crate::table::{DictionarySlot, ResolvedEvent, push_interned};
use crate::title_catalog::TitleAttributes;

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
    type_slots: [DictionarySlot; EventType::ALL.len()],
    context: ContextSlots,
    /// The slots of each title, by its number.
    titles: Vec<TitleSlots>,
    /// The number of the last event's record; its sequence number as text; the slot of its
    /// shard.
    record: u32,
    sequence: Vec<u8>,
    shard: DictionarySlot,
    pub(crate) rows: u64,
    pub(crate) text_bytes: usize,
}

/// The dictionary slots of the last event's context.
#[derive(Debug, Clone, Copy)]
struct ContextSlots {
    /// The number of the context.
    number: u32,
    user: DictionarySlot,
    session: DictionarySlot,
    profile: DictionarySlot,
    country: DictionarySlot,
    device_type: DictionarySlot,
    device_os: DictionarySlot,
    app_version: DictionarySlot,
    producer: DictionarySlot,
    added: [DictionarySlot; TEXTS],
}

impl ContextSlots {
    fn new(number: u32) -> Self {
        Self {
            number,
            user: DictionarySlot::Unseen,
            session: DictionarySlot::Unseen,
            profile: DictionarySlot::Unseen,
            country: DictionarySlot::Unseen,
            device_type: DictionarySlot::Unseen,
            device_os: DictionarySlot::Unseen,
            app_version: DictionarySlot::Unseen,
            producer: DictionarySlot::Unseen,
            added: [DictionarySlot::Unseen; TEXTS],
        }
    }
}

/// The dictionary slots of a title.
#[derive(Debug, Clone, Copy, Default)]
struct TitleSlots {
    title: DictionarySlot,
    series: DictionarySlot,
    genres: DictionarySlot,
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
            added: ADDED.map(AddedBuilder::new),
            type_slots: Default::default(),
            context: ContextSlots::new(NONE),
            titles: Vec::new(),
            record: NONE,
            sequence: Vec::new(),
            shard: DictionarySlot::Unseen,
            rows: 0,
            text_bytes: 0,
        }
    }

    /// Drops the cached numbers of a [`BucketRows`].
    pub(crate) fn start_rows(&mut self) {
        self.context = ContextSlots::new(NONE);
        self.titles.clear();
        self.record = NONE;
    }

    pub(crate) fn push(
        &mut self,
        rows: &BucketRows,
        resolved: &ResolvedEvent<'_>,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let event = &resolved.row;
        let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
        let id = event.event_id.uuid().hyphenated().encode_lower(&mut id);
        self.event_ids.push(id.as_bytes(), zstd)?;
        let event_type = event.event_type();
        let slot = &mut self.type_slots[event_type as usize];
        let name = || Some(event_type.name().as_bytes());
        push_interned(&mut self.event_types, slot, name, zstd)?;
        self.times
            .push(rows.midnight() + event.time_of_day(), zstd)?;
        self.push_context(rows, event, zstd)?;
        self.push_title(rows, event, resolved.title, zstd)?;
        self.push_detail(rows, &resolved.detail, zstd)?;
        self.producer_seqs
            .push_optional(event.producer_seq(), zstd)?;
        self.push_source(rows, resolved, zstd)?;
        self.rows += 1;
        Ok(())
    }

    #[inline]
    fn push_context(
        &mut self,
        rows: &BucketRows,
        event: &EventRow,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        if self.context.number != event.context {
            self.context = ContextSlots::new(event.context);
        }
        let (context, slots) = (rows.context(event), &mut self.context);
        let user = || Some(rows.users.get(context.user));
        push_interned(&mut self.user_ids, &mut slots.user, user, zstd)?;
        for (column, slot, string) in [
            (&mut self.session_ids, &mut slots.session, context.session),
            (&mut self.profile_ids, &mut slots.profile, context.profile),
            (&mut self.countries, &mut slots.country, context.country),
            (
                &mut self.device_types,
                &mut slots.device_type,
                context.device_type,
            ),
            (
                &mut self.device_oses,
                &mut slots.device_os,
                context.device_os,
            ),
            (
                &mut self.app_versions,
                &mut slots.app_version,
                context.app_version,
            ),
            (
                &mut self.producer_ids,
                &mut slots.producer,
                context.producer,
            ),
        ] {
            push_interned(column, slot, || rows.strings.optional(string), zstd)?;
        }
        let added = self.added.iter_mut().filter_map(AddedBuilder::text);
        for (column, (slot, string)) in added.zip(slots.added.iter_mut().zip(context.added)) {
            push_interned(column, slot, || rows.strings.optional(string), zstd)?;
        }
        Ok(())
    }

    /// Appends the title, its attributes, the position, and the completion rate.
    #[inline]
    fn push_title(
        &mut self,
        rows: &BucketRows,
        event: &EventRow,
        attributes: TitleAttributes<'_>,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let position = event.position_ms();
        self.positions.push_optional(position, zstd)?;
        self.runtimes.push_optional(attributes.runtime_ms, zstd)?;
        let completion_rate = match (
            event.event_type().is_playback(),
            position,
            attributes.runtime_ms,
        ) {
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
            self.titles.resize(rows.titles.len(), TitleSlots::default());
        }
        let slots = self.titles.get_mut(title);
        let slots = slots.ok_or(EncodeError::Row("its title is not in memory"))?;
        let id = || Some(rows.titles.get(event.title));
        push_interned(&mut self.title_ids, &mut slots.title, id, zstd)?;
        let series = || attributes.series_id.map(str::as_bytes);
        push_interned(&mut self.series_ids, &mut slots.series, series, zstd)?;
        let genres = || attributes.genres.map(str::as_bytes);
        push_interned(&mut self.genres, &mut slots.genres, genres, zstd)
    }

    #[inline]
    fn push_detail(
        &mut self,
        rows: &BucketRows,
        detail: &EventDetail,
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
        for (column, string) in [
            (&mut self.queries, detail.query),
            (&mut self.extras, detail.extra),
        ] {
            let string = rows.strings.optional(string);
            self.text_bytes += string.map_or(0, <[u8]>::len);
            column.push_optional(string, zstd)?;
        }
        Ok(())
    }

    #[inline]
    fn push_source(
        &mut self,
        rows: &BucketRows,
        resolved: &ResolvedEvent<'_>,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let (event, record) = (&resolved.row, &resolved.record);
        self.sub_sequences
            .push(i64::from(event.sub_sequence), zstd)?;
        self.arrivals.push(record.arrived_at, zstd)?;
        if self.record != event.record {
            self.record = event.record;
            let mut buffer = SequenceNumber::buffer();
            self.sequence.clear();
            self.sequence
                .extend_from_slice(record.sequence.write(&mut buffer));
            self.shard = DictionarySlot::Unseen;
        }
        self.sequence_numbers.push(&self.sequence, zstd)?;
        let shard = || Some(rows.strings.get(record.shard));
        push_interned(&mut self.shard_ids, &mut self.shard, shard, zstd)
    }

    /// Returns the columns, in the order of the schema.
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
