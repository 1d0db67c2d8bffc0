//! The event JSON by which Lambda delivers a batch of Kinesis records.

use std::borrow::Cow;

use marquee_json::{Scanner, SyntaxError, Token, ValueKind, decode_utf8};
use thiserror::Error;

/// A Kinesis record as delivered, with its data in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// The shard.
    pub shard_id: Cow<'a, str>,
    /// The sequence number in the shard: decimal digits.
    pub sequence_number: Cow<'a, str>,
    /// The partition key.
    pub partition_key: Cow<'a, str>,
    /// The arrival at the stream, in UTC microseconds (whole milliseconds).
    pub arrived_at: i64,
    /// The data in base64.
    pub data: Cow<'a, str>,
}

impl Record<'_> {
    /// Replaces `out` by the record's data. Returns `false` if the data is not base64; `out` is
    /// then unspecified.
    #[inline]
    pub fn decode_data(&self, out: &mut Vec<u8>) -> bool {
        out.clear();
        base64_simd::STANDARD
            .decode_append(self.data.as_bytes(), out)
            .is_ok()
    }
}

/// The reason why a payload is not a batch of Kinesis records. Without identities nothing
/// can go to quarantine, so the whole payload fails.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnvelopeError {
    /// The payload is not JSON.
    #[error("the payload is not JSON: {0}")]
    Json(#[from] SyntaxError),
    /// The payload is not UTF-8.
    #[error("the payload is not UTF-8 from byte {0}")]
    Utf8(usize),
    /// The payload has no records.
    #[error("the payload is not a Kinesis event: no `Records`")]
    NoRecords,
    /// A field of a record is missing or invalid.
    #[error("record {record} of the payload: `{field}` must be {expected}")]
    Record {
        /// The number of the record, from 1.
        record: usize,
        /// The field at fault.
        field: &'static str,
        /// The expectation.
        expected: &'static str,
    },
}

/// Parses the records of a payload, in their order.
///
/// # Errors
/// [`EnvelopeError`] if the payload is not the event JSON of a Kinesis batch.
pub fn records(payload: &[u8]) -> Result<Vec<Record<'_>>, EnvelopeError> {
    let text = decode_utf8(payload).map_err(EnvelopeError::Utf8)?;
    let mut scanner = Scanner::new(text);
    scanner.skip_space();
    if scanner.peek() != b'{' {
        scanner.value()?;
        return Err(EnvelopeError::NoRecords);
    }
    let mut found = None;
    let mut wrong = None;
    scanner.members(|scanner, key, _| {
        if key.text != "Records" || scanner.peek() != b'[' {
            return scanner.value().map(drop);
        }
        let mut records: Vec<Record<'_>> = Vec::new();
        let mut template = None;
        scanner.elements(|scanner| {
            let start = scanner.position();
            let like_before = match (&template, records.last()) {
                (Some(template), Some(before)) => RecordTemplate::scan(template, scanner, before),
                _ => None,
            };
            if let Some(record) = like_before {
                records.push(record);
                return Ok(());
            }
            let fields = Fields::scan(scanner)?;
            template = RecordTemplate::of(scanner, start, &fields);
            match fields.read() {
                Ok(record) => {
                    if records.is_empty() {
                        let rest = payload.len() - scanner.position();
                        let length = (scanner.position() - start).max(LEAST_RECORD);
                        // The first record may be longer than most.
                        records.reserve(1 + rest / length * 9 / 8);
                    }
                    records.push(record);
                }
                Err((field, expected)) => {
                    let record = records.len() + 1;
                    wrong.get_or_insert(EnvelopeError::Record {
                        record,
                        field,
                        expected,
                    });
                }
            }
            Ok(())
        })?;
        found = Some(records);
        Ok(())
    })?;
    scanner.end()?;
    match wrong {
        Some(error) => Err(error),
        None => found.ok_or(EnvelopeError::NoRecords),
    }
}

/// The minimum size of a record: the names and punctuation of its fields.
const LEAST_RECORD: usize = 100;

/// The fields of a record, not yet read.
#[derive(Clone, Copy)]
struct Fields<'a>([Place<'a>; 5]);

/// The indices of the fields in [`Fields`], in the order in which Lambda writes them.
const PARTITION_KEY: usize = 0;
const SEQUENCE_NUMBER: usize = 1;
const DATA: usize = 2;
const ARRIVED_AT: usize = 3;
const EVENT_ID: usize = 4;

/// A value and the position of its end.
#[derive(Clone, Copy)]
struct Place<'a> {
    token: Token<'a>,
    end: usize,
}

impl<'a> Place<'a> {
    const ABSENT: Self = Self {
        token: Token::ABSENT,
        end: 0,
    };

    #[inline(always)]
    fn pass(scanner: &mut Scanner<'a>, index: usize) -> Result<Self, SyntaxError> {
        let token = match index {
            DATA => scanner.long_string()?,
            _ => scanner.likely_value()?,
        };
        Ok(Self {
            token,
            end: scanner.position(),
        })
    }

