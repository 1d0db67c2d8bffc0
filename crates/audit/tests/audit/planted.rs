//! The audit finds every planted loss, and nothing else.

use marquee_audit::{Problem, Status};
use marquee_lake::receipt::Receipt;
use marquee_lake::zone::Zone;
use serde_json::json;

use crate::lake::{
    DATE, Lake, NEXT, Sent, date, key_of, payload, play, sequence_number, shard_id,
    without_last_row,
};

/// Creates a lake of two batches with a published date.
async fn intact_lake() -> (Lake, Receipt) {
    let lake = Lake::new();
    let first = [
        Sent::new(1, &[play(1), play(2)]),
        Sent::new(2, &["x".to_owned()]),
    ];
    let receipt = lake.deliver(&first).await;
    lake.deliver(&[Sent::new(3, &[play(3)])]).await;
    lake.publish().await;
    let audit = lake.audit_with(&[(0, 3)]).await;
    assert_eq!(audit.problems, []);
    (lake, receipt)
}

async fn problems(lake: &Lake) -> Vec<Problem> {
    let audit = lake.audit_with(&[(0, 3)]).await;
    assert_eq!(audit.balanced, audit.problems.is_empty());
    audit.problems
}

#[tokio::test]
async fn a_processed_object_removed() {
    let (lake, receipt) = intact_lake().await;
    let key = key_of(&receipt, Zone::Processed);
    lake.remove(&key).await;
    let problems = problems(&lake).await;
    let named_by = receipt.key();
    assert!(
        problems.contains(&Problem::MissingObject { key, named_by }),
        "{problems:?}"
    );
    assert!(
        problems.contains(&Problem::Unknown {
            date: date(DATE),
            identities: 2
        }),
        "{problems:?}"
    );
}

#[tokio::test]
async fn raw_and_quarantine_objects_removed() {
    for zone in [Zone::Raw, Zone::Quarantine] {
        let (lake, receipt) = intact_lake().await;
        let key = key_of(&receipt, zone);
        lake.remove(&key).await;
        let named_by = receipt.key();
        let problems = problems(&lake).await;
        assert!(
            problems.contains(&Problem::MissingObject { key, named_by }),
            "{problems:?}"
        );
    }
}

#[tokio::test]
async fn a_receipt_removed() {
    let (lake, receipt) = intact_lake().await;
    lake.remove(&receipt.key()).await;
    let problems = problems(&lake).await;
    let removed = Problem::ReceiptRemoved {
        receipt: receipt.key(),
        generation: format!("ledger/days/event_date={DATE}/000001.json"),
    };
    assert!(problems.contains(&removed), "{problems:?}");
    for zone in Zone::ALL {
        let units = match zone {
            Zone::Raw => 3,
            Zone::Processed => 2,
            Zone::Quarantine => 1,
        };
        let orphan = Problem::Orphan {
            key: key_of(&receipt, zone),
            uncovered: units,
            units,
        };
        assert!(problems.contains(&orphan), "{problems:?}");
    }
    let counted = Problem::ShardDiffers {
        shard_id: shard_id(0),
        stream: 3,
        accounted: 1,
    };
    assert!(problems.contains(&counted), "{problems:?}");
}

#[tokio::test]
async fn rows_dropped_from_a_file() {
    let (lake, receipt) = intact_lake().await;
    let key = key_of(&receipt, Zone::Processed);
    let shorter = without_last_row(lake.get(&key).await);
    let found_bytes = shorter.len() as u64;
    lake.put(&key, shorter).await;
    let problems = problems(&lake).await;
    let rows = Problem::RowsDiffer {
        key: key.clone(),
        named_by: receipt.key(),
        expected: 2,
        found: 1,
    };
    assert!(problems.contains(&rows), "{problems:?}");
    let content = problems.iter().find_map(|problem| match problem {
        Problem::ContentDiffers {
            key: at,
            found_bytes,
            ..
        } if *at == key => Some(*found_bytes),
        _ => None,
    });
    assert_eq!(content, Some(found_bytes));
}

