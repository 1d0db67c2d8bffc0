//! The columns that an event is read from, and what their values may be.

use arrow_array::types::{ArrowPrimitiveType, Date32Type, Float32Type, Int32Type, Int64Type};
use arrow_array::{Array, PrimitiveArray, RecordBatch, StringArray};
use marquee_event::EventType;

use crate::added::{ADDED, AddedColumns, TEXT_NAMES, TEXTS};
use crate::columns::{self, Text, Times};
use crate::error::TableError;
use crate::row::{DAY_US, EventId};
use crate::rows::Origin;

/// Integers of the file's narrow columns lie within ±2³⁰.
const NARROW: i32 = 1 << 30;
/// How much of a value an error shows: characters.
const SHOWN: usize = 64;

/// Where an event came from.
pub(crate) struct SourceColumns<'a> {
    pub(crate) shard: Text<'a>,
    pub(crate) sequence: &'a StringArray,
    pub(crate) sub_sequence: &'a PrimitiveArray<Int32Type>,
    pub(crate) arrived_at: Times<'a>,
}

impl<'a> SourceColumns<'a> {
    pub(crate) fn of(batch: &'a RecordBatch) -> Result<Self, TableError> {
        Ok(Self {
            shard: columns::text(batch, "shard_id")?,
            sequence: columns::plain_text(batch, "sequence_number")?,
            sub_sequence: columns::i32s(batch, "sub_sequence")?,
            arrived_at: columns::times(batch, "arrived_at")?,
        })
    }
}

/// An event, without what the catalogue adds.
pub(crate) struct EventColumns<'a> {
    pub(crate) event_id: &'a StringArray,
    pub(crate) event_type: Text<'a>,
    pub(crate) time: Times<'a>,
    /// `None` for curated events, which are all of one date.
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
    pub(crate) fn of(batch: &'a RecordBatch, origin: Origin) -> Result<Self, TableError> {
        let dates = match origin {
            Origin::Processed => Some(columns::dates(batch, "event_date")?),
            Origin::Curated => None,
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
            added: AddedColumns::of(batch)?,
            source: SourceColumns::of(batch)?,
        })
    }
}

/// The columns of an event that compaction reads; what the catalogue adds, and
/// when it was processed, it does not.
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

/// Those of them that the first format version has.
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

/// Those of them whose text repeats, and is best read as numbers into a
/// dictionary.
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

/// Those of them that the first format version has.
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

/// The row's value.
#[inline]
pub(crate) fn value<T: ArrowPrimitiveType>(
    column: &PrimitiveArray<T>,
    row: usize,
) -> Option<T::Native> {
    column.is_valid(row).then(|| column.value(row))
}

pub(crate) fn shown(text: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(text).chars().take(SHOWN).collect();
    format!("{text:?}")
}

fn refused<T>(
    column: &'static str,
    found: impl ToString,
    expected: &'static str,
) -> Result<T, TableError> {
    Err(TableError::Value {
        column,
        found: found.to_string(),
        expected,
    })
}

/// The type of that name, as its place among all.
pub(crate) fn event_type(name: &[u8]) -> Result<u32, TableError> {
    match std::str::from_utf8(name)
        .ok()
        .and_then(EventType::from_name)
    {
        Some(event_type) => Ok(event_type as u32),
        None => refused("event_type", shown(name), "a type of event"),
    }
}

/// The type at that place among all.
#[inline]
pub(crate) fn event_type_at(place: u32) -> Result<EventType, TableError> {
    match EventType::ALL.get(place as usize) {
        Some(event_type) => Ok(*event_type),
        None => refused("event_type", place, "the place of a type of event"),
    }
}

#[inline]
pub(crate) fn event_id(text: &str) -> Result<EventId, TableError> {
    match text.len() {
        uuid::fmt::Hyphenated::LENGTH => uuid::Uuid::try_parse_ascii(text.as_bytes()).ok(),
        _ => None,
    }
    .map_or_else(
        || refused("event_id", shown(text.as_bytes()), "a UUID with hyphens"),
        |uuid| Ok(EventId::of(uuid)),
    )
}

/// Microseconds since midnight.
#[inline]
pub(crate) fn time_of_day(time: i64, day: i32) -> Result<i64, TableError> {
    let midnight = i64::from(day) * DAY_US;
    match time.checked_sub(midnight) {
        Some(of_day) if (0..DAY_US).contains(&of_day) => Ok(of_day),
        _ => refused("event_time", time, "a time of the date"),
    }
}

#[inline]
pub(crate) fn position(position: i64) -> Result<i32, TableError> {
    match i32::try_from(position) {
        Ok(position) if position >= 0 => Ok(position),
        _ => refused("position_ms", position, "0 to 2147483647"),
    }
}

#[inline]
pub(crate) fn sub_sequence(number: i32) -> Result<i32, TableError> {
    match (0..NARROW).contains(&number) {
        true => Ok(number),
        false => refused("sub_sequence", number, "0 to 1073741823"),
    }
}

#[inline]
pub(crate) fn narrow(number: Option<i32>, column: &'static str) -> Result<Option<i32>, TableError> {
    match number {
        Some(number) if !(-NARROW..NARROW).contains(&number) => {
            refused(column, number, "-1073741824 to 1073741823")
        }
        number => Ok(number),
    }
}
