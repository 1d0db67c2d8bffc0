//! The types of an event's fields, and their bounds.

use std::fmt;

/// The only schema version. An event without `schema_version` has this version.
pub const SCHEMA_VERSION: i32 = 1;

/// The bounds of strings, in bytes of UTF-8, and of numbers.
pub mod bounds {
    /// The maximum size of an id and of a string in `device`, in bytes.
    pub const ID_BYTES: usize = 128;
    /// The maximum size of `query`, in bytes.
    pub const QUERY_BYTES: usize = 512;
    /// The maximum size of all unknown fields of an event together, as JSON text in bytes.
    pub const EXTRA_BYTES: usize = 8 * 1024;
    /// The maximum position in a title, in milliseconds: one week.
    pub const POSITION_MS: i64 = 7 * 24 * 3_600_000;
    /// The maximum of `results`.
    pub const RESULTS: i64 = 1_000_000;
    /// The maximum of `row`.
    pub const ROW: i64 = 10_000;
    /// The maximum of `producer.seq`: the largest integer that every JSON reader keeps exact.
    pub const PRODUCER_SEQ: i64 = (1 << 53) - 1;
}

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum EventType {
    /// Playback began.
    Play,
    /// Playback was paused.
    Pause,
    /// Playback continued.
    Resume,
    /// The viewer left playback.
    Stop,
    /// The viewer reached the end of the title.
    Complete,
    /// Playback is in progress.
    Heartbeat,
    /// The viewer jumped to another position.
    Seek,
    /// The viewer searched.
    Search,
    /// The viewer looked at a shelf or at the page of a title.
    Browse,
    /// The viewer rated a title.
    Rate,
    /// The viewer put a title on the list.
    AddToList,
    /// The viewer took a title off the list.
    RemoveFromList,
}

impl EventType {
    /// Every type, in the order of their codes.
    pub const ALL: [Self; 12] = [
        Self::Play,
        Self::Pause,
        Self::Resume,
        Self::Stop,
        Self::Complete,
        Self::Heartbeat,
        Self::Seek,
        Self::Search,
        Self::Browse,
        Self::Rate,
        Self::AddToList,
        Self::RemoveFromList,
    ];

    /// Returns the name in JSON and in every table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Play => "play",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Stop => "stop",
            Self::Complete => "complete",
            Self::Heartbeat => "heartbeat",
            Self::Seek => "seek",
            Self::Search => "search",
            Self::Browse => "browse",
            Self::Rate => "rate",
            Self::AddToList => "add_to_list",
            Self::RemoveFromList => "remove_from_list",
        }
    }

    /// Returns the type with the name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "play" => Self::Play,
            "pause" => Self::Pause,
            "resume" => Self::Resume,
            "stop" => Self::Stop,
            "complete" => Self::Complete,
            "heartbeat" => Self::Heartbeat,
            "seek" => Self::Seek,
            "search" => Self::Search,
            "browse" => Self::Browse,
            "rate" => Self::Rate,
            "add_to_list" => Self::AddToList,
            "remove_from_list" => Self::RemoveFromList,
            _ => return None,
        })
    }

    /// Returns whether the event has a position in a title.
    pub const fn is_playback(self) -> bool {
        matches!(
            self,
            Self::Play
                | Self::Pause
                | Self::Resume
                | Self::Stop
                | Self::Complete
                | Self::Heartbeat
                | Self::Seek
        )
    }

    /// Returns whether the event needs a `title_id`.
    pub const fn needs_title(self) -> bool {
        !matches!(self, Self::Search | Self::Browse)
    }
}

/// A set of event types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeSet(u16);

// Each type is one bit of a set. More types need a wider integer.
const _: () = assert!(
    EventType::ALL.len() <= u16::BITS as usize,
    "too many event types"
);

impl TypeSet {
    /// No type.
    pub const NONE: Self = Self(0);
    /// Every type.
    pub const ALL: Self = {
        let mut set = Self::NONE;
        let mut index = 0;
        while index < EventType::ALL.len() {
            set = set.with(EventType::ALL[index]);
            index += 1;
        }
        set
    };
    /// The types with a position in a title.
    pub const PLAYBACK: Self = {
        let mut set = Self::NONE;
        let mut index = 0;
        while index < EventType::ALL.len() {
            if EventType::ALL[index].is_playback() {
                set = set.with(EventType::ALL[index]);
            }
            index += 1;
        }
        set
    };
    /// The types that need a title.
    pub const TITLED: Self = {
        let mut set = Self::NONE;
        let mut index = 0;
        while index < EventType::ALL.len() {
            if EventType::ALL[index].needs_title() {
                set = set.with(EventType::ALL[index]);
            }
            index += 1;
        }
        set
    };

    /// Returns the set with only `event_type`.
    pub const fn of(event_type: EventType) -> Self {
        Self::NONE.with(event_type)
    }

    const fn with(self, event_type: EventType) -> Self {
        Self(self.0 | 1 << event_type as u8)
    }

    /// Returns whether `event_type` is in the set.
    #[inline]
    pub const fn has(self, event_type: EventType) -> bool {
        self.0 & 1 << event_type as u8 != 0
    }

    /// Returns whether every type is in the set.
    pub const fn is_all(self) -> bool {
        self.0 == Self::ALL.0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An ISO 3166-1 alpha-2 code. Only the form is checked: two capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// Returns the country with the code; `None` unless it is two capital letters.
    pub fn from_code(code: &str) -> Option<Self> {
        match code.as_bytes() {
            &[a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some(Self([a, b])),
            _ => None,
        }
    }

    /// Returns the two letters.
    pub fn as_bytes(&self) -> &[u8; 2] {
        &self.0
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.0;
        write!(f, "{}{}", char::from(a), char::from(b))
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A rating from half a star to five stars, in steps of half a star.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rating(u8);

impl Rating {
    /// Creates a rating from a number of half stars, 1 to 10.
    pub fn from_halves(halves: u8) -> Option<Self> {
        (1..=10).contains(&halves).then_some(Self(halves))
    }

    /// Creates a rating from stars; `None` unless `stars` is 0.5 to 5 in steps of 0.5.
    pub fn from_stars(stars: f64) -> Option<Self> {
        let halves = stars * 2.0;
        if (1.0..=10.0).contains(&halves) && halves.fract() == 0.0 {
            Self::from_halves(halves as u8)
        } else {
            None
        }
    }

    /// Returns the number of half stars, 1 to 10.
    pub fn halves(self) -> u8 {
        self.0
    }

    /// Returns the number of stars, 0.5 to 5.
    pub fn stars(self) -> f32 {
        f32::from(self.0) / 2.0
    }
}
