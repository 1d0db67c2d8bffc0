//! The events of one bucket in memory.

use arrow_array::RecordBatch;
use marquee_event::MICROS_PER_DAY;

use crate::added::TEXTS;
use crate::bucket::bucket_of;
use crate::columns::{self, DictionaryRemap, EXCLUDED, Text};
use crate::error::TableError;
use crate::event_columns::{
    EventColumns, SourceColumns, event_id, event_type, event_type_at, narrow, position, quoted,
    sub_sequence, time_of_day, value,
};
use crate::intern::{Interner, NONE, StringInterner};
use crate::record::{KinesisRecord, SequenceNumber};
use crate::row::{DroppedRow, EventDetail, EventRow, PackedFields, SessionContext};

/// The rows that a [`BucketRows`] accepts: one bucket of one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketScope {
    /// The date, in days since 1970-01-01.
    pub day: i32,
    /// The bucket, from 0.
    pub bucket: u32,
    /// The number of buckets.
    pub buckets: u32,
}

/// The schema of a batch of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSchema {
    /// `processed_events`, with events of several dates.
    Processed,
    /// `events`, with events of the scope's date only.
    Curated,
}

/// The row counts of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushCounts {
    /// Rows of the date.
    pub of_date: u64,
    /// Rows of the date and the bucket: those that were added.
    pub in_bucket: u64,
}

/// The events and earlier duplicates of one bucket, unordered, with repeating values
/// interned.
#[derive(Debug)]
pub struct BucketRows {
    scope: BucketScope,
    pub(crate) events: Vec<EventRow>,
    pub(crate) dropped: Vec<DroppedRow>,
    pub(crate) details: Vec<EventDetail>,
    pub(crate) contexts: Interner<SessionContext>,
    pub(crate) records: Interner<KinesisRecord>,
    pub(crate) users: StringInterner,
    pub(crate) titles: StringInterner,
    /// All other repeating strings.
    pub(crate) strings: StringInterner,
    remaps: ColumnRemaps,
    last_record: LastRecord,
    /// The rows of a batch that are in scope.
    selected: Vec<u32>,
    /// The last context of each session, by the number of the session id: usually the
    /// session's only one.
    last_contexts: Vec<u32>,
}

/// The dictionary remaps of all columns with repeating text.
#[derive(Debug, Default)]
struct ColumnRemaps {
    event_type: DictionaryRemap,
    user: DictionaryRemap,
    session: DictionaryRemap,
    profile: DictionaryRemap,
    country: DictionaryRemap,
    device_type: DictionaryRemap,
    device_os: DictionaryRemap,
    app_version: DictionaryRemap,
    producer: DictionaryRemap,
    title: DictionaryRemap,
    query: DictionaryRemap,
    extra: DictionaryRemap,
    shard: DictionaryRemap,
    added: [DictionaryRemap; TEXTS],
    /// The last context of each session with its number, by the session's dictionary key.
    contexts: Vec<(u32, SessionContext)>,
}

/// The record of the previous row. Neighbouring rows usually share it.
#[derive(Debug)]
struct LastRecord {
    shard: u32,
    sequence: Vec<u8>,
    arrived_at: i64,
    number: u32,
}

impl Default for LastRecord {
    /// Returns a record that equals that of no row.
    fn default() -> Self {
        Self {
            shard: NONE,
            sequence: Vec::new(),
            arrived_at: 0,
            number: NONE,
        }
    }
}

impl BucketRows {
    /// Creates an empty set of rows.
    pub fn new(scope: BucketScope) -> Self {
        Self {
            scope,
            events: Vec::new(),
            dropped: Vec::new(),
            details: Vec::new(),
            contexts: Interner::default(),
            records: Interner::default(),
            users: StringInterner::default(),
            titles: StringInterner::default(),
            strings: StringInterner::default(),
            remaps: ColumnRemaps::default(),
            last_record: LastRecord::default(),
            selected: Vec::new(),
            last_contexts: Vec::new(),
        }
    }

    /// Reserves memory for `events` more events.
    pub fn reserve(&mut self, events: usize) {
        self.events.reserve_exact(events);
    }

