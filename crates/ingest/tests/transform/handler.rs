//! Tests of the handler: receipts, the title catalog, the time window and the settings.

use std::sync::Arc;

use marquee_event::{Date, Reason, TimeWindow, Title};
use marquee_ingest::{Transform, TransformSettings};
use marquee_lake::receipt::{self, Receipt};
use marquee_lake::title_catalog;
use marquee_lake::zone::Zone;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::laws::title_catalog as titles;
use crate::payload::{ARRIVAL_MS, Sent, payload, payload_of, play};
use crate::recording_store::RecordingStore;
use crate::rows::{Cell, Row, column, payloads, rows, schema_of};

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// Reads the rows of the receipt's object in a zone.
pub(crate) async fn read(store: &RecordingStore, receipt: &Receipt, zone: Zone) -> Vec<Row> {
    let Some(object) = receipt.objects.iter().find(|object| object.zone == zone) else {
        return Vec::new();
    };
    let key = Path::from(object.key.as_str());
    let content = store.get(&key).await.unwrap().bytes().await.unwrap();
    let rows = rows(&content, &schema_of(zone));
    assert_eq!(rows.len() as u64, object.rows);
    rows
}

/// Handles a payload in a new store. Returns the store and its only receipt.
pub(crate) async fn receipt_of(
    settings: TransformSettings,
    payload: &[u8],
) -> (Arc<RecordingStore>, Receipt) {
    let store = Arc::new(RecordingStore::default());
    let transform = Transform::new(store.clone(), settings);
    let response = transform.handle(payload).await.unwrap();
    assert!(response.failures.is_empty());
    let mut receipts = receipt::list(&*store, None).await.unwrap();
    assert_eq!(receipts.len(), 1);
    let receipt = receipts.remove(0);
    assert_eq!(receipt.received, receipt.processed + receipt.quarantined);
    assert_eq!(receipt.quarantined, receipt.reasons.values().sum::<u64>());
    (store, receipt)
}

#[tokio::test]
async fn the_receipt_describes_the_batch() {
    let payload = payload_of([play(1, "t", 5), format!("x\n{}", play(2, "t", 6))]);
    let (store, receipt) = receipt_of(TransformSettings::default(), &payload).await;
    assert_eq!((receipt.records, receipt.received), (2, 3));
    assert_eq!((receipt.processed, receipt.quarantined), (2, 1));
    assert_eq!(receipt.reasons, [("invalid_json".to_owned(), 1)].into());
    assert_eq!(receipt.event_dates, [(date("2026-03-01"), 2)].into());
    assert_eq!(receipt.ingest_date, date("2026-03-01"));
    assert_eq!(receipt.ingest_hour, 12);
    assert_eq!(receipt.first_arrived_at, "2026-03-01T12:00:00.25Z");
    assert_eq!(receipt.last_arrived_at, "2026-03-01T12:00:00.5Z");
    assert_eq!(receipt.title_catalog, None);
    for zone in Zone::ALL {
        let object = receipt
            .objects
            .iter()
            .find(|object| object.zone == zone)
            .unwrap();
        let expected = format!(
            "{zone}/events/ingest_date=2026-03-01/ingest_hour=12/{}-{}.parquet",
            receipt.batch, object.digest
        );
        assert_eq!(object.key, expected);
    }
    let raw = read(&store, &receipt, Zone::Raw).await;
    let lines = [play(1, "t", 5), "x".to_owned(), play(2, "t", 6)];
    assert_eq!(payloads(Zone::Raw, &raw), lines.map(String::into_bytes));
}

#[tokio::test]
async fn the_receipt_names_every_date_of_arrival() {
    let at = |sequence, days_later: i64| {
        let mut sent = Sent::new(sequence, b"\n");
        sent.arrived_ms += days_later * 86_400_000;
        sent
    };
    // Arrivals are not monotonic within a shard.
    let records = [at(1, 2), at(2, 0), at(3, 0), at(4, -1), at(5, 2)];
    let (_, receipt) = receipt_of(TransformSettings::default(), &payload(&records)).await;
    assert_eq!(receipt.ingest_date, date("2026-03-03"));
    let dates = [("2026-02-28", 1), ("2026-03-01", 2), ("2026-03-03", 2)];
    let dates = dates.map(|(text, records)| (date(text), records));
    assert_eq!(receipt.arrival_dates, dates.into());
}

#[tokio::test]
async fn the_title_catalog_is_read_when_its_pointer_moves() {
    const POINTER: &str = "reference/titles/current.json";
    let store = Arc::new(RecordingStore::default());
    let transform = Transform::new(store.clone(), TransformSettings::default());
    let files = || store.gets("reference/titles/") - store.gets(POINTER);
    let mut sequence = 0;
    let mut handle = || {
        sequence += 1;
        let data = play(sequence, "t-film", 45_000);
        let payload = payload(&[Sent::new(sequence, data.as_bytes())]);
        let transform = &transform;
        async move {
            assert!(
                transform
                    .handle(&payload)
                    .await
                    .unwrap()
                    .failures
                    .is_empty()
            )
        }
    };

    handle().await;
    assert_eq!(files(), 0, "no title catalog yet");
    let first = title_catalog::publish(&*store, &titles()).await.unwrap();
    handle().await;
    handle().await;
    assert_eq!(files(), 1, "read once while the pointer is unchanged");
    let mut longer: Vec<Title> = titles();
    longer[1].runtime_ms = Some(60_000);
    let second = title_catalog::publish(&*store, &longer).await.unwrap();
    handle().await;
    handle().await;
    assert_eq!(files(), 2, "read again after the pointer moved");
    assert_eq!(store.gets(POINTER), 5, "every batch reads the pointer");

    let receipts = receipt::list(&*store, None).await.unwrap();
    let mut seen = Vec::new();
    for receipt in &receipts {
        let rows = read(&store, receipt, Zone::Processed).await;
        let rate = column(Zone::Processed, &rows, "completion_rate").remove(0);
        seen.push((receipt.title_catalog.clone(), rate));
    }
    let (first, second) = (Some(first.version), Some(second.version));
    let rates = |rate: f32| Cell::from(rate);
    assert_eq!(
        seen,
        [
            (None, Cell::Null),
            (first.clone(), rates(0.5)),
            (first, rates(0.5)),
            (second.clone(), rates(0.75)),
            (second, rates(0.75)),
        ]
    );
}