#[tokio::test]
async fn rows_dropped_from_curated_tables() {
    let (lake, receipt) = intact_lake().await;
    let generation = lake.publish().await;
    let file = &generation.tables["events"].files[0];
    let shorter = without_last_row(lake.get(&file.key).await);
    lake.put(&file.key, shorter).await;
    let problems = problems(&lake).await;
    let rows = Problem::RowsDiffer {
        key: file.key.clone(),
        named_by: generation.key(),
        expected: 3,
        found: 2,
    };
    assert!(problems.contains(&rows), "{problems:?}");
    let is_lost = |problem: &Problem| matches!(problem, Problem::Lost { identities: 1, .. });
    assert!(problems.iter().any(is_lost), "{problems:?}");
    lake.remove(&file.key).await;
    let audit = lake.audit().await;
    let missing = Problem::MissingObject {
        key: file.key.clone(),
        named_by: generation.key(),
    };
    assert!(audit.problems.contains(&missing));
    let lost = Problem::Lost {
        date: date(DATE),
        identities: 3,
        example: receipt.key(),
    };
    assert!(audit.problems.contains(&lost), "{:?}", audit.problems);
}

#[tokio::test]
async fn the_list_of_covered_receipts_removed() {
    let (lake, _) = intact_lake().await;
    let generation = lake.publish().await;
    lake.remove(&generation.covered).await;
    let missing = Problem::MissingObject {
        key: generation.covered.clone(),
        named_by: generation.key(),
    };
    assert_eq!(problems(&lake).await, [missing]);
}

#[tokio::test]
async fn a_damaged_object_is_unreadable() {
    let (lake, receipt) = intact_lake().await;
    let key = key_of(&receipt, Zone::Processed);
    let whole = lake.get(&key).await;
    for damaged in [
        b"PAR1".to_vec(),
        whole[..whole.len() / 2].to_vec(),
        vec![0; whole.len()],
        Vec::new(),
    ] {
        lake.put(&key, damaged).await;
        let problems = problems(&lake).await;
        let is_unreadable = |problem: &Problem| matches!(problem, Problem::Unreadable { key: at, .. } if *at == key);
        assert!(problems.iter().any(is_unreadable), "{problems:?}");
    }
}

#[tokio::test]
async fn an_orphan_is_a_problem_if_no_other_object_has_its_units() {
    let (lake, receipt) = intact_lake().await;
    // The objects of a retry with other batch boundaries that ended before its receipt.
    let elsewhere = Lake::new();
    let again = [Sent::new(2, &["x".to_owned()]), Sent::new(3, &[play(3)])];
    let covered = elsewhere.deliver(&again).await;
    for zone in Zone::ALL {
        let key = key_of(&covered, zone);
        lake.put(&key, elsewhere.get(&key).await).await;
    }
    let audit = lake.audit_with(&[(0, 3)]).await;
    assert_eq!(audit.problems, []);
    assert_eq!(audit.ingest.garbage.objects, 3);

    let uncovered = elsewhere
        .deliver(&[Sent::new(3, &[play(3)]), Sent::new(4, &[play(4)])])
        .await;
    let key = key_of(&uncovered, Zone::Processed);
    lake.put(&key, elsewhere.get(&key).await).await;
    let orphan = Problem::Orphan {
        key,
        uncovered: 1,
        units: 2,
    };
    assert_eq!(problems(&lake).await, [orphan]);
    assert_eq!(receipt.received, 3);
}

/// Returns the object that the mapping writes to the on-failure destination.
fn failed(records: &[Sent], with_payload: bool) -> Vec<u8> {
    let (first, last) = (&records[0], &records[records.len() - 1]);
    let mut report = json!({
        "requestContext": {"condition": "RetryAttemptsExhausted"},
        "version": "1.0",
        "KinesisBatchInfo": {
            "shardId": shard_id(first.shard),
            "startSequenceNumber": sequence_number(first.sequence),
            "endSequenceNumber": sequence_number(last.sequence),
            "approximateArrivalOfFirstRecord": first.arrived_at,
            "approximateArrivalOfLastRecord": last.arrived_at,
            "batchSize": records.len(),
            "streamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/marquee",
        },
    });
    if with_payload {
        report["payload"] = String::from_utf8(payload(records)).unwrap().into();
    }
    serde_json::to_vec(&report).unwrap()
}

