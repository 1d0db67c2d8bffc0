//! One unit's bytes to an event, or to the reason why not.
//!
//! Two steps. The first proves the grammar and notes where each known field's
//! value lies. The second reads the fields in the contract's order, so that a
//! unit with two faults is always refused for the same one:
//!
//! 1. the unit: `invalid_json` (anywhere in it), `not_an_object`;
//! 2. `schema_version`, since a later version may change every other rule;
//! 3. the fields in the order of [`Event`]'s members, each by its own rules;
//! 4. what the event's type needs and is absent, in the same order;
//! 5. all extra fields together;
//! 6. [`Event::admit`]: the time against the arrival.
//!
//! Within a field: `missing_field`, `wrong_type` (JSON type, then format),
//! `too_long`, `illegal_character`, `out_of_range`.
//! A known field keeps its meaning and its rules on every type of event, also
//! where the type does not need it. `null` is absence. Of a key that comes
//! twice the last counts.

use std::borrow::Cow;

use marquee_json::{Keys, Kind, Scanner, Syntax, Token, text_of};

use crate::event::{Country, Device, Event, EventType, Producer, Rating, SCHEMA_VERSION, bounds};
use crate::refusal::{Reason, Refusal};
use crate::time::parse_rfc3339;

/// Reads one unit as an event, version 1.
///
/// # Errors
/// A [`Refusal`] with the first fault in the order above.
pub fn parse(unit: &[u8]) -> Result<Event<'_>, Refusal> {
    Parser::new().parse(unit)
}

/// Reads unit after unit. What it remembers from one to the next is the order
/// of the keys, which makes it fast and changes no answer.
#[derive(Debug, Clone)]
pub struct Parser {
    keys: Keys<{ NAMES.len() }>,
    device_keys: Keys<3>,
    producer_keys: Keys<2>,
}

/// The known fields in the contract's order; a token's index is its name's.
const NAMES: [&str; 17] = [
    "schema_version",
    "event_id",
    "event_type",
    "event_time",
    "user_id",
    "session_id",
    "profile_id",
    "country",
    "title_id",
    "position_ms",
    "from_position_ms",
    "query",
    "results",
    "row",
    "rating",
    "device",
    "producer",
];
const DEVICE: usize = 15;
const PRODUCER: usize = 16;

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Parser {
    /// A parser that has seen nothing yet.
    pub fn new() -> Self {
        Self {
            keys: Keys::new(NAMES),
            device_keys: Keys::new(["type", "os", "app_version"]),
            producer_keys: Keys::new(["id", "seq"]),
        }
    }

    /// Reads one unit as an event, version 1.
    ///
    /// # Errors
    /// A [`Refusal`] with the first fault in the order above.
    #[inline]
    pub fn parse<'a>(&mut self, unit: &'a [u8]) -> Result<Event<'a>, Refusal> {
        let text = text_of(unit).map_err(|valid| {
            Refusal::of_unit(Reason::InvalidJson, format!("not UTF-8 from byte {valid}"))
        })?;
        let mut fields = Fields::default();
        match self.scan(text, &mut fields) {
            Ok(true) => fields.read(),
            Ok(false) => Err(Refusal::of_unit(
                Reason::NotAnObject,
                "an event is a JSON object",
            )),
            Err(fault) => Err(Refusal::of_unit(Reason::InvalidJson, fault.to_string())),
        }
    }

    /// Proves the grammar and notes the fields; whether it was an object.
    fn scan<'a>(&mut self, text: &'a str, fields: &mut Fields<'a>) -> Result<bool, Syntax> {
        let mut scanner = Scanner::new(text);
        scanner.skip_space();
        if scanner.peek() != b'{' {
            scanner.value()?;
            scanner.end()?;
            return Ok(false);
        }
        let Self {
            keys,
            device_keys,
            producer_keys,
        } = self;
        scanner.known_members(keys, |scanner, index, key_start| {
            match index {
                Some(DEVICE) => return fields.device.scan(scanner, device_keys),
                Some(PRODUCER) => return fields.producer.scan(scanner, producer_keys),
                _ => {}
            }
            let value = scanner.value()?;
            match index.and_then(|index| fields.tokens.get_mut(index)) {
                Some(token) => *token = value,
                None => fields
                    .extra
                    .push(scanner.slice(key_start, scanner.position())),
            }
            Ok(())
        })?;
        scanner.end()?;
        Ok(true)
    }
}

