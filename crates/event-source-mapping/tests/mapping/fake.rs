//! Streams and functions for tests.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use marquee_event_source_mapping::{
    Backoff, EventSourceMapping, Function, InvokeError, MappingError, MappingSettings,
    MappingTotals, StopSignal, TailMode,
};
use marquee_stream::{PutEntry, SequenceNumber, ShardId, Stream, Writer};
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::Value;

/// Returns settings for fast tests: small batches, no bisection, no delays.
pub(crate) fn settings() -> MappingSettings {
    MappingSettings {
        batch_size: 10,
        bisect: false,
        backoff: Backoff::NONE,
        ..MappingSettings::default()
    }
}

/// Appends records to the stream in `dir`. In a stream of one shard, ordinals
/// equal positions, from 1.
pub(crate) fn put(dir: &Path, shards: u32, records: &[(&str, &[u8], i64)]) {
    let entries: Vec<_> = records
        .iter()
        .map(|&(partition_key, data, arrived_at_ms)| PutEntry {
            partition_key,
            data,
            arrived_at_ms,
        })
        .collect();
    Writer::open(dir, NonZeroU32::new(shards).unwrap())
        .unwrap()
        .put(&entries)
        .unwrap();
}

/// A record as delivered to a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) number: SequenceNumber,
    pub(crate) data: Vec<u8>,
}

/// Parses the event of an invocation.
pub(crate) fn read_event(payload: &[u8]) -> Vec<Delivered> {
    let event: Value = serde_json::from_slice(payload).unwrap();
    let records = event["Records"].as_array().unwrap();
    records
        .iter()
        .map(|record| {
            let kinesis = &record["kinesis"];
            let data = kinesis["data"].as_str().unwrap();
            Delivered {
                number: SequenceNumber::parse(kinesis["sequenceNumber"].as_str().unwrap()).unwrap(),
                data: base64_simd::STANDARD.decode_to_vec(data).unwrap(),
            }
        })
        .collect()
}

type Decide = dyn Fn(&[Delivered]) -> Result<String, InvokeError> + Send + Sync;

/// A function with a closure for its responses; it records its invocations.
pub(crate) struct FakeFunction {
    decide: Box<Decide>,
    pub(crate) invocations: Mutex<Vec<Vec<Delivered>>>,
}

impl FakeFunction {
    pub(crate) fn new(
        decide: impl Fn(&[Delivered]) -> Result<String, InvokeError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            decide: Box::new(decide),
            invocations: Mutex::default(),
        })
    }

    /// Creates a function that always succeeds.
    pub(crate) fn succeeding() -> Arc<Self> {
        Self::new(|_| Ok(String::new()))
    }

    /// Creates a function that fails if the data of any record is `poison`.
    pub(crate) fn failing_on_poison() -> Arc<Self> {
        Self::new(|records| match is_poisoned(records) {
            true => Err(InvokeError("poisoned".to_owned())),
            false => Ok(String::new()),
        })
    }

    /// Returns the ordinals of the records of each invocation.
    pub(crate) fn ordinals(&self) -> Vec<Vec<u64>> {
        let invocations = self.invocations.lock().unwrap();
        let ordinals =
            |records: &Vec<Delivered>| records.iter().map(|r| r.number.ordinal()).collect();
        invocations.iter().map(ordinals).collect()
    }

    /// Returns the records delivered from `shard`, in order of delivery.
    pub(crate) fn delivered(&self, shard: ShardId) -> Vec<Delivered> {
        let invocations = self.invocations.lock().unwrap();
        invocations
            .iter()
            .flatten()
            .filter(|r| r.number.shard() == shard)
            .cloned()
            .collect()
    }
}

pub(crate) fn is_poisoned(records: &[Delivered]) -> bool {
    records.iter().any(|record| record.data == b"poison")
}

/// Creates a response that reports these records as failed.
pub(crate) fn failing(numbers: &[SequenceNumber]) -> String {
    let items: Vec<_> = numbers
        .iter()
        .map(|number| serde_json::json!({"itemIdentifier": number.to_string()}))
        .collect();
    serde_json::json!({"batchItemFailures": items}).to_string()
}

#[async_trait]
impl Function for FakeFunction {
    async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        let records = read_event(&payload);
        let answer = (self.decide)(&records);
        self.invocations.lock().unwrap().push(records);
        answer.map(Bytes::from)
    }
}

/// Processes the whole stream in `dir` with `function`.
pub(crate) async fn drain(
    dir: &Path,
    function: Arc<dyn Function>,
    store: Arc<dyn ObjectStore>,
    settings: MappingSettings,
) -> Result<MappingTotals, MappingError> {
    let stream = Stream::open(dir).unwrap();
    EventSourceMapping::new(stream, function, store, settings)
        .run(TailMode::Finished, StopSignal::new())
        .await
}

/// Reads all objects in `store`, sorted by key.
pub(crate) async fn objects(store: &dyn ObjectStore) -> Vec<(String, Bytes)> {
    let metas: Vec<_> = store.list(None).try_collect().await.unwrap();
    let mut objects = Vec::new();
    for meta in metas {
        let bytes = store
            .get(&meta.location)
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        objects.push((meta.location.to_string(), bytes));
    }
    objects.sort();
    objects
}

/// Reads the reports under `failed/`, each with its records.
pub(crate) async fn dead_letters(store: &dyn ObjectStore) -> Vec<(Value, Vec<Delivered>)> {
    objects(store)
        .await
        .into_iter()
        .filter(|(key, _)| key.starts_with("failed/"))
        .map(|(_, bytes)| {
            let report: Value = serde_json::from_slice(&bytes).unwrap();
            let records = read_event(report["payload"].as_str().unwrap().as_bytes());
            (report, records)
        })
        .collect()
}
