//! Fills the stream and processes it at the same time.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use marquee_ingest::{BatchReport, Transform};
use marquee_stream::{ShardId, Stream, Writer};
use object_store::ObjectStore;
use tokio::task::spawn_blocking;

use super::DemoSettings;
use super::produce::{Produced, produce};
use super::progress::DemoProgress;
use marquee_event_source_mapping::{
    EventSourceMapping, FinishedRecords, Function, MappingTotals, StopSignal, TailMode,
    TransformFunction,
};

/// The result of processing the stream.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) produced: Produced,
    pub(super) totals: MappingTotals,
    /// The batches that this run made durable, without those that were durable
    /// before.
    pub(super) transformed: BatchReport,
    /// In the order of their shard's records.
    pub(super) invocations: Vec<Invocation>,
    /// From the first event to the last receipt.
    pub(super) took: Duration,
}

/// A processed batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Invocation {
    pub(super) shard: ShardId,
    pub(super) records: usize,
    /// The arrival of its first record, in UTC milliseconds.
    pub(super) first_arrived_ms: i64,
    /// The arrival of its last record, in UTC milliseconds.
    pub(super) last_arrived_ms: i64,
    /// The duration, including the checkpoint.
    pub(super) took: Duration,
}

impl Invocation {
    /// Returns `None` for a batch without records, which the mapping never reports.
    fn of(finished: &FinishedRecords<'_>) -> Option<Self> {
        Some(Self {
            shard: finished.shard,
            records: finished.records.len(),
            first_arrived_ms: finished.records.first()?.arrived_at_ms,
            last_arrived_ms: finished.records.last()?.arrived_at_ms,
            took: finished.took,
        })
    }
}

/// Fills a new stream in `stream_dir` and processes it into `lake` at the same time.
///
/// The stream's records alone determine the batch boundaries, regardless of the
/// producer's progress.
pub(super) async fn run(
    settings: &DemoSettings,
    stream_dir: &Path,
    lake: Arc<dyn ObjectStore>,
    progress: Arc<DemoProgress>,
) -> anyhow::Result<Flow> {
    let writer = Writer::open(stream_dir, settings.shards)?;
    let transform = Transform::new(lake.clone(), marquee_ingest::TransformSettings::default());
    let function = Arc::new(TransformFunction::new(transform));
    let invocations = Arc::new(Mutex::new(Vec::new()));
    let mapping = {
        let (progress, function, invocations) =
            (progress.clone(), function.clone(), invocations.clone());
        mapping(settings, stream_dir, function.clone(), lake)?.with_observer(Arc::new(
            move |finished| {
                let mut done = invocations.lock().unwrap_or_else(PoisonError::into_inner);
                done.push(Invocation::of(finished));
                progress.show(|| function.report());
            },
        ))
    };

    let began = Instant::now();
    let (writing, tail) = TailMode::growing();
    let stop = StopSignal::new();
    let producing = {
        let (settings, stop) = (settings.clone(), stop.clone());
        spawn_blocking(move || produce(&settings, writer, progress.put(), &stop))
    };
    let fill = async {
        let produced = producing
            .await
            .context("the producer panicked")
            .flatten()
            .context("cannot fill the stream");
        match produced {
            Ok(produced) => {
                drop(writing);
                Ok(produced)
            }
            Err(error) => {
                // The stream is incomplete, so its end must not close a batch.
                stop.request();
                Err((error, writing))
            }
        }
    };
    // If one side fails, it stops the other.
    let (produced, totals) = tokio::join!(fill, mapping.run(tail, stop.clone()));
    let totals = totals?;
    let produced = produced.map_err(|(error, _)| error)?;
    drop(mapping);
    let invocations =
        std::mem::take(&mut *invocations.lock().unwrap_or_else(PoisonError::into_inner));
    let invocations = invocations
        .into_iter()
        .collect::<Option<Vec<_>>>()
        .context("the event source mapping finished a batch without records")?;
    Ok(Flow {
        produced,
        totals,
        transformed: function.report(),
        invocations,
        took: began.elapsed(),
    })
}

fn mapping(
    settings: &DemoSettings,
    stream_dir: &Path,
    function: Arc<dyn Function>,
    lake: Arc<dyn ObjectStore>,
) -> anyhow::Result<EventSourceMapping> {
    let stream = Stream::open(stream_dir)?;
    Ok(EventSourceMapping::new(
        stream,
        function,
        lake,
        settings.mapping(),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::collections::BTreeMap;
    use std::sync::atomic::AtomicU64;

    use async_trait::async_trait;
    use bytes::Bytes;
    use futures::TryStreamExt as _;
    use marquee_lake::title_catalog;
    use object_store::ObjectStoreExt as _;
    use object_store::memory::InMemory;

    use super::*;
    use crate::demo::settings::tests::settings;
    use marquee_event_source_mapping::InvokeError;

    async fn objects(store: &dyn ObjectStore) -> BTreeMap<String, Bytes> {
        let mut objects = BTreeMap::new();
        for found in store.list(None).try_collect::<Vec<_>>().await.unwrap() {
            let content = store.get(&found.location).await.unwrap();
            objects.insert(found.location.to_string(), content.bytes().await.unwrap());
        }
        objects
    }

    async fn lake(settings: &DemoSettings) -> Arc<dyn ObjectStore> {
        let lake = InMemory::new();
        title_catalog::publish(&lake, &settings.simulation().title_catalog())
            .await
            .unwrap();
        Arc::new(lake)
    }

    /// A slow function, which yields many times before it runs.
    struct Slow(TransformFunction);

    #[async_trait]
    impl Function for Slow {
        async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            self.0.invoke(payload).await
        }
    }

    /// The stream's contents determine the batches, not the progress of its writer.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_objects_do_not_depend_on_the_speed_of_processing() {
        let settings = settings(5_000);
        let (together, after) = (lake(&settings).await, lake(&settings).await);

        let dir = tempfile::tempdir().unwrap();
        let progress = DemoProgress::start(&settings);
        let flow = run(&settings, dir.path(), together.clone(), progress)
            .await
            .unwrap();
        assert_eq!(flow.produced.given, flow.transformed.received);
        assert_eq!(flow.invocations.len() as u64, flow.transformed.batches);
        assert!(flow.transformed.batches > 100, "{flow:?}");

        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::open(dir.path(), settings.shards).unwrap();
        let produced = produce(&settings, writer, &AtomicU64::new(0), &StopSignal::new()).unwrap();
        assert_eq!(produced, flow.produced);
        let transform = Transform::new(after.clone(), marquee_ingest::TransformSettings::default());
        let function = Arc::new(Slow(TransformFunction::new(transform)));
        mapping(&settings, dir.path(), function, after.clone())
            .unwrap()
            .run(TailMode::Finished, StopSignal::new())
            .await
            .unwrap();
        assert!(objects(&*together).await == objects(&*after).await);
    }
}
