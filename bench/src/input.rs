//! Batches of the simulator's events, as Lambda delivers them.

use anyhow::Result;
use marquee_codec::Compression;
use marquee_event::Title;
use marquee_producer::simulate::Simulation;
use marquee_producer::{AggregateSettings, Aggregator, Numbering, PutRecord};

/// The most bytes Lambda takes in one invocation.
const PAYLOAD_BYTES: usize = 6 << 20;
/// The most records of a batch.
const BATCH_RECORDS: usize = 10_000;

/// How the producer packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// One event a record, as it is.
    Plain,
    /// KPL aggregates in zstd: the producer's default.
    KplZstd,
}

/// Payloads of one shard, and the catalogue that belongs to their events.
pub struct Input {
    /// Kinesis event JSON, a batch each.
    pub payloads: Vec<Vec<u8>>,
    /// The catalogue.
    pub titles: Vec<Title>,
    /// Events in all payloads.
    pub events: u64,
}

/// A believable hour or so of a busy service: `events` events of its evening.
pub fn simulation(events: u64, bad_share: f64) -> Simulation {
    Simulation {
        users: 20_000,
        events,
        days: 1,
        bad_share,
        ..Simulation::default()
    }
}

/// Packs the simulation's events into full payloads; the last, which is not
/// full, is left out where there are others.
///
/// # Errors
/// When an event does not fit a record.
pub fn input(simulation: &Simulation, packing: Packing) -> Result<Input> {
    let mut aggregator = Aggregator::new(AggregateSettings {
        aggregate: packing == Packing::KplZstd,
        compression: match packing {
            Packing::Plain => Compression::None,
            Packing::KplZstd => Compression::Zstd,
        },
        linger_ms: i64::MAX / 4,
        stamp_arrival: true,
        ..AggregateSettings::default()
    });
    let mut numbering = Numbering::new("sim-bench")?;
    let mut payloads = Payloads::default();
    let mut ready = Vec::new();
    for mut outgoing in simulation.run() {
        let now_ms = outgoing.arrives_at_ms.unwrap_or_default();
        let user_id = std::mem::take(&mut outgoing.user_id);
        aggregator.give(&user_id, &numbering.number(outgoing), now_ms, &mut ready)?;
        ready.drain(..).for_each(|record| payloads.add(&record));
    }
    aggregator.finish(&mut ready);
    ready.drain(..).for_each(|record| payloads.add(&record));
    let (payloads, events) = payloads.finish();
    Ok(Input {
        payloads,
        titles: simulation.catalogue(),
        events,
    })
}

#[derive(Default)]
struct Payloads {
    full: Vec<Vec<u8>>,
    full_events: u64,
    open: Vec<u8>,
    open_records: usize,
    open_events: u64,
    sequence: u64,
}

impl Payloads {
    fn add(&mut self, record: &PutRecord) {
        self.sequence += 1;
        let number = format!("4966{:052}", self.sequence);
        let arrival = record.arrives_at_ms.unwrap_or_default();
        let text = format!(
            concat!(
                r#"{{"kinesis":{{"kinesisSchemaVersion":"1.0","partitionKey":{key},"sequenceNumber":"{number}","data":"{data}","#,
                r#""approximateArrivalTimestamp":{seconds}.{millis:03}}},"eventSource":"aws:kinesis","eventVersion":"1.0","#,
                r#""eventID":"shardId-000000000000:{number}","eventName":"aws:kinesis:record","#,
                r#""invokeIdentityArn":"arn:aws:iam::123456789012:role/marquee-transform","awsRegion":"eu-west-1","#,
                r#""eventSourceARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/marquee-events"}}"#,
            ),
            number = number,
            key = serde_json::Value::from(record.partition_key.as_str()),
            data = base64_simd::STANDARD.encode_to_string(&record.data),
            seconds = arrival / 1000,
            millis = arrival % 1000,
        );
        if self.open.len() + text.len() + 16 > PAYLOAD_BYTES || self.open_records == BATCH_RECORDS {
            self.close();
        }
        self.open.extend_from_slice(if self.open.is_empty() {
            b"{\"Records\":["
        } else {
            b","
        });
        self.open.extend_from_slice(text.as_bytes());
        self.open_records += 1;
        self.open_events += u64::from(record.events);
    }

    fn close(&mut self) {
        self.open.extend_from_slice(b"]}");
        self.full.push(std::mem::take(&mut self.open));
        self.full_events += std::mem::take(&mut self.open_events);
        self.open_records = 0;
    }

    fn finish(mut self) -> (Vec<Vec<u8>>, u64) {
        if self.full.is_empty() && !self.open.is_empty() {
            self.close();
        }
        (self.full, self.full_events)
    }
}
