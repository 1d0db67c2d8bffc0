//! A reference model of the event contract: a simple list of rules over
//! `serde_json::Value`, with jiff's calendar and uuid's parser. It is slow, and shares only
//! its result types with the crate.

use marquee_event::{Country, Device, Event, EventType, Producer, Rating, Reason};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// The verdict of the contract on a unit.
#[derive(Debug, PartialEq)]
pub(crate) enum Judgement {
    /// The event, and its unknown fields.
    Event(Box<Event<'static>>, Option<Value>),
    /// The reason and the field of the rejection.
    Rejected(Reason, Option<&'static str>),
    /// No verdict: serde_json rejects a number beyond the range of a double, which the
    /// contract accepts as JSON.
    NumberOutOfRange,
}

enum Rule {
    Version,
    Uuid,
    Type,
    Time,
    Country,
    Object,
    Id,
    Text(usize),
    Integer(i64, i64),
    Stars,
}

/// The fields in the order of their checks.
const RULES: &[(&str, Rule)] = &[
    ("schema_version", Rule::Version),
    ("event_id", Rule::Uuid),
    ("event_type", Rule::Type),
    ("event_time", Rule::Time),
    ("user_id", Rule::Id),
    ("session_id", Rule::Id),
    ("profile_id", Rule::Id),
    ("country", Rule::Country),
    ("device", Rule::Object),
    ("device.type", Rule::Text(128)),
    ("device.os", Rule::Text(128)),
    ("device.app_version", Rule::Text(128)),
    ("producer", Rule::Object),
    ("producer.id", Rule::Id),
    ("producer.seq", Rule::Integer(1, 9_007_199_254_740_991)),
    ("title_id", Rule::Id),
    ("position_ms", Rule::Integer(0, 604_800_000)),
    ("from_position_ms", Rule::Integer(0, 604_800_000)),
    ("query", Rule::Text(512)),
    ("results", Rule::Integer(0, 1_000_000)),
    ("row", Rule::Integer(0, 10_000)),
    ("rating", Rule::Stars),
    ("network_type", Rule::Text(32)),
];

/// Returns the fields with rules, in the order of their checks.
pub(crate) fn fields() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(field, _)| *field)
}

/// Returns the verdict on a unit.
pub(crate) fn judge(unit: &[u8]) -> Judgement {
    let fields = match serde_json::from_slice(unit) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return Judgement::Rejected(Reason::NotAnObject, None),
        Err(error) if error.to_string().contains("number out of range") => {
            return Judgement::NumberOutOfRange;
        }
        Err(_) => return Judgement::Rejected(Reason::InvalidJson, None),
    };
    for (field, rule) in RULES {
        let value = at(&fields, field);
        let fault = if value.is_null() {
            is_always_needed(&fields, field).then_some(Reason::MissingField)
        } else {
            rule.fault(value)
        };
        if let Some(reason) = fault {
            return Judgement::Rejected(reason, Some(field));
        }
    }
    let needed: &[&'static str] = match at(&fields, "event_type").as_str().unwrap_or_default() {
        "browse" => &[],
        "search" => &["query"],
        "rate" => &["title_id", "rating"],
        "seek" => &["title_id", "position_ms", "from_position_ms"],
        "add_to_list" | "remove_from_list" => &["title_id"],
        _ => &["title_id", "position_ms"],
    };
    if let Some(field) = needed.iter().find(|field| at(&fields, field).is_null()) {
        return Judgement::Rejected(Reason::MissingField, Some(field));
    }
    let members = serde_json::from_slice(unit).unwrap_or_else(|_| Members(Vec::new()));
    if members.unknown_bytes() > 8192 {
        return Judgement::Rejected(Reason::TooLong, Some("extra"));
    }
    Judgement::Event(Box::new(event(&fields)), unknown(&fields))
}