#[tokio::test]
async fn an_unknown_title_is_kept_with_nulls() {
    let store = Arc::new(RecordingStore::default());
    title_catalog::publish(&*store, &titles()).await.unwrap();
    let events = [
        play(1, "t-part", 7),
        play(2, "unheard of", 7),
        play(3, "t-bare", 7),
        play(4, "t-film", 7),
    ];
    let transform = Transform::new(store.clone(), TransformSettings::default());
    transform.handle(&payload_of(events)).await.unwrap();
    let receipt = receipt::list(&*store, None).await.unwrap().remove(0);
    let rows = read(&store, &receipt, Zone::Processed).await;
    let get = |name| column(Zone::Processed, &rows, name);
    let null = || Cell::Null;
    assert_eq!(get("title_id")[1], "unheard of".into());
    assert_eq!(get("series_id"), ["s-1".into(), null(), null(), null()]);
    assert_eq!(
        get("genres"),
        ["drama".into(), null(), null(), "drama|crime".into()]
    );
    assert_eq!(get("runtime_ms"), [1.into(), null(), null(), 90_000.into()]);
    let completion_rate = Cell::from((7.0 / 90_000.0) as f32);
    assert_eq!(
        get("completion_rate"),
        [1.0.into(), null(), null(), completion_rate]
    );
}

#[tokio::test]
async fn the_window_has_two_bounds_relative_to_the_arrival() {
    let at = |ms: i64| {
        let mut text = Vec::new();
        marquee_event::format_utc(ms * 1000, &mut text);
        let text = String::from_utf8(text).unwrap();
        play(1, "t", 1).replace("2026-03-01T11:00:00Z", &text)
    };
    let arrival = Sent::new(1, b"").arrived_ms;
    assert!(arrival > ARRIVAL_MS);
    let (hour, day) = (3_600_000, 86_400_000);
    let lines = [
        at(arrival + hour),
        at(arrival + hour + 1),
        at(arrival - 400 * day),
        at(arrival - 400 * day - 1),
    ];
    let data = payload_of([lines.join("\n")]);
    let (store, receipt) = receipt_of(TransformSettings::default(), &data).await;
    let quarantine = read(&store, &receipt, Zone::Quarantine).await;
    let reasons = column(Zone::Quarantine, &quarantine, "reason");
    assert_eq!(reasons, ["time_in_future".into(), "time_too_old".into()]);
    let kept = [&lines[1], &lines[3]].map(|line| line.clone().into_bytes());
    assert_eq!(payloads(Zone::Quarantine, &quarantine), kept);

    let narrow = TransformSettings {
        window: TimeWindow {
            ahead_us: 0,
            behind_us: 0,
        },
        ..TransformSettings::default()
    };
    let data = payload_of([[at(arrival), at(arrival - 1), at(arrival + 1)].join("\n")]);
    let (_, receipt) = receipt_of(narrow, &data).await;
    assert_eq!((receipt.processed, receipt.quarantined), (1, 2));
}

#[tokio::test]
async fn the_raw_zone_is_optional() {
    let data = payload_of([play(1, "t", 5), "x".to_owned()]);
    let (_, with) = receipt_of(TransformSettings::default(), &data).await;
    let settings = TransformSettings {
        raw: false,
        ..TransformSettings::default()
    };
    let (store, without) = receipt_of(settings, &data).await;
    assert!(store.puts().iter().all(|(key, _)| !key.starts_with("raw/")));
    let mut expected = with;
    expected.objects.retain(|object| object.zone != Zone::Raw);
    assert_eq!(without, expected);
}

#[tokio::test]
async fn data_that_is_not_base64_is_kept_as_text() {
    let texts = ["not base64!", "e30", "e3=0", "", "é"];
    let records: Vec<Sent> = texts
        .iter()
        .zip(1..)
        .map(|(text, sequence)| Sent {
            data: (*text).to_owned(),
            ..Sent::new(sequence, b"")
        })
        .collect();
    let (store, receipt) = receipt_of(TransformSettings::default(), &payload(&records)).await;
    let reason = Reason::UndecodableRecord.name().to_owned();
    assert_eq!(receipt.reasons, [(reason, 4)].into());
    let rows = read(&store, &receipt, Zone::Quarantine).await;
    let kept = ["not base64!", "e30", "e3=0", "é"].map(|text| text.as_bytes().to_vec());
    assert_eq!(payloads(Zone::Quarantine, &rows), kept);
}

#[tokio::test]
async fn a_batch_of_blank_records_has_a_receipt_without_objects() {
    let (_, receipt) = receipt_of(TransformSettings::default(), &payload_of(["", "\n \r\n"])).await;
    assert_eq!((receipt.records, receipt.received), (2, 0));
    assert!(receipt.objects.is_empty());
}
