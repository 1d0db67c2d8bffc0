//! The JSON of an event.
//!
//! The libraries skip unknown fields, which the handwritten parser keeps, and do not tell
//! which of several faults comes first. Their figures are therefore lower bounds. All
//! contestants parse UUIDs and times with the same functions.

use std::borrow::Cow;
use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use marquee_event::{
    Country, Device, Event, EventType, Parser, Producer, Rating, bounds, parse_rfc3339,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::Comparison;

/// An event as serde parses it: the same fields, borrowed in the same way.
#[derive(Deserialize)]
struct SerdeEvent<'a> {
    event_id: &'a str,
    event_type: &'a str,
    event_time: &'a str,
    user_id: &'a str,
    session_id: &'a str,
    profile_id: Option<&'a str>,
    country: Option<&'a str>,
    #[serde(borrow, default)]
    device: SerdeDevice<'a>,
    producer: Option<SerdeProducer<'a>>,
    title_id: Option<&'a str>,
    position_ms: Option<i64>,
    from_position_ms: Option<i64>,
    query: Option<Cow<'a, str>>,
    results: Option<i32>,
    row: Option<i32>,
    rating: Option<f64>,
    network_type: Option<&'a str>,
    schema_version: Option<i64>,
}

#[derive(Deserialize, Default)]
struct SerdeDevice<'a> {
    r#type: Option<&'a str>,
    os: Option<&'a str>,
    app_version: Option<&'a str>,
}

#[derive(Deserialize)]
struct SerdeProducer<'a> {
    id: &'a str,
    seq: i64,
}

/// Returns an id of 1 to [`bounds::ID_BYTES`] bytes.
fn id(text: &str) -> Option<Cow<'_, str>> {
    matches!(text.len(), 1..=bounds::ID_BYTES).then_some(Cow::Borrowed(text))
}

fn text(text: Option<&str>, most: usize) -> Option<Option<Cow<'_, str>>> {
    match text {
        Some(text) => (text.len() <= most).then_some(Some(Cow::Borrowed(text))),
        None => Some(None),
    }
}

/// Returns the value if it is absent or within `0..=most`.
fn bounded<T: Copy + Into<i64>>(value: Option<T>, most: i64) -> Option<Option<T>> {
    let fits = value.is_none_or(|value| (0..=most).contains(&value.into()));
    fits.then_some(value)
}

impl<'a> SerdeEvent<'a> {
    /// Checks the bounds of the fields, and the fields that the event's type needs.
    fn check(self) -> Option<Event<'a>> {
        if self.schema_version.is_some_and(|version| version != 1) {
            return None;
        }
        let event_type = EventType::from_name(self.event_type)?;
        let device = Device {
            kind: text(self.device.r#type, bounds::ID_BYTES)?,
            os: text(self.device.os, bounds::ID_BYTES)?,
            app_version: text(self.device.app_version, bounds::ID_BYTES)?,
        };
        let producer = match self.producer {
            Some(SerdeProducer { id: name, seq }) => Some(Producer {
                id: id(name)?,
                seq: (1..=bounds::PRODUCER_SEQ).contains(&seq).then_some(seq)?,
            }),
            None => None,
        };
        let query = match self.query {
            Some(query) if query.len() > bounds::QUERY_BYTES => return None,
            query => query,
        };
        let event = Event {
            event_id: Uuid::try_parse(self.event_id).ok()?,
            event_type,
            event_time: parse_rfc3339(self.event_time)?,
            user_id: id(self.user_id)?,
            session_id: id(self.session_id)?,
            profile_id: self
                .profile_id
                .map(id)
                .map_or(Some(None), |id| id.map(Some))?,
            country: match self.country {
                Some(code) => Some(Country::from_code(code)?),
                None => None,
            },
            device,
            producer,
            title_id: self
                .title_id
                .map(id)
                .map_or(Some(None), |id| id.map(Some))?,
            position_ms: bounded(self.position_ms, bounds::POSITION_MS)?,
            from_position_ms: bounded(self.from_position_ms, bounds::POSITION_MS)?,
            query,
            results: bounded(self.results, bounds::RESULTS)?,
            row: bounded(self.row, bounds::ROW)?,
            rating: match self.rating {
                Some(stars) => Some(Rating::from_stars(stars)?),
                None => None,
            },
            network_type: text(self.network_type, 32)?,
            extra: None,
        };
        let is_complete = (!event_type.needs_title() || event.title_id.is_some())
            && (!event_type.is_playback() || event.position_ms.is_some())
            && (event_type != EventType::Seek || event.from_position_ms.is_some())
            && (event_type != EventType::Search || event.query.is_some())
            && (event_type != EventType::Rate || event.rating.is_some());
        is_complete.then_some(event)
    }
}

fn by_serde_json(unit: &[u8]) -> Result<Event<'_>> {
    let event: SerdeEvent<'_> = serde_json::from_slice(unit)?;
    event.check().context("an event is invalid")
}

fn by_sonic(unit: &[u8]) -> Result<Event<'_>> {
    let event: SerdeEvent<'_> = sonic_rs::from_slice(unit)?;
    event.check().context("an event is invalid")
}

pub(crate) fn compare(units: &[Vec<u8>]) -> Result<Comparison<'_>> {
    let mut parser = Parser::new();
    for unit in units {
        let mut ours = parser.parse(unit)?;
        ours.extra = None;
        ensure!(ours == by_serde_json(unit)?, "serde_json differs");
        ensure!(ours == by_sonic(unit)?, "sonic-rs differs");
    }
    Ok(Comparison::new("JSON of an event", units.len(), move || {
        for unit in units {
            let mut event = Event::blank();
            parser.parse_into(unit, &mut event)?;
            black_box(&event);
        }
        Ok(())
    })
    .library("serde_json, derived", move || {
        for unit in units {
            black_box(by_serde_json(unit)?);
        }
        Ok(())
    })
    .library("sonic-rs, derived", move || {
        for unit in units {
            black_box(by_sonic(unit)?);
        }
        Ok(())
    }))
}
