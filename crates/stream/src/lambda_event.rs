//! Encoder of the event that Lambda passes to a function with a Kinesis trigger:
//! JSON, with each record's data in Base64.

use crate::{Record, ShardId};

/// Lambda's limit on the payload of one invocation, in bytes of JSON.
pub const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

const OPENING: &str = "{\"Records\":[";
const CLOSING: &str = "]}";

// The constant text of a record, between its variable fields.
const BEFORE_KEY: &str = r#"{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"#;
const BEFORE_NUMBER: &str = r#","sequenceNumber":""#;
const BEFORE_DATA: &str = r#"","data":""#;
const BEFORE_ARRIVAL: &str = r#"","approximateArrivalTimestamp":"#;
const BEFORE_ID: &str = r#"},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":""#;
const AFTER_ID: &str = concat!(
    r#"","eventName":"aws:kinesis:record","#,
    r#""invokeIdentityArn":"arn:aws:iam::000000000000:role/marquee-transform","#,
    r#""awsRegion":"us-east-1","#,
    r#""eventSourceARN":"arn:aws:kinesis:us-east-1:000000000000:stream/marquee"}"#,
);

const NUMBER_DIGITS: usize = 56;
const SHARD_CHARS: usize = "shardId-000000000000".len();
const CONSTANT_BYTES: usize = BEFORE_KEY.len()
    + BEFORE_NUMBER.len()
    + BEFORE_DATA.len()
    + BEFORE_ARRIVAL.len()
    + BEFORE_ID.len()
    + AFTER_ID.len()
    + 2 * NUMBER_DIGITS
    + SHARD_CHARS
    + ":,".len();

/// The size in bytes of an event without records.
pub const ENVELOPE_BYTES: usize = OPENING.len() + CLOSING.len();

/// Returns the number of bytes that `record` adds to an event, its separating
/// comma included. The last record of an event has no comma, so the sum over all
/// records is one byte too high.
pub fn encoded_len(record: &Record) -> usize {
    CONSTANT_BYTES
        + json(&record.partition_key).len()
        + base64_simd::STANDARD.encoded_length(record.data.len())
        + seconds(record.arrived_at_ms).len()
}

/// Appends an event with `records`, all of `shard`, to `out`.
pub fn write_event(shard: ShardId, records: &[Record], out: &mut Vec<u8>) {
    let shard = shard.to_string();
    out.reserve(ENVELOPE_BYTES + records.iter().map(encoded_len).sum::<usize>());
    out.extend_from_slice(OPENING.as_bytes());
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_record(&shard, record, out);
    }
    out.extend_from_slice(CLOSING.as_bytes());
}

fn write_record(shard: &str, record: &Record, out: &mut Vec<u8>) {
    let number = record.sequence_number.to_string();
    out.extend_from_slice(BEFORE_KEY.as_bytes());
    out.extend_from_slice(json(&record.partition_key).as_bytes());
    out.extend_from_slice(BEFORE_NUMBER.as_bytes());
    out.extend_from_slice(number.as_bytes());
    out.extend_from_slice(BEFORE_DATA.as_bytes());
    base64_simd::STANDARD.encode_append(&record.data, out);
    out.extend_from_slice(BEFORE_ARRIVAL.as_bytes());
    out.extend_from_slice(seconds(record.arrived_at_ms).as_bytes());
    out.extend_from_slice(BEFORE_ID.as_bytes());
    out.extend_from_slice(shard.as_bytes());
    out.push(b':');
    out.extend_from_slice(number.as_bytes());
    out.extend_from_slice(AFTER_ID.as_bytes());
}

/// Formats milliseconds as decimal seconds, the form in Kinesis events.
fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03}", ms / 1000, ms % 1000)
}

/// Returns the string in quotes, with the escapes that JSON requires.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::SequenceNumber;

    const SHARD: ShardId = ShardId::new(3);

    fn record(ordinal: u64, key: &str, arrived_at_ms: i64, data: &[u8]) -> Record {
        Record {
            sequence_number: SequenceNumber::new(SHARD, ordinal),
            partition_key: key.to_owned(),
            arrived_at_ms,
            data: data.to_vec(),
        }
    }

    #[test]
    fn has_the_fields_of_the_sample_event_in_the_aws_documentation() {
        let mut out = Vec::new();
        write_event(
            SHARD,
            &[record(7, "s1", 1_480_641_523_477, b"Hello World")],
            &mut out,
        );
        let event: Value = serde_json::from_slice(&out).unwrap();
        let number = format!("49000000000003{:042}", 7);
        assert_eq!(
            event,
            json!({"Records": [{
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "s1",
                    "sequenceNumber": number,
                    "data": "SGVsbG8gV29ybGQ=",
                    "approximateArrivalTimestamp": 1480641523.477
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": format!("shardId-000000000003:{number}"),
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::000000000000:role/marquee-transform",
                "awsRegion": "us-east-1",
                "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/marquee"
            }]})
        );
    }

    #[test]
    fn times_have_milliseconds_on_either_side_of_1970() {
        for (ms, text) in [
            (0, "0.000"),
            (1_545_084_650_007, "1545084650.007"),
            (-1, "-0.001"),
            (-1500, "-1.500"),
            (i64::MIN, "-9223372036854775.808"),
        ] {
            assert_eq!(seconds(ms), text);
        }
    }

    proptest! {
        #[test]
        fn is_json_of_the_computed_length(
            parts in vec((any::<String>(), any::<i64>(), vec(any::<u8>(), 0..50)), 0..5)
        ) {
            let records: Vec<_> = (1..)
                .zip(&parts)
                .map(|(ordinal, (key, ms, data))| record(ordinal, key, *ms, data))
                .collect();
            let mut out = Vec::new();
            write_event(SHARD, &records, &mut out);
            let computed = ENVELOPE_BYTES + records.iter().map(encoded_len).sum::<usize>();
            prop_assert_eq!(out.len() + usize::from(!records.is_empty()), computed);

            let event: Value = serde_json::from_slice(&out).unwrap();
            let read = event["Records"].as_array().unwrap();
            prop_assert_eq!(read.len(), records.len());
            for (read, record) in read.iter().zip(&records) {
                let kinesis = &read["kinesis"];
                prop_assert_eq!(kinesis["partitionKey"].as_str().unwrap(), &record.partition_key);
                let data = base64_simd::STANDARD.decode_to_vec(kinesis["data"].as_str().unwrap());
                prop_assert_eq!(data.unwrap(), record.data.clone());
            }
        }
    }
}