    /// Returns the position of its start, quotes included.
    fn start(&self) -> usize {
        let quotes = if self.token.kind == ValueKind::Number {
            0
        } else {
            2
        };
        self.end - self.token.text.len() - quotes
    }
}

/// The text between the fields of a record. The records of a payload differ only in their
/// fields. Therefore the text of the first record is parsed, and that of the others is
/// compared.
struct RecordTemplate<'a> {
    /// The text before each field, in the order of [`Fields`].
    before: [&'a str; 5],
    end: &'a str,
}

impl<'a> RecordTemplate<'a> {
    /// Returns the template of the record from `start` to the cursor; `None` if a field is
    /// invalid or out of order.
    fn of(scanner: &Scanner<'a>, start: usize, fields: &Fields<'a>) -> Option<Self> {
        let mut before = [""; 5];
        let mut from = start;
        for (index, (place, before)) in fields.0.iter().zip(&mut before).enumerate() {
            if place.token.kind != expected(index) || place.start() < from {
                return None;
            }
            *before = scanner.slice(from, place.start());
            from = place.end;
        }
        let end = scanner.slice(from, scanner.position());
        Some(Self { before, end })
    }

    /// Passes a record with this template and the shard of the record `before`. If the fast
    /// path does not apply, the cursor stays.
    #[inline]
    fn scan(&self, scanner: &mut Scanner<'a>, before: &Record<'a>) -> Option<Record<'a>> {
        let start = scanner.position();
        let record = self.scan_fields(scanner, before);
        if record.is_none() {
            scanner.return_to(start);
        }
        record
    }

    #[inline(always)]
    fn scan_fields(&self, scanner: &mut Scanner<'a>, before: &Record<'a>) -> Option<Record<'a>> {
        let [a, b, c, d, e] = self.before;
        let partition_key = pass(scanner, a)?.plain_string()?;
        let sequence_number = pass(scanner, b)?.plain_string()?;
        let data = pass(scanner, c)?.long_string().ok()?;
        let arrived_at_ms = pass(scanner, d)?.thousandths()?;
        let event_id = pass(scanner, e)?.plain_string()?;
        pass(scanner, self.end)?;
        let is_common = is_sequence_number(sequence_number)
            && data.kind == ValueKind::Plain
            && arrived_at_ms <= LATEST_MS
            && is_of_shard(event_id, &before.shard_id);
        is_common.then(|| Record {
            shard_id: before.shard_id.clone(),
            sequence_number: Cow::Borrowed(sequence_number),
            partition_key: Cow::Borrowed(partition_key),
            arrived_at: arrived_at_ms * 1000,
            data: Cow::Borrowed(data.text),
        })
    }
}

/// Passes the text `between` two fields; `None` if the record has other text there.
#[inline(always)]
fn pass<'s, 'a>(scanner: &'s mut Scanner<'a>, between: &str) -> Option<&'s mut Scanner<'a>> {
    scanner.pass_proved(between).then_some(scanner)
}

/// Returns the kind that the value of a field must have for the template to be reused.
fn expected(index: usize) -> ValueKind {
    if index == ARRIVED_AT {
        ValueKind::Number
    } else {
        ValueKind::Plain
    }
}

impl<'a> Fields<'a> {
    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let mut fields = [Place::ABSENT; 5];
        if scanner.peek() != b'{' {
            scanner.value()?;
            return Ok(Self(fields));
        }
        let mut pass = |scanner: &mut Scanner<'a>, index: Option<usize>| {
            match index.and_then(|index| Some((index, fields.get_mut(index)?))) {
                Some((index, place)) => *place = Place::pass(scanner, index)?,
                None => drop(scanner.value()?),
            }
            Ok(())
        };
        scanner.members(|scanner, key, _| match key.text {
            "kinesis" if scanner.peek() == b'{' => scanner.members(|scanner, key, _| {
                let index = match key.text {
                    "data" => Some(DATA),
                    "sequenceNumber" => Some(SEQUENCE_NUMBER),
                    "partitionKey" => Some(PARTITION_KEY),
                    "approximateArrivalTimestamp" => Some(ARRIVED_AT),
                    _ => None,
                };
                pass(scanner, index)
            }),
            "eventID" => pass(scanner, Some(EVENT_ID)),
            _ => pass(scanner, None),
        })?;
        Ok(Self(fields))
    }

    /// Returns the record, or the field at fault and the expectation.
    fn read(self) -> Result<Record<'a>, (&'static str, &'static str)> {
        const DIGITS: &str = "a string of 1 to 128 digits";
        const EVENT_ID: &str = "the shard and the sequence number, `shardId-…:…`";
        let [partition_key, sequence_number, data, arrived_at, event_id] =
            self.0.map(|place| place.token);
        let sequence_number = text(sequence_number).ok_or(("kinesis.sequenceNumber", DIGITS))?;
        if !is_sequence_number(&sequence_number) {
            return Err(("kinesis.sequenceNumber", DIGITS));
        }
        let event_id = text(event_id).ok_or(("eventID", EVENT_ID))?;
        Ok(Record {
            shard_id: shard_of(event_id).ok_or(("eventID", EVENT_ID))?,
            sequence_number,
            partition_key: text(partition_key).ok_or(("kinesis.partitionKey", "a string"))?,
            arrived_at: arrival(arrived_at).ok_or((
                "kinesis.approximateArrivalTimestamp",
                "seconds since 1970, in the years to 9999",
            ))?,
            data: text(data).ok_or(("kinesis.data", "a string of base64"))?,
        })
    }
}

