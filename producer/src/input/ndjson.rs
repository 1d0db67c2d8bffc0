//! NDJSON files of events, sent in the order of their lines.
//!
//! Line order is arrival order: an event arrives at its event time or, if that is
//! earlier than an arrival before it, together with that one. A late event therefore
//! stays late.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::ops::Range;

use marquee_event::{format_utc, parse_rfc3339};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::rebase::{Rebase, TimeRange};
use super::row::arrival_ms;
use super::spool::SpooledFile;
use super::{Input, InputFormat, SourceError};
use crate::OutgoingEvent;

/// The maximum length of a line; above the size of any record.
const MAX_LINE_BYTES: u64 = 8 << 20;

pub(super) fn open(
    mut spooled: SpooledFile,
    range: Option<TimeRange>,
    keep_bad: bool,
) -> Result<Input, SourceError> {
    let (mut count, mut times) = (0, None::<(i64, i64)>);
    let mut lines = Lines::new(&spooled)?;
    while let Some(line) = lines.next()? {
        count += 1;
        match EventFields::parse(line.bytes) {
            Ok(fields) => {
                if let Some((_, time)) = fields.event_time {
                    let (first, last) = times.unwrap_or((time, time));
                    times = Some((first.min(time), last.max(time)));
                }
            }
            Err(_) if keep_bad => {}
            Err(problem) => {
                return Err(SourceError::line(&spooled.name, line.number, problem));
            }
        }
    }
    spooled.rewind()?;
    let (first, last) = times.unwrap_or_default();
    let rebase = Rebase::new(range, first, last);
    let events = NdjsonEvents {
        lines: Lines::new(&spooled)?,
        rebase,
        keep_bad,
        now_ms: times.map(|_| arrival_ms(rebase.map(first))),
        over: false,
    };
    Ok(Input {
        format: InputFormat::Ndjson,
        count,
        timed: times.is_some(),
        title_catalog: None,
        events: Box::new(events),
    })
}

/// The events of a validated file, read a second time.
struct NdjsonEvents {
    lines: Lines,
    rebase: Rebase,
    keep_bad: bool,
    /// The latest arrival so far.
    now_ms: Option<i64>,
    over: bool,
}

impl Iterator for NdjsonEvents {
    type Item = Result<OutgoingEvent, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.read().transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}

impl NdjsonEvents {
    fn read(&mut self) -> Result<Option<OutgoingEvent>, SourceError> {
        let Some(line) = self.lines.next()? else {
            return Ok(None);
        };
        let Ok(fields) = EventFields::parse(line.bytes) else {
            if !self.keep_bad {
                let number = line.number;
                return Err(SourceError::Changed {
                    name: self.lines.name.clone(),
                    line: number,
                });
            }
            let body = line.bytes.to_vec();
            return Ok(Some(OutgoingEvent {
                user_id: String::new(),
                arrives_at_ms: self.now_ms,
                body,
                numbered: false,
            }));
        };
        let mut body = line.bytes.to_vec();
        if let Some((value, time)) = fields.event_time {
            let time_us = self.rebase.map(time);
            self.now_ms = self.now_ms.max(Some(arrival_ms(time_us)));
            if matches!(self.rebase, Rebase::Onto { .. }) {
                let mut text = vec![b'"'];
                format_utc(time_us, &mut text);
                text.push(b'"');
                body.splice(value, text);
            }
        }
        Ok(Some(OutgoingEvent {
            user_id: fields.user_id.into_owned(),
            arrives_at_ms: self.now_ms,
            body,
            numbered: !fields.has_producer,
        }))
    }
}

/// A reader of the lines that are not blank, without line terminators.
pub(super) struct Lines {
    pub(super) name: String,
    reader: BufReader<File>,
    line: Vec<u8>,
    number: u64,
}

pub(super) struct Line<'a> {
    pub(super) bytes: &'a [u8],
    /// The line's number in the file, from 1.
    pub(super) number: u64,
}

impl Lines {
    pub(super) fn new(spooled: &SpooledFile) -> Result<Self, SourceError> {
        let file = spooled
            .file
            .try_clone()
            .map_err(SourceError::io("read", &spooled.name))?;
        Ok(Self {
            name: spooled.name.clone(),
            reader: BufReader::with_capacity(1 << 18, file),
            line: Vec::new(),
            number: 0,
        })
    }

