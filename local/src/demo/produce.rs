//! Fills the stream with the simulation's events.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, anyhow, ensure};
use marquee_producer::{Aggregator, Batcher, Numbering, PutRecord, RequestLimits};
use marquee_stream::{PutEntry, Writer};

use super::DemoSettings;
use marquee_event_source_mapping::StopSignal;

/// The producer's counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Produced {
    /// The number of events that it numbered.
    pub(super) given: u64,
    /// The number of events in the records that the stream accepted.
    pub(super) put: u64,
    /// The number of those records.
    pub(super) records: u64,
    /// The bytes of those records, including partition keys.
    pub(super) bytes: u64,
}

/// Simulates, packs and puts all events, unless `stop` is requested. Updates `put`
/// with the number of events in the stream.
///
/// These are the producer's stages, driven by the simulated time: the same settings
/// put the same records in the same order.
pub(super) fn produce(
    settings: &DemoSettings,
    writer: Writer,
    put: &AtomicU64,
    stop: &StopSignal,
) -> anyhow::Result<Produced> {
    let mut numbering = Numbering::new(&settings.producer_id())?;
    let mut aggregator = Aggregator::new(settings.aggregate());
    let mut record_putter = RecordPutter {
        writer,
        batcher: Batcher::new(RequestLimits::default()),
        produced: Produced::default(),
        put,
    };
    let mut records = Vec::new();
    for event in settings.simulation().generate() {
        let mut event = event?;
        let now_ms = event
            .arrives_at_ms
            .context("a simulated event has no arrival time")?;
        let user_id = std::mem::take(&mut event.user_id);
        let body = numbering.number(event);
        aggregator.add(&user_id, &body, now_ms, &mut records)?;
        record_putter.take(&mut records)?;
        ensure!(
            !stop.is_requested(),
            "the processing of the stream was stopped"
        );
    }
    aggregator.finish(&mut records);
    record_putter.take(&mut records)?;
    record_putter.empty()?;
    Ok(Produced {
        given: numbering.count(),
        ..record_putter.produced
    })
}

/// Puts records into the stream, one request at a time.
struct RecordPutter<'a> {
    writer: Writer,
    batcher: Batcher,
    produced: Produced,
    put: &'a AtomicU64,
}

impl RecordPutter<'_> {
    fn take(&mut self, records: &mut Vec<PutRecord>) -> anyhow::Result<()> {
        for record in records.drain(..) {
            self.batcher.push(record).map_err(|record| {
                anyhow!(
                    "a record of {} bytes exceeds the stream's limit",
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
                        .context("a record has no arrival time")?,
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