#[tokio::test]
async fn a_failed_batch_is_a_problem_until_its_records_are_in_the_lake() {
    // The key of the embedded mapping, and that of Lambda.
    const KEY: &str = "failed/aws/lambda/m/shardId-000000000000/2026/03/01/t-1";
    const LAMBDAS: &str = "aws/lambda/m/shardId-000000000000/2026/03/01/t-1";
    for (key, with_payload) in [(KEY, true), (KEY, false), (LAMBDAS, true)] {
        let (lake, _) = intact_lake().await;
        let records = [Sent::new(4, &[play(4)]), Sent::new(5, &[play(5), play(6)])];
        lake.put(key, failed(&records, with_payload)).await;
        let audit = lake.audit_with(&[(0, 5)]).await;
        let open = Problem::FailedOpen {
            key: key.to_owned(),
            shard_id: shard_id(0),
            records: 2,
        };
        assert_eq!(audit.problems, [open]);
        assert_eq!(audit.ingest.shards[&shard_id(0)].failed, 2);
        assert_eq!(audit.status, Status::Provisional);
        let is_open = |reason: &String| reason.starts_with("2 records of failed batches are open");
        assert!(audit.provisional_because.iter().any(is_open));

        lake.deliver(&records).await;
        let audit = lake.audit_with(&[(0, 5)]).await;
        assert_eq!(audit.problems, []);
        assert!(!audit.provisional_because.iter().any(is_open));
    }
    // Records that are delivered again in other batches are found by their identities.
    let (lake, _) = intact_lake().await;
    let records = [4, 5, 6].map(|n| Sent::new(n, &[play(n)]));
    lake.put(KEY, failed(&records, true)).await;
    lake.deliver(&records[..2]).await;
    let audit = lake.audit_with(&[(0, 6)]).await;
    let is_one = |problem: &Problem| matches!(problem, Problem::FailedOpen { records: 1, .. });
    assert!(audit.problems.len() == 1 && audit.problems.iter().all(is_one));
    lake.deliver(&records[2..]).await;
    assert_eq!(lake.audit_with(&[(0, 6)]).await.problems, []);

    lake.put("failed/note", "by hand").await;
    let is_note = |problem: &Problem| matches!(problem, Problem::FailedUnreadable { key, .. } if key == "failed/note");
    assert!(lake.audit().await.problems.iter().any(is_note));
}

#[tokio::test]
async fn records_that_never_reached_the_transform() {
    let (lake, _) = intact_lake().await;
    let audit = lake.audit_with(&[(0, 4), (1, 0)]).await;
    let differs = Problem::ShardDiffers {
        shard_id: shard_id(0),
        stream: 4,
        accounted: 3,
    };
    assert_eq!(audit.problems, [differs]);
    assert!(
        lake.audit().await.balanced,
        "an unknown count is not a problem"
    );
}

#[tokio::test]
async fn a_receipt_that_contradicts_itself() {
    let (lake, receipt) = intact_lake().await;
    let mut forged = receipt.clone();
    forged.processed += 1;
    lake.put(&receipt.key(), serde_json::to_vec(&forged).unwrap())
        .await;
    let problems = problems(&lake).await;
    let is_forged = |problem: &Problem| matches!(problem, Problem::ReceiptUnbalanced { receipt: at, .. } if *at == receipt.key());
    assert!(problems.iter().any(is_forged), "{problems:?}");
}

#[test]
fn problems_have_a_sentence_and_advice() {
    let gap = Problem::ProducerGap {
        producer_id: "p".into(),
        missing: 9,
        gaps: vec![(3, 3), (5, 7)],
        excused: 1,
    };
    assert_eq!(
        gap.to_string(),
        "9 numbers of producer \"p\" are missing (3, 5 to 7, …); units without a readable number can explain 1"
    );
    for zone in Zone::ALL {
        let missing = Problem::MissingObject {
            key: format!("{}/ingest_date={NEXT}/ingest_hour=00/x", zone.prefix()),
            named_by: "r".into(),
        };
        let advice = missing.advice();
        match zone {
            Zone::Raw => assert!(!advice.contains("marquee rebuild"), "{advice}"),
            _ => assert_eq!(
                advice,
                "run `marquee rebuild 2026-03-02` to restore it from raw"
            ),
        }
    }
    for key in [
        "curated/events/event_date=2026-03-01/run=000001-d/part-0.parquet",
        "curated/dim_title/run=000001-d/part-0.parquet",
    ] {
        let unreadable = Problem::Unreadable {
            key: key.into(),
            named_by: Some("ledger/days/event_date=2026-03-01/000001.json".into()),
            cause: "c".into(),
        };
        assert_eq!(
            unreadable.advice(),
            "run `marquee rebuild 2026-03-01` to make the date's curated tables from scratch"
        );
    }
    let unknown = Problem::Unknown {
        date: date(DATE),
        identities: 1,
    };
    let begins = "run `marquee rebuild 2026-03-01`; if the problem returns";
    assert!(unknown.advice().starts_with(begins));
}
