//! The event JSON in which Lambda delivers records.
//!
//! `KinesisEvent` of `aws_lambda_events` is not a contestant: it has the same derived
//! parser, and also copies every string and decodes base64.

use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use marquee_bench::input::Input;
use marquee_codec::envelope::{self, Record};
use serde::Deserialize;

use crate::Comparison;

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<PayloadRecord<'a>>,
}

#[derive(Deserialize)]
struct PayloadRecord<'a> {
    #[serde(borrow)]
    kinesis: Kinesis<'a>,
    #[serde(rename = "eventID")]
    event_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kinesis<'a> {
    sequence_number: &'a str,
    partition_key: &'a str,
    approximate_arrival_timestamp: f64,
    data: &'a str,
}

impl<'a> Payload<'a> {
    fn into_records(self) -> Result<Vec<Record<'a>>> {
        let records = self.records.into_iter().map(PayloadRecord::into_record);
        records.collect()
    }
}

impl<'a> PayloadRecord<'a> {
    fn into_record(self) -> Result<Record<'a>> {
        let Kinesis {
            sequence_number,
            partition_key,
            approximate_arrival_timestamp,
            data,
        } = self.kinesis;
        let (shard_id, _) = self.event_id.split_once(':').context("no shard")?;
        let digits = sequence_number.bytes().all(|byte| byte.is_ascii_digit());
        ensure!(digits && matches!(sequence_number.len(), 1..=128));
        Ok(Record {
            shard_id: shard_id.into(),
            sequence_number: sequence_number.into(),
            partition_key: partition_key.into(),
            arrived_at: (approximate_arrival_timestamp * 1000.0).round() as i64 * 1000,
            data: data.into(),
        })
    }
}

fn by_serde_json(payload: &[u8]) -> Result<Vec<Record<'_>>> {
    serde_json::from_slice::<Payload<'_>>(payload)?.into_records()
}

fn by_sonic(payload: &[u8]) -> Result<Vec<Record<'_>>> {
    sonic_rs::from_slice::<Payload<'_>>(payload)?.into_records()
}

pub(crate) fn compare(input: &Input) -> Result<Comparison<'_>> {
    let payloads = &input.payloads;
    for payload in payloads {
        let ours = envelope::records(payload)?;
        ensure!(ours == by_serde_json(payload)?, "serde_json differs");
        ensure!(ours == by_sonic(payload)?, "sonic-rs differs");
    }
    let comparison = Comparison::new("Kinesis envelope", input.events as usize, move || {
        for payload in payloads {
            black_box(envelope::records(payload)?);
        }
        Ok(())
    })
    .library("serde_json, derived", move || {
        for payload in payloads {
            black_box(by_serde_json(payload)?);
        }
        Ok(())
    })
    .library("sonic-rs, derived", move || {
        for payload in payloads {
            black_box(by_sonic(payload)?);
        }
        Ok(())
    });
    // An aggregate has about a hundred events, and one envelope.
    Ok(Comparison {
        aggregated: false,
        ..comparison
    })
}