/// Where the values of the known fields lie, and the unknown members.
struct Fields<'a> {
    /// All but the objects, in the order of [`NAMES`].
    tokens: [Token<'a>; DEVICE],
    device: Object<'a, 3>,
    producer: Object<'a, 2>,
    extra: Vec<&'a str>,
}

impl Default for Fields<'_> {
    fn default() -> Self {
        Self {
            tokens: [Token::ABSENT; DEVICE],
            device: Object::default(),
            producer: Object::default(),
            extra: Vec::new(),
        }
    }
}

/// A known object: its own value's token, its known members, and the rest.
struct Object<'a, const N: usize> {
    whole: Token<'a>,
    members: [Token<'a>; N],
    extra: Vec<&'a str>,
}

impl<const N: usize> Default for Object<'_, N> {
    fn default() -> Self {
        Self {
            whole: Token::ABSENT,
            members: [Token::ABSENT; N],
            extra: Vec::new(),
        }
    }
}

impl<'a, const N: usize> Object<'a, N> {
    fn scan(&mut self, scanner: &mut Scanner<'a>, keys: &mut Keys<N>) -> Result<(), Syntax> {
        *self = Self::default();
        if scanner.peek() != b'{' {
            self.whole = scanner.value()?;
            return Ok(());
        }
        let start = scanner.position();
        scanner.known_members(keys, |scanner, index, key_start| {
            let value = scanner.value()?;
            match index.and_then(|index| self.members.get_mut(index)) {
                Some(member) => *member = value,
                None => self
                    .extra
                    .push(scanner.slice(key_start, scanner.position())),
            }
            Ok(())
        })?;
        self.whole = Token {
            kind: Kind::Other,
            text: scanner.slice(start, scanner.position()),
        };
        Ok(())
    }

    /// Whether there is such an object; `wrong_type` where something else is.
    fn present(&self, name: &'static str) -> Result<bool, Refusal> {
        match self.whole.kind {
            Kind::Absent | Kind::Null => Ok(false),
            Kind::Other if self.whole.text.starts_with('{') => Ok(true),
            _ => Err(wrong_type(name, self.whole, "an object")),
        }
    }
}

impl<'a> Fields<'a> {
    /// Reads the fields in the contract's order.
    #[inline]
    fn read(&self) -> Result<Event<'a>, Refusal> {
        let &[
            schema_version,
            event_id,
            event_type,
            event_time,
            user_id,
            session_id,
            profile_id,
            country,
            title_id,
            position_ms,
            from_position_ms,
            query,
            results,
            row,
            rating,
        ] = &self.tokens;
        version(schema_version)?;
        let event_id = uuid_of(event_id)?;
        let event_type = type_of(event_type)?;
        let event_time = time_of(event_time)?;
        let user_id = needed("user_id", id("user_id", user_id)?)?;
        let session_id = needed("session_id", id("session_id", session_id)?)?;
        let profile_id = id("profile_id", profile_id)?;
        let country = country_of(country)?;
        let device = device(&self.device)?;
        let producer = producer(&self.producer)?;
        let title_id = id("title_id", title_id)?;
        let position_ms = integer("position_ms", position_ms, 0, bounds::POSITION_MS)?;
        let from_position_ms =
            integer("from_position_ms", from_position_ms, 0, bounds::POSITION_MS)?;
        let query = string("query", query, bounds::QUERY_BYTES)?;
        let results = integer("results", results, 0, bounds::RESULTS)?;
        let row = integer("row", row, 0, bounds::ROW)?;
        let rating = rating_of(rating)?;

