//! Lambda's rules for stream event source mappings, one test each.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use marquee_event_source_mapping::{
    Backoff, EventSourceMapping, Function, InvokeError, MappingError, MappingSettings,
    MappingTotals, StopSignal, TailMode,
};
use marquee_stream::{ShardId, Stream};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use serde_json::json;
use tokio::sync::Barrier;

use crate::fake::{FakeFunction, dead_letters, drain, failing, objects, put, read_event, settings};

const GOOD: (&str, &[u8], i64) = ("k", b"good", 0);
const POISON: (&str, &[u8], i64) = ("k", b"poison", 0);

#[tokio::test]
async fn every_record_is_delivered_once_in_the_order_of_its_shard() {
    let dir = tempfile::tempdir().unwrap();
    let keys: Vec<String> = (0..100).map(|n| format!("user{n}")).collect();
    let records: Vec<_> = keys
        .iter()
        .map(|key| (key.as_str(), key.as_bytes(), 0))
        .collect();
    put(dir.path(), 4, &records);
    let function = FakeFunction::succeeding();
    let store = Arc::new(InMemory::new());
    let totals = drain(dir.path(), function.clone(), store.clone(), settings())
        .await
        .unwrap();

    for shard in (0..4).map(ShardId::new) {
        let delivered: Vec<_> = function
            .delivered(shard)
            .into_iter()
            .map(|r| r.data)
            .collect();
        let of_shard = |key: &&String| ShardId::of_partition_key(key, 4) == shard;
        let expected: Vec<_> = keys
            .iter()
            .filter(of_shard)
            .map(|key| key.as_bytes().to_vec())
            .collect();
        assert!(expected.len() > 10, "more than a batch");
        assert_eq!(delivered, expected);
    }
    assert_eq!(
        (totals.records, totals.failures, totals.dead_letter_records),
        (100, 0, 0)
    );
    assert_eq!(totals.batches, totals.invocations);
    assert!(objects(&*store).await.is_empty());

    let again = drain(dir.path(), function, store, settings())
        .await
        .unwrap();
    assert_eq!(again, MappingTotals::default());
}

/// A function whose invocations wait for one of another shard. It asserts that a
/// shard has one invocation in flight.
struct ConcurrencyProbe {
    barrier: Barrier,
    in_flight: Mutex<HashMap<ShardId, u32>>,
}

#[async_trait]
impl Function for ConcurrencyProbe {
    async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        let shard = read_event(&payload)[0].number.shard();
        let count = |change: i32| {
            let mut in_flight = self.in_flight.lock().unwrap();
            let count = in_flight.entry(shard).or_default();
            *count = count.checked_add_signed(change).unwrap();
            *count
        };
        assert_eq!(count(1), 1, "a shard has one batch in flight");
        self.barrier.wait().await;
        count(-1);
        Ok(Bytes::new())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_are_processed_concurrently() {
    let dir = tempfile::tempdir().unwrap();
    // The MD5 of "a" is in the lower half of the hash range, that of "b" in the upper.
    put(
        dir.path(),
        2,
        &[
            ("a", b"1", 0),
            ("a", b"2", 0),
            ("b", b"3", 0),
            ("b", b"4", 0),
        ],
    );
    let function = ConcurrencyProbe {
        barrier: Barrier::new(2),
        in_flight: Mutex::default(),
    };
    let settings = MappingSettings {
        batch_size: 1,
        ..settings()
    };
    let totals = drain(
        dir.path(),
        Arc::new(function),
        Arc::new(InMemory::new()),
        settings,
    )
    .await;
    assert_eq!(totals.unwrap().records, 4);
}

#[tokio::test]
async fn bisection_isolates_the_poison_record() {
    let dir = tempfile::tempdir().unwrap();
    let mut records = vec![GOOD; 10];
    records[6] = ("k", b"poison", 1_700_000_000_123);
    put(dir.path(), 1, &records);
    let function = FakeFunction::failing_on_poison();
    let store = Arc::new(InMemory::new());
    let settings = MappingSettings {
        bisect: true,
        max_retries: Some(2),
        ..settings()
    };
    let totals = drain(dir.path(), function.clone(), store.clone(), settings)
        .await
        .unwrap();

    assert_eq!(
        (
            totals.records,
            totals.dead_letter_records,
            totals.dead_letter_objects
        ),
        (9, 1, 1)
    );
    let (report, kept) = dead_letters(&*store).await.pop().unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (kept[0].number.ordinal(), &kept[0].data[..]),
        (7, &b"poison"[..])
    );
    assert_eq!(
        function.ordinals(),
        [
            (1..=10).collect::<Vec<_>>(),
            (1..=5).collect(),
            (6..=10).collect(),
            vec![6, 7],
            vec![6],
            vec![7],
            vec![7],
            vec![7],
            vec![8, 9, 10],
        ]
    );

