//! Rebuild restores objects byte for byte, or changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../audit/tests/audit/lake.rs"]
mod lake;

use marquee_codec::{Compression, compress, kpl};
use marquee_event::{TimeWindow, Title, TitleKind};
use marquee_ingest::TransformSettings;
use marquee_lake::title_catalog;
use marquee_lake::zone::Zone;
use marquee_repair::{RebuildFault, RebuildReport, rebuild};
use proptest::collection::vec;
use proptest::prelude::*;

use lake::{DATE, Lake, Sent, broken, key_of, play};

async fn run(lake: &Lake, settings: TransformSettings) -> RebuildReport {
    let dates = DATE.parse().unwrap();
    rebuild(&lake.store, dates, settings).await.unwrap()
}

fn film(runtime_ms: i64) -> Title {
    Title {
        title_id: "t-film".into(),
        name: "Film".into(),
        kind: TitleKind::Movie,
        series_id: None,
        season: None,
        episode: None,
        genres: vec!["drama".into()],
        runtime_ms: Some(runtime_ms),
        runtime_estimated: false,
        release_date: None,
    }
}

/// Deletes or overwrites every object that a rebuild can restore.
async fn destroy(lake: &Lake) {
    for (number, key) in lake.objects().await.into_keys().enumerate() {
        if key.starts_with("processed/") || key.starts_with("quarantine/") {
            match number % 2 {
                0 => lake.remove(&key).await,
                _ => lake.put(&key, "rubbish").await,
            }
        }
    }
}

#[tokio::test]
async fn lost_objects_come_back_byte_for_byte() {
    let lake = Lake::new();
    lake.deliver(&[Sent::new(1, &[play(1), "<html>".to_owned(), broken(2)])])
        .await;
    // Each batch has its own version of the title catalog.
    for (runtime_ms, sequence) in [(90_000, 2), (60_000, 3)] {
        title_catalog::publish(&*lake.store, &[film(runtime_ms)])
            .await
            .unwrap();
        lake.deliver(&[
            Sent::new(sequence, &[play(sequence), "\n".to_owned()]),
            Sent::new(sequence + 10, &[play(sequence + 10)]),
        ])
        .await;
    }
    lake.deliver(&[Sent::new(4, &["\n".to_owned()])]).await;
    let before = lake.objects().await;
    let keys = before
        .keys()
        .filter(|key| !key.starts_with("raw/") && key.contains("/events/"));
    let keys: Vec<String> = keys.cloned().collect();
    destroy(&lake).await;
    assert!(lake.objects().await != before);

    let report = run(&lake, TransformSettings::default()).await;
    assert_eq!(report.faults, []);
    let mut restored = report.restored.clone();
    restored.sort();
    assert_eq!((restored, report.receipts, report.intact), (keys, 4, 0));
    assert!(lake.objects().await == before);

    let again = run(&lake, TransformSettings::default()).await;
    assert_eq!(
        (again.restored.len(), again.intact),
        (0, report.restored.len() as u64)
    );
}

#[tokio::test]
async fn differing_bytes_replace_no_object() {
    let lake = Lake::new();
    let receipt = lake
        .deliver(&[Sent::new(1, &[play(1), "x".to_owned()])])
        .await;
    let whole = lake.deliver(&[Sent::new(2, &["y".to_owned()])]).await;
    lake.remove(&key_of(&receipt, Zone::Processed)).await;
    lake.remove(&key_of(&whole, Zone::Quarantine)).await;
    let before = lake.objects().await;
    let changed = TransformSettings {
        window: TimeWindow {
            ahead_us: 0,
            behind_us: 0,
        },
        ..TransformSettings::default()
    };
    let report = run(&lake, changed).await;
    let differs = RebuildFault::Differs {
        receipt: receipt.key(),
        keys: [Zone::Quarantine, Zone::Processed]
            .map(|zone| key_of(&receipt, zone))
            .into(),
    };
    assert_eq!(report.faults, [differs]);
    assert_eq!(
        report.restored,
        [key_of(&whole, Zone::Quarantine)],
        "the other batch is restored"
    );
    lake.remove(&key_of(&whole, Zone::Quarantine)).await;
    assert!(lake.objects().await == before);
}

