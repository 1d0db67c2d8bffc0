//! The texts within an event: UUIDs and times.

use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use uuid::Uuid;

use crate::Comparison;
use crate::replaced::{hyphenated, parse_hyphenated, parse_rfc3339};

/// The texts of all events.
pub(crate) struct Texts {
    ids: Vec<String>,
    times: Vec<String>,
    uuids: Vec<Uuid>,
}

#[derive(Deserialize)]
struct TextsOfEvent {
    event_id: String,
    event_time: String,
}

impl Texts {
    pub(crate) fn of(units: &[Vec<u8>]) -> Result<Self> {
        let mut texts = Self {
            ids: Vec::new(),
            times: Vec::new(),
            uuids: Vec::new(),
        };
        for unit in units {
            let event: TextsOfEvent = serde_json::from_slice(unit)?;
            texts.uuids.push(Uuid::try_parse(&event.event_id)?);
            texts.ids.push(event.event_id);
            texts.times.push(event.event_time);
        }
        Ok(texts)
    }
}

pub(crate) fn compare(texts: &Texts) -> Result<Vec<Comparison<'_>>> {
    let Texts { ids, times, uuids } = texts;
    for (id, uuid) in ids.iter().zip(uuids) {
        ensure!(parse_hyphenated(id) == Some(*uuid), "{id}");
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        ensure!(uuid.hyphenated().encode_lower(&mut text).as_bytes() == hyphenated(uuid));
    }
    for time in times {
        let ours = parse_rfc3339(time);
        ensure!(ours == by_jiff(time) && ours == by_chrono(time), "{time}");
    }
    let parse = Comparison::new("UUID, parse", ids.len(), move || {
        ids.iter()
            .try_for_each(|id| parse_hyphenated(black_box(id)).map(consume))
            .context("a UUID")
    })
    .library("uuid", move || {
        ids.iter().try_for_each(|id| {
            black_box(Uuid::try_parse(black_box(id))?);
            Ok(())
        })
    });
    let format = Comparison::new("UUID, format", uuids.len(), move || {
        for uuid in uuids {
            black_box(hyphenated(black_box(uuid)));
        }
        Ok(())
    })
    .library("uuid", move || {
        for uuid in uuids {
            let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
            black_box(black_box(uuid).hyphenated().encode_lower(&mut text));
        }
        Ok(())
    });
    let time = Comparison::new("RFC 3339, parse", times.len(), move || {
        times
            .iter()
            .try_for_each(|time| parse_rfc3339(black_box(time)).map(consume))
            .context("a time")
    })
    .library("jiff", move || {
        times
            .iter()
            .try_for_each(|time| by_jiff(black_box(time)).map(consume))
            .context("a time")
    })
    .library("chrono", move || {
        times
            .iter()
            .try_for_each(|time| by_chrono(black_box(time)).map(consume))
            .context("a time")
    });
    Ok(vec![parse, format, time])
}

/// Keeps the optimizer from removing a result.
fn consume<T>(result: T) {
    black_box(result);
}

fn by_jiff(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(time.as_microsecond())
}

/// Parses as the transform does.
fn by_chrono(text: &str) -> Option<i64> {
    marquee_event::parse_rfc3339(text)
}