    let number = kept[0].number.to_string();
    assert_eq!(
        report["requestContext"]["condition"],
        "RetryAttemptsExhausted"
    );
    assert_eq!(report["responseContext"]["functionError"], "Unhandled");
    assert_eq!(
        report["KinesisBatchInfo"],
        json!({
            "shardId": "shardId-000000000000",
            "startSequenceNumber": number,
            "endSequenceNumber": number,
            "approximateArrivalOfFirstRecord": "2023-11-14T22:13:20.123Z",
            "approximateArrivalOfLastRecord": "2023-11-14T22:13:20.123Z",
            "batchSize": 1,
            "streamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/marquee",
        })
    );
    let (key, _) = objects(&*store).await.pop().unwrap();
    let (place, name) = key.rsplit_once('/').unwrap();
    assert!(place.starts_with("failed/aws/lambda/"), "{place}");
    assert!(
        place.ends_with("/shardId-000000000000/2023/11/14"),
        "{place}"
    );
    assert!(name.starts_with("2023-11-14T22.13.20-"), "{name}");
}

#[tokio::test]
async fn without_bisection_the_whole_batch_becomes_dead_letters() {
    let dir = tempfile::tempdir().unwrap();
    let mut records = vec![GOOD; 15];
    records[6] = POISON;
    put(dir.path(), 1, &records);
    let function = FakeFunction::failing_on_poison();
    let store = Arc::new(InMemory::new());
    let settings = MappingSettings {
        max_retries: Some(2),
        ..settings()
    };
    let totals = drain(dir.path(), function.clone(), store.clone(), settings)
        .await
        .unwrap();

    assert_eq!((totals.records, totals.dead_letter_records), (5, 10));
    assert_eq!((totals.invocations, totals.failures), (4, 3));
    let (report, kept) = dead_letters(&*store).await.pop().unwrap();
    assert_eq!(kept.len(), 10);
    assert_eq!(report["requestContext"]["approximateInvokeCount"], 3);
}

#[tokio::test]
async fn a_partial_failure_is_retried_from_its_record() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), 1, &[GOOD; 10]);
    for bisect in [false, true] {
        let first = AtomicBool::new(true);
        let function = FakeFunction::new(move |records| {
            let fails = first.swap(false, Ordering::Relaxed);
            Ok(if fails {
                failing(&[records[8].number, records[4].number])
            } else {
                String::new()
            })
        });
        let settings = MappingSettings {
            bisect,
            consumer: format!("bisect-{bisect}"),
            ..settings()
        };
        let store = Arc::new(InMemory::new());
        let totals = drain(dir.path(), function.clone(), store, settings)
            .await
            .unwrap();
        assert_eq!(
            function.ordinals(),
            [(1..=10).collect::<Vec<_>>(), (5..=10).collect()]
        );
        assert_eq!((totals.records, totals.failures), (10, 1));
    }
}