#[inline]
fn text(token: Token<'_>) -> Option<Cow<'_, str>> {
    matches!(token.kind, ValueKind::Plain | ValueKind::Escaped).then(|| token.unescaped())
}

/// Returns the shard before the colon. It becomes part of object keys, so only the
/// characters of shard ids are allowed.
fn shard_of(event_id: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let colon = event_id.find(':')?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let shard = event_id.get(..colon)?;
    if !matches!(shard.len(), 1..=128) || !shard.bytes().all(legal) {
        return None;
    }
    Some(match event_id {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..colon)?),
        Cow::Owned(mut text) => {
            text.truncate(colon);
            Cow::Owned(text)
        }
    })
}

/// Returns whether the shard before the colon is `shard_id`.
#[inline]
fn is_of_shard(event_id: &str, shard_id: &str) -> bool {
    event_id.as_bytes().get(shard_id.len()) == Some(&b':') && event_id.starts_with(shard_id)
}

/// Returns whether the text is 1 to 128 digits. There is no early exit, so that the
/// compiler can use vector instructions.
#[inline(always)]
fn is_sequence_number(text: &str) -> bool {
    let digits = text
        .bytes()
        .fold(true, |all, byte| all & byte.is_ascii_digit());
    digits && matches!(text.len(), 1..=128)
}

/// The end of the year 9999.
const LATEST_MS: i64 = 253_402_300_799_999;

/// Converts seconds with a fraction to microseconds. Rounds to the millisecond that the
/// server stamped, because a double may be slightly off.
fn arrival(token: Token<'_>) -> Option<i64> {
    if token.kind != ValueKind::Number {
        return None;
    }
    let ms = (token.text.parse::<f64>().ok()? * 1000.0).round();
    (0.0..=LATEST_MS as f64)
        .contains(&ms)
        .then(|| ms as i64 * 1000)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn payload(kinesis: &str, event_id: &str) -> String {
        format!(
            r#"{{"Records":[{{"kinesis":{{{kinesis}}},"eventID":"{event_id}","eventName":"aws:kinesis:record"}}]}}"#
        )
    }

    const KINESIS: &str = r#""partitionKey":"k\u0041","sequenceNumber":"4959","data":"SGk=","approximateArrivalTimestamp":1480641523.477"#;

    #[test]
    fn a_record_is_parsed() {
        let text = payload(KINESIS, "shardId-000000000003:4959");
        let read = records(text.as_bytes()).unwrap();
        assert_eq!(
            read,
            [Record {
                shard_id: "shardId-000000000003".into(),
                sequence_number: "4959".into(),
                partition_key: "kA".into(),
                arrived_at: 1_480_641_523_477_000,
                data: "SGk=".into(),
            }]
        );
    }

    #[test]
    fn arrivals_are_rounded_to_the_millisecond() {
        let of = |text| {
            arrival(Token {
                kind: ValueKind::Number,
                text,
            })
        };
        assert_eq!(of("1545084650.987"), Some(1_545_084_650_987_000));
        assert_eq!(of("1.545084650987E9"), Some(1_545_084_650_987_000));
        assert_eq!(of("1545084650.9869999"), Some(1_545_084_650_987_000));
        assert_eq!(of("1545084650"), Some(1_545_084_650_000_000));
        assert_eq!(of("1545084650.5"), Some(1_545_084_650_500_000));
        assert_eq!(of("-1"), None);
        assert_eq!(of("1e300"), None);
    }

    #[test]
    fn an_invalid_payload_is_reported_with_its_fault() {
        let cases = [
            ("", "the payload is not JSON: expected a value at byte 0"),
            ("[]", "the payload is not a Kinesis event: no `Records`"),
            ("{}", "the payload is not a Kinesis event: no `Records`"),
            (
                r#"{"Records":{}}"#,
                "the payload is not a Kinesis event: no `Records`",
            ),
            (
                r#"{"Records":[1]}"#,
                "record 1 of the payload: `kinesis.sequenceNumber` must be a string of 1 to 128 digits",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(records(text.as_bytes()).unwrap_err().to_string(), message);
        }
        for shard in ["../../etc:1", ":1", "shardId", "a b:1"] {
            let text = payload(KINESIS, shard);
            let error = records(text.as_bytes()).unwrap_err().to_string();
            assert_eq!(
                error,
                "record 1 of the payload: `eventID` must be the shard and the sequence number, `shardId-…:…`"
            );
        }
        assert_eq!(records(b"\xff").unwrap_err(), EnvelopeError::Utf8(0));
        assert_eq!(records(br#"{"Records":[]}"#).unwrap(), []);
    }
}
