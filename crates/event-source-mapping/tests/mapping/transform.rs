//! The mapping with the ingest transform as its function.

use std::path::Path;
use std::sync::Arc;

use crate::faults::{FaultRates, FaultyFunction};
use marquee_codec::Limits;
use marquee_event::{Title, TitleKind};
use marquee_event_source_mapping::TransformFunction;
use marquee_event_source_mapping::{Function, MappingSettings};
use marquee_ingest::{Transform, TransformSettings};
use marquee_lake::{receipt, title_catalog};
use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::crash::survives_any_crash;
use crate::fake::{drain, objects, put, settings};

/// 2024-05-01T12:00:00Z.
const NOON_MS: i64 = 1_714_564_800_000;

/// Creates a stream of 60 records with one event each; three also hold an invalid
/// line.
fn stream() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let records: Vec<_> = (0..60)
        .map(|n| {
            let event = format!(
                "{{\"event_id\":\"018f3240-0000-7000-8000-{n:012}\",\"event_type\":\"play\",\
                 \"event_time\":\"2024-05-01T12:00:{n:02}Z\",\"user_id\":\"user{n}\",\
                 \"session_id\":\"s{n}\",\"title_id\":\"t1\",\"position_ms\":{n}}}"
            );
            let data = if n % 20 == 7 {
                format!("{event}\nno event\n")
            } else {
                event
            };
            (format!("user{n}"), data.into_bytes(), NOON_MS + n * 1000)
        })
        .collect();
    let records: Vec<_> = records
        .iter()
        .map(|(key, data, ms)| (key.as_str(), &data[..], *ms))
        .collect();
    put(dir.path(), 2, &records);
    dir
}

fn transform(store: Arc<dyn ObjectStore>) -> Arc<TransformFunction> {
    Arc::new(TransformFunction::new(Transform::new(
        store,
        TransformSettings::default(),
    )))
}

async fn run(
    stream: &Path,
    lake: &Arc<InMemory>,
    settings: MappingSettings,
) -> Arc<TransformFunction> {
    let function = transform(lake.clone());
    drain(stream, function.clone(), lake.clone(), settings)
        .await
        .unwrap();
    function
}

#[test]
fn a_crash_does_not_change_the_lake() {
    let stream = stream();
    survives_any_crash(stream.path(), |store| transform(store), &settings());
}

#[tokio::test]
async fn every_event_is_counted_and_has_a_receipt() {
    let stream = stream();
    let lake = Arc::new(InMemory::new());
    let title = Title {
        title_id: "t1".to_owned(),
        name: "Heat".to_owned(),
        kind: TitleKind::Movie,
        series_id: None,
        season: None,
        episode: None,
        genres: Vec::new(),
        runtime_ms: None,
        runtime_estimated: false,
        release_date: None,
    };
    title_catalog::publish(&*lake, &[title]).await.unwrap();
    let report = run(stream.path(), &lake, settings()).await.report();
    assert_eq!((report.received, report.processed), (63, 60));
    assert_eq!(
        report.quarantined.into_iter().collect::<Vec<_>>(),
        [("invalid_json", 3)]
    );

    let receipts = receipt::list(&*lake, None).await.unwrap();
    assert_eq!(receipts.len() as u64, report.batches);
    assert_eq!(
        receipts.iter().map(|receipt| receipt.received).sum::<u64>(),
        63
    );
    assert!(
        receipts
            .iter()
            .all(|receipt| receipt.title_catalog.is_some())
    );
}

/// Failures before the work and lost responses after it cause retries only.
#[tokio::test]
async fn retries_do_not_change_the_lake() {
    let (undisturbed, faulty) = (Arc::new(InMemory::new()), Arc::new(InMemory::new()));
    run(stream().path(), &undisturbed, settings()).await;

    let function = transform(faulty.clone());
    let faults = FaultRates {
        seed: 1,
        fail_before: 0.3,
        fail_after: 0.3,
        partial: 0.0,
        max_per_payload: 3,
    };
    let function: Arc<dyn Function> = Arc::new(FaultyFunction::new(function, faults));
    let totals = drain(stream().path(), function, faulty.clone(), settings())
        .await
        .unwrap();
    assert!(totals.failures > 0, "{totals:?}");
    assert_eq!(totals.dead_letter_records, 0);
    assert!(objects(&*faulty).await == objects(&*undisturbed).await);
}

/// Creates a transform whose batches are full at this weight.
fn bounded(store: Arc<dyn ObjectStore>, batch_bytes: usize) -> Arc<TransformFunction> {
    let settings = TransformSettings {
        limits: Limits {
            record_bytes: 1_000,
            batch_bytes,
        },
        ..TransformSettings::default()
    };
    Arc::new(TransformFunction::new(Transform::new(store, settings)))
}

#[tokio::test]
async fn records_after_full_batches_are_delivered_without_a_retry() {
    // Each record is a batch, and a call has more of them than it writes.
    let small = |store| bounded(store, 600);
    let settings = MappingSettings {
        max_retries: Some(0),
        batch_size: 100,
        window_ms: 60_000,
        ..settings()
    };
    let lake = Arc::new(InMemory::new());
    let function = small(lake.clone() as Arc<dyn ObjectStore>);
    let totals = drain(
        stream().path(),
        function.clone(),
        lake.clone(),
        settings.clone(),
    )
    .await
    .unwrap();
    assert_eq!(totals.dead_letter_records, 0);
    let report = function.report();
    assert!(report.full > 0 && totals.failures > 0, "{report:?}");
    assert_eq!((report.received, report.processed), (63, 60));
    let receipts = receipt::list(&*lake, None).await.unwrap();
    let records: u64 = receipts.iter().map(|receipt| receipt.records).sum();
    assert_eq!(records, 60, "no record is in two batches");

    let again = Arc::new(InMemory::new());
    drain(
        stream().path(),
        small(again.clone()),
        again.clone(),
        settings,
    )
    .await
    .unwrap();
    assert!(objects(&*again).await == objects(&*lake).await);
}

#[test]
fn a_crash_between_full_batches_does_not_change_the_lake() {
    let stream = stream();
    survives_any_crash(stream.path(), |store| bounded(store, 1_000), &settings());
}
