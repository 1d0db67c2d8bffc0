//! Tests of bounds: records that unpack to more than the limits, and files with more values
//! than a page and a dictionary hold.

use std::io::Read;

use marquee_codec::envelope;
use marquee_codec::{Compression, Limits, compress, kpl};
use marquee_event::{Reason, TimeWindow, Title, TitleKind};
use marquee_ingest::titles::Titles;
use marquee_ingest::{TransformSettings, Transformed, Transformer};
use marquee_lake::zone::Zone;

use crate::expected::{Expected, Unit};
use crate::handler::{read, receipt_of};
use crate::payload::{SHARD, Sent, payload, payload_of, play};
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
    let (store, receipt) = receipt_of(TransformSettings::default(), &payload_of(&records)).await;
    let reason = Reason::RecordTooLarge.name().to_owned();
    assert_eq!(receipt.reasons, [(reason, 20)].into());
    assert_eq!(receipt.processed, 4);
    let rows = read(&store, &receipt, Zone::Quarantine).await;
    let expected: Vec<Vec<u8>> = bombs.iter().cycle().take(20).cloned().collect();
    assert_eq!(payloads(Zone::Quarantine, &rows), expected);
    let raw = read(&store, &receipt, Zone::Raw).await;
    assert_eq!(payloads(Zone::Raw, &raw), records);
}

#[tokio::test]
async fn a_batch_has_a_limit_too() {
    // Each record is within its limit, but together they exceed the batch's.
    let settings = TransformSettings {
        limits: Limits {
            record_bytes: 1 << 20,
            batch_bytes: 4 << 20,
        },
        ..TransformSettings::default()
    };
    let blank = compress(Compression::Zstd, &vec![b' '; 900_000]).unwrap();
    let records = vec![blank.clone(); 12];
    let (store, receipt) = receipt_of(settings, &payload_of(&records)).await;
    let reason = Reason::RecordTooLarge.name().to_owned();
    assert_eq!(receipt.reasons, [(reason, 8)].into());
    let rows = read(&store, &receipt, Zone::Quarantine).await;
    assert_eq!(payloads(Zone::Quarantine, &rows), vec![blank; 8]);
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
