//! The comparison of the JSON document with the table.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use marquee_lake::zone::Zone;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::*;
use crate::event_book::EventBook;
use crate::problem::Problem;

const DATE: &str = "2026-03-01";

/// Book, scope, name and figure.
type Place = [String; 4];

/// Returns an audit with a value in every field. All figures differ.
fn audit() -> Audit {
    let failed = FailedBatch {
        key: "failed/a.json".into(),
        shard_id: "shard-0".into(),
        first_sequence_number: "1".into(),
        last_sequence_number: "2".into(),
        records: 101,
        open: 102,
        open_arrivals: vec![(0, 102)],
    };
    let line = |first: u64| TableLine {
        files: first,
        rows: first + 1,
        bytes: first + 2,
    };
    Audit {
        date: DATE.parse().unwrap(),
        status: Status::Provisional,
        provisional_because: vec!["late".into(), "open".into()],
        balanced: false,
        ingest: IngestBook {
            batches: 11,
            replays: 12,
            records: 13,
            received: 14,
            processed: 15,
            quarantined: 16,
            reasons: [("too_long".to_owned(), 17), ("wrong_type".to_owned(), 18)].into(),
            rows: [(Zone::Raw, 19), (Zone::Quarantine, 20)].into(),
            units: UnitLine {
                rows: 21,
                redelivered: 22,
                distinct: 23,
                processed: 24,
                quarantined: 25,
                replayed: 26,
                open: 27,
            },
            shards: [
                (
                    "shard-0".to_owned(),
                    ShardLine {
                        stream: Some(31),
                        seen: 32,
                        blank: 33,
                        failed: 34,
                        doubtful: 35,
                    },
                ),
                ("shard-1".to_owned(), ShardLine::default()),
            ]
            .into(),
            hours: [(
                7,
                HourLine {
                    received: 41,
                    processed: 42,
                    quarantined: 43,
                },
            )]
            .into(),
            producers: [(
                "tv/ünï".to_owned(),
                ProducerLine {
                    up_to: 51,
                    present: 52,
                    late: 53,
                    missing: 54,
                    acknowledged: 64,
                    excused: 65,
                    implausible: 66,
                    gaps: vec![(55, 56), (57, 58)],
                },
            )]
            .into(),
            unnumbered: 61,
            failed: vec![failed],
            garbage: Garbage {
                objects: 62,
                bytes: 63,
            },
        },
        event: Some(EventAudit {
            generation: 71,
            run: "000071-ab".into(),
            title_catalog: Some("c".into()),
            book: EventBook {
                event_date: DATE.parse().unwrap(),
                balanced: true,
                receipts: 72,
                receipt_rows: 73,
                rows: 74,
                redelivered: 75,
                distinct: 76,
                curated: 77,
                duplicates: 78,
                conflicts: 79,
                shards: [("shard-0".to_owned(), 80)].into(),
                ingest_hours: [(format!("{DATE}T07"), 81)].into(),
                faults: vec!["a sum".into()],
            },
            found: FoundCounts {
                rows: 82,
                distinct: 83,
                redelivered: 84,
                curated: 85,
                duplicates: 86,
            },
            tables: [
                ("events".to_owned(), line(91)),
                ("audit".to_owned(), line(94)),
            ]
            .into(),
            waiting_receipts: 87,
            waiting_rows: 88,
        }),
        problems: vec![
            Problem::Unknown {
                date: DATE.parse().unwrap(),
                identities: 999,
            },
            Problem::Unknown {
                date: DATE.parse().unwrap(),
                identities: 998,
            },
            Problem::Unbalanced {
                date: DATE.parse().unwrap(),
                sum: "a sum".into(),
            },
        ],
    }
}

/// Returns the rows of the table's file.
fn rows(audit: &Audit) -> BTreeMap<Place, u64> {
    let (expected, content) = figures(audit).file().unwrap();
    assert_eq!(figures(audit).file().unwrap().1, content);
    let mut rows = BTreeMap::new();
    let reader = ParquetRecordBatchReaderBuilder::try_new(content).unwrap();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let text = |column: usize, row| {
            let texts = batch.column(column).as_string::<i32>();
            texts.value(row).to_owned()
        };
        let values = batch.column(4).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let place = std::array::from_fn(|column| text(column, row));
            let value = u64::try_from(values.value(row)).unwrap();
            assert_eq!(rows.insert(place, value), None, "the grain is broken");
        }
    }
    assert_eq!(rows.len() as u64, expected);
    rows
}

