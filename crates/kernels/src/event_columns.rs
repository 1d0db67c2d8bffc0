//! The columns from which compaction reads events, and the valid values of each.

use arrow_array::types::{ArrowPrimitiveType, Date32Type, Float32Type, Int32Type, Int64Type};
use arrow_array::{Array, PrimitiveArray, RecordBatch, StringArray};
use marquee_event::{EventType, MICROS_PER_DAY};

use crate::added::{ADDED, AddedColumns, TEXT_NAMES, TEXTS};
use crate::bucket_rows::EventSchema;
use crate::columns::{self, Text, Times};
use crate::error::TableError;
use crate::row::EventId;

/// The bound of 32-bit columns: their values lie within ±2³⁰.
const NARROW_BOUND: i32 = 1 << 30;
/// The number of characters of a value that an error quotes.
const QUOTED_CHARS: usize = 64;

/// The columns of a row's source.
pub(crate) struct SourceColumns<'a> {
    pub(crate) shard: Text<'a>,
    pub(crate) sequence: &'a StringArray,
    pub(crate) sub_sequence: &'a PrimitiveArray<Int32Type>,
    pub(crate) arrived_at: Times<'a>,
}

impl<'a> SourceColumns<'a> {
    pub(crate) fn new(batch: &'a RecordBatch) -> Result<Self, TableError> {
        Ok(Self {
            shard: columns::text(batch, "shard_id")?,
            sequence: columns::plain_text(batch, "sequence_number")?,
            sub_sequence: columns::i32s(batch, "sub_sequence")?,
            arrived_at: columns::times(batch, "arrived_at")?,
        })
    }
}

/// The columns of an event, without those from the title catalog.
pub(crate) struct EventColumns<'a> {
    pub(crate) event_id: &'a StringArray,
    pub(crate) event_type: Text<'a>,
    pub(crate) time: Times<'a>,
    /// `None` for curated events, which all have the scope's date.
    pub(crate) dates: Option<&'a PrimitiveArray<Date32Type>>,
    pub(crate) user: Text<'a>,
    pub(crate) session: Text<'a>,
    pub(crate) profile: Text<'a>,
    pub(crate) country: Text<'a>,
    pub(crate) device_type: Text<'a>,
    pub(crate) device_os: Text<'a>,
    pub(crate) app_version: Text<'a>,
    pub(crate) title: Text<'a>,
    pub(crate) position: &'a PrimitiveArray<Int64Type>,
    pub(crate) from_position: &'a PrimitiveArray<Int64Type>,
    pub(crate) query: Text<'a>,
    pub(crate) results: &'a PrimitiveArray<Int32Type>,
    pub(crate) row_index: &'a PrimitiveArray<Int32Type>,
    pub(crate) rating: &'a PrimitiveArray<Float32Type>,
    pub(crate) extra: Text<'a>,
    pub(crate) producer: Text<'a>,
    pub(crate) producer_seq: &'a PrimitiveArray<Int64Type>,
    pub(crate) added: AddedColumns<'a>,
    pub(crate) source: SourceColumns<'a>,
}

impl<'a> EventColumns<'a> {
    pub(crate) fn new(batch: &'a RecordBatch, schema: EventSchema) -> Result<Self, TableError> {
        let dates = match schema {
            EventSchema::Processed => Some(columns::dates(batch, "event_date")?),
            EventSchema::Curated => None,
        };
        Ok(Self {
            event_id: columns::plain_text(batch, "event_id")?,
            event_type: columns::text(batch, "event_type")?,
            time: columns::times(batch, "event_time")?,
            dates,
            user: columns::text(batch, "user_id")?,
            session: columns::text(batch, "session_id")?,
            profile: columns::optional_text(batch, "profile_id")?,
            country: columns::optional_text(batch, "country")?,
            device_type: columns::optional_text(batch, "device_type")?,
            device_os: columns::optional_text(batch, "device_os")?,
            app_version: columns::optional_text(batch, "app_version")?,
            title: columns::optional_text(batch, "title_id")?,
            position: columns::optional_i64s(batch, "position_ms")?,
            from_position: columns::optional_i64s(batch, "from_position_ms")?,
            query: columns::optional_text(batch, "query")?,
            results: columns::optional_i32s(batch, "results")?,
            row_index: columns::optional_i32s(batch, "row_index")?,
            rating: columns::optional_f32s(batch, "rating")?,
            extra: columns::optional_text(batch, "extra")?,
            producer: columns::optional_text(batch, "producer_id")?,
            producer_seq: columns::optional_i64s(batch, "producer_seq")?,
            added: AddedColumns::new(batch)?,
            source: SourceColumns::new(batch)?,
        })
    }
}

/// The columns that compaction reads.
///
/// It does not read the columns from the title catalog and the processing time. Only
/// `dropped_events` has `content_digest`.
pub const EVENT_COLUMNS: [&str; 26 + ADDED.len()] = {
    let mut columns = [""; 26 + ADDED.len()];
    let mut at = 0;
    while at < FIRST.len() {
        columns[at] = FIRST[at];
        at += 1;
    }
    let mut at = 0;
    while at < ADDED.len() {
        columns[FIRST.len() + at] = ADDED[at].name;
        at += 1;
    }
    columns
};