#[tokio::test]
async fn a_named_poison_record_and_those_after_it_become_dead_letters() {
    let dir = tempfile::tempdir().unwrap();
    let mut records = vec![GOOD; 10];
    records[6] = POISON;
    put(dir.path(), 1, &records);
    let function = FakeFunction::new(|records| {
        let poisoned = records.iter().find(|record| record.data == b"poison");
        Ok(failing(poisoned.map(|record| record.number).as_slice()))
    });
    let store = Arc::new(InMemory::new());
    let settings = MappingSettings {
        bisect: true,
        max_retries: Some(1),
        ..settings()
    };
    let totals = drain(dir.path(), function.clone(), store.clone(), settings)
        .await
        .unwrap();
    assert_eq!((totals.records, totals.dead_letter_records), (6, 4));
    let behind: Vec<_> = (7..=10).collect();
    assert_eq!(
        function.ordinals(),
        [(1..=10).collect(), behind.clone(), behind]
    );
    let (report, _) = dead_letters(&*store).await.pop().unwrap();
    assert_eq!(report["responseContext"].get("functionError"), None);
}

#[tokio::test]
async fn an_unknown_identifier_fails_the_whole_batch() {
    for identifier in [json!(""), json!(null), json!("49"), json!(7)] {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), 1, &[GOOD; 3]);
        let first = AtomicBool::new(true);
        let answer = json!({"batchItemFailures": [{"itemIdentifier": identifier}]}).to_string();
        let function = FakeFunction::new(move |_| {
            Ok(if first.swap(false, Ordering::Relaxed) {
                answer.clone()
            } else {
                String::new()
            })
        });
        let store = Arc::new(InMemory::new());
        drain(dir.path(), function.clone(), store, settings())
            .await
            .unwrap();
        assert_eq!(function.ordinals(), [[1, 2, 3], [1, 2, 3]], "{identifier}");
    }
}

#[tokio::test]
async fn expired_records_are_given_up_without_an_invocation() {
    let dir = tempfile::tempdir().unwrap();
    let at = |ms| ("k", &b"good"[..], ms);
    put(dir.path(), 1, &[at(0), at(1000), at(5000), at(7000)]);
    let function = FakeFunction::succeeding();
    let store = Arc::new(InMemory::new());
    let settings = MappingSettings {
        max_record_age_ms: Some(5000),
        ..settings()
    };
    let totals = drain(dir.path(), function.clone(), store.clone(), settings)
        .await
        .unwrap();
    assert_eq!((totals.records, totals.dead_letter_records), (2, 2));
    assert_eq!(function.ordinals(), [[3, 4]]);
    let (report, kept) = dead_letters(&*store).await.pop().unwrap();
    assert_eq!(kept.len(), 2);
    assert_eq!(report["requestContext"]["condition"], "RecordAgeExceeded");
    assert_eq!(report.get("responseContext"), None);
}

#[tokio::test]
async fn records_age_during_backoff() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), 1, &[GOOD; 3]);
    let function = FakeFunction::new(|_| Err(InvokeError("never".to_owned())));
    let store = Arc::new(InMemory::new());
    let settings = MappingSettings {
        max_retries: None,
        max_record_age_ms: Some(10),
        backoff: Backoff {
            first: Duration::from_millis(1),
            longest: Duration::from_millis(4),
        },
        ..settings()
    };
    let totals = drain(dir.path(), function, store.clone(), settings)
        .await
        .unwrap();
    assert_eq!(totals.dead_letter_records, 3);
    // At 0, 1, 3 and 7 ms of the shard's clock; at 11 ms the records are expired.
    assert_eq!(totals.invocations, 4);
    let (report, _) = dead_letters(&*store).await.pop().unwrap();
    assert_eq!(report["timestamp"], "1970-01-01T00:00:00.011Z");
}

