//! The latency from an event's time to its durable object, by the stream's clock.

use std::collections::HashMap;

use serde::Serialize;

use super::flow::Invocation;
use marquee_event_source_mapping::MAX_BATCH_SIZE;

/// The definition in the report.
pub(super) const DEFINITION: &str = "Latency is the time from an event's event_time to its durable \
     object, by the stream's clock: network, the delivery to the stream; batching, the wait for the \
     batch and its invocation as in Lambda; and work, the measured duration of the invocation. \
     Percentiles are exact, over all processed events.";

/// The start and the end of a batch's invocation, in UTC microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InvocationSpan {
    began_at: i64,
    /// The time at which the batch became durable.
    durable_at: i64,
}

/// The latency of each event by its parts, in microseconds.
#[derive(Debug, Default)]
pub(super) struct LatencySamples {
    total: Vec<i64>,
    network: Vec<i64>,
    batching: Vec<i64>,
    work: Vec<i64>,
}

impl LatencySamples {
    /// Adds an event that happened and arrived at these times, in UTC microseconds.
    pub(super) fn add(&mut self, happened_at: i64, arrived_at: i64, span: InvocationSpan) {
        self.total.push(span.durable_at.saturating_sub(happened_at));
        self.network.push(arrived_at.saturating_sub(happened_at));
        self.batching.push(span.began_at.saturating_sub(arrived_at));
        self.work
            .push(span.durable_at.saturating_sub(span.began_at));
    }

    /// Computes the percentiles, in seconds. Returns `None` without events.
    pub(super) fn percentiles(mut self) -> Option<Latency> {
        Some(Latency {
            total: Percentiles::of(&mut self.total, 1e6)?,
            network: Percentiles::of(&mut self.network, 1e6)?,
            batching: Percentiles::of(&mut self.batching, 1e6)?,
            work: Percentiles::of(&mut self.work, 1e6)?,
        })
    }
}

/// The latency from an event's time to its durable object and the parts of it, in
/// seconds. A percentile of the total is not the sum of the parts' percentiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Latency {
    /// Reported as `latency_s`.
    #[serde(skip)]
    pub(super) total: Percentiles,
    /// From the event to its arrival in the stream. Hours, if the device was offline.
    pub(super) network: Percentiles,
    /// From the arrival to the start of the invocation.
    pub(super) batching: Percentiles,
    /// The duration of the invocation.
    pub(super) work: Percentiles,
}

/// The invocation of each batch.
///
/// The stream's clock is the simulated time, in which the demo's days pass in
/// seconds. An invocation is therefore placed on this clock as Lambda would start it:
/// at the end of the batch's window, or earlier if the next record does not fit into
/// the batch, but not before the shard's previous invocation has ended. Its end is
/// its start plus its measured duration.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// By shard and by the arrival of the batch's last record, which its rows contain
    /// as `processed_at`. In UTC microseconds.
    spans: HashMap<String, HashMap<i64, InvocationSpan>>,
}

impl Timeline {
    pub(super) fn new(invocations: &[Invocation], window_s: u32) -> Self {
        let mut shards: HashMap<_, Vec<&Invocation>> = HashMap::new();
        for invocation in invocations {
            shards.entry(invocation.shard).or_default().push(invocation);
        }
        let window_ms = i64::from(window_s) * 1000;
        let spans = shards
            .into_iter()
            .map(|(shard, batches)| (shard.to_string(), shard_timeline(&batches, window_ms)))
            .collect();
        Self { spans }
    }

    /// Returns the invocation of the batch of a row.
    pub(super) fn span(&self, shard_id: &str, processed_at: i64) -> Option<InvocationSpan> {
        self.spans.get(shard_id)?.get(&processed_at).copied()
    }
}