    /// Returns the next line; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, SourceError> {
        loop {
            self.line.clear();
            let mut limited = (&mut self.reader).take(MAX_LINE_BYTES);
            let read = limited
                .read_until(b'\n', &mut self.line)
                .map_err(SourceError::io("read", &self.name))?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if read as u64 == MAX_LINE_BYTES && !self.line.ends_with(b"\n") {
                let problem = format!("longer than {MAX_LINE_BYTES} bytes, the line limit");
                return Err(SourceError::line(&self.name, self.number, problem));
            }
            if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
                self.line.drain(..3);
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        let bytes = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        Ok(Some(Line {
            bytes,
            number: self.number,
        }))
    }
}

/// The fields of an event that the producer needs.
#[derive(Debug, Default, PartialEq, Eq)]
struct EventFields<'a> {
    user_id: Cow<'a, str>,
    /// The byte range of the value in the line, quotes included, and the instant in UTC
    /// microseconds. `None` for an invalid time, which the pipeline quarantines.
    event_time: Option<(Range<usize>, i64)>,
    has_producer: bool,
}

/// The raw values of the fields.
#[derive(Default)]
struct RawEventFields<'a> {
    user_id: Option<&'a RawValue>,
    event_time: Option<&'a RawValue>,
    has_producer: bool,
}

impl<'a> EventFields<'a> {
    /// Parses a line.
    ///
    /// # Errors
    /// A message if the line is not a JSON object.
    fn parse(line: &'a [u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(line)
            .map_err(|_| "not UTF-8; to send it anyway, set --keep-bad".to_owned())?;
        let raw: RawEventFields<'a> = serde_json::from_str(text).map_err(|error| {
            if error.is_data() {
                "not a JSON object; to send it anyway, set --keep-bad".to_owned()
            } else {
                let column = error.column();
                format!("invalid JSON at column {column}; to send it anyway, set --keep-bad")
            }
        })?;
        let user_id = raw
            .user_id
            .and_then(|value| serde_json::from_str(value.get()).ok())
            .unwrap_or_default();
        let event_time = raw.event_time.and_then(|value| {
            let time: String = serde_json::from_str(value.get()).ok()?;
            let start = (value.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
            Some((start..start + value.get().len(), parse_rfc3339(&time)?))
        });
        Ok(Self {
            user_id: Cow::Owned(user_id),
            event_time,
            has_producer: raw.has_producer,
        })
    }
}

impl<'de> Deserialize<'de> for RawEventFields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = RawEventFields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = RawEventFields::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "user_id" => fields.user_id = Some(map.next_value()?),
                        "event_time" => fields.event_time = Some(map.next_value()?),
                        other => {
                            fields.has_producer |= other == "producer";
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_any_order() {
        let line = br#" {"x":{"user_id":"no"},"event_time": "2026-01-01T00:00:00Z" ,"user_id":"\u0061nn","producer":null}"#;
        let fields = EventFields::parse(line).unwrap();
        let (range, time) = fields.event_time.unwrap();
        assert_eq!(line.get(range).unwrap(), br#""2026-01-01T00:00:00Z""#);
        assert_eq!(time, 1_767_225_600_000_000);
        assert_eq!(
            (fields.user_id.as_ref(), fields.has_producer),
            ("ann", true)
        );
    }

    #[test]
    fn missing_and_invalid_fields_are_not_errors() {
        for line in [
            "{}",
            r#"{"user_id":1,"event_time":2}"#,
            r#"{"event_time":"yesterday"}"#,
        ] {
            assert_eq!(
                EventFields::parse(line.as_bytes()).unwrap(),
                EventFields::default(),
                "{line}"
            );
        }
    }

    #[test]
    fn a_line_that_is_not_an_object_is_an_error() {
        assert!(
            EventFields::parse(b"[1]")
                .unwrap_err()
                .starts_with("not a JSON object")
        );
        assert!(
            EventFields::parse(b"{\"a\":}")
                .unwrap_err()
                .starts_with("invalid JSON at column 6")
        );
        assert!(
            EventFields::parse(b"{} {}")
                .unwrap_err()
                .starts_with("invalid JSON")
        );
        assert!(
            EventFields::parse(b"{\"a\":\"\xff\"}")
                .unwrap_err()
                .starts_with("not UTF-8")
        );
    }
}
