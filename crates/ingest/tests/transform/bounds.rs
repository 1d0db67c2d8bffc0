//! Tests of bounds: records that unpack to more than the limits, and files with more values
//! than a page and a dictionary hold.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use marquee_codec::envelope;
use marquee_codec::{Compression, Limits, compress, kpl};
use marquee_event::{Reason, TimeWindow, Title, TitleKind};
use marquee_ingest::titles::Titles;
use marquee_ingest::{Transform, TransformSettings, Transformed, Transformer};
use marquee_lake::receipt::{self, Receipt};
use marquee_lake::zone::Zone;

use crate::expected::{Expected, Unit};
use crate::handler::{read, receipt_of};
use crate::payload::{SHARD, Sent, payload, payload_of, play};
use crate::recording_store::RecordingStore;
use crate::rows::{Rows, payloads};

fn zeros(bytes: u64) -> impl Read {
    std::io::repeat(0).take(bytes)
}

/// Returns records that unpack to 64 MiB: with and without the length in the frame, and in
/// an aggregate.
fn bombs() -> Vec<Vec<u8>> {
    let stream = zstd::stream::encode_all(zeros(64 << 20), 1).unwrap();
    let sized = compress(Compression::Zstd, &vec![0; 64 << 20]).unwrap();
    let gzip = compress(Compression::Gzip, &vec![0; 64 << 20]).unwrap();
    let mut aggregate = kpl::Aggregate::new();
    aggregate.push("k", None, play(1, "t", 1).as_bytes());
    aggregate.push("k", None, &stream);
    let aggregate = aggregate.finish();
    let twice = compress(Compression::Zstd, &aggregate).unwrap();
    vec![stream, sized, gzip, aggregate, twice]
}

#[tokio::test]
async fn decompression_bombs_are_rejected_without_their_neighbours() {
    let bombs = bombs();
    assert!(bombs.iter().all(|bomb| bomb.len() < 100_000));
    let mut records = Vec::new();
    for _ in 0..4 {
        records.extend(bombs.iter().cloned());
        records.push(play(7, "t", 1).into_bytes());
    }
    let store = Arc::new(RecordingStore::default());
    let receipts = deliver(&store, TransformSettings::default(), &sent(&records)).await;
    // Unpacking of a bomb stops at 32 MiB, which count against the bound of the batch.
    assert!(receipts.len() > 1);
    let (mut processed, mut reasons) = (0, BTreeMap::new());
    let (mut quarantine, mut raw) = (Vec::new(), Vec::new());
    for receipt in &receipts {
        processed += receipt.processed;
        for (reason, units) in &receipt.reasons {
            *reasons.entry(reason.clone()).or_default() += units;
        }
        let rows = read(&store, receipt, Zone::Quarantine).await;
        quarantine.extend(payloads(Zone::Quarantine, &rows));
        let rows = read(&store, receipt, Zone::Raw).await;
        raw.extend(payloads(Zone::Raw, &rows));
    }
    let reason = Reason::RecordTooLarge.name().to_owned();
    assert_eq!(reasons, [(reason, 20)].into());
    assert_eq!(processed, 4);
    let expected: Vec<Vec<u8>> = bombs.iter().cycle().take(20).cloned().collect();
    assert_eq!(quarantine, expected);
    assert_eq!(raw, records);
}

/// Settings with a bound of 1 MiB for records and of 4 MiB for batches.
const SMALL: TransformSettings = TransformSettings {
    limits: Limits {
        record_bytes: 1 << 20,
        batch_bytes: 4 << 20,
    },
    window: TimeWindow {
        ahead_us: 3_600_000_000,
        behind_us: 86_400_000_000,
    },
    raw: true,
};

/// Delivers the records like the event source mapping, until the response has no failures.
/// Returns the receipts in the order of their batches.
async fn deliver(
    store: &Arc<RecordingStore>,
    settings: TransformSettings,
    records: &[Sent],
) -> Vec<Receipt> {
    let transform = Transform::new(store.clone(), settings);
    let mut rest = records;
    while !rest.is_empty() {
        let response = transform.handle(&payload(rest)).await.unwrap();
        assert_eq!(response.report.failed, 0);
        rest = match response.failures.first() {
            None => &[],
            Some(failure) => {
                let at = rest
                    .iter()
                    .position(|sent| sent.sequence_number() == failure.item_identifier)
                    .unwrap();
                assert!(at > 0, "each call makes a record durable");
                &rest[at..]
            }
        };
    }
    let mut receipts = receipt::list(&**store, None).await.unwrap();
    receipts.sort_by(|a, b| a.first_arrived_at.cmp(&b.first_arrived_at));
    receipts
}

