//! Tests that pyarrow, DuckDB and Polars read the same types and values from the files as the
//! `parquet` crate.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;
use marquee_conditional_tests::python_script;
use marquee_ingest::Transformed;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use crate::bounds::{large_batch, long_titles, transformed};
use crate::laws::title_catalog;
use crate::payload::{Sent, play};
use crate::rows::{Cell, Row, rows, schema_of};

pub(crate) fn other_readers_read_the_same(python: PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = BTreeMap::new();
    let mut add = |name: &str, done: &Transformed| {
        for file in &done.files {
            let name = format!("{name}-{}", file.zone);
            fs::write(folder.path().join(format!("{name}.parquet")), &file.content).unwrap();
            expected.insert(name, columns(&file.content, file.zone));
        }
    };
    add("many", &transformed(&large_batch().0, long_titles()));
    add("few", &transformed(&few(), title_catalog()));
    add("one", &transformed(&[Sent::new(1, BROWSE)], Vec::new()));
    add("nulls_first", &transformed(&nulls_first(), title_catalog()));

    let output = Command::new(python)
        .arg(python_script("readers.py"))
        .arg(folder.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let theirs: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(theirs.keys().eq(expected.keys()));
    for (name, readers) in &theirs {
        for reader in ["pyarrow", "duckdb", "polars"] {
            let theirs = readers[reader].as_array().unwrap();
            let ours = expected[name].as_array().unwrap();
            assert_eq!(theirs.len(), ours.len(), "{reader}: {name}");
            for (theirs, ours) in theirs.iter().zip(ours) {
                assert_eq!(theirs, ours, "{reader}: {name}");
            }
        }
    }
}

const BROWSE: &[u8] = br#"{"event_id":"01936f2e-5c00-7000-8000-000000000001","event_type":"browse","event_time":"2026-03-01T11:00:00Z","user_id":"u","session_id":"s"}"#;

/// Returns records with a row of each kind, text that is not ASCII and a unit that is not
/// UTF-8.
fn few() -> Vec<Sent> {
    let lines = [
        play(1, "t-film", 45_000).into_bytes(),
        play(2, "ünheard “of”", 1).into_bytes(),
        BROWSE.to_vec(),
        b"\xff\x00\xfe".to_vec(),
        br#"{"event_id":"01936f2e-5c00-7000-8000-000000000002","event_type":"rate","event_time":"2025-12-31T23:59:59.999999-01:00","user_id":"\ud83d\ude00","session_id":"s","title_id":"t-part","rating":0.5,"x":[1]}"#.to_vec(),
        br#"{"event_id":"7"}"#.to_vec(),
    ];
    let record = |(line, sequence): (&Vec<u8>, u64)| Sent::new(sequence, line);
    lines.iter().zip(1..).map(record).collect()
}

/// Returns records whose columns start with a page of nulls: the first page of a dictionary
/// column refers to no entry.
fn nulls_first() -> Vec<Sent> {
    let browse = vec![BROWSE; 25_000].join(&b'\n');
    let plays: Vec<String> = (0..5_000).map(|number| play(number, "t-next", 9)).collect();
    vec![
        Sent::new(1, &browse),
        Sent::new(2, plays.join("\n").as_bytes()),
    ]
}

/// Returns each column's name, type, number of nulls and digest, in the form of
/// `readers.py`.
fn columns(file: &Bytes, zone: marquee_lake::zone::Zone) -> Value {
    use arrow_schema::DataType;
    let schema = schema_of(zone);
    let rows = rows(file, &schema);
    let column = |(index, field): (usize, &arrow_schema::FieldRef)| {
        let kind = match field.data_type() {
            DataType::Utf8 => "text",
            DataType::Binary => "bytes",
            DataType::Int32 => "int32",
            DataType::Int64 => "int64",
            DataType::Date32 => "date",
            DataType::Float32 => "float32",
            DataType::Timestamp(..) => "timestamp, us, UTC",
            other => panic!("unsupported column type {other}"),
        };
        let nulls = rows.iter().filter(|row| row[index] == Cell::Null).count();
        json!([field.name(), kind, nulls, digest(&rows, index, kind)])
    };
    schema.fields().iter().enumerate().map(column).collect()
}

/// Computes the MD5 of a column: one byte for each row, 1 if it has a value, and then all
/// values. Numbers are little-endian, and zero for a null. Text is all lengths (4 bytes
/// each), and then all bytes.
fn digest(rows: &[Row], index: usize, kind: &str) -> String {
    let mut present = Vec::new();
    let mut values = Vec::new();
    let mut text = Vec::new();
    let narrow = matches!(kind, "int32" | "date");
    let mut var_length = |bytes: &[u8], values: &mut Vec<u8>| {
        values.extend((bytes.len() as u32).to_le_bytes());
        text.extend_from_slice(bytes);
    };
    for row in rows {
        present.push(u8::from(row[index] != Cell::Null));
        match (&row[index], kind) {
            (Cell::Text(value), _) => var_length(value.as_bytes(), &mut values),
            (Cell::Bytes(value), _) => var_length(value, &mut values),
            (Cell::Int(value), _) if narrow => {
                values.extend(i32::try_from(*value).unwrap().to_le_bytes());
            }
            (Cell::Int(value), _) => values.extend(value.to_le_bytes()),
            (Cell::Float(value), _) => values.extend(value.to_le_bytes()),
            (Cell::Null, "int64" | "timestamp, us, UTC") => values.extend([0; 8]),
            (Cell::Null, _) => values.extend([0; 4]),
        }
    }
    let digest = Md5::new()
        .chain_update(present)
        .chain_update(values)
        .chain_update(text)
        .finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
