//! What the lake itself says when it is asked in SQL.

use std::sync::Arc;

use anyhow::Context as _;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array as _, RecordBatch};
use marquee_marts::Engine;
use object_store::ObjectStore;
use uuid::Uuid;

use super::Settings;
use super::flow::Flow;
use super::latency::{Percentiles, Timeline};
use super::roll_call::RollCall;

const EVENTS: &str = include_str!("../../../sql/demo/events.sql");
const REFUSED: &str = include_str!("../../../sql/demo/refused.sql");
const RAW: &str = include_str!("../../../sql/demo/raw.sql");

/// From when on an event is called late.
const LATE_US: i64 = 3_600_000_000;

/// What was found in the lake's objects.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Rows of the raw zone.
    pub(super) raw: u64,
    /// Rows of the processed zone.
    pub(super) events: u64,
    /// Rows of the quarantine.
    pub(super) refused: u64,
    /// Bytes of the units in quarantine.
    pub(super) refused_bytes: u64,
    /// Events whose id another one had before.
    pub(super) duplicates: u64,
    /// Events that arrived over an hour after they happened.
    pub(super) late: u64,
    pub(super) roll_call: RollCall,
    /// From an event's time to its durable object, seconds.
    pub(super) latency_s: Option<Percentiles>,
}

impl Survey {
    /// Asks `lake` about what `flow` brought there.
    pub(super) async fn of(
        lake: Arc<dyn ObjectStore>,
        settings: &Settings,
        flow: &Flow,
    ) -> anyhow::Result<Self> {
        let engine = Engine::open(lake).await?;
        let mut census = Census::new(settings, flow);
        let mut events = engine.stream(EVENTS).await?;
        while let Some(batch) = events.next().await? {
            census.count(&batch)?;
        }
        let mut roll_call = census.roll_call;
        let (mut refused, mut refused_bytes) = (0, 0);
        for batch in engine.query(REFUSED).await? {
            let payloads = batch.column(0).as_binary_opt::<i32>().context("no bytes")?;
            for payload in payloads.iter().flatten() {
                refused += 1;
                refused_bytes += payload.len() as u64;
                roll_call.refused(payload);
            }
        }
        let raw = engine.query(RAW).await?;
        Ok(Self {
            raw: raw
                .iter()
                .map(first_number)
                .sum::<Option<_>>()
                .context("no count")?,
            events: census.events,
            refused,
            refused_bytes,
            duplicates: duplicates(&mut census.ids),
            late: census.late,
            roll_call,
            latency_s: Percentiles::of(&mut census.latencies_us, 1e6),
        })
    }
}

/// Counts the events one by one.
struct Census {
    timeline: Timeline,
    roll_call: RollCall,
    events: u64,
    late: u64,
    ids: Vec<u128>,
    latencies_us: Vec<i64>,
}

impl Census {
    fn new(settings: &Settings, flow: &Flow) -> Self {
        Self {
            timeline: Timeline::new(&flow.invocations, settings.window_s),
            roll_call: RollCall::new(&settings.producer_id(), flow.produced.given),
            events: 0,
            late: 0,
            ids: Vec::new(),
            latencies_us: Vec::new(),
        }
    }

    /// Counts rows with the columns of [`EVENTS`].
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
            columns().context("the lake's events have other columns than expected")?;
        for row in 0..batch.num_rows() {
            let happened_at = happened.value(row);
            self.events += 1;
            self.late += u64::from(arrived.value(row).saturating_sub(happened_at) > LATE_US);
            self.roll_call
                .event(numbers.is_valid(row).then(|| numbers.value(row)));
            self.ids
                .extend(Uuid::try_parse(ids.value(row)).map(|id| id.as_u128()));
            // A batch of another run has no place on this one's clock.
            let durable_at = self
                .timeline
                .durable_at(shards.value(row), processed.value(row));
            self.latencies_us
                .extend(durable_at.map(|at| at.saturating_sub(happened_at)));
        }
        Ok(())
    }
}

/// How many of `ids` were there before.
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
