//! Filling the stream with the simulation's events.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, anyhow, ensure};
use marquee_producer::{Aggregator, Batcher, Numbering, PutRecord, RequestLimits};
use marquee_stream::{PutEntry, Writer};

use super::Settings;
use marquee_event_source_mapping::StopSignal;

/// What the producer says of the stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Produced {
    /// Events it was given, by its own numbers.
    pub(super) given: u64,
    /// Events in the records that the stream took.
    pub(super) put: u64,
    /// Those records.
    pub(super) records: u64,
    /// Their bytes, with partition keys.
    pub(super) bytes: u64,
}

/// Simulates, packs and puts, to the end, unless `stop` is asked for. `put`
/// shows how many events are in the stream meanwhile.
///
/// These are the producer's stages, driven on the simulation's clock: the same
/// settings put the same records in the same order.
pub(super) fn produce(
    settings: &Settings,
    writer: Writer,
    put: &AtomicU64,
    stop: &StopSignal,
) -> anyhow::Result<Produced> {
    let mut numbering = Numbering::new(&settings.producer_id())?;
    let mut aggregator = Aggregator::new(settings.aggregate());
    let mut outlet = Outlet {
        writer,
        batcher: Batcher::new(RequestLimits::default()),
        produced: Produced::default(),
        put,
    };
    let mut records = Vec::new();
    let mut now_ms = i64::MIN;
    for mut event in settings.simulation().generate() {
        now_ms = event.arrives_at_ms.unwrap_or(now_ms);
        let user_id = std::mem::take(&mut event.user_id);
        let body = numbering.number(event);
        aggregator.add(&user_id, &body, now_ms, &mut records)?;
        outlet.take(&mut records)?;
        ensure!(!stop.is_requested(), "the work on the stream was stopped");
    }
    aggregator.finish(&mut records);
    outlet.take(&mut records)?;
    outlet.empty()?;
    Ok(Produced {
        given: numbering.count(),
        ..outlet.produced
    })
}

/// Cuts records into puts.
struct Outlet<'a> {
    writer: Writer,
    batcher: Batcher,
    produced: Produced,
    put: &'a AtomicU64,
}

impl Outlet<'_> {
    fn take(&mut self, records: &mut Vec<PutRecord>) -> anyhow::Result<()> {
        for record in records.drain(..) {
            self.batcher.push(record).map_err(|record| {
                anyhow!(
                    "a record of {} bytes is more than a stream takes",
                    record.size()
                )
            })?;
            if self.batcher.is_full() {
                self.put()?;
            }
        }
        Ok(())
    }

    fn empty(&mut self) -> anyhow::Result<()> {
        while !self.batcher.is_empty() {
            self.put()?;
        }
        Ok(())
    }

    fn put(&mut self) -> anyhow::Result<()> {
        let records = self.batcher.take();
        let entries = records
            .iter()
            .map(|record| {
                Ok(PutEntry {
                    partition_key: &record.partition_key,
                    data: &record.data,
                    arrived_at_ms: record
                        .arrives_at_ms
                        .context("a record does not say when it arrives")?,
                })
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        self.writer.put(&entries)?;
        for record in &records {
            self.produced.put += u64::from(record.events);
            self.produced.records += 1;
            self.produced.bytes += record.size() as u64;
        }
        self.put.store(self.produced.put, Ordering::Relaxed);
        Ok(())
    }
}
