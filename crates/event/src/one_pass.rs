//! The event as almost all are, read in one pass.
//!
//! Where every known field comes once and is as it should be, without escapes
//! or `null`, there is nothing to note first: each value is checked where it
//! stands and put in its place. Whatever is otherwise is left to the two steps
//! of [`crate::parse`], which know in what order faults count. Whether the one
//! or the other reads an event changes nothing; a property test holds them
//! to each other.

use std::borrow::Cow;

use marquee_json::{Keys, Scanner, Syntax};

use crate::event::{Country, Device, Event, EventType, Producer, bounds};
use crate::parse::{DEVICE, PRODUCER, Parser};
use crate::read::{extra_of, rating_of};
use crate::time::parse_rfc3339;
use crate::uuid::parse_hyphenated;

/// The indices of the fields in [`crate::parse::NAMES`].
const SCHEMA_VERSION: usize = 0;
const EVENT_ID: usize = 1;
const EVENT_TYPE: usize = 2;
const EVENT_TIME: usize = 3;
const USER_ID: usize = 4;
const SESSION_ID: usize = 5;
const PROFILE_ID: usize = 6;
const COUNTRY: usize = 7;
const TITLE_ID: usize = 8;
const POSITION_MS: usize = 9;
const FROM_POSITION_MS: usize = 10;
const QUERY: usize = 11;
const RESULTS: usize = 12;
const ROW: usize = 13;
const RATING: usize = 14;

/// A set of fields, a bit each.
type Set = u32;

const ALWAYS: Set =
    1 << EVENT_ID | 1 << EVENT_TYPE | 1 << EVENT_TIME | 1 << USER_ID | 1 << SESSION_ID;

/// What an event of each type needs.
const NEEDS: [Set; EventType::ALL.len()] = {
    let mut needs = [ALWAYS; EventType::ALL.len()];
    let mut index = 0;
    while index < needs.len() {
        let event_type = EventType::ALL[index];
        if event_type.needs_title() {
            needs[index] |= 1 << TITLE_ID;
        }
        if event_type.is_playback() {
            needs[index] |= 1 << POSITION_MS;
        }
        needs[index] |= match event_type {
            EventType::Seek => 1 << FROM_POSITION_MS,
            EventType::Search => 1 << QUERY,
            EventType::Rate => 1 << RATING,
            _ => 0,
        };
        index += 1;
    }
    needs
};

/// Something in the unit needs thought; what, the other reader finds out.
pub(crate) struct Uncommon;

impl From<Syntax> for Uncommon {
    fn from(_: Syntax) -> Self {
        Self
    }
}

impl Parser {
    /// Reads the unit into a blank event, if nothing in it needs thought; `event`
    /// otherwise holds nothing of worth.
    #[inline(always)]
    pub(crate) fn read_common<'a>(
        &mut self,
        text: &'a str,
        event: &mut Event<'a>,
    ) -> Result<(), Uncommon> {
        let Self {
            keys,
            device_keys,
            producer_keys,
        } = self;
        let mut scanner = Scanner::new(text);
        if scanner.peek() != b'{' {
            return Err(Uncommon);
        }
        let mut seen: Set = 0;
        let mut extra = Vec::new();
        scanner.known_members(keys, |scanner, index, key_start| {
            let Some(index) = index else {
                scanner.likely_value()?;
                extra.push(scanner.slice(key_start, scanner.position()));
                return Ok(());
            };
            once(&mut seen, index)?;
            match index {
                SCHEMA_VERSION => {
                    if scanner.short_integer() != Some(crate::SCHEMA_VERSION.into()) {
                        return Err(Uncommon);
                    }
                }
                EVENT_ID => event.event_id = found(parse_hyphenated(word(scanner)?))?,
                EVENT_TYPE => event.event_type = found(EventType::from_name(word(scanner)?))?,
                EVENT_TIME => event.event_time = found(parse_rfc3339(word(scanner)?))?,
                USER_ID => event.user_id = Cow::Borrowed(id(scanner)?),
                SESSION_ID => event.session_id = Cow::Borrowed(id(scanner)?),
                PROFILE_ID => event.profile_id = Some(Cow::Borrowed(id(scanner)?)),
                COUNTRY => event.country = Some(found(Country::from_code(word(scanner)?))?),
                TITLE_ID => event.title_id = Some(Cow::Borrowed(id(scanner)?)),
                POSITION_MS => {
                    event.position_ms = Some(integer(scanner, 0, bounds::POSITION_MS)?);
                }
                FROM_POSITION_MS => {
                    event.from_position_ms = Some(integer(scanner, 0, bounds::POSITION_MS)?);
                }
                QUERY => {
                    event.query = Some(Cow::Borrowed(string(scanner, bounds::QUERY_BYTES)?));
                }
                RESULTS => event.results = Some(integer(scanner, 0, bounds::RESULTS)? as i32),
                ROW => event.row = Some(integer(scanner, 0, bounds::ROW)? as i32),
                RATING => {
                    let token = scanner.likely_value()?;
                    let rating = rating_of(token).map_err(|_| Uncommon)?;
                    event.rating = Some(found(rating)?);
                }
                DEVICE => event.device = device(scanner, device_keys)?,
                PRODUCER => event.producer = Some(producer(scanner, producer_keys)?),
                _ => return Err(Uncommon),
            }
            Ok(())
        })?;
        scanner.end()?;
        let needs = found(NEEDS.get(event.event_type as usize))?;
        if seen & needs != *needs {
            return Err(Uncommon);
        }
        if !extra.is_empty() {
            event.extra = extra_of(&extra, &[], &[]).map_err(|_| Uncommon)?;
        }
        Ok(())
    }
}

