//! Tests with third-party input as records: every unit is in the output.

use std::fs;
use std::path::PathBuf;

use marquee_ingest::TransformSettings;
use marquee_lake::zone::Zone;
use serde_json::{Value, json};

use crate::handler::{read, receipt_of};
use crate::payload::payload_of;
use crate::rows::{Cell, column, payloads};

/// Returns the units of an uncompressed record: its lines that are not blank.
fn units(record: &[u8]) -> Vec<Vec<u8>> {
    record
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.iter().all(|byte| b" \t\r".contains(byte)))
        .map(<[u8]>::to_vec)
        .collect()
}

fn suite(folder: PathBuf) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    assert!(files.len() > 300);
    files
}

pub(crate) async fn every_file_of_the_json_test_suite_is_accounted_for(folder: PathBuf) {
    let files = suite(folder);
    let payload = payload_of(files.iter().map(|(_, content)| content));
    let (store, receipt) = receipt_of(TransformSettings::default(), &payload).await;
    let expected: Vec<Vec<u8>> = files
        .iter()
        .flat_map(|(_, content)| units(content))
        .collect();
    let raw = read(&store, &receipt, Zone::Raw).await;
    assert_eq!(payloads(Zone::Raw, &raw), expected);
    assert_eq!(receipt.records, files.len() as u64);
    // No file is an event.
    assert_eq!(receipt.processed, 0);
    let quarantine = read(&store, &receipt, Zone::Quarantine).await;
    assert_eq!(payloads(Zone::Quarantine, &quarantine), expected);

    // The verdict on a file that is one unit is that of the suite.
    let mut reasons = column(Zone::Quarantine, &quarantine, "reason").into_iter();
    let (mut good, mut bad) = (0, 0);
    for (name, content) in &files {
        let units = units(content).len();
        let of_file: Vec<Cell> = reasons.by_ref().take(units).collect();
        if units != 1 || content.contains(&b'\n') {
            continue;
        }
        let invalid = of_file == ["invalid_json".into()];
        if name.starts_with("n_") {
            assert!(invalid, "{name}: {of_file:?}");
            bad += 1;
        } else if name.starts_with("y_") {
            assert!(!invalid, "{name}");
            good += 1;
        }
    }
    assert!(bad > 150 && good > 80, "{bad} and {good}");
}

fn event_with(string: &Value) -> Value {
    json!({
        "event_id": "01936f2e-5c00-7000-8000-000000000001",
        "event_type": "search",
        "event_time": "2026-03-01T11:00:00Z",
        "user_id": string,
        "session_id": string,
        "profile_id": string,
        "title_id": string,
        "query": string,
        "device": { "type": string, "os": string, "app_version": string },
        "more": string,
    })
}

pub(crate) async fn every_naughty_string_is_accounted_for(path: PathBuf) {
    let strings: Vec<Value> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert!(strings.len() > 500);

    // As records.
    let bare = strings.iter().map(|string| string.as_str().unwrap());
    let (store, receipt) =
        receipt_of(TransformSettings::default(), &payload_of(bare.clone())).await;
    let expected: Vec<Vec<u8>> = bare.flat_map(|text| units(text.as_bytes())).collect();
    let raw = read(&store, &receipt, Zone::Raw).await;
    assert_eq!(payloads(Zone::Raw, &raw), expected);
    assert_eq!(receipt.quarantined, expected.len() as u64);

    // In every field that accepts any text.
    let events: Vec<String> = strings
        .iter()
        .map(|string| event_with(string).to_string())
        .collect();
    let (store, receipt) = receipt_of(TransformSettings::default(), &payload_of(&events)).await;
    assert_eq!(receipt.received, strings.len() as u64);
    let rows = read(&store, &receipt, Zone::Processed).await;
    let taken: Vec<Cell> = strings
        .iter()
        .map(|string| string.as_str().unwrap())
        .filter(|text| (1..=128).contains(&text.len()) && !text.contains('\0'))
        .map(Cell::from)
        .collect();
    assert!(taken.len() > 400);
    for name in [
        "user_id",
        "session_id",
        "profile_id",
        "title_id",
        "query",
        "device_os",
    ] {
        assert_eq!(column(Zone::Processed, &rows, name), taken, "{name}");
    }
}
