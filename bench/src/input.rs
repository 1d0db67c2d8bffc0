//! Batches of simulated events, as Lambda delivers them.

use anyhow::{Context, Result};
use marquee_codec::Compression;
use marquee_event::Title;
use marquee_producer::simulate::Simulation;
use marquee_producer::{AggregateSettings, Aggregator, Numbering, PutRecord};
use marquee_stream::lambda_event::{ENVELOPE_BYTES, MAX_PAYLOAD_BYTES, encoded_len, write_event};
use marquee_stream::{Record, SequenceNumber, ShardId};

const SHARD: ShardId = ShardId::new(0);
/// The maximum number of records in a batch.
const BATCH_RECORDS: usize = 10_000;

/// The packing of events into records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// One event per record, uncompressed.
    Plain,
    /// KPL aggregates, compressed with zstd: the producer's default.
    KplZstd,
}

/// The payloads of one shard and the title catalog of their events.
pub struct Input {
    /// Kinesis event JSON, one payload per batch.
    pub payloads: Vec<Vec<u8>>,
    /// The title catalog.
    pub titles: Vec<Title>,
    /// The number of events in all payloads.
    pub events: u64,
}

/// Returns a simulation of `events` events on one evening of a busy service.
pub fn simulation(events: u64, bad_share: f64) -> Simulation {
    Simulation {
        users: 20_000,
        events,
        days: 1,
        bad_share,
        ..Simulation::default()
    }
}

/// Returns the arrival time that the simulation gave to an event or a record.
fn arrival(arrives_at_ms: Option<i64>) -> Result<i64> {
    arrives_at_ms.context("a simulated record has no arrival time")
}

/// Packs the simulation's events into full payloads. The last payload, which is not
/// full, is dropped unless it is the only one.
///
/// # Errors
/// When an event does not fit into a record, or has no arrival time.
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
    for outgoing in simulation.generate() {
        let mut outgoing = outgoing?;
        let now_ms = arrival(outgoing.arrives_at_ms)?;
        let user_id = std::mem::take(&mut outgoing.user_id);
        aggregator.add(&user_id, &numbering.number(outgoing), now_ms, &mut ready)?;
        for record in ready.drain(..) {
            payloads.add(record)?;
        }
    }
    aggregator.finish(&mut ready);
    for record in ready.drain(..) {
        payloads.add(record)?;
    }
    let (payloads, events) = payloads.finish();
    Ok(Input {
        payloads,
        titles: simulation.title_catalog(),
        events,
    })
}

/// Collects records into payloads of the largest allowed size.
#[derive(Default)]
struct Payloads {
    full: Vec<Vec<u8>>,
    full_events: u64,
    open: Vec<Record>,
    /// The bytes that `open` adds to a payload.
    open_bytes: usize,
    open_events: u64,
    sequence: u64,
}

impl Payloads {
    fn add(&mut self, put: PutRecord) -> Result<()> {
        self.sequence += 1;
        let events = u64::from(put.events);
        let record = Record {
            sequence_number: SequenceNumber::new(SHARD, self.sequence),
            partition_key: put.partition_key,
            arrived_at_ms: arrival(put.arrives_at_ms)?,
            data: put.data.into(),
        };
        let bytes = encoded_len(&record);
        let is_full = ENVELOPE_BYTES + self.open_bytes + bytes > MAX_PAYLOAD_BYTES
            || self.open.len() == BATCH_RECORDS;
        if is_full {
            self.close();
        }
        self.open.push(record);
        self.open_bytes += bytes;
        self.open_events += events;
        Ok(())
    }

    fn close(&mut self) {
        let mut payload = Vec::new();
        write_event(SHARD, &self.open, &mut payload);
        self.full.push(payload);
        self.full_events += std::mem::take(&mut self.open_events);
        self.open.clear();
        self.open_bytes = 0;
    }

    fn finish(mut self) -> (Vec<Vec<u8>>, u64) {
        if self.full.is_empty() && !self.open.is_empty() {
            self.close();
        }
        (self.full, self.full_events)
    }
}
