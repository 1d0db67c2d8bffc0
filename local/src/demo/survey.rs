//! The contents of the lake's objects, read with SQL.

use std::sync::Arc;

use anyhow::Context as _;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array as _, RecordBatch};
use marquee_marts::Engine;
use object_store::ObjectStore;
use uuid::Uuid;

use super::DemoSettings;
use super::flow::Flow;
use super::latency::{Latency, LatencySamples, Timeline};
use super::producer_gaps::ProducerGapCheck;

const EVENTS: &str = include_str!("../../../sql/demo/events.sql");
const REJECTED: &str = include_str!("../../../sql/demo/rejected.sql");
const RAW: &str = include_str!("../../../sql/demo/raw.sql");

/// The delay after which an event counts as late: one hour.
const LATE_US: i64 = 3_600_000_000;

/// The contents of the lake's objects.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The rows of the raw zone.
    pub(super) raw: u64,
    /// The rows of the processed zone.
    pub(super) events: u64,
    /// The rows of the quarantine zone.
    pub(super) rejected: u64,
    /// The bytes of the quarantined units.
    pub(super) rejected_bytes: u64,
    /// Events with the id of an earlier event.
    pub(super) duplicates: u64,
    /// Events that arrived more than one hour after their time.
    pub(super) late: u64,
    pub(super) producer_gaps: ProducerGapCheck,
    pub(super) latency: Option<Latency>,
}

impl Survey {
    /// Reads the objects that `flow` wrote to `lake`.
    pub(super) async fn read(
        lake: Arc<dyn ObjectStore>,
        settings: &DemoSettings,
        flow: &Flow,
    ) -> anyhow::Result<Self> {
        let engine = Engine::open(lake).await?;
        let mut counter = EventCounter::new(settings, flow)?;
        let mut events = engine.stream(EVENTS).await?;
        while let Some(batch) = events.next().await? {
            counter.count(&batch)?;
        }
        let mut producer_gaps = counter.producer_gaps;
        let (mut rejected, mut rejected_bytes) = (0, 0);
        for batch in engine.query(REJECTED).await? {
            let payloads = batch.column(0).as_binary_opt::<i32>();
            let payloads = payloads.context("the payloads of quarantine are not bytes")?;
            for payload in payloads {
                let payload = payload.context("a quarantined unit has no payload")?;
                rejected += 1;
                rejected_bytes += payload.len() as u64;
                producer_gaps.rejected(payload);
            }
        }
        let raw = engine.query(RAW).await?;
        Ok(Self {
            raw: raw
                .iter()
                .map(first_number)
                .sum::<Option<_>>()
                .context("the count of raw units is not a number")?,
            events: counter.events,
            rejected,
            rejected_bytes,
            duplicates: duplicates(&mut counter.ids),
            late: counter.late,
            producer_gaps,
            latency: counter.latencies.percentiles(),
        })
    }
}

/// Counts events row by row.
struct EventCounter {
    timeline: Timeline,
    producer_gaps: ProducerGapCheck,
    events: u64,
    late: u64,
    ids: Vec<u128>,
    latencies: LatencySamples,
}

impl EventCounter {
    fn new(settings: &DemoSettings, flow: &Flow) -> anyhow::Result<Self> {
        Ok(Self {
            timeline: Timeline::new(&flow.invocations, settings.window_s),
            producer_gaps: ProducerGapCheck::new(&settings.producer_id(), flow.produced.given)?,
            events: 0,
            late: 0,
            ids: Vec::new(),
            latencies: LatencySamples::default(),
        })
    }

    /// Counts the rows of a batch with the columns of [`EVENTS`].
    fn count(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let text = |name| batch.column_by_name(name)?.as_string_opt::<i32>();
        let time = |name| {
            let column = batch.column_by_name(name)?;
            column.as_primitive_opt::<TimestampMicrosecondType>()
        };
        let columns = || {
            let seq = batch.column_by_name("producer_seq")?;
            Some((
                (text("shard_id")?, text("event_id")?),
                (
                    time("processed_at")?,
                    time("arrived_at")?,
                    time("event_time")?,
                ),
                seq.as_primitive_opt::<Int64Type>()?,
            ))
        };
        let ((shards, ids), (processed, arrived, happened), numbers) =
            columns().context("the lake's events have unexpected columns")?;
        for row in 0..batch.num_rows() {
            let happened_at = happened.value(row);
            self.events += 1;
            self.late += u64::from(arrived.value(row).saturating_sub(happened_at) > LATE_US);
            self.producer_gaps
                .event(numbers.is_valid(row).then(|| numbers.value(row)));
            let id = ids.value(row);
            let uuid = Uuid::try_parse(id)
                .with_context(|| format!("the lake has an event with the invalid id {id:?}"))?;
            self.ids.push(uuid.as_u128());
            // A batch of an earlier run has no time on this run's clock.
            let span = self.timeline.span(shards.value(row), processed.value(row));
            if let Some(span) = span {
                self.latencies.add(happened_at, arrived.value(row), span);
            }
        }
        Ok(())
    }
}

/// Counts the repeated ids.
fn duplicates(ids: &mut Vec<u128>) -> u64 {
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    (all - ids.len()) as u64
}

fn first_number(batch: &RecordBatch) -> Option<u64> {
    let column = batch.column(0).as_primitive_opt::<Int64Type>()?;
    column.iter().next()??.try_into().ok()
}