fn shard_timeline(batches: &[&Invocation], window_ms: i64) -> HashMap<i64, InvocationSpan> {
    let mut spans = HashMap::with_capacity(batches.len());
    let mut free_at = i64::MIN;
    for (index, batch) in batches.iter().enumerate() {
        let window_ends = batch.first_arrived_ms.saturating_add(window_ms);
        let closed = match batches.get(index + 1) {
            _ if batch.records >= MAX_BATCH_SIZE => batch.last_arrived_ms,
            Some(next) => window_ends.min(next.first_arrived_ms),
            None => window_ends,
        };
        let complete_at = closed.max(batch.last_arrived_ms).saturating_mul(1000);
        let took = i64::try_from(batch.took.as_micros()).unwrap_or(i64::MAX);
        let began_at = complete_at.max(free_at);
        free_at = began_at.saturating_add(took);
        // If a record does not fit and the next batch closes in the same millisecond,
        // rows do not distinguish the two batches: the later one counts.
        let span = InvocationSpan {
            began_at,
            durable_at: free_at,
        };
        spans.insert(batch.last_arrived_ms.saturating_mul(1000), span);
    }
    spans
}

/// The median and the 99th percentile: exact, by nearest rank over all values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Percentiles {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

impl Percentiles {
    /// Computes the percentiles of `micros`, which is reordered, in units of `unit`
    /// microseconds. Returns `None` for an empty slice.
    pub(super) fn of(micros: &mut [i64], unit: f64) -> Option<Self> {
        let mut at = |percent: usize| {
            let rank = (micros.len() * percent).div_ceil(100).checked_sub(1)?;
            Some(*micros.select_nth_unstable(rank).1 as f64 / unit)
        };
        Some(Self {
            p50: at(50)?,
            p99: at(99)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::time::Duration;

    use marquee_stream::ShardId;

    use super::*;

    fn batch(shard: u32, first_arrived_ms: i64, last_arrived_ms: i64, took_ms: u64) -> Invocation {
        Invocation {
            shard: ShardId::new(shard),
            records: 3,
            first_arrived_ms,
            last_arrived_ms,
            took: Duration::from_millis(took_ms),
        }
    }

    #[test]
    fn a_batch_starts_when_its_window_ends_or_it_is_full() {
        let full = Invocation {
            records: MAX_BATCH_SIZE,
            ..batch(1, 0, 500, 1)
        };
        let timeline = Timeline::new(
            &[
                batch(0, 1_000, 9_000, 20),
                full,
                // A pause without records.
                batch(0, 30_000, 31_000, 20),
                // The record at 33,000 does not fit, long before the window ends.
                batch(0, 32_000, 32_900, 20_000),
                // Waits for the previous invocation.
                batch(0, 33_000, 33_500, 5),
            ],
            10,
        );
        let at = |shard: u32, ms: i64| {
            let shard = ShardId::new(shard).to_string();
            let span = timeline.span(&shard, ms * 1000);
            span.map(|span| span.durable_at / 1000)
        };
        assert_eq!(at(0, 9_000), Some(11_020));
        assert_eq!(at(0, 31_000), Some(32_020));
        assert_eq!(at(0, 32_900), Some(53_000));
        assert_eq!(at(0, 33_500), Some(53_005));
        assert_eq!(at(1, 500), Some(501));
        assert_eq!(at(1, 9_000), None);
    }

    #[test]
    fn latency_is_the_sum_of_its_parts() {
        let mut samples = LatencySamples::default();
        let timeline = Timeline::new(&[batch(0, 1_000, 9_000, 20)], 10);
        let shard = ShardId::new(0).to_string();
        let span = timeline.span(&shard, 9_000_000).unwrap();
        samples.add(500_000, 4_000_000, span);
        let latency = samples.percentiles().unwrap();
        assert_eq!(latency.network.p50, 3.5);
        assert_eq!(latency.batching.p50, 7.0);
        assert_eq!(latency.work.p50, 0.02);
        assert_eq!(latency.total.p50, 10.52);
        assert_eq!(LatencySamples::default().percentiles(), None);
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut values: Vec<i64> = (1..=200).rev().map(|n| n * 1_000_000).collect();
        let of = |values: &mut [i64]| {
            Percentiles::of(values, 1e6).map(|percentiles| (percentiles.p50, percentiles.p99))
        };
        assert_eq!(of(&mut values), Some((100.0, 198.0)));
        assert_eq!(of(&mut [7_000_000]), Some((7.0, 7.0)));
        assert_eq!(of(&mut []), None);
    }
}
