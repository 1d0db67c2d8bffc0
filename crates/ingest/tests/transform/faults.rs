//! Write, then mark: whatever fails, a receipt is there with all that it names
//! or not at all, and the next call repairs.

use std::sync::Arc;

use marquee_ingest::{HandlerError, Transform, TransformSettings};
use marquee_lake::{digest, receipt};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::payload::{Sent, payload, payload_of, play};
use crate::watched::{Moment, Watched};

/// Something for each zone.
fn mixed() -> Vec<u8> {
    payload_of([play(1, "t", 5), "no event".to_owned(), play(2, "t", 6)])
}

fn transform(store: &Arc<Watched>) -> Transform {
    Transform::new(store.clone(), TransformSettings::default())
}

/// The sequence numbers from which on batches have to come again.
async fn failures(transform: &Transform, payload: &[u8]) -> Vec<String> {
    let response = transform.handle(payload).await.unwrap();
    let identifier = |failure: marquee_ingest::handler::ItemFailure| failure.item_identifier;
    response.failures.into_iter().map(identifier).collect()
}

/// Every receipt names objects that are there, with their bytes and digest.
async fn check_receipts(store: &Watched) -> usize {
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

async fn untroubled(payload: &[u8]) -> Arc<Watched> {
    let store = Arc::new(Watched::default());
    assert!(failures(&transform(&store), payload).await.is_empty());
    store
}

#[tokio::test]
async fn the_receipt_is_last_and_created_only_if_absent() {
    let store = untroubled(&mixed()).await;
    let puts = store.puts();
    assert_eq!(puts.len(), 4);
    let (receipt, others) = puts.split_last().unwrap();
    assert!(receipt.0.starts_with("ledger/receipts/"), "{receipt:?}");
    assert!(receipt.1, "a receipt is never replaced");
    assert!(others.iter().all(|(key, _)| key.ends_with(".parquet")));
    assert_eq!(check_receipts(&store).await, 1);
}

#[tokio::test]
async fn whatever_write_fails_a_retry_repairs() {
    let payload = mixed();
    let first = Sent::new(1, b"").sequence_number();
    let expected = untroubled(&payload).await.objects().await;
    for moment in [Moment::Before, Moment::After] {
        for number in 0..expected.len() {
            let store = Arc::new(Watched::default());
            let transform = transform(&store);
            store.fail_put(number, moment);
            let case = format!("write {number} failed {moment:?}");
            assert_eq!(
                failures(&transform, &payload).await,
                [first.as_str()],
                "{case}"
            );
            let is_receipt = number + 1 == expected.len();
            let receipted = usize::from(is_receipt && moment == Moment::After);
            assert_eq!(check_receipts(&store).await, receipted, "{case}");

            let again = transform.handle(&payload).await.unwrap();
            assert!(again.failures.is_empty(), "{case}");
            assert_eq!(again.report.repeated, receipted as u64, "{case}");
            assert_eq!(store.objects().await, expected, "{case}");
        }
    }
}

#[tokio::test]
async fn a_read_that_fails_fails_the_batch_and_a_retry_repairs() {
    let payload = mixed();
    let first = Sent::new(1, b"").sequence_number();
    let expected = untroubled(&payload).await.objects().await;
    for prefix in ["ledger/receipts", "reference/titles/current.json"] {
        let store = Arc::new(Watched::default());
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
async fn a_batch_that_has_its_receipt_is_done() {
    let store = untroubled(&mixed()).await;
    let (puts, objects) = (store.puts(), store.objects().await);
    // Another process, and even other content under the same name.
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
async fn two_calls_at_once_make_one_receipt() {
    let store = Arc::new(Watched::with_meeting_of(2));
    let transform = transform(&store);
    let payload = mixed();
    let (one, other) = tokio::join!(transform.handle(&payload), transform.handle(&payload));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.failures.is_empty() && other.failures.is_empty());
    assert_eq!(one.report.batches + other.report.batches, 1);
    assert_eq!(one.report.repeated + other.report.repeated, 1);
    assert_eq!(
        store.objects().await,
        untroubled(&payload).await.objects().await
    );
}

#[tokio::test]
async fn a_batch_that_fails_leaves_the_other_shards_alone() {
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
    let expected = untroubled(&payload).await;
    assert_eq!(check_receipts(&expected).await, 3);

    let store = Arc::new(Watched::default());
    let transform = transform(&store);
    // Raw, processed and a receipt of the first shard, then raw of the second.
    store.fail_put(3, Moment::Before);
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
async fn the_answer_is_what_the_event_source_mapping_reads() {
    let store = Arc::new(Watched::default());
    let transform = transform(&store);
    store.fail_put(0, Moment::Before);
    let answer = transform.handle(&mixed()).await.unwrap();
    let first = Sent::new(1, b"").sequence_number();
    assert_eq!(
        serde_json::to_value(&answer).unwrap(),
        serde_json::json!({ "batchItemFailures": [{ "itemIdentifier": first }] })
    );
    let answer = transform.handle(&mixed()).await.unwrap();
    assert_eq!(
        serde_json::to_value(&answer).unwrap(),
        serde_json::json!({ "batchItemFailures": [] })
    );
}

#[tokio::test]
async fn a_payload_that_is_none_fails_as_a_whole() {
    let whole = mixed();
    let half = &whole[..whole.len() / 2];
    let nameless = br#"{"Records":[{"kinesis":{"data":"e30="}}]}"#;
    for payload in [&b""[..], b"{}", b"[]", b"\xff", half, nameless] {
        let store = Arc::new(Watched::default());
        let error = transform(&store).handle(payload).await.unwrap_err();
        assert!(matches!(error, HandlerError::Envelope(_)), "{error}");
        assert!(store.puts().is_empty());
    }
    let store = Arc::new(Watched::default());
    let empty = transform(&store)
        .handle(br#"{"Records":[]}"#)
        .await
        .unwrap();
    assert!(empty.failures.is_empty() && store.puts().is_empty());
}