/// Returns the value of a field; null if it is absent. A nested field has a dotted name.
fn at<'a>(fields: &'a Map<String, Value>, field: &str) -> &'a Value {
    let found = match field.split_once('.') {
        Some((object, member)) => fields.get(object).and_then(|object| object.get(member)),
        None => fields.get(field),
    };
    found.unwrap_or(&Value::Null)
}

fn is_always_needed(fields: &Map<String, Value>, field: &str) -> bool {
    match field {
        "event_id" | "event_type" | "event_time" | "user_id" | "session_id" => true,
        "producer.id" | "producer.seq" => !at(fields, "producer").is_null(),
        _ => false,
    }
}

fn is_known(field: &str) -> bool {
    RULES.iter().any(|(known, _)| *known == field)
}

impl Rule {
    fn fault(&self, value: &Value) -> Option<Reason> {
        let wrong_type_unless = |is_right: bool| (!is_right).then_some(Reason::WrongType);
        match (self, value) {
            (Self::Object, _) => wrong_type_unless(value.is_object()),
            (Self::Version, Value::Number(_)) => {
                let number = value.as_f64()?;
                if number.fract() != 0.0 {
                    Some(Reason::WrongType)
                } else {
                    (number != 1.0).then_some(Reason::UnsupportedSchemaVersion)
                }
            }
            (Self::Integer(least, most), Value::Number(_)) => {
                let number = value.as_f64()?;
                let exact = value.as_i64().map_or(number, |integer| integer as f64);
                if number.fract() != 0.0 {
                    Some(Reason::WrongType)
                } else {
                    (exact < *least as f64 || exact > *most as f64).then_some(Reason::OutOfRange)
                }
            }
            (Self::Stars, Value::Number(_)) => {
                let stars = (1..=10).map(|halves| f64::from(halves) / 2.0);
                let given = value.as_f64()?;
                (!stars.into_iter().any(|stars| stars == given)).then_some(Reason::OutOfRange)
            }
            (Self::Version | Self::Integer(..) | Self::Stars, _) => Some(Reason::WrongType),
            (_, Value::String(text)) => match self {
                Self::Uuid => {
                    wrong_type_unless(text.len() == 36 && text.parse::<uuid::Uuid>().is_ok())
                }
                Self::Time => wrong_type_unless(instant(text).is_some()),
                Self::Country => wrong_type_unless(
                    text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_uppercase()),
                ),
                Self::Type => EventType::ALL
                    .iter()
                    .all(|event_type| event_type.name() != text)
                    .then_some(Reason::UnknownEventType),
                Self::Id if text.is_empty() => Some(Reason::WrongType),
                Self::Text(most) if text.len() > *most => Some(Reason::TooLong),
                Self::Id if text.len() > 128 => Some(Reason::TooLong),
                _ => text.contains('\0').then_some(Reason::IllegalCharacter),
            },
            _ => Some(Reason::WrongType),
        }
    }
}

