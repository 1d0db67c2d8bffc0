//! Fault injection: after any failure, a receipt exists only with all objects that it lists,
//! and a retry completes the batch.

use std::sync::Arc;

use marquee_ingest::{HandlerError, Transform, TransformSettings};
use marquee_lake::{digest, receipt};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::payload::{Sent, payload, payload_of, play};
use crate::recording_store::{FailurePoint, RecordingStore};

/// Returns a payload with rows for each zone.
fn mixed() -> Vec<u8> {
    payload_of([play(1, "t", 5), "no event".to_owned(), play(2, "t", 6)])
}

fn transform(store: &Arc<RecordingStore>) -> Transform {
    Transform::new(store.clone(), TransformSettings::default())
}

/// Returns the first sequence numbers of the batches to retry.
async fn failures(transform: &Transform, payload: &[u8]) -> Vec<String> {
    let response = transform.handle(payload).await.unwrap();
    let identifier = |failure: marquee_ingest::handler::ItemFailure| failure.item_identifier;
    response.failures.into_iter().map(identifier).collect()
}

/// Asserts that every object of every receipt exists with its size and digest. Returns the
/// number of receipts.
async fn check_receipts(store: &RecordingStore) -> usize {
    let receipts = receipt::list(store, None).await.unwrap();
    for receipt in &receipts {
        for object in &receipt.objects {
            let key = Path::from(object.key.as_str());
            let content = store.get(&key).await.unwrap().bytes().await.unwrap();
            assert_eq!(content.len() as u64, object.bytes, "{}", object.key);
            assert_eq!(digest::of(&content), object.digest, "{}", object.key);
        }
        assert_eq!(receipt.received, receipt.processed + receipt.quarantined);
    }
    receipts.len()
}

async fn undisturbed(payload: &[u8]) -> Arc<RecordingStore> {
    let store = Arc::new(RecordingStore::default());
    assert!(failures(&transform(&store), payload).await.is_empty());
    store
}

#[tokio::test]
async fn the_receipt_is_last_and_created_only_if_absent() {
    let store = undisturbed(&mixed()).await;
    let puts = store.puts();
    assert_eq!(puts.len(), 4);
    let (receipt, others) = puts.split_last().unwrap();
    assert!(receipt.0.starts_with("ledger/receipts/"), "{receipt:?}");
    assert!(receipt.1, "a receipt is never replaced");
    assert!(others.iter().all(|(key, _)| key.ends_with(".parquet")));
    assert_eq!(check_receipts(&store).await, 1);
}

#[tokio::test]
async fn a_retry_completes_the_batch_after_any_failed_write() {
    let payload = mixed();
    let first = Sent::new(1, b"").sequence_number();
    let expected = undisturbed(&payload).await.objects().await;
    for point in [FailurePoint::Before, FailurePoint::After] {
        for number in 0..expected.len() {
            let store = Arc::new(RecordingStore::default());
            let transform = transform(&store);
            store.fail_put(number, point);
            let case = format!("write {number} failed {point:?}");
            assert_eq!(
                failures(&transform, &payload).await,
                [first.as_str()],
                "{case}"
            );
            let is_receipt = number + 1 == expected.len();
            let receipted = usize::from(is_receipt && point == FailurePoint::After);
            assert_eq!(check_receipts(&store).await, receipted, "{case}");

            let again = transform.handle(&payload).await.unwrap();
            assert!(again.failures.is_empty(), "{case}");
            assert_eq!(again.report.repeated, receipted as u64, "{case}");
            assert_eq!(store.objects().await, expected, "{case}");
        }
    }
}

#[tokio::test]
async fn a_retry_completes_the_batch_after_a_failed_read() {
    let payload = mixed();
    let first = Sent::new(1, b"").sequence_number();
    let expected = undisturbed(&payload).await.objects().await;
    for prefix in ["ledger/receipts", "reference/titles/current.json"] {
        let store = Arc::new(RecordingStore::default());
        let transform = transform(&store);
        store.fail_read(prefix);
        assert_eq!(
            failures(&transform, &payload).await,
            [first.as_str()],
            "{prefix}"
        );
        assert!(store.puts().is_empty(), "{prefix}");
        assert!(failures(&transform, &payload).await.is_empty(), "{prefix}");
        assert_eq!(store.objects().await, expected, "{prefix}");
    }
}

