//! The events of one bucket in memory.

use arrow_array::RecordBatch;

use crate::added::TEXTS;
use crate::bucket::bucket_of;
use crate::columns::{self, ELSEWHERE, Renumbering, Text};
use crate::error::TableError;
use crate::event_columns::{
    EventColumns, SourceColumns, event_id, event_type, event_type_at, narrow, position, shown,
    sub_sequence, time_of_day, value,
};
use crate::intern::{Interner, NONE, Words};
use crate::record::{Record, Sequence};
use crate::row::{Context, DAY_US, Detail, Dropped, Packed, Row};

/// What is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The date, in days since 1970.
    pub day: i32,
    /// Which bucket, from 0, of how many.
    pub bucket: u32,
    /// How many buckets there are.
    pub buckets: u32,
}

/// What table rows are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Processed events: of several dates.
    Processed,
    /// Curated events: of the date.
    Curated,
}

/// How many rows of a batch were what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Rows of the date.
    pub of_date: u64,
    /// Rows of the date and the bucket.
    pub taken: u64,
}

/// The events of one bucket, in no order, with what repeats kept once.
#[derive(Debug)]
pub struct Rows {
    scope: Scope,
    pub(crate) rows: Vec<Row>,
    pub(crate) dropped: Vec<Dropped>,
    pub(crate) details: Vec<Detail>,
    pub(crate) contexts: Interner<Context>,
    pub(crate) records: Interner<Record>,
    pub(crate) users: Words,
    pub(crate) titles: Words,
    pub(crate) words: Words,
    renumbered: Renumbered,
    last: LastRecord,
    /// Which of a batch's rows are in scope.
    selected: Vec<u32>,
    /// By the number of a session's word, its last context: mostly its only one.
    of_session: Vec<u32>,
}

/// A dictionary's numbers, a column each.
#[derive(Debug, Default)]
struct Renumbered {
    event_type: Renumbering,
    user: Renumbering,
    session: Renumbering,
    profile: Renumbering,
    country: Renumbering,
    device_type: Renumbering,
    device_os: Renumbering,
    app_version: Renumbering,
    producer: Renumbering,
    title: Renumbering,
    query: Renumbering,
    extra: Renumbering,
    shard: Renumbering,
    added: [Renumbering; TEXTS],
    /// By a session's place in its dictionary, its last context and what that is.
    contexts: Vec<(u32, Context)>,
}

/// The record of the row before: neighbours mostly share it.
#[derive(Debug)]
struct LastRecord {
    shard: u32,
    sequence: Vec<u8>,
    arrived_at: i64,
    number: u32,
}

impl Default for LastRecord {
    /// That of no row.
    fn default() -> Self {
        Self {
            shard: NONE,
            sequence: Vec::new(),
            arrived_at: 0,
            number: NONE,
        }
    }
}