/// The columns of format version 1 among [`EVENT_COLUMNS`].
const FIRST: [&str; 26] = [
    "event_id",
    "event_type",
    "event_time",
    "event_date",
    "user_id",
    "session_id",
    "profile_id",
    "country",
    "device_type",
    "device_os",
    "app_version",
    "title_id",
    "position_ms",
    "from_position_ms",
    "query",
    "results",
    "row_index",
    "rating",
    "extra",
    "producer_id",
    "producer_seq",
    "shard_id",
    "sequence_number",
    "sub_sequence",
    "arrived_at",
    "content_digest",
];

/// The columns of [`EVENT_COLUMNS`] with repeating text. Read them as dictionaries.
pub const REPEATING_COLUMNS: [&str; 13 + TEXTS] = {
    let mut columns = [""; 13 + TEXTS];
    let mut at = 0;
    while at < FIRST_REPEATING.len() {
        columns[at] = FIRST_REPEATING[at];
        at += 1;
    }
    let mut at = 0;
    while at < TEXTS {
        columns[FIRST_REPEATING.len() + at] = TEXT_NAMES[at];
        at += 1;
    }
    columns
};

/// The columns of format version 1 among [`REPEATING_COLUMNS`].
const FIRST_REPEATING: [&str; 13] = [
    "event_type",
    "user_id",
    "session_id",
    "profile_id",
    "country",
    "device_type",
    "device_os",
    "app_version",
    "title_id",
    "query",
    "extra",
    "producer_id",
    "shard_id",
];

/// Returns a row's value, or `None` for null.
#[inline]
pub(crate) fn value<T: ArrowPrimitiveType>(
    column: &PrimitiveArray<T>,
    row: usize,
) -> Option<T::Native> {
    column.is_valid(row).then(|| column.value(row))
}

/// Quotes a value for an error, cut to [`QUOTED_CHARS`].
pub(crate) fn quoted(text: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(text)
        .chars()
        .take(QUOTED_CHARS)
        .collect();
    format!("{text:?}")
}

fn invalid<T>(
    column: &'static str,
    found: impl ToString,
    expected: &'static str,
) -> Result<T, TableError> {
    Err(TableError::InvalidValue {
        column,
        found: found.to_string(),
        expected,
    })
}

/// Parses the name of an event type; returns its index in [`EventType::ALL`].
pub(crate) fn event_type(name: &[u8]) -> Result<u32, TableError> {
    match std::str::from_utf8(name)
        .ok()
        .and_then(EventType::from_name)
    {
        Some(event_type) => Ok(event_type as u32),
        None => invalid("event_type", quoted(name), "an event type"),
    }
}

/// Returns the event type at an index in [`EventType::ALL`].
#[inline]
pub(crate) fn event_type_at(index: u32) -> Result<EventType, TableError> {
    match EventType::ALL.get(index as usize) {
        Some(event_type) => Ok(*event_type),
        None => invalid("event_type", index, "the index of an event type"),
    }
}

/// Parses a UUID with hyphens.
#[inline]
pub(crate) fn event_id(text: &str) -> Result<EventId, TableError> {
    match text.len() {
        uuid::fmt::Hyphenated::LENGTH => uuid::Uuid::try_parse_ascii(text.as_bytes()).ok(),
        _ => None,
    }
    .map_or_else(
        || invalid("event_id", quoted(text.as_bytes()), "a UUID with hyphens"),
        |uuid| Ok(EventId::from_uuid(uuid)),
    )
}

/// Returns the microseconds from the date's midnight to `time`, both in UTC.
#[inline]
pub(crate) fn time_of_day(time: i64, day: i32) -> Result<i64, TableError> {
    let midnight = i64::from(day) * MICROS_PER_DAY;
    match time.checked_sub(midnight) {
        Some(of_day) if (0..MICROS_PER_DAY).contains(&of_day) => Ok(of_day),
        _ => invalid("event_time", time, "a time on the date"),
    }
}

/// Returns a position in milliseconds that fits into 31 bits.
#[inline]
pub(crate) fn position(position: i64) -> Result<i32, TableError> {
    match i32::try_from(position) {
        Ok(position) if position >= 0 => Ok(position),
        _ => invalid("position_ms", position, "0 to 2147483647"),
    }
}

/// Returns a valid sub-sequence.
#[inline]
pub(crate) fn sub_sequence(number: i32) -> Result<i32, TableError> {
    match (0..NARROW_BOUND).contains(&number) {
        true => Ok(number),
        false => invalid("sub_sequence", number, "0 to 1073741823"),
    }
}

/// Returns a valid value of a 32-bit column.
#[inline]
pub(crate) fn narrow(number: Option<i32>, column: &'static str) -> Result<Option<i32>, TableError> {
    match number {
        Some(number) if !(-NARROW_BOUND..NARROW_BOUND).contains(&number) => {
            invalid(column, number, "-1073741824 to 1073741823")
        }
        number => Ok(number),
    }
}