#[tokio::test]
async fn a_record_above_the_payload_limit_becomes_a_dead_letter() {
    let dir = tempfile::tempdir().unwrap();
    let large = vec![7; 5 * 1024 * 1024];
    put(dir.path(), 1, &[GOOD, ("k", &large, 0), GOOD]);
    let function = FakeFunction::succeeding();
    let store = Arc::new(InMemory::new());
    let totals = drain(dir.path(), function.clone(), store.clone(), settings())
        .await
        .unwrap();
    assert_eq!((totals.records, totals.dead_letter_records), (2, 1));
    assert_eq!(function.ordinals(), [[1], [3]]);
    let (report, kept) = dead_letters(&*store).await.pop().unwrap();
    assert_eq!(report["requestContext"]["condition"], "PayloadSizeExceeded");
    assert_eq!(kept[0].data, large);
}

#[tokio::test]
async fn a_failed_dead_letter_write_saves_no_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), 1, &[POISON]);
    let lake = tempfile::tempdir().unwrap();
    // A file in place of the destination's directory.
    std::fs::write(lake.path().join("failed"), b"in the way").unwrap();
    let store = Arc::new(LocalFileSystem::new_with_prefix(lake.path()).unwrap());
    let function = FakeFunction::failing_on_poison();
    let error = drain(dir.path(), function.clone(), store.clone(), settings())
        .await
        .unwrap_err();
    assert!(matches!(error, MappingError::Destination(_)), "{error}");

    std::fs::remove_file(lake.path().join("failed")).unwrap();
    let totals = drain(dir.path(), function, store.clone(), settings())
        .await
        .unwrap();
    assert_eq!(totals.dead_letter_records, 1);
    assert_eq!(dead_letters(&*store).await.len(), 1);
}

#[tokio::test]
async fn a_stop_waits_for_invocations_in_flight() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), 1, &[GOOD; 30]);
    let stop = StopSignal::new();
    let function = {
        let stop = stop.clone();
        FakeFunction::new(move |_| {
            stop.request();
            Ok(String::new())
        })
    };
    let run = async |function: Arc<FakeFunction>, stop| {
        let stream = Stream::open(dir.path()).unwrap();
        let store = Arc::new(InMemory::new());
        EventSourceMapping::new(stream, function, store, settings())
            .run(TailMode::Finished, stop)
            .await
            .unwrap()
    };
    assert_eq!(run(function.clone(), stop).await.records, 10);
    assert_eq!(run(function.clone(), StopSignal::new()).await.records, 20);
    assert_eq!(function.ordinals().concat(), (1..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stop_ends_unlimited_retries() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), 1, &[GOOD; 2]);
    let stop = StopSignal::new();
    let function = {
        let (stop, tries) = (stop.clone(), AtomicU32::new(0));
        FakeFunction::new(move |_| {
            if tries.fetch_add(1, Ordering::Relaxed) == 5 {
                stop.request();
            }
            Err(InvokeError("never".to_owned()))
        })
    };
    let stream = Stream::open(dir.path()).unwrap();
    let settings = MappingSettings {
        max_retries: None,
        ..settings()
    };
    let mapping = EventSourceMapping::new(
        stream,
        function,
        Arc::new(InMemory::new()),
        settings.clone(),
    );
    let totals = mapping.run(TailMode::Finished, stop).await.unwrap();
    assert_eq!((totals.records, totals.invocations), (0, 6));

    let totals = drain(
        dir.path(),
        FakeFunction::succeeding(),
        Arc::new(InMemory::new()),
        settings,
    )
    .await;
    assert_eq!(totals.unwrap().records, 2);
}

#[tokio::test]
async fn a_panicking_function_is_an_error_and_loses_no_record() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), 1, &[GOOD; 2]);
    let function = FakeFunction::new(|_| panic!("a bug"));
    let store = Arc::new(InMemory::new());
    let error = drain(dir.path(), function, store.clone(), settings())
        .await
        .unwrap_err();
    assert!(matches!(error, MappingError::Panicked(_)));
    assert_eq!(
        drain(dir.path(), FakeFunction::succeeding(), store, settings())
            .await
            .unwrap()
            .records,
        2
    );
}