/// Parses an RFC 3339 instant to UTC microseconds: the form by hand, the calendar by jiff.
fn instant(text: &str) -> Option<i64> {
    if !text.is_ascii() || text.len() < 20 {
        return None;
    }
    let (date_time, rest) = text.split_at(19);
    let shape: String = date_time
        .chars()
        .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
        .collect();
    if ![
        "0000-00-00T00:00:00",
        "0000-00-00t00:00:00",
        "0000-00-00 00:00:00",
    ]
    .contains(&shape.as_str())
    {
        return None;
    }
    let part = |from: usize, to: usize| date_time[from..to].parse::<i16>().ok();
    let day = jiff::civil::Date::new(part(0, 4)?, part(5, 7)? as i8, part(8, 10)? as i8).ok()?;
    // A leap second counts as the second before it.
    let second = match part(17, 19)? {
        60 => 59,
        second => second,
    };
    let time =
        jiff::civil::Time::new(part(11, 13)? as i8, part(14, 16)? as i8, second as i8, 0).ok()?;

    let digits = rest
        .strip_prefix('.')
        .map(|rest| rest.chars().take_while(char::is_ascii_digit).count());
    let (fraction, zone) = match digits {
        Some(digits @ 1..=9) => rest[1..].split_at(digits),
        Some(_) => return None,
        None => ("", rest),
    };
    let micros = format!("{fraction:0<6}")[..6].parse::<i64>().ok()?;
    let minutes = match zone.as_bytes() {
        b"Z" | b"z" => 0,
        [b'+' | b'-', h0, h1, b':', m0, m1] => {
            let digits = [h0, h1, m0, m1];
            let (hours, minutes) = (
                zone[1..3].parse::<i64>().ok()?,
                zone[4..].parse::<i64>().ok()?,
            );
            if !digits.iter().all(|digit| digit.is_ascii_digit()) || hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 60 + minutes) * if zone.starts_with('-') { -1 } else { 1 }
        }
        _ => return None,
    };
    let since_epoch = day
        .to_datetime(time)
        .duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0));
    Some((since_epoch.as_secs() - minutes * 60) * 1_000_000 + micros)
}

/// Returns the event of valid fields, without its unknown fields.
fn event(fields: &Map<String, Value>) -> Event<'static> {
    let text = |field| {
        at(fields, field)
            .as_str()
            .map(|text| text.to_owned().into())
    };
    let integer = |field| at(fields, field).as_f64().map(|number| number as i64);
    let valid = "a valid field";
    Event {
        event_id: at(fields, "event_id")
            .as_str()
            .and_then(|id| id.parse().ok())
            .expect(valid),
        event_type: at(fields, "event_type")
            .as_str()
            .and_then(EventType::from_name)
            .expect(valid),
        event_time: at(fields, "event_time")
            .as_str()
            .and_then(instant)
            .expect(valid),
        user_id: text("user_id").expect(valid),
        session_id: text("session_id").expect(valid),
        profile_id: text("profile_id"),
        country: at(fields, "country").as_str().and_then(Country::from_code),
        device: Device {
            kind: text("device.type"),
            os: text("device.os"),
            app_version: text("device.app_version"),
        },
        producer: text("producer.id").map(|id| Producer {
            id,
            seq: integer("producer.seq").expect(valid),
        }),
        title_id: text("title_id"),
        position_ms: integer("position_ms"),
        from_position_ms: integer("from_position_ms"),
        query: text("query"),
        results: integer("results").map(|results| results as i32),
        row: integer("row").map(|row| row as i32),
        rating: at(fields, "rating")
            .as_f64()
            .and_then(|stars| Rating::from_halves((stars * 2.0) as u8)),
        network_type: text("network_type"),
        extra: None,
    }
}

/// Returns the unknown fields as one object.
fn unknown(fields: &Map<String, Value>) -> Option<Value> {
    let mut unknown = fields.clone();
    unknown.retain(|field, _| !is_known(field));
    for object in ["device", "producer"] {
        if let Some(Value::Object(members)) = fields.get(object) {
            let mut members = members.clone();
            members.retain(|member, _| !is_known(&format!("{object}.{member}")));
            if !members.is_empty() {
                unknown.insert(object.to_owned(), Value::Object(members));
            }
        }
    }
    (!unknown.is_empty()).then_some(Value::Object(unknown))
}

/// The members of an object in order, including repeated keys.
struct Members(Vec<(String, Value)>);

impl Members {
    /// Returns the minimum size of the unknown members in any spelling.
    fn unknown_bytes(&self) -> usize {
        let mut objects = Map::new();
        let mut bytes = 0;
        for (key, value) in &self.0 {
            if !is_known(key) {
                bytes += key.len() + value.to_string().len();
            } else if value.is_object() || value.is_null() {
                objects.insert(key.clone(), value.clone());
            }
        }
        bytes + unknown(&objects).map_or(0, |nested| nested.to_string().len())
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
