//! Kinesis event JSON, as Lambda delivers it.

use base64_simd::STANDARD;
use serde_json::{Value, json};

pub(crate) const SHARD: &str = "shardId-000000000003";
/// 2026-03-01T12:00:00Z, in milliseconds.
pub(crate) const ARRIVAL_MS: i64 = 1_772_366_400_000;

/// A Kinesis record for a payload.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) shard: &'static str,
    pub(crate) sequence: u64,
    pub(crate) key: String,
    pub(crate) arrived_ms: i64,
    /// The data in base64, or text that is not base64.
    pub(crate) data: String,
}

impl Sent {
    pub(crate) fn new(sequence: u64, data: &[u8]) -> Self {
        Self {
            shard: SHARD,
            sequence,
            key: format!("b-{}", sequence % 5),
            arrived_ms: ARRIVAL_MS + 250 * sequence as i64,
            data: STANDARD.encode_to_string(data),
        }
    }

    pub(crate) fn sequence_number(&self) -> String {
        format!("4959{:052}", self.sequence)
    }

    fn json(&self) -> Value {
        let number = self.sequence_number();
        json!({
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": self.key,
                "sequenceNumber": number,
                "data": self.data,
                "approximateArrivalTimestamp": self.arrived_ms as f64 / 1000.0,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": format!("{}:{number}", self.shard),
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::123456789012:role/transform",
            "awsRegion": "eu-central-1",
            "eventSourceARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/events",
        })
    }
}

pub(crate) fn payload(records: &[Sent]) -> Vec<u8> {
    let records: Vec<Value> = records.iter().map(Sent::json).collect();
    json!({ "Records": records }).to_string().into_bytes()
}

/// Returns the payload of one record for each data, in one shard.
pub(crate) fn payload_of<D: AsRef<[u8]>>(data: impl IntoIterator<Item = D>) -> Vec<u8> {
    let record = |(data, sequence): (D, u64)| Sent::new(sequence, data.as_ref());
    let records: Vec<Sent> = data.into_iter().zip(1..).map(record).collect();
    payload(&records)
}

/// Returns a playback event one hour before the first arrival.
pub(crate) fn play(number: u64, title: &str, position_ms: i64) -> String {
    json!({
        "event_id": format!("01936f2e-5c00-7000-8000-{number:012x}"),
        "event_type": "play",
        "event_time": "2026-03-01T11:00:00Z",
        "user_id": format!("u{}", number % 7),
        "session_id": "s",
        "title_id": title,
        "position_ms": position_ms,
    })
    .to_string()
}
