//! An event as compaction holds it: 56 bytes, and numbers of what repeats.

use marquee_event::EventType;

use crate::added::{INTEGERS, TEXTS};
use crate::intern::NONE;

/// Microseconds of a day.
pub(crate) const DAY_US: i64 = 86_400_000_000;

const HAS_POSITION: u8 = 1;
const HAS_PRODUCER_SEQ: u8 = 1 << 1;

/// An event's id. Its order is that of the text, since that is lower-case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EventId(pub(crate) [u64; 2]);

impl EventId {
    pub(crate) fn of(uuid: uuid::Uuid) -> Self {
        let (high, low) = uuid.as_u64_pair();
        Self([high, low])
    }

    pub(crate) fn uuid(self) -> uuid::Uuid {
        let [high, low] = self.0;
        uuid::Uuid::from_u64_pair(high, low)
    }
}

/// An event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) event_id: EventId,
    /// The time of day, less than [`DAY_US`], in two parts.
    time_low: u32,
    time_high: u8,
    event_type: EventType,
    /// Which of the optional fields are there.
    has: u8,
    producer_seq: i64,
    /// The number of its [`Context`].
    pub(crate) context: u32,
    /// The number of its [`crate::record::Record`].
    pub(crate) record: u32,
    pub(crate) sub_sequence: i32,
    /// The number of its title, or [`NONE`].
    pub(crate) title: u32,
    position_ms: i32,
    /// The number of its [`Detail`], or [`NONE`].
    pub(crate) detail: u32,
}

/// What a [`Row`] packs together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed {
    /// Microseconds since midnight, less than [`DAY_US`].
    pub(crate) time_of_day: i64,
    pub(crate) event_type: EventType,
    pub(crate) position_ms: Option<i32>,
    pub(crate) producer_seq: Option<i64>,
}

// Compaction holds a date's rows in memory, a bucket at a time.
const _: () = assert!(size_of::<Row>() == 56);
// A day's microseconds fit into the time's two parts.
const _: () = assert!(DAY_US < 1 << 40);

impl Row {
    pub(crate) fn new(
        event_id: EventId,
        fields: Packed,
        [context, record, title, detail]: [u32; 4],
        sub_sequence: i32,
    ) -> Self {
        let flag = |is: bool, bit: u8| if is { bit } else { 0 };
        Self {
            event_id,
            time_low: fields.time_of_day as u32,
            time_high: (fields.time_of_day >> 32) as u8,
            event_type: fields.event_type,
            has: flag(fields.position_ms.is_some(), HAS_POSITION)
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

    /// Microseconds since midnight.
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
        (self.has & HAS_POSITION != 0).then_some(i64::from(self.position_ms))
    }

    #[inline]
    pub(crate) fn producer_seq(&self) -> Option<i64> {
        (self.has & HAS_PRODUCER_SEQ != 0).then_some(self.producer_seq)
    }
}

/// What the events of a session have in common, as numbers of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Context {
    /// Among the users.
    pub(crate) user: u32,
    pub(crate) session: u32,
    pub(crate) profile: u32,
    pub(crate) country: u32,
    pub(crate) device_type: u32,
    pub(crate) device_os: u32,
    pub(crate) app_version: u32,
    pub(crate) producer: u32,
    /// Of the strings among the added fields.
    pub(crate) added: [u32; TEXTS],
}

impl Context {
    /// Of no event: an event has a user.
    pub(crate) const NOBODY: Self = Self {
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

/// What few events have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Detail {
    pub(crate) from_position_ms: Option<i64>,
    pub(crate) results: Option<i32>,
    pub(crate) row_index: Option<i32>,
    pub(crate) rating: Option<f32>,
    /// The number of its query's word.
    pub(crate) query: u32,
    /// The number of its extra's word.
    pub(crate) extra: u32,
    /// Of the integers among the added fields.
    pub(crate) added: [Option<i64>; INTEGERS],
}

impl Detail {
    /// Of an event that has nothing of it.
    pub(crate) const NOTHING: Self = Self {
        from_position_ms: None,
        results: None,
        row_index: None,
        rating: None,
        query: NONE,
        extra: NONE,
        added: [None; INTEGERS],
    };
}

/// An identity that was dropped before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dropped {
    pub(crate) event_id: EventId,
    pub(crate) content_digest: i64,
    pub(crate) user: u32,
    pub(crate) record: u32,
    pub(crate) sub_sequence: i32,
}
