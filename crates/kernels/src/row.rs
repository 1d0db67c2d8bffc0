//! An event in memory: 56 bytes, with the numbers of interned values.

use marquee_event::{EventType, MICROS_PER_DAY};

use crate::added::{INTEGERS, TEXTS};
use crate::intern::NONE;

const HAS_POSITION: u8 = 1;
const HAS_PRODUCER_SEQ: u8 = 1 << 1;

/// An event id. It orders like its text, because the text is lower-case hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EventId(pub(crate) [u64; 2]);

impl EventId {
    pub(crate) fn from_uuid(uuid: uuid::Uuid) -> Self {
        let (high, low) = uuid.as_u64_pair();
        Self([high, low])
    }

    pub(crate) fn uuid(self) -> uuid::Uuid {
        let [high, low] = self.0;
        uuid::Uuid::from_u64_pair(high, low)
    }
}

/// An event of one bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventRow {
    pub(crate) event_id: EventId,
    /// The low 32 bits of the time of day in microseconds, less than [`MICROS_PER_DAY`].
    time_low: u32,
    /// The high 8 bits of the time of day.
    time_high: u8,
    event_type: EventType,
    /// The flags of the optional fields that are present.
    present: u8,
    producer_seq: i64,
    /// The number of its [`SessionContext`].
    pub(crate) context: u32,
    /// The number of its [`crate::record::KinesisRecord`].
    pub(crate) record: u32,
    pub(crate) sub_sequence: i32,
    /// The number of its title, or [`NONE`].
    pub(crate) title: u32,
    position_ms: i32,
    /// The number of its [`EventDetail`], or [`NONE`].
    pub(crate) detail: u32,
}

/// The fields that an [`EventRow`] packs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedFields {
    /// Microseconds since midnight, less than [`MICROS_PER_DAY`].
    pub(crate) time_of_day: i64,
    pub(crate) event_type: EventType,
    pub(crate) position_ms: Option<i32>,
    pub(crate) producer_seq: Option<i64>,
}

// The rows of a bucket are most of compaction's memory.
const _: () = assert!(size_of::<EventRow>() == 56);
// The time of day fits into its two parts, which have 40 bits.
const _: () = assert!(MICROS_PER_DAY < 1 << 40);

impl EventRow {
    pub(crate) fn new(
        event_id: EventId,
        fields: PackedFields,
        [context, record, title, detail]: [u32; 4],
        sub_sequence: i32,
    ) -> Self {
        let flag = |is_present: bool, bit: u8| if is_present { bit } else { 0 };
        Self {
            event_id,
            time_low: fields.time_of_day as u32,
            time_high: (fields.time_of_day >> 32) as u8,
            event_type: fields.event_type,
            present: flag(fields.position_ms.is_some(), HAS_POSITION)
                | flag(fields.producer_seq.is_some(), HAS_PRODUCER_SEQ),
            producer_seq: fields.producer_seq.unwrap_or_default(),
            context,
            record,
            sub_sequence,
            title,
            position_ms: fields.position_ms.unwrap_or_default(),
            detail,
        }
    }

    /// Returns the microseconds since midnight.
    #[inline]
    pub(crate) fn time_of_day(&self) -> i64 {
        i64::from(self.time_high) << 32 | i64::from(self.time_low)
    }

    #[inline]
    pub(crate) fn event_type(&self) -> EventType {
        self.event_type
    }

    #[inline]
    pub(crate) fn position_ms(&self) -> Option<i64> {
        (self.present & HAS_POSITION != 0).then_some(i64::from(self.position_ms))
    }

    #[inline]
    pub(crate) fn producer_seq(&self) -> Option<i64> {
        (self.present & HAS_PRODUCER_SEQ != 0).then_some(self.producer_seq)
    }
}

/// The values that events of a session usually share, as numbers of interned strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionContext {
    /// The number among the users.
    pub(crate) user: u32,
    pub(crate) session: u32,
    pub(crate) profile: u32,
    pub(crate) country: u32,
    pub(crate) device_type: u32,
    pub(crate) device_os: u32,
    pub(crate) app_version: u32,
    pub(crate) producer: u32,
    /// The string fields that later format versions added.
    pub(crate) added: [u32; TEXTS],
}

impl SessionContext {
    /// A context without values. No event has it, because every event has a user.
    pub(crate) const EMPTY: Self = Self {
        user: NONE,
        session: NONE,
        profile: NONE,
        country: NONE,
        device_type: NONE,
        device_os: NONE,
        app_version: NONE,
        producer: NONE,
        added: [NONE; TEXTS],
    };
}

/// The fields that few events have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EventDetail {
    pub(crate) from_position_ms: Option<i64>,
    pub(crate) results: Option<i32>,
    pub(crate) row_index: Option<i32>,
    pub(crate) rating: Option<f32>,
    /// The number of the interned string.
    pub(crate) query: u32,
    /// The number of the interned string.
    pub(crate) extra: u32,
    /// The integer fields that later format versions added.
    pub(crate) added: [Option<i64>; INTEGERS],
}

impl EventDetail {
    /// The details of an event that has none of these fields.
    pub(crate) const EMPTY: Self = Self {
        from_position_ms: None,
        results: None,
        row_index: None,
        rating: None,
        query: NONE,
        extra: NONE,
        added: [None; INTEGERS],
    };
}

/// A duplicate that the parent generation dropped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DroppedRow {
    pub(crate) event_id: EventId,
    pub(crate) content_digest: i64,
    pub(crate) user: u32,
    pub(crate) record: u32,
    pub(crate) sub_sequence: i32,
}
