//! Replay: once, twice, interrupted, and with a selection.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../audit/tests/audit/lake.rs"]
mod lake;

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType};
use bytes::Bytes;
use marquee_audit::Problem;
use marquee_codec::{Compression, Limits, compress, kpl};
use marquee_event::{Reason, TimeWindow, Title, TitleKind, parse_rfc3339};
use marquee_ingest::TransformSettings;
use marquee_lake::receipt::{Receipt, ReceiptKind};
use marquee_lake::title_catalog;
use marquee_lake::zone::Zone;
use marquee_repair::{ReplayOptions, ReplayReport, replay};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use lake::{DATE, Lake, NEXT, Sent, date, key_of, play, play_at, sequence_number, shard_id};

/// Settings that accept an event only if it arrives at the time it happens.
const STRICT: TransformSettings = TransformSettings {
    window: TimeWindow {
        ahead_us: 0,
        behind_us: 0,
    },
    limits: Limits {
        record_bytes: 32 << 20,
        batch_bytes: 256 << 20,
    },
    raw: true,
};

/// Settings that accept only small records.
const SMALL: TransformSettings = TransformSettings {
    limits: Limits {
        record_bytes: 60,
        batch_bytes: 256 << 20,
    },
    window: TimeWindow {
        ahead_us: 3_600_000_000,
        behind_us: 400 * 86_400_000_000,
    },
    raw: true,
};

async fn run(lake: &Lake, options: ReplayOptions) -> ReplayReport {
    let settings = TransformSettings::default();
    replay(&lake.store, &options, settings).await.unwrap()
}

async fn all(lake: &Lake) -> ReplayReport {
    run(lake, ReplayOptions::default()).await
}

async fn replays(lake: &Lake) -> Vec<Receipt> {
    let mut receipts = lake.receipts().await;
    receipts.retain(|receipt| receipt.kind == ReceiptKind::Replay);
    receipts
}