fn sent(data: &[Vec<u8>]) -> Vec<Sent> {
    data.iter()
        .zip(1..)
        .map(|(data, sequence)| Sent::new(sequence, data))
        .collect()
}

#[tokio::test]
async fn good_records_are_processed_whatever_lies_beside_them() {
    let bomb = compress(Compression::Zstd, &vec![b'\n'; 1_000_000]).unwrap();
    let mut data = vec![bomb; 8];
    data.push(play(1, "t", 1).into_bytes());
    let records = sent(&data);
    let store = Arc::new(RecordingStore::default());
    let receipts = deliver(&store, SMALL, &records).await;
    let sizes: Vec<u64> = receipts.iter().map(|receipt| receipt.records).collect();
    assert_eq!(sizes, [4, 5], "a batch ends before it exceeds 4 MiB");
    let processed: u64 = receipts.iter().map(|receipt| receipt.processed).sum();
    let quarantined: u64 = receipts.iter().map(|receipt| receipt.quarantined).sum();
    assert_eq!((processed, quarantined), (1, 0));

    // A redelivery has the same batches, and a batch is what it is alone.
    let puts = store.puts().len();
    assert_eq!(deliver(&store, SMALL, &records).await, receipts);
    assert_eq!(store.puts().len(), puts, "all batches were durable already");
    let alone = Arc::new(RecordingStore::default());
    assert_eq!(deliver(&alone, SMALL, &records[..4]).await, receipts[..1]);
}

#[tokio::test]
async fn a_call_ends_after_eight_full_batches() {
    let bomb = compress(Compression::Zstd, &vec![b'\n'; 1_000_000]).unwrap();
    let records = sent(&vec![bomb; 35]);
    let store = Arc::new(RecordingStore::default());
    let transform = Transform::new(store.clone(), SMALL);
    let response = transform.handle(&payload(&records)).await.unwrap();
    assert_eq!((response.report.batches, response.report.full), (8, 8));
    let next: Vec<&str> = response
        .failures
        .iter()
        .map(|failure| failure.item_identifier.as_str())
        .collect();
    assert_eq!(next, [records[32].sequence_number()]);
    let receipts = deliver(&store, SMALL, &records[32..]).await;
    let sizes: Vec<u64> = receipts.iter().map(|receipt| receipt.records).collect();
    assert_eq!(sizes, [4, 4, 4, 4, 4, 4, 4, 4, 3]);
}

#[tokio::test]
async fn units_weigh_more_than_their_bytes() {
    // A record of 240,000 units of one byte weighs more than a batch may.
    let many = b"x\n".repeat(240_000);
    let few = b"x\n".repeat(20_000);
    let records = sent(&[few.clone(), many.clone(), few.clone(), few.clone(), few]);
    let store = Arc::new(RecordingStore::default());
    let receipts = deliver(&store, SMALL, &records).await;
    let sizes: Vec<u64> = receipts.iter().map(|receipt| receipt.records).collect();
    assert_eq!(sizes, [2, 2, 1]);
    let too_large = |receipt: &Receipt| receipt.reasons.get("record_too_large").copied();
    let rejected: Vec<Option<u64>> = receipts.iter().map(too_large).collect();
    assert_eq!(rejected, [Some(1), None, None]);
    let rows = read(&store, &receipts[0], Zone::Quarantine).await;
    assert_eq!(payloads(Zone::Quarantine, &rows).last(), Some(&many));
}

#[tokio::test]
async fn repeated_keys_count_against_the_batch() {
    let key = "k".repeat(256);
    let aggregate = |key: &str| {
        let mut aggregate = kpl::Aggregate::new();
        for _ in 0..6_000 {
            aggregate.push(key, None, b"x");
        }
        compress(Compression::Gzip, &aggregate.finish()).unwrap()
    };
    let short = sent(&vec![aggregate("k"); 3]);
    let receipts = deliver(&Arc::new(RecordingStore::default()), SMALL, &short).await;
    assert_eq!(receipts.len(), 1);
    let long = sent(&vec![aggregate(&key); 3]);
    let receipts = deliver(&Arc::new(RecordingStore::default()), SMALL, &long).await;
    assert_eq!(receipts.len(), 3);
    let received: Vec<u64> = receipts.iter().map(|receipt| receipt.received).collect();
    assert_eq!(received, [6_000; 3]);
}