        if event_type.needs_title() && title_id.is_none() {
            return Err(missing("title_id"));
        }
        if event_type.is_playback() && position_ms.is_none() {
            return Err(missing("position_ms"));
        }
        match event_type {
            EventType::Seek if from_position_ms.is_none() => {
                return Err(missing("from_position_ms"));
            }
            EventType::Search if query.is_none() => return Err(missing("query")),
            EventType::Rate if rating.is_none() => return Err(missing("rating")),
            _ => {}
        }
        let extra = self.extra_object()?;
        Ok(Event {
            event_id,
            event_type,
            event_time,
            user_id,
            session_id,
            profile_id,
            country,
            device,
            producer,
            title_id,
            position_ms,
            from_position_ms,
            query,
            results: results.map(|n| n as i32),
            row: row.map(|n| n as i32),
            rating,
            extra,
        })
    }

    /// The unknown members, verbatim, as one object; those of `device` and
    /// `producer` under their names.
    fn extra_object(&self) -> Result<Option<Cow<'a, str>>, Refusal> {
        if self.extra.is_empty() && self.device.extra.is_empty() && self.producer.extra.is_empty() {
            return Ok(None);
        }
        let nested = [
            ("device", &self.device.extra),
            ("producer", &self.producer.extra),
        ]
        .into_iter()
        .filter(|(_, members)| !members.is_empty())
        .map(|(name, members)| format!("\"{name}\":{{{}}}", members.join(",")));
        let members = self.extra.iter().map(|member| (*member).to_owned());
        let text = format!(
            "{{{}}}",
            members.chain(nested).collect::<Vec<_>>().join(",")
        );
        if text.len() > bounds::EXTRA_BYTES {
            return Err(Refusal::of_field(
                Reason::TooLong,
                "extra",
                Some(text.as_bytes()),
                format!(
                    "{} bytes of unknown fields, of {} at most",
                    text.len(),
                    bounds::EXTRA_BYTES
                ),
            ));
        }
        Ok(Some(Cow::Owned(text)))
    }
}

fn version(token: Token<'_>) -> Result<(), Refusal> {
    match integer("schema_version", token, i64::MIN, i64::MAX) {
        Ok(None) => Ok(()),
        Ok(Some(version)) if version == i64::from(SCHEMA_VERSION) => Ok(()),
        Err(refusal) if refusal.reason == Reason::WrongType => Err(refusal),
        // Also a version too large to be counted with.
        Ok(Some(_)) | Err(_) => Err(Refusal::of_field(
            Reason::UnsupportedSchemaVersion,
            "schema_version",
            Some(token.text.as_bytes()),
            "this reader knows version 1",
        )),
    }
}

fn uuid_of(token: Token<'_>) -> Result<uuid::Uuid, Refusal> {
    let text = needed("event_id", plain_string("event_id", token)?)?;
    if text.len() == uuid::fmt::Hyphenated::LENGTH
        && let Ok(id) = uuid::Uuid::try_parse_ascii(text.as_bytes())
    {
        return Ok(id);
    }
    Err(wrong_type("event_id", token, "a UUID with hyphens"))
}

fn type_of(token: Token<'_>) -> Result<EventType, Refusal> {
    let name = needed("event_type", plain_string("event_type", token)?)?;
    EventType::from_name(&name).ok_or_else(|| {
        Refusal::of_field(
            Reason::UnknownEventType,
            "event_type",
            Some(token.text.as_bytes()),
            "not a type of version 1",
        )
    })
}

fn time_of(token: Token<'_>) -> Result<i64, Refusal> {
    let text = needed("event_time", plain_string("event_time", token)?)?;
    parse_rfc3339(&text)
        .ok_or_else(|| wrong_type("event_time", token, "an RFC 3339 time with an offset"))
}

fn country_of(token: Token<'_>) -> Result<Option<Country>, Refusal> {
    let Some(code) = plain_string("country", token)? else {
        return Ok(None);
    };
    match Country::from_code(&code) {
        Some(country) => Ok(Some(country)),
        None => Err(wrong_type(
            "country",
            token,
            "two capital letters (ISO 3166-1 alpha-2)",
        )),
    }
}

fn device<'a>(object: &Object<'a, 3>) -> Result<Device<'a>, Refusal> {
    if !object.present("device")? {
        return Ok(Device::default());
    }
    let [kind, os, app_version] = object.members;
    Ok(Device {
        kind: string("device.type", kind, bounds::ID_BYTES)?,
        os: string("device.os", os, bounds::ID_BYTES)?,
        app_version: string("device.app_version", app_version, bounds::ID_BYTES)?,
    })
}

fn producer<'a>(object: &Object<'a, 2>) -> Result<Option<Producer<'a>>, Refusal> {
    if !object.present("producer")? {
        return Ok(None);
    }
    let [name, seq] = object.members;
    Ok(Some(Producer {
        id: needed("producer.id", id("producer.id", name)?)?,
        seq: needed(
            "producer.seq",
            integer("producer.seq", seq, 1, bounds::PRODUCER_SEQ)?,
        )?,
    }))
}