/// Collects every number and every boolean of the JSON, with its path.
fn leaves(value: &Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, u64)>) {
    let each: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => (0..).map(|n: usize| n.to_string()).zip(items).collect(),
        Value::Number(number) => {
            found.push((path.clone(), number.as_u64().unwrap()));
            Vec::new()
        }
        Value::Bool(is) => {
            found.push((path.clone(), u64::from(*is)));
            Vec::new()
        }
        Value::String(_) | Value::Null => Vec::new(),
    };
    for (name, value) in each {
        path.push(name);
        leaves(value, path, found);
        path.pop();
    }
}

/// Returns the table's key for the figure at a path; `None` if the table has no such figure.
fn place_of(path: &[&str], failed: &[FailedBatch]) -> Option<Place> {
    let gap;
    let hour;
    let place = match path {
        ["balanced"] => ["both", "date", DATE, "balanced"],
        ["ingest", figure] => ["ingest", "date", DATE, figure],
        ["ingest", "reasons", reason] => ["ingest", "reason", reason, "quarantined"],
        ["ingest", "rows", zone] => ["ingest", "zone", zone, "rows"],
        ["ingest", scope @ ("units" | "garbage"), figure] => ["ingest", scope, DATE, figure],
        ["ingest", "shards", shard_id, figure] => ["ingest", "shard", shard_id, figure],
        ["ingest", "hours", number, figure] => {
            hour = format!("{DATE}T{number:0>2}");
            ["ingest", "ingest_hour", &hour, figure]
        }
        ["ingest", "producers", producer, "gaps", place, end] => {
            let place: u32 = place.parse().unwrap();
            let end = if *end == "0" { "from" } else { "to" };
            gap = format!("gap_{}_{end}", place + 1);
            ["ingest", "producer", producer, &gap]
        }
        ["ingest", "producers", producer, figure] => ["ingest", "producer", producer, figure],
        ["ingest", "failed", place, figure] => {
            let batch = &failed[place.parse::<usize>().unwrap()];
            ["ingest", "failed", &batch.key, figure]
        }
        ["event", figure] | ["event", "book", figure] => ["event", "date", DATE, figure],
        ["event", "book", "shards", shard_id] => ["event", "shard", shard_id, "rows"],
        ["event", "book", "ingest_hours", hour] => ["event", "ingest_hour", hour, "rows"],
        ["event", "found", figure] => ["event", "found", DATE, figure],
        ["event", "tables", table, figure] => ["event", "table", table, figure],
        _ => return None,
    };
    Some(place.map(str::to_owned))
}

#[test]
fn the_table_has_every_figure_of_the_json_and_no_other() {
    let audit = audit();
    let mut rows = rows(&audit);
    let mut form = serde_json::to_value(&audit).unwrap();
    // The table has no figures of single problems.
    let problems = form.as_object_mut().unwrap().remove("problems").unwrap();
    let mut found = Vec::new();
    leaves(&form, &mut Vec::new(), &mut found);
    assert!(found.len() > 60, "{}", found.len());
    for (path, value) in found {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let place = place_of(&path, &audit.ingest.failed);
        let row = place.and_then(|place| rows.remove(&place));
        assert_eq!(row, Some(value), "the table lacks {}", path.join("."));
    }
    let status = [
        (["both", "date", DATE, "final"], 0),
        (["both", "date", DATE, "provisional_reasons"], 2),
        (
            ["both", "date", DATE, "problems"],
            problems.as_array().unwrap().len() as u64,
        ),
        (["both", "problem", "unknown", "problems"], 2),
        (["both", "problem", "unbalanced", "problems"], 1),
    ];
    let status = status.map(|(place, value)| (place.map(str::to_owned), value));
    assert_eq!(rows, BTreeMap::from(status));
}

#[test]
fn an_unknown_figure_has_no_row() {
    let mut audit = audit();
    audit.status = Status::Final;
    audit.event = None;
    let rows = rows(&audit);
    let has = |place: [&str; 4]| rows.get(&place.map(str::to_owned)).copied();
    assert_eq!(has(["both", "date", DATE, "final"]), Some(1));
    assert_eq!(has(["ingest", "shard", "shard-1", "stream"]), None);
    assert_eq!(has(["ingest", "shard", "shard-1", "seen"]), Some(0));
    assert!(!rows.keys().any(|place| place[0] == "event"));
}