impl Rows {
    /// No events yet.
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            rows: Vec::new(),
            dropped: Vec::new(),
            details: Vec::new(),
            contexts: Interner::default(),
            records: Interner::default(),
            users: Words::default(),
            titles: Words::default(),
            words: Words::default(),
            renumbered: Renumbered::default(),
            last: LastRecord::default(),
            selected: Vec::new(),
            of_session: Vec::new(),
        }
    }

    /// Makes room for that many more events.
    pub fn reserve(&mut self, events: usize) {
        self.rows.reserve_exact(events);
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.dropped.is_empty()
    }

    /// About how many bytes they take, and will while they are sorted.
    pub fn heap_bytes(&self) -> usize {
        let order = size_of::<u32>();
        self.rows.len() * (size_of::<Row>() + order)
            + self.dropped.len() * (size_of::<Dropped>() + order)
            + self.details.len() * size_of::<Detail>()
            + self.contexts.heap_bytes()
            + self.records.heap_bytes()
            + self.users.heap_bytes()
            + self.titles.heap_bytes()
            + self.words.heap_bytes()
            + self.of_session.len() * size_of::<u32>()
    }

    /// Forgets every event; the room for them stays.
    pub fn clear(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.clear();
        *self = Self {
            rows,
            ..Self::new(self.scope)
        };
    }

    /// Midnight, UTC microseconds.
    pub(crate) fn midnight(&self) -> i64 {
        i64::from(self.scope.day) * DAY_US
    }

    pub(crate) fn context(&self, row: &Row) -> &Context {
        self.contexts.get(row.context).unwrap_or(&Context::NOBODY)
    }

    /// Where the event came from.
    pub(crate) fn record(&self, row: &Row) -> Option<&Record> {
        self.records.get(row.record)
    }

    pub(crate) fn detail(&self, row: &Row) -> &Detail {
        self.details
            .get(row.detail as usize)
            .unwrap_or(&Detail::NOTHING)
    }

    /// Takes in the events of a batch that are in scope.
    ///
    /// # Errors
    /// Where a column is missing or of another type, or holds what no event
    /// has. The rows before the one at fault are then taken in.
    pub fn push_events(
        &mut self,
        batch: &RecordBatch,
        origin: Origin,
    ) -> Result<Pushed, TableError> {
        let columns = EventColumns::of(batch, origin)?;
        self.renumbered.begin(&columns);
        let mut selected = std::mem::take(&mut self.selected);
        selected.clear();
        let is_of_date = |row: &u32| {
            let dates = columns.dates;
            dates.is_none_or(|dates| dates.value(*row as usize) == self.scope.day)
        };
        selected.extend((0..batch.num_rows() as u32).filter(is_of_date));
        let of_date = selected.len() as u64;
        let before = self.rows.len();
        let done = self.push_selected(&columns, &mut selected);
        self.selected = selected;
        done?;
        Ok(Pushed {
            of_date,
            taken: (self.rows.len() - before) as u64,
        })
    }

    /// Takes in those of the rows that are of the bucket.
    fn push_selected(
        &mut self,
        columns: &EventColumns<'_>,
        selected: &mut Vec<u32>,
    ) -> Result<(), TableError> {
        let scope = self.scope;
        let (numbers, users) = (&mut self.renumbered, &mut self.users);
        let is_elsewhere = |id: &[u8]| bucket_of(id, scope.buckets) != scope.bucket;
        numbers
            .user
            .look_up(columns.user, selected, users, is_elsewhere);
        if scope.buckets > 1 {
            let mut is_here = |row: &u32| {
                let user = numbers.user.number(columns.user, *row as usize, |id| {
                    Ok(match is_elsewhere(id) {
                        true => ELSEWHERE,
                        false => users.number(id),
                    })
                });
                user != Ok(ELSEWHERE)
            };
            selected.retain(|row| is_here(row));
        }
        numbers.look_up(columns, selected, &mut self.words, &mut self.titles);
        numbers.look_up_contexts(&self.of_session, &self.contexts);
        for row in selected {
            self.push_event(columns, *row as usize)?;
        }
        Ok(())
    }

    #[inline]
    fn push_event(&mut self, columns: &EventColumns<'_>, row: usize) -> Result<(), TableError> {
        let scope = self.scope;
        let numbers = &mut self.renumbered;
        let (users, words, titles) = (&mut self.users, &mut self.words, &mut self.titles);
        let user = numbers
            .user
            .number(columns.user, row, |id| Ok(users.number(id)))?;
        let mut word = |numbers: &mut Renumbering, column: Text<'_>| {
            numbers.number(column, row, |word| Ok(words.number(word)))
        };
        let mut added = [NONE; TEXTS];
        let of_added = numbers.added.iter_mut().zip(columns.added.texts);
        for (place, (numbers, column)) in added.iter_mut().zip(of_added) {
            *place = word(numbers, column)?;
        }
        let context = Context {
            user,
            session: word(&mut numbers.session, columns.session)?,
            profile: word(&mut numbers.profile, columns.profile)?,
            country: word(&mut numbers.country, columns.country)?,
            device_type: word(&mut numbers.device_type, columns.device_type)?,
            device_os: word(&mut numbers.device_os, columns.device_os)?,
            app_version: word(&mut numbers.app_version, columns.app_version)?,
            producer: word(&mut numbers.producer, columns.producer)?,
            added,
        };
        let detail = Detail {
            from_position_ms: value(columns.from_position, row),
            results: narrow(value(columns.results, row), "results")?,
            row_index: narrow(value(columns.row_index, row), "row_index")?,
            rating: value(columns.rating, row),
            query: word(&mut numbers.query, columns.query)?,
            extra: word(&mut numbers.extra, columns.extra)?,
            added: columns.added.integers.map(|integers| integers.value(row)),
        };
        let title = numbers
            .title
            .number(columns.title, row, |id| Ok(titles.number(id)))?;
        let event_type = numbers
            .event_type
            .number(columns.event_type, row, event_type)?;
        let shard = word(&mut numbers.shard, columns.source.shard)?;
        let fields = Packed {
            time_of_day: time_of_day(columns.time.value(row), scope.day)?,
            event_type: event_type_at(event_type)?,
            position_ms: value(columns.position, row).map(position).transpose()?,
            producer_seq: value(columns.producer_seq, row),
        };
        let event_id = event_id(columns.event_id.value(row))?;
        let sub_sequence = sub_sequence(columns.source.sub_sequence.value(row))?;
        let record = self.record_of(shard, &columns.source, row)?;
        let context = self.context_of(context, columns.session.key(row));
        let detail = match detail == Detail::NOTHING {
            true => NONE,
            false => {
                self.details.push(detail);
                (self.details.len() - 1) as u32
            }
        };
        let numbers = [context, record, title, detail];
        self.rows
            .push(Row::new(event_id, fields, numbers, sub_sequence));
        Ok(())
    }

    /// Takes in the identities of a batch of `dropped_events` that are of the
    /// bucket.
    ///
    /// # Errors
    /// As [`Rows::push_events`].
    pub fn push_dropped(&mut self, batch: &RecordBatch) -> Result<Pushed, TableError> {
        let user = columns::text(batch, "user_id")?;
        let event_ids = columns::plain_text(batch, "event_id")?;
        let digests = columns::i64s(batch, "content_digest")?;
        let source = SourceColumns::of(batch)?;
        self.renumbered.user.begin(user);
        self.renumbered.shard.begin(source.shard);
        let before = self.dropped.len();
        for row in 0..batch.num_rows() {
            let (scope, users, words) = (self.scope, &mut self.users, &mut self.words);
            let user = self.renumbered.user.number(user, row, |id| {
                Ok(match bucket_of(id, scope.buckets) == scope.bucket {
                    true => users.number(id),
                    false => ELSEWHERE,
                })
            })?;
            if user == ELSEWHERE {
                continue;
            }
            let shard = self
                .renumbered
                .shard
                .number(source.shard, row, |id| Ok(words.number(id)))?;
            let dropped = Dropped {
                event_id: event_id(event_ids.value(row))?,
                content_digest: digests.value(row),
                user,
                record: self.record_of(shard, &source, row)?,
                sub_sequence: sub_sequence(source.sub_sequence.value(row))?,
            };
            self.dropped.push(dropped);
        }
        Ok(Pushed {
            of_date: batch.num_rows() as u64,
            taken: (self.dropped.len() - before) as u64,
        })
    }

    /// The number of an event's context, whose session has that key in its
    /// dictionary.
    #[inline]
    fn context_of(&mut self, context: Context, key: Option<usize>) -> u32 {
        let last = key.and_then(|key| self.renumbered.contexts.get_mut(key));
        if let Some((number, last)) = &last
            && *last == context
        {
            return *number;
        }
        let number = self.contexts.number(context);
        if let Some(last) = last {
            *last = (number, context);
        }
        let session = context.session as usize;
        if self.of_session.len() <= session {
            self.of_session.resize(self.words.len(), NONE);
        }
        if let Some(last) = self.of_session.get_mut(session) {
            *last = number;
        }
        number
    }

    #[inline]
    fn record_of(
        &mut self,
        shard: u32,
        source: &SourceColumns<'_>,
        row: usize,
    ) -> Result<u32, TableError> {
        let text = source.sequence.value(row).as_bytes();
        let arrived_at = source.arrived_at.value(row);
        let last = &mut self.last;
        if last.sequence == text && last.shard == shard && last.arrived_at == arrived_at {
            return Ok(last.number);
        }
        let sequence = Sequence::parse(text).ok_or_else(|| TableError::Value {
            column: "sequence_number",
            found: shown(text),
            expected: "1 to 57 digits",
        })?;
        last.sequence.clear();
        last.sequence.extend_from_slice(text);
        last.shard = shard;
        last.arrived_at = arrived_at;
        last.number = self.records.number(Record {
            shard,
            sequence,
            arrived_at,
        });
        Ok(last.number)
    }
}

