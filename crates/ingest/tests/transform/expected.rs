//! A simple reference implementation of the transform, for comparison.

use std::collections::HashMap;

use marquee_event::{
    Detail, Event, MICROS_PER_DAY, Reason, Rejection, TimeWindow, Title, Value, parse,
};

use crate::rows::{Cell, Row};

/// A unit that a batch must yield.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) shard: &'static str,
    pub(crate) sequence_number: String,
    pub(crate) sub_sequence: i64,
    pub(crate) partition_key: String,
    pub(crate) arrived_at: i64,
    pub(crate) bytes: Vec<u8>,
    /// The reason why its record cannot be unpacked; `None` if it can.
    pub(crate) broken: Option<Reason>,
}

/// The expected rows of a batch of units.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    pub(crate) raw: Vec<Row>,
    pub(crate) quarantine: Vec<Row>,
    pub(crate) processed: Vec<Row>,
}

impl Expected {
    pub(crate) fn of(
        units: &[Unit],
        titles: &[Title],
        window: TimeWindow,
        processed_at: i64,
    ) -> Self {
        let titles = titles
            .iter()
            .map(|title| (&*title.title_id, title))
            .collect();
        let mut rows = Self::default();
        for unit in units {
            let mut raw = unit.identity();
            raw.extend([
                Cell::from(unit.partition_key.as_str()),
                unit.arrived_at.into(),
                Cell::Bytes(unit.bytes.clone()),
            ]);
            rows.raw.push(raw);
            match unit.verdict(window) {
                Ok(event) => {
                    let row = processed(unit, &event, &titles, processed_at);
                    rows.processed.push(row);
                }
                Err(rejection) => rows
                    .quarantine
                    .push(quarantined(unit, &rejection, processed_at)),
            }
        }
        rows
    }
}

impl Unit {
    fn identity(&self) -> Row {
        vec![
            self.shard.into(),
            self.sequence_number.as_str().into(),
            self.sub_sequence.into(),
        ]
    }

    fn verdict(&self, window: TimeWindow) -> Result<Event<'_>, Rejection> {
        if let Some(reason) = self.broken {
            return Err(Rejection::of_unit(reason, Detail::Other(String::new())));
        }
        let event = parse(&self.bytes)?;
        event.admit(self.arrived_at, window)?;
        Ok(event)
    }
}

fn quarantined(unit: &Unit, rejection: &Rejection, processed_at: i64) -> Row {
    let mut row = unit.identity();
    row.extend([
        Cell::from(unit.partition_key.as_str()),
        unit.arrived_at.into(),
        rejection.reason.name().into(),
        rejection.field.into(),
        rejection.value.as_deref().into(),
        rejection.detail.to_string().as_str().into(),
        Cell::Bytes(unit.bytes.clone()),
        processed_at.into(),
    ]);
    row
}

/// Clears the detail of a quarantine row whose record cannot be unpacked: it is the decoder's
/// message.
pub(crate) fn without_decoder_message(mut row: Row) -> Row {
    let (reason, detail) = (5, 8);
    let of_record = [Reason::UndecodableRecord, Reason::RecordTooLarge];
    if of_record.iter().any(|of| row[reason] == of.name().into()) {
        assert_ne!(row[detail], Cell::Null);
        row[detail] = "".into();
    }
    row
}

fn processed(
    unit: &Unit,
    event: &Event<'_>,
    titles: &HashMap<&str, &Title>,
    processed_at: i64,
) -> Row {
    let title = event
        .title_id
        .as_deref()
        .and_then(|id| titles.get(id).copied());
    let runtime = title.and_then(|title| title.runtime_ms);
    let completion_rate = match (event.event_type.name(), event.position_ms, runtime) {
        (
            "play" | "pause" | "resume" | "stop" | "complete" | "heartbeat" | "seek",
            Some(position),
            Some(runtime),
        ) => Some((position as f64 / runtime as f64).min(1.0) as f32),
        _ => None,
    };
    let country = event
        .country
        .map(|country| String::from_utf8(country.as_bytes().to_vec()).unwrap());
    let genres = title
        .filter(|title| !title.genres.is_empty())
        .map(|title| title.genres.join("|"));
    let mut row = vec![
        Cell::from(event.event_id.to_string().as_str()),
        event.event_type.name().into(),
        event.event_time.into(),
        event.event_time.div_euclid(MICROS_PER_DAY).into(),
        (*event.user_id).into(),
        (*event.session_id).into(),
        event.profile_id.as_deref().into(),
        country.as_deref().into(),
        event.device.kind.as_deref().into(),
        event.device.os.as_deref().into(),
        event.device.app_version.as_deref().into(),
        event.title_id.as_deref().into(),
        event.position_ms.into(),
        event.from_position_ms.into(),
        event.query.as_deref().into(),
        event.results.map(i64::from).into(),
        event.row.map(i64::from).into(),
        event
            .rating
            .map(|rating| f32::from(rating.halves()) / 2.0)
            .into(),
        title.and_then(|title| title.series_id.as_deref()).into(),
        genres.as_deref().into(),
        runtime.into(),
        completion_rate.into(),
        event.extra.as_deref().into(),
        event.producer.as_ref().map(|producer| &*producer.id).into(),
        event.producer.as_ref().map(|producer| producer.seq).into(),
    ];
    row.extend(unit.identity());
    row.extend([unit.arrived_at.into(), processed_at.into()]);
    row.extend(event.added().map(|value| match value {
        None => Cell::Null,
        Some(Value::Text(text)) => text.into(),
        Some(Value::Integer(number)) => number.into(),
    }));
    row
}