/// Returns the sequence number, sub-sequence and arrival of each row of an object.
async fn identities(lake: &Lake, key: &str) -> Vec<(String, i32, i64)> {
    let batch = ParquetRecordBatchReaderBuilder::try_new(lake.get(key).await)
        .unwrap()
        .build()
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let column = |name: &str| batch.column_by_name(name).unwrap();
    (0..batch.num_rows())
        .map(|row| {
            (
                column("sequence_number")
                    .as_string::<i32>()
                    .value(row)
                    .to_owned(),
                column("sub_sequence")
                    .as_primitive::<Int32Type>()
                    .value(row),
                column("arrived_at")
                    .as_primitive::<TimestampMicrosecondType>()
                    .value(row),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_valid_unit_is_processed_under_its_first_identity() {
    let lake = Lake::with(STRICT);
    let title = Title {
        title_id: "t-film".into(),
        name: "Film".into(),
        kind: TitleKind::Movie,
        series_id: None,
        season: None,
        episode: None,
        genres: vec!["drama".into()],
        runtime_ms: Some(1_000),
        runtime_estimated: false,
        release_date: None,
    };
    let rejected = lake
        .deliver(&[Sent::new(3, &["x".to_owned(), play(1)])])
        .await;
    let later = Sent::new(9, &[play(2)]).at(&format!("{DATE}T13:00:00Z"));
    lake.deliver(std::slice::from_ref(&later)).await;
    lake.deliver(&[later.in_shard(1)]).await;
    let version = title_catalog::publish(&*lake.store, &[title])
        .await
        .unwrap()
        .version;

    let report = all(&lake).await;
    assert_eq!(report.replayed, [("time_too_old".to_owned(), 3)].into());
    assert_eq!(
        report.still_rejected,
        [("invalid_json".to_owned(), 1)].into()
    );
    assert_eq!(
        (report.quarantined, report.events, report.total()),
        (4, 3, 3)
    );
    assert_eq!(report.event_dates, [(date(DATE), 3)].into());

    // One batch for each shard and date of arrival.
    let receipts = replays(&lake).await;
    assert_eq!(receipts.len(), 2);
    assert_eq!(report.receipts.len(), 2);
    let receipt = receipts.iter().find(|r| r.shard_id == shard_id(0)).unwrap();
    assert!(receipt.batch.starts_with("replay-"));
    assert_eq!(
        (receipt.received, receipt.processed, receipt.quarantined),
        (2, 2, 0)
    );
    assert_eq!((receipt.ingest_date, receipt.ingest_hour), (date(DATE), 12));
    assert_eq!(receipt.first_arrived_at, rejected.first_arrived_at);
    assert_eq!(receipt.title_catalog.as_ref(), Some(&version));
    let key = key_of(receipt, Zone::Processed);
    assert!(key.contains(&receipt.batch), "{key}");
    let arrival = |at: &str| parse_rfc3339(&format!("{DATE}T{at}Z")).unwrap();
    assert_eq!(
        identities(&lake, &key).await,
        [
            (sequence_number(3), 1, arrival("12:00:03")),
            (sequence_number(9), 0, arrival("13:00:00")),
        ]
    );
    lake.publish().await;
    let audit = lake.audit_with(&[(0, 2), (1, 1)]).await;
    assert_eq!(audit.problems, []);
    let units = audit.ingest.units;
    assert_eq!((units.quarantined, units.replayed, units.open), (4, 3, 1));
    assert_eq!((audit.ingest.received, audit.ingest.processed), (4, 0));
    assert_eq!((audit.ingest.batches, audit.ingest.replays), (3, 2));
}

#[tokio::test]
async fn replaying_twice_adds_nothing() {
    let lake = Lake::with(STRICT);
    lake.deliver(&[Sent::new(1, &[play(1), "x".to_owned()])])
        .await;
    all(&lake).await;
    let before = lake.objects().await;
    let again = all(&lake).await;
    assert_eq!(
        (again.total(), again.already_replayed, again.events),
        (0, 1, 0)
    );
    assert_eq!(
        again.still_rejected,
        [("invalid_json".to_owned(), 1)].into()
    );
    assert!(lake.objects().await == before);
}

/// Returns every object except the audits' summaries of producer numbers.
async fn written(lake: &Lake) -> BTreeMap<String, Bytes> {
    let mut objects = lake.objects().await;
    objects.retain(|key, _| !key.contains("/producers/"));
    objects
}

#[tokio::test]
async fn an_interrupted_replay_can_be_repeated() {
    let lake = Lake::with(STRICT);
    lake.deliver(&[Sent::new(1, &[play(1)])]).await;
    lake.deliver(&[Sent::new(2, &[play(2)]).in_shard(1)]).await;
    all(&lake).await;
    let whole = written(&lake).await;
    // The replay ended before it wrote this receipt.
    let receipt = replays(&lake).await.remove(0);
    lake.remove(&receipt.key()).await;
    assert_eq!(lake.audit().await.problems, [], "covered by quarantine");
    all(&lake).await;
    assert!(written(&lake).await == whole);
    // The object is lost, and no other object has its units.
    lake.remove(&key_of(&receipt, Zone::Processed)).await;
    assert!(!lake.audit().await.balanced);
    all(&lake).await;
    assert!(written(&lake).await == whole);
}

#[tokio::test]
async fn a_whole_record_is_unpacked_into_units_with_their_first_identities() {
    let lake = Lake::with(SMALL);
    let lines = ["x".to_owned(), play(1), "y".to_owned(), play(2)].join("\n");
    let mut aggregate = kpl::Aggregate::new();
    aggregate.push("own", None, lines.as_bytes());
    let packed = compress(Compression::Zstd, &aggregate.finish()).unwrap();
    let whole = Sent {
        data: packed,
        ..Sent::new(1, &[])
    };
    let broken = Sent {
        data: b"\x28\xb5\x2f\xfdbroken".to_vec(),
        ..Sent::new(2, &[])
    };
    let rejected = lake.deliver(&[whole.clone(), broken]).await;
    assert_eq!(
        rejected.reasons,
        [
            ("record_too_large".to_owned(), 1),
            ("undecodable_record".to_owned(), 1)
        ]
        .into()
    );

    let report = all(&lake).await;
    assert_eq!(report.replayed, [("record_too_large".to_owned(), 1)].into());
    assert_eq!(
        report.still_rejected,
        [("undecodable_record".to_owned(), 1)].into()
    );
    assert_eq!((report.events, report.rejected_lines), (2, 1));
    let receipt = replays(&lake).await.remove(0);
    let places =
        |rows: Vec<(String, i32, i64)>| rows.into_iter().map(|row| row.1).collect::<Vec<_>>();
    let processed = identities(&lake, &key_of(&receipt, Zone::Processed)).await;
    assert_eq!(places(processed), [1, 3]);
    // Line 0 has the identity of the whole record, which is in quarantine already.
    let quarantine = identities(&lake, &key_of(&receipt, Zone::Quarantine)).await;
    assert_eq!(places(quarantine), [2]);

    let before = lake.objects().await;
    let again = all(&lake).await;
    assert_eq!(
        (again.total(), again.events, again.rejected_lines),
        (0, 0, 0)
    );
    assert!(lake.objects().await == before);
    lake.publish().await;
    let audit = lake.audit_with(&[(0, 2)]).await;
    assert_eq!(audit.problems, []);
    let units = audit.ingest.units;
    assert_eq!(
        (units.distinct, units.processed, units.open, units.replayed),
        (5, 2, 3, 0)
    );

    // A transform that unpacks the record at once gives its events the same identities.
    let first = Lake::new();
    first.deliver(&[whole]).await;
    let key = key_of(&first.receipts().await[0], Zone::Processed);
    let processed = identities(&lake, &key_of(&receipt, Zone::Processed)).await;
    assert_eq!(identities(&first, &key).await, processed);
}

#[tokio::test]
async fn times_are_checked_against_the_arrival() {
    let lake = Lake::with(STRICT);
    let at = |time: &str| play_at(1, time);
    let lines = [
        at("2026-03-01T13:00:01Z"),
        at("2026-03-01T13:00:01.000001Z"),
        at("2025-01-25T12:00:01Z"),
        at("2025-01-25T12:00:00.999999Z"),
    ];
    lake.deliver(&[Sent::new(1, &lines)]).await;
    let report = all(&lake).await;
    assert_eq!(
        report.still_rejected,
        [
            ("time_in_future".to_owned(), 1),
            ("time_too_old".to_owned(), 1)
        ]
        .into()
    );
    let receipt = replays(&lake).await.remove(0);
    let rows = identities(&lake, &key_of(&receipt, Zone::Processed)).await;
    assert_eq!(
        rows.into_iter().map(|row| row.1).collect::<Vec<_>>(),
        [0, 2]
    );
}

#[tokio::test]
async fn units_that_are_not_selected_stay_unchanged() {
    let lake = Lake::with(STRICT);
    let event = |number, time: &str| play_at(number, time);
    let yesterday = Sent::new(1, &[event(1, "2026-02-28T09:00:00Z")]).at("2026-02-28T10:00:00Z");
    lake.deliver(&[yesterday]).await;
    let lines = [event(2, "2026-03-01T12:00:10Z"), play(3), play(4)];
    lake.deliver(&[Sent::new(2, &lines)]).await;
    let options = ReplayOptions::default();
    let before = lake.objects().await;
    let dry = run(
        &lake,
        ReplayOptions {
            dry_run: true,
            ..options
        },
    )
    .await;
    assert_eq!((dry.total(), dry.events, dry.receipts.len()), (4, 4, 0));
    assert!(lake.objects().await == before);

    let reason = Some(Reason::TimeInFuture);
    let report = run(&lake, ReplayOptions { reason, ..options }).await;
    assert_eq!((report.quarantined, report.total()), (1, 1));
    let limited = ReplayOptions {
        limit: Some(1),
        date: DATE.parse().ok(),
        ..options
    };
    let report = run(&lake, limited).await;
    assert_eq!(
        (
            report.quarantined,
            report.already_replayed,
            report.total(),
            report.over_limit
        ),
        (3, 1, 1, 1)
    );
    let report = all(&lake).await;
    assert_eq!(
        (report.quarantined, report.already_replayed, report.total()),
        (4, 2, 2)
    );
    assert_eq!(lake.audit().await.problems, []);
}

/// Returns the producer gap that the audit of a date finds: the count of missing numbers, and
/// their ranges.
async fn gap_on(lake: &Lake, date: &str) -> Option<(u64, Vec<(u64, u64)>)> {
    let audit = lake.audit_of(date).await;
    audit.problems.iter().find_map(|problem| match problem {
        Problem::ProducerGap { missing, gaps, .. } => Some((*missing, gaps.clone())),
        _ => None,
    })
}

#[tokio::test]
async fn a_replayed_unit_of_the_next_date_explains_no_gap() {
    let lake = Lake::new();
    let first = Sent::new(1, &[play(1)]).at(&format!("{DATE}T23:59:59Z"));
    let mut old: serde_json::Value =
        serde_json::from_str(&play_at(2, "2024-01-01T00:00:00Z")).unwrap();
    old.as_object_mut().unwrap().remove("producer");
    let second = Sent::new(2, &[old.to_string(), play(3)]).at(&format!("{NEXT}T00:00:01Z"));
    lake.deliver(&[first, second]).await;
    assert_eq!(gap_on(&lake, NEXT).await, None, "it may be number 2");
    let patient = TransformSettings {
        window: TimeWindow {
            behind_us: i64::MAX / 2,
            ..TimeWindow::default()
        },
        ..TransformSettings::default()
    };
    let options = ReplayOptions::default();
    let report = replay(&lake.store, &options, patient).await.unwrap();
    assert_eq!(report.events, 1);
    assert_eq!(gap_on(&lake, NEXT).await, Some((1, vec![(2, 2)])));
}