#[inline(always)]
fn device<'a>(scanner: &mut Scanner<'a>, keys: &mut Keys<3>) -> Result<Device<'a>, Uncommon> {
    let mut words = [None; 3];
    members(scanner, keys, |scanner, index| {
        let place = found(words.get_mut(index))?;
        *place = Some(string(scanner, bounds::ID_BYTES)?);
        Ok(())
    })?;
    let [kind, os, app_version] = words.map(|word| word.map(Cow::Borrowed));
    Ok(Device {
        kind,
        os,
        app_version,
    })
}

#[inline(always)]
fn producer<'a>(scanner: &mut Scanner<'a>, keys: &mut Keys<2>) -> Result<Producer<'a>, Uncommon> {
    let (mut name, mut seq) = (None, None);
    members(scanner, keys, |scanner, index| {
        match index {
            0 => name = Some(Cow::Borrowed(id(scanner)?)),
            _ => seq = Some(integer(scanner, 1, bounds::PRODUCER_SEQ)?),
        }
        Ok(())
    })?;
    Ok(Producer {
        id: found(name)?,
        seq: found(seq)?,
    })
}

/// Walks an object that has known members alone, and each of them once.
#[inline(always)]
fn members<'a, const N: usize>(
    scanner: &mut Scanner<'a>,
    keys: &mut Keys<N>,
    mut each: impl FnMut(&mut Scanner<'a>, usize) -> Result<(), Uncommon>,
) -> Result<(), Uncommon> {
    if scanner.peek() != b'{' {
        return Err(Uncommon);
    }
    let mut seen = 0;
    scanner.known_members(keys, |scanner, index, _| {
        let index = found(index)?;
        once(&mut seen, index)?;
        each(scanner, index)
    })
}

/// Notes that a field was seen; not twice.
#[inline(always)]
fn once(seen: &mut Set, index: usize) -> Result<(), Uncommon> {
    let field = 1 << index;
    match *seen & field {
        0 => {
            *seen |= field;
            Ok(())
        }
        _ => Err(Uncommon),
    }
}

#[inline(always)]
fn found<T>(value: Option<T>) -> Result<T, Uncommon> {
    value.ok_or(Uncommon)
}

/// A string without escapes.
#[inline(always)]
fn word<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, Uncommon> {
    found(scanner.plain_string())
}

/// A string of at most `most` bytes.
#[inline(always)]
fn string<'a>(scanner: &mut Scanner<'a>, most: usize) -> Result<&'a str, Uncommon> {
    let text = word(scanner)?;
    found((text.len() <= most).then_some(text))
}

/// A string that names something.
#[inline(always)]
fn id<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, Uncommon> {
    let text = word(scanner)?;
    found(matches!(text.len(), 1..=bounds::ID_BYTES).then_some(text))
}

#[inline(always)]
fn integer(scanner: &mut Scanner<'_>, least: i64, most: i64) -> Result<i64, Uncommon> {
    let value = found(scanner.short_integer())?;
    found((least..=most).contains(&value).then_some(value))
}
