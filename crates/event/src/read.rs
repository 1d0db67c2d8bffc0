//! The noted fields to an event, in the contract's order.

use std::borrow::Cow;

use marquee_json::{Kind, Token};

use crate::event::{Country, Device, Event, EventType, Producer, Rating, SCHEMA_VERSION, bounds};
use crate::field::{id, integer, missing, needed, out_of_range, plain_string, string, wrong_type};
use crate::parse::{Fields, Object};
use crate::refusal::{Reason, Refusal};
use crate::time::parse_rfc3339;
use crate::uuid::parse_hyphenated;

impl<'a> Fields<'a> {
    /// Reads the fields in the contract's order.
    pub(crate) fn read(&self) -> Result<Event<'a>, Refusal> {
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
        let extra = extra_of(&self.extra, &self.device.extra, &self.producer.extra)?;
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
}

/// Unknown members, verbatim, as one object; those of `device` and `producer`
/// under their names.
pub(crate) fn extra_of<'a>(
    event: &[&str],
    device: &[&str],
    producer: &[&str],
) -> Result<Option<Cow<'a, str>>, Refusal> {
    if event.is_empty() && device.is_empty() && producer.is_empty() {
        return Ok(None);
    }
    let nested = [("device", device), ("producer", producer)]
        .into_iter()
        .filter(|(_, members)| !members.is_empty())
        .map(|(name, members)| format!("\"{name}\":{{{}}}", members.join(",")));
    let members = event.iter().map(|member| (*member).to_owned());
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
    parse_hyphenated(&text).ok_or_else(|| wrong_type("event_id", token, "a UUID with hyphens"))
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

pub(crate) fn rating_of(token: Token<'_>) -> Result<Option<Rating>, Refusal> {
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