    /// Returns the number of events.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Returns true if there are neither events nor duplicates.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.dropped.is_empty()
    }

    /// Returns the approximate memory use in bytes, including that of sorting the rows.
    pub fn heap_bytes(&self) -> usize {
        let index = size_of::<u32>();
        self.events.len() * (size_of::<EventRow>() + index)
            + self.dropped.len() * (size_of::<DroppedRow>() + index)
            + self.details.len() * size_of::<EventDetail>()
            + self.contexts.heap_bytes()
            + self.records.heap_bytes()
            + self.users.heap_bytes()
            + self.titles.heap_bytes()
            + self.strings.heap_bytes()
            + self.last_contexts.len() * size_of::<u32>()
    }

    /// Removes all rows, but keeps the memory for events.
    pub fn clear(&mut self) {
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        *self = Self {
            events,
            ..Self::new(self.scope)
        };
    }

    /// Returns the date's midnight in UTC microseconds.
    pub(crate) fn midnight(&self) -> i64 {
        i64::from(self.scope.day) * MICROS_PER_DAY
    }

    /// Returns the context of an event.
    ///
    /// An unknown number gives an empty context, because inner loops call this.
    /// `BucketRows::check` has verified the numbers.
    pub(crate) fn context(&self, row: &EventRow) -> &SessionContext {
        self.contexts
            .get(row.context)
            .unwrap_or(&SessionContext::EMPTY)
    }

    /// Returns the record that contained an event.
    pub(crate) fn record(&self, row: &EventRow) -> Option<&KinesisRecord> {
        self.records.get(row.record)
    }

    /// Returns the details of an event, which are empty for [`NONE`].
    ///
    /// An unknown number gives empty details too; see [`BucketRows::context`].
    pub(crate) fn detail(&self, row: &EventRow) -> &EventDetail {
        self.details
            .get(row.detail as usize)
            .unwrap_or(&EventDetail::EMPTY)
    }

    /// Adds the events of a batch that are in scope.
    ///
    /// # Errors
    /// If a column is missing, has another type or holds an invalid value. The rows before
    /// the invalid one stay added.
    pub fn push_events(
        &mut self,
        batch: &RecordBatch,
        schema: EventSchema,
    ) -> Result<PushCounts, TableError> {
        let columns = EventColumns::new(batch, schema)?;
        self.remaps.start_batch(&columns);
        let mut selected = std::mem::take(&mut self.selected);
        selected.clear();
        let is_of_date = |row: &u32| {
            let dates = columns.dates;
            dates.is_none_or(|dates| dates.value(*row as usize) == self.scope.day)
        };
        selected.extend((0..batch.num_rows() as u32).filter(is_of_date));
        let of_date = selected.len() as u64;
        let before = self.events.len();
        let pushed = self.push_selected(&columns, &mut selected);
        self.selected = selected;
        pushed?;
        Ok(PushCounts {
            of_date,
            in_bucket: (self.events.len() - before) as u64,
        })
    }

    /// Adds the selected rows that belong to the bucket.
    fn push_selected(
        &mut self,
        columns: &EventColumns<'_>,
        selected: &mut Vec<u32>,
    ) -> Result<(), TableError> {
        let scope = self.scope;
        let (remaps, users) = (&mut self.remaps, &mut self.users);
        let is_excluded = |id: &[u8]| bucket_of(id, scope.buckets) != scope.bucket;
        remaps
            .user
            .look_up(columns.user, selected, users, is_excluded)?;
        if scope.buckets > 1 {
            // A row with an invalid user stays, so that `push_event` returns the error.
            selected.retain(|row| {
                let user = remaps.user.number(columns.user, *row as usize, |id| {
                    Ok(match is_excluded(id) {
                        true => EXCLUDED,
                        false => users.intern(id),
                    })
                });
                user != Ok(EXCLUDED)
            });
        }
        remaps.look_up(columns, selected, &mut self.strings, &mut self.titles)?;
        remaps.look_up_contexts(&self.last_contexts, &self.contexts)?;
        for row in selected {
            self.push_event(columns, *row as usize)?;
        }
        Ok(())
    }

    #[inline]
    fn push_event(&mut self, columns: &EventColumns<'_>, row: usize) -> Result<(), TableError> {
        let scope = self.scope;
        let remaps = &mut self.remaps;
        let (users, strings, titles) = (&mut self.users, &mut self.strings, &mut self.titles);
        let user = remaps
            .user
            .number(columns.user, row, |id| Ok(users.intern(id)))?;
        let mut intern = |remap: &mut DictionaryRemap, column: Text<'_>| {
            remap.number(column, row, |string| Ok(strings.intern(string)))
        };
        let mut added = [NONE; TEXTS];
        let added_columns = remaps.added.iter_mut().zip(columns.added.texts);
        for (number, (remap, column)) in added.iter_mut().zip(added_columns) {
            *number = intern(remap, column)?;
        }
        let context = SessionContext {
            user,
            session: intern(&mut remaps.session, columns.session)?,
            profile: intern(&mut remaps.profile, columns.profile)?,
            country: intern(&mut remaps.country, columns.country)?,
            device_type: intern(&mut remaps.device_type, columns.device_type)?,
            device_os: intern(&mut remaps.device_os, columns.device_os)?,
            app_version: intern(&mut remaps.app_version, columns.app_version)?,
            producer: intern(&mut remaps.producer, columns.producer)?,
            added,
        };
        let detail = EventDetail {
            from_position_ms: value(columns.from_position, row),
            results: narrow(value(columns.results, row), "results")?,
            row_index: narrow(value(columns.row_index, row), "row_index")?,
            rating: value(columns.rating, row),
            query: intern(&mut remaps.query, columns.query)?,
            extra: intern(&mut remaps.extra, columns.extra)?,
            added: columns.added.integers.map(|integers| integers.value(row)),
        };
        let title = remaps
            .title
            .number(columns.title, row, |id| Ok(titles.intern(id)))?;
        let event_type = remaps
            .event_type
            .number(columns.event_type, row, event_type)?;
        let shard = intern(&mut remaps.shard, columns.source.shard)?;
        let fields = PackedFields {
            time_of_day: time_of_day(columns.time.value(row), scope.day)?,
            event_type: event_type_at(event_type)?,
            position_ms: value(columns.position, row).map(position).transpose()?,
            producer_seq: value(columns.producer_seq, row),
        };
        let event_id = event_id(columns.event_id.value(row))?;
        let sub_sequence = sub_sequence(columns.source.sub_sequence.value(row))?;
        let record = self.record_of(shard, &columns.source, row)?;
        let context = self.context_of(context, columns.session.key(row));
        let detail = match detail == EventDetail::EMPTY {
            true => NONE,
            false => {
                self.details.push(detail);
                (self.details.len() - 1) as u32
            }
        };
        let numbers = [context, record, title, detail];
        self.events
            .push(EventRow::new(event_id, fields, numbers, sub_sequence));
        Ok(())
    }

    /// Adds the duplicates of a batch of `dropped_events` that belong to the bucket.
    ///
    /// # Errors
    /// As [`BucketRows::push_events`].
    pub fn push_dropped(&mut self, batch: &RecordBatch) -> Result<PushCounts, TableError> {
        let user = columns::text(batch, "user_id")?;
        let event_ids = columns::plain_text(batch, "event_id")?;
        let digests = columns::i64s(batch, "content_digest")?;
        let source = SourceColumns::new(batch)?;
        self.remaps.user.start_batch(user);
        self.remaps.shard.start_batch(source.shard);
        let before = self.dropped.len();
        for row in 0..batch.num_rows() {
            let (scope, users, strings) = (self.scope, &mut self.users, &mut self.strings);
            let user = self.remaps.user.number(user, row, |id| {
                Ok(match bucket_of(id, scope.buckets) == scope.bucket {
                    true => users.intern(id),
                    false => EXCLUDED,
                })
            })?;
            if user == EXCLUDED {
                continue;
            }
            let shard = self
                .remaps
                .shard
                .number(source.shard, row, |id| Ok(strings.intern(id)))?;
            let dropped = DroppedRow {
                event_id: event_id(event_ids.value(row))?,
                content_digest: digests.value(row),
                user,
                record: self.record_of(shard, &source, row)?,
                sub_sequence: sub_sequence(source.sub_sequence.value(row))?,
            };
            self.dropped.push(dropped);
        }
        Ok(PushCounts {
            of_date: batch.num_rows() as u64,
            in_bucket: (self.dropped.len() - before) as u64,
        })
    }

    /// Interns an event's context; returns its number. `key` is the dictionary key of the
    /// event's session.
    ///
    /// The two caches, by key and by session, only save the interner's hash table: a miss
    /// changes no result.
    #[inline]
    fn context_of(&mut self, context: SessionContext, key: Option<usize>) -> u32 {
        let last = key.and_then(|key| self.remaps.contexts.get_mut(key));
        if let Some((number, last)) = &last
            && *last == context
        {
            return *number;
        }
        let number = self.contexts.intern(context);
        if let Some(last) = last {
            *last = (number, context);
        }
        let session = context.session as usize;
        if self.last_contexts.len() <= session {
            self.last_contexts.resize(self.strings.len(), NONE);
        }
        if let Some(last) = self.last_contexts.get_mut(session) {
            *last = number;
        }
        number
    }

    /// Interns the record of a row; returns its number.
    #[inline]
    fn record_of(
        &mut self,
        shard: u32,
        source: &SourceColumns<'_>,
        row: usize,
    ) -> Result<u32, TableError> {
        let text = source.sequence.value(row).as_bytes();
        let arrived_at = source.arrived_at.value(row);
        let last = &mut self.last_record;
        if last.sequence == text && last.shard == shard && last.arrived_at == arrived_at {
            return Ok(last.number);
        }
        let sequence = SequenceNumber::parse(text).ok_or_else(|| TableError::InvalidValue {
            column: "sequence_number",
            found: quoted(text),
            expected: "1 to 57 digits",
        })?;
        last.sequence.clear();
        last.sequence.extend_from_slice(text);
        last.shard = shard;
        last.arrived_at = arrived_at;
        last.number = self.records.intern(KinesisRecord {
            shard,
            sequence,
            arrived_at,
        });
        Ok(last.number)
    }
}