#[tokio::test]
async fn a_partition_key_beyond_the_limit_of_kinesis_is_undecodable() {
    // 256 characters are allowed, whatever their bytes.
    for (character, chars, reason) in [
        ("k", 256, "invalid_json"),
        ("k", 257, "undecodable_record"),
        ("\u{1F3AC}", 256, "invalid_json"),
        ("\u{1F3AC}", 257, "undecodable_record"),
        ("k", 2 << 20, "undecodable_record"),
    ] {
        let mut aggregate = kpl::Aggregate::new();
        aggregate.push(&character.repeat(chars), None, b"x");
        let record = compress(Compression::Gzip, &aggregate.finish()).unwrap();
        let (store, receipt) = receipt_of(
            TransformSettings::default(),
            &payload_of([record.as_slice()]),
        )
        .await;
        assert_eq!(receipt.reasons, [(reason.to_owned(), 1)].into(), "{chars}");
        let rows = read(&store, &receipt, Zone::Quarantine).await;
        let kept = match reason {
            "invalid_json" => b"x".to_vec(),
            _ => record,
        };
        assert_eq!(payloads(Zone::Quarantine, &rows), [kept]);
    }
}

/// Returns titles with more distinct ids, series and genres than a dictionary holds, so that
/// each column ends in plain pages.
pub(crate) fn long_titles() -> Vec<Title> {
    let title = |number: usize| Title {
        title_id: format!("title-{number:090}"),
        name: "T".to_owned(),
        kind: TitleKind::Episode,
        series_id: (!number.is_multiple_of(3)).then(|| format!("series-{:0110}", number / 2)),
        season: None,
        episode: None,
        genres: vec![format!("genre-{:0100}", number / 4)],
        runtime_ms: (!number.is_multiple_of(7)).then_some(1 + number as i64),
        runtime_estimated: false,
        release_date: None,
    };
    (0..17_000).map(title).collect()
}

/// Returns events of all these titles, repeated, and of unknown titles, with invalid units
/// among them: many pages in every zone.
pub(crate) fn large_batch() -> (Vec<Sent>, Vec<Unit>) {
    let event = |number: usize| -> Vec<u8> {
        if number.is_multiple_of(2) && number < 42_000 {
            return format!("broken unit {number}").into_bytes();
        }
        let title = match number % 11 {
            0 => "unknown".to_owned(),
            _ => format!("title-{:090}", number / 2 % 17_000),
        };
        let event = play(number as u64, &title, number as i64 % 30_000);
        let mut event: serde_json::Value = serde_json::from_str(&event).unwrap();
        event["user_id"] = format!("user-{:060}", number / 3).into();
        if number.is_multiple_of(1000) {
            event["query"] = format!("query {number}").into();
        }
        if number > 50_000 {
            event["country"] = ["DE", "FR", "JP"][number % 3].into();
            event["producer"] = serde_json::json!({ "id": "p", "seq": number });
            event["unheard_of"] = number.into();
        }
        event.to_string().into_bytes()
    };
    let lines: Vec<Vec<u8>> = (0..70_000).map(event).collect();
    let mut units = Vec::new();
    let records = lines
        .chunks(250)
        .zip(1..)
        .map(|(lines, sequence)| {
            let sent = Sent::new(sequence, &lines.join(&b'\n'));
            let unit = |(bytes, sub_sequence): (&Vec<u8>, i64)| Unit {
                shard: SHARD,
                sequence_number: sent.sequence_number(),
                sub_sequence,
                partition_key: sent.key.clone(),
                arrived_at: sent.arrived_ms * 1000,
                bytes: bytes.clone(),
                broken: None,
            };
            units.extend(lines.iter().zip(0..).map(unit));
            sent
        })
        .collect();
    (records, units)
}

pub(crate) fn transformed(records: &[Sent], titles: Vec<Title>) -> Transformed {
    let settings = TransformSettings {
        limits: Limits {
            record_bytes: 32 << 20,
            batch_bytes: 256 << 20,
        },
        ..TransformSettings::default()
    };
    let payload = payload(records);
    let records = envelope::records(&payload).unwrap();
    let mut transformer = Transformer::new(settings).unwrap();
    let titles = Titles::new(None, titles);
    transformer.transform(&records, &titles).unwrap()
}

#[test]
fn full_dictionaries_and_many_pages_lose_nothing() {
    let (records, units) = large_batch();
    let done = transformed(&records, long_titles());
    let rows = Rows::of(&done);
    let last = records.last().unwrap().arrived_ms * 1000;
    let expected = Expected::of(&units, &long_titles(), TimeWindow::default(), last);
    assert!(expected.processed.len() > 45_000 && expected.quarantine.len() == 21_000);
    assert!(rows.raw == expected.raw, "raw");
    assert!(rows.quarantine == expected.quarantine, "quarantine");
    for (row, wanted) in rows.processed.iter().zip(&expected.processed) {
        assert_eq!(row, wanted);
    }
    assert_eq!(rows.processed.len(), expected.processed.len());
}