#[tokio::test]
async fn a_batch_without_its_inputs_is_reported() {
    let lake = Lake::new();
    let gone = lake.deliver(&[Sent::new(1, &[play(1)])]).await;
    let damaged = lake.deliver(&[Sent::new(2, &[play(2)])]).await;
    lake.remove(&key_of(&gone, Zone::Raw)).await;
    lake.put(&key_of(&damaged, Zone::Raw), "rubbish").await;
    let report = run(&lake, TransformSettings::default()).await;
    assert_eq!(
        report.faults,
        [
            RebuildFault::RawGone {
                receipt: gone.key(),
                key: key_of(&gone, Zone::Raw)
            },
            RebuildFault::RawDamaged {
                receipt: damaged.key(),
                key: key_of(&damaged, Zone::Raw)
            },
        ]
    );

    let without_raw = TransformSettings {
        raw: false,
        ..TransformSettings::default()
    };
    let lake = Lake::with(without_raw);
    let receipt = lake.deliver(&[Sent::new(1, &[play(1)])]).await;
    let report = run(&lake, TransformSettings::default()).await;
    assert_eq!(
        report.faults,
        [RebuildFault::NoRaw {
            receipt: receipt.key()
        }]
    );

    let lake = Lake::new();
    let version = title_catalog::publish(&*lake.store, &[film(1)])
        .await
        .unwrap();
    let receipt = lake.deliver(&[Sent::new(1, &[play(1)])]).await;
    lake.remove(&version.key).await;
    let report = run(&lake, TransformSettings::default()).await;
    let (receipt, version) = (receipt.key(), version.version);
    assert_eq!(
        report.faults,
        [RebuildFault::TitleCatalogGone { receipt, version }]
    );
}

#[tokio::test]
async fn other_dates_are_left_alone() {
    let lake = Lake::new();
    let other = Sent::new(1, &[play(1)]).at("2026-03-02T00:00:00Z");
    let receipt = lake.deliver(&[other]).await;
    lake.remove(&key_of(&receipt, Zone::Processed)).await;
    let report = run(&lake, TransformSettings::default()).await;
    assert_eq!(report, RebuildReport::default());
}

/// The data of a record: lines, compressed or aggregated or neither, or data that cannot be
/// unpacked.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        3 => (1..9_u64).prop_map(play),
        1 => (1..9_u64).prop_map(broken),
        1 => Just("e30".to_owned()),
        1 => Just("<html>".to_owned()),
        1 => Just(String::new()),
    ];
    let lines = vec(line, 0..4).prop_map(|lines| lines.join("\n").into_bytes());
    let kind = proptest::sample::select(vec![
        Compression::None,
        Compression::Zstd,
        Compression::Gzip,
    ]);
    (lines, kind, any::<bool>(), 0..12_usize).prop_map(|(lines, kind, aggregated, cut)| {
        let record = match aggregated {
            true => {
                let mut aggregate = kpl::Aggregate::new();
                aggregate.push("own", None, &lines);
                aggregate.finish()
            }
            false => lines,
        };
        let mut record = compress(kind, &record).unwrap();
        // One in six is truncated.
        if cut < 2 {
            record.truncate(record.len().saturating_sub(1 + cut));
        }
        record
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_batch_is_restored(records in vec(data(), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let lake = Lake::new();
            let records: Vec<Sent> = (1..).zip(records)
                .map(|(sequence, data)| Sent { data, ..Sent::new(sequence, &[]) })
                .collect();
            lake.deliver(&records).await;
            let before = lake.objects().await;
            destroy(&lake).await;
            let report = run(&lake, TransformSettings::default()).await;
            prop_assert_eq!(&report.faults, &[]);
            prop_assert!(lake.objects().await == before);
            Ok(())
        })?;
    }
}
