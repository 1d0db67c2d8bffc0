//! The types of an event's fields, and their bounds.

use std::fmt;

/// The only schema version there is; an event that names none has this one.
pub const SCHEMA_VERSION: i32 = 1;

/// How long a string may be (bytes of UTF-8) and how large a number.
pub mod bounds {
    /// Ids, and the words of `device`: bytes.
    pub const ID_BYTES: usize = 128;
    /// `query`: bytes.
    pub const QUERY_BYTES: usize = 512;
    /// All unknown fields of an event together, as JSON text: bytes.
    pub const EXTRA_BYTES: usize = 8 * 1024;
    /// Positions within a title: a week, in milliseconds.
    pub const POSITION_MS: i64 = 7 * 24 * 3_600_000;
    /// `results`: how many titles a search found.
    pub const RESULTS: i64 = 1_000_000;
    /// `row`: which shelf of the page was browsed.
    pub const ROW: i64 = 10_000;
    /// `producer.seq`: the largest integer that every JSON reader keeps exact.
    pub const PRODUCER_SEQ: i64 = (1 << 53) - 1;
}

/// What a viewer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum EventType {
    /// Playback began.
    Play,
    /// Playback was halted.
    Pause,
    /// Playback went on.
    Resume,
    /// Playback was left.
    Stop,
    /// The title was seen to its end.
    Complete,
    /// Playback is going on.
    Heartbeat,
    /// Playback jumped.
    Seek,
    /// A search was made.
    Search,
    /// A shelf or a title's page was looked at.
    Browse,
    /// Stars were given.
    Rate,
    /// A title was put on the list.
    AddToList,
    /// A title was taken off the list.
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

    /// The name in JSON and in every table.
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

    /// The type of that name.
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

    /// Whether the event says where in a title its viewer is.
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

    /// Whether the event cannot be without a `title_id`.
    pub const fn needs_title(self) -> bool {
        !matches!(self, Self::Search | Self::Browse)
    }
}

/// A set of event types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeSet(u16);

// A set is a bit a type, and so is the code of a type in the rows of compaction
// and in the transform's tables: more than this need wider ones.
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
    /// The types that say where in a title the viewer is.
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
    /// The types that are about a title.
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

    /// The set of that type alone.
    pub const fn of(event_type: EventType) -> Self {
        Self::NONE.with(event_type)
    }

    const fn with(self, event_type: EventType) -> Self {
        Self(self.0 | 1 << event_type as u8)
    }

    /// Whether the type is in the set.
    #[inline]
    pub const fn has(self, event_type: EventType) -> bool {
        self.0 & 1 << event_type as u8 != 0
    }

    /// Whether every type is in the set.
    pub const fn is_all(self) -> bool {
        self.0 == Self::ALL.0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An ISO 3166-1 alpha-2 code, by shape: two capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// The country of that code; `None` unless it is two capital letters.
    pub fn from_code(code: &str) -> Option<Self> {
        match code.as_bytes() {
            &[a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some(Self([a, b])),
            _ => None,
        }
    }

    /// The two letters.
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

/// Half a star to five stars, in halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rating(u8);

impl Rating {
    /// From a number of half stars, 1 to 10.
    pub fn from_halves(halves: u8) -> Option<Self> {
        (1..=10).contains(&halves).then_some(Self(halves))
    }

    /// From stars; `None` unless it is 0.5 to 5 in steps of a half.
    pub fn from_stars(stars: f64) -> Option<Self> {
        let halves = stars * 2.0;
        if (1.0..=10.0).contains(&halves) && halves.fract() == 0.0 {
            Self::from_halves(halves as u8)
        } else {
            None
        }
    }

    /// Half stars, 1 to 10.
    pub fn halves(self) -> u8 {
        self.0
    }

    /// Stars, 0.5 to 5.
    pub fn stars(self) -> f32 {
        f32::from(self.0) / 2.0
    }
}