impl Renumbered {
    fn begin(&mut self, columns: &EventColumns<'_>) {
        self.event_type.begin(columns.event_type);
        self.user.begin(columns.user);
        if self.session.begin(columns.session) {
            self.contexts.clear();
            self.contexts
                .resize(self.session.len(), (NONE, Context::NOBODY));
        }
        self.profile.begin(columns.profile);
        self.country.begin(columns.country);
        self.device_type.begin(columns.device_type);
        self.device_os.begin(columns.device_os);
        self.app_version.begin(columns.app_version);
        self.producer.begin(columns.producer);
        self.title.begin(columns.title);
        self.query.begin(columns.query);
        self.extra.begin(columns.extra);
        self.shard.begin(columns.source.shard);
        for (numbers, text) in self.added.iter_mut().zip(columns.added.texts) {
            numbers.begin(text);
        }
    }

    /// Finds for all sessions which context they had last, in whichever object.
    fn look_up_contexts(&mut self, of_session: &[u32], contexts: &Interner<Context>) {
        for key in self.session.found() {
            let session = self.session.get(*key) as usize;
            if let Some(number) = of_session.get(session)
                && let Some(context) = contexts.get(*number)
                && let Some(place) = self.contexts.get_mut(*key as usize)
            {
                *place = (*number, *context);
            }
        }
    }

    /// Looks up what is many-valued for all rows together.
    fn look_up(
        &mut self,
        columns: &EventColumns<'_>,
        rows: &[u32],
        words: &mut Words,
        titles: &mut Words,
    ) {
        for (numbers, text) in [
            (&mut self.session, columns.session),
            (&mut self.profile, columns.profile),
            (&mut self.query, columns.query),
        ] {
            numbers.look_up(text, rows, words, |_| false);
        }
        self.title.look_up(columns.title, rows, titles, |_| false);
    }
}