impl ColumnRemaps {
    fn start_batch(&mut self, columns: &EventColumns<'_>) {
        self.event_type.start_batch(columns.event_type);
        self.user.start_batch(columns.user);
        if self.session.start_batch(columns.session) {
            self.contexts.clear();
            self.contexts
                .resize(self.session.len(), (NONE, SessionContext::EMPTY));
        }
        self.profile.start_batch(columns.profile);
        self.country.start_batch(columns.country);
        self.device_type.start_batch(columns.device_type);
        self.device_os.start_batch(columns.device_os);
        self.app_version.start_batch(columns.app_version);
        self.producer.start_batch(columns.producer);
        self.title.start_batch(columns.title);
        self.query.start_batch(columns.query);
        self.extra.start_batch(columns.extra);
        self.shard.start_batch(columns.source.shard);
        for (remap, text) in self.added.iter_mut().zip(columns.added.texts) {
            remap.start_batch(text);
        }
    }

    /// Caches the last context of each new session of the batch, from earlier batches.
    fn look_up_contexts(
        &mut self,
        last_contexts: &[u32],
        contexts: &Interner<SessionContext>,
    ) -> Result<(), TableError> {
        for key in self.session.looked_up() {
            let session = self.session.get(*key)? as usize;
            // A session without earlier events has no context.
            let Some(number) = last_contexts.get(session).filter(|last| **last != NONE) else {
                continue;
            };
            let context = contexts.get(*number);
            let context = context.ok_or(TableError::DanglingReference("context"))?;
            let cached = self.contexts.get_mut(*key as usize);
            *cached.ok_or(TableError::DictionaryKey)? = (*number, *context);
        }
        Ok(())
    }

    /// Looks up the values of the columns of high cardinality, for all rows together.
    fn look_up(
        &mut self,
        columns: &EventColumns<'_>,
        rows: &[u32],
        strings: &mut StringInterner,
        titles: &mut StringInterner,
    ) -> Result<(), TableError> {
        for (remap, text) in [
            (&mut self.session, columns.session),
            (&mut self.profile, columns.profile),
            (&mut self.query, columns.query),
        ] {
            remap.look_up(text, rows, strings, |_| false)?;
        }
        self.title.look_up(columns.title, rows, titles, |_| false)
    }
}