fn rating_of(token: Token<'_>) -> Result<Option<Rating>, Refusal> {
    match token.kind {
        Kind::Absent | Kind::Null => Ok(None),
        Kind::Number => token
            .text
            .parse::<f64>()
            .ok()
            .and_then(Rating::from_stars)
            .map(Some)
            .ok_or_else(|| out_of_range("rating", token, "0.5 to 5 in steps of a half")),
        _ => Err(wrong_type("rating", token, "a number")),
    }
}

/// The token's string, whatever its length and characters.
#[inline]
fn plain_string<'a>(
    field: &'static str,
    token: Token<'a>,
) -> Result<Option<Cow<'a, str>>, Refusal> {
    match token.kind {
        Kind::Absent | Kind::Null => Ok(None),
        Kind::Plain | Kind::Escaped => Ok(Some(token.unescaped())),
        Kind::Number | Kind::Other => Err(wrong_type(field, token, "a string")),
    }
}

/// A string of at most `most` bytes without U+0000.
#[inline]
fn string<'a>(
    field: &'static str,
    token: Token<'a>,
    most: usize,
) -> Result<Option<Cow<'a, str>>, Refusal> {
    let Some(text) = plain_string(field, token)? else {
        return Ok(None);
    };
    if text.len() > most {
        return Err(Refusal::of_field(
            Reason::TooLong,
            field,
            Some(text.as_bytes()),
            format!("{} bytes, of {most} at most", text.len()),
        ));
    }
    // Only an escape can have brought a control character in.
    if token.kind == Kind::Escaped && text.contains('\0') {
        return Err(Refusal::of_field(
            Reason::IllegalCharacter,
            field,
            Some(text.as_bytes()),
            "U+0000, which no warehouse can hold",
        ));
    }
    Ok(Some(text))
}

/// A string that names something, and so is not empty.
#[inline]
fn id<'a>(field: &'static str, token: Token<'a>) -> Result<Option<Cow<'a, str>>, Refusal> {
    let text = string(field, token, bounds::ID_BYTES)?;
    if text.as_deref() == Some("") {
        return Err(wrong_type(field, token, "a string that is not empty"));
    }
    Ok(text)
}

/// An integer within `least..=most`; `2.0` and `2e0` are the integer 2.
#[inline]
fn integer(
    field: &'static str,
    token: Token<'_>,
    least: i64,
    most: i64,
) -> Result<Option<i64>, Refusal> {
    match token.kind {
        Kind::Absent | Kind::Null => return Ok(None),
        Kind::Number => {}
        _ => return Err(wrong_type(field, token, "an integer")),
    }
    let value = match small_integer(token.text.as_bytes()) {
        Some(value) => value,
        None => match token.text.parse::<f64>() {
            // Past the largest double there is no fraction to speak of.
            Ok(number) if number.is_finite() && number.fract() != 0.0 => {
                return Err(wrong_type(field, token, "an integer"));
            }
            // Past 2^53 a double no longer tells integers apart.
            Ok(number) if number.abs() <= bounds::PRODUCER_SEQ as f64 => number as i64,
            _ => return Err(out_of_range(field, token, &format!("{least} to {most}"))),
        },
    };
    if (least..=most).contains(&value) {
        Ok(Some(value))
    } else {
        Err(out_of_range(field, token, &format!("{least} to {most}")))
    }
}

/// Up to 18 digits and nothing else.
#[inline]
fn small_integer(digits: &[u8]) -> Option<i64> {
    if digits.len() > 18 {
        return None;
    }
    let mut value = 0i64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(value)
}

#[inline]
fn needed<T>(field: &'static str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| missing(field))
}

#[cold]
fn missing(field: &'static str) -> Refusal {
    Refusal::of_field(
        Reason::MissingField,
        field,
        None,
        "needed, but absent or null",
    )
}

#[cold]
fn wrong_type(field: &'static str, token: Token<'_>, expected: &str) -> Refusal {
    Refusal::of_field(
        Reason::WrongType,
        field,
        Some(token.text.as_bytes()),
        format!("expected {expected}"),
    )
}

#[cold]
fn out_of_range(field: &'static str, token: Token<'_>, expected: &str) -> Refusal {
    Refusal::of_field(
        Reason::OutOfRange,
        field,
        Some(token.text.as_bytes()),
        format!("expected {expected}"),
    )
}