#[tokio::test]
async fn a_batch_with_a_receipt_is_not_written_again() {
    let store = undisturbed(&mixed()).await;
    let (puts, objects) = (store.puts(), store.objects().await);
    // Another process, also with other content under the same name.
    let other = payload_of([play(9, "t", 5), play(8, "t", 5), play(7, "t", 5)]);
    for payload in [mixed(), other] {
        let response = transform(&store).handle(&payload).await.unwrap();
        assert!(response.failures.is_empty());
        assert_eq!(response.report.repeated, 1);
        assert_eq!(response.report.batches, 0);
        assert_eq!(store.puts(), puts);
    }
    assert_eq!(store.objects().await, objects);
}

#[tokio::test]
async fn concurrent_calls_create_one_receipt() {
    let store = Arc::new(RecordingStore::with_barrier(2));
    let transform = transform(&store);
    let payload = mixed();
    let (one, other) = tokio::join!(transform.handle(&payload), transform.handle(&payload));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.failures.is_empty() && other.failures.is_empty());
    assert_eq!(one.report.batches + other.report.batches, 1);
    assert_eq!(one.report.repeated + other.report.repeated, 1);
    assert_eq!(
        store.objects().await,
        undisturbed(&payload).await.objects().await
    );
}

#[tokio::test]
async fn a_failed_batch_does_not_affect_other_shards() {
    let on = |shard: &'static str, sequence, data: &str| Sent {
        shard,
        ..Sent::new(sequence, data.as_bytes())
    };
    let records = [
        on("shardId-000000000000", 10, &play(1, "t", 1)),
        on("shardId-000000000000", 11, &play(2, "t", 1)),
        on("shardId-000000000001", 20, &play(3, "t", 1)),
        on("shardId-000000000001", 21, "broken"),
        on("shardId-000000000002", 30, &play(4, "t", 1)),
    ];
    let payload = payload(&records);
    let expected = undisturbed(&payload).await;
    assert_eq!(check_receipts(&expected).await, 3);

    let store = Arc::new(RecordingStore::default());
    let transform = transform(&store);
    // Puts 0 to 2 are raw, processed and the receipt of the first shard; put 3 is raw of the
    // second.
    store.fail_put(3, FailurePoint::Before);
    let again_from = records[2].sequence_number();
    assert_eq!(failures(&transform, &payload).await, [again_from]);
    let receipts = receipt::list(&*store, None).await.unwrap();
    let shards: Vec<&str> = receipts
        .iter()
        .map(|receipt| receipt.shard_id.as_str())
        .collect();
    assert_eq!(shards, ["shardId-000000000000", "shardId-000000000002"]);

    let again = transform.handle(&payload).await.unwrap();
    assert!(again.failures.is_empty());
    assert_eq!((again.report.batches, again.report.repeated), (1, 2));
    assert_eq!(store.objects().await, expected.objects().await);
}

#[tokio::test]
async fn the_response_has_the_format_of_the_event_source_mapping() {
    let store = Arc::new(RecordingStore::default());
    let transform = transform(&store);
    store.fail_put(0, FailurePoint::Before);
    let response = transform.handle(&mixed()).await.unwrap();
    let first = Sent::new(1, b"").sequence_number();
    assert_eq!(
        serde_json::to_value(&response).unwrap(),
        serde_json::json!({ "batchItemFailures": [{ "itemIdentifier": first }] })
    );
    let response = transform.handle(&mixed()).await.unwrap();
    assert_eq!(
        serde_json::to_value(&response).unwrap(),
        serde_json::json!({ "batchItemFailures": [] })
    );
}

#[tokio::test]
async fn an_invalid_payload_fails_as_a_whole() {
    let whole = mixed();
    let half = &whole[..whole.len() / 2];
    let nameless = br#"{"Records":[{"kinesis":{"data":"e30="}}]}"#;
    for payload in [&b""[..], b"{}", b"[]", b"\xff", half, nameless] {
        let store = Arc::new(RecordingStore::default());
        let error = transform(&store).handle(payload).await.unwrap_err();
        assert!(matches!(error, HandlerError::Envelope(_)), "{error}");
        assert!(store.puts().is_empty());
    }
    let store = Arc::new(RecordingStore::default());
    let empty = transform(&store)
        .handle(br#"{"Records":[]}"#)
        .await
        .unwrap();
    assert!(empty.failures.is_empty() && store.puts().is_empty());
}
