#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use marquee_lake::generation::{EventCounts, FileEntry, TableFiles, generation_key};
use object_store::memory::InMemory;
use parquet::arrow::ArrowWriter;

use super::*;
use crate::ingest_book::IngestBook;
use crate::status::Status;

/// A Monday.
const DATE: &str = "2026-02-02";

/// Writes a table of two columns, and returns its files.
async fn table(
    store: &InMemory,
    key: &str,
    columns: [&str; 2],
    rows: &[(Option<&str>, i64)],
) -> TableFiles {
    let names: StringArray = rows.iter().map(|(name, _)| *name).collect();
    let values: Int64Array = rows.iter().map(|(_, value)| Some(*value)).collect();
    let columns: [(&str, ArrayRef); 2] = [
        (columns[0], Arc::new(names)),
        (columns[1], Arc::new(values)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut content = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut content, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let file = FileEntry {
        key: key.to_owned(),
        rows: rows.len() as u64,
        bytes: content.len() as u64,
        digest: String::new(),
    };
    store.put(&Path::from(key), content.into()).await.unwrap();
    TableFiles { files: vec![file] }
}

/// Publishes a date with this number of events, half of them from each country.
async fn publish(store: &InMemory, date: Date, events: u64, countries: [&str; 2]) {
    let half = i64::try_from(events / 2).unwrap();
    let rows = [
        (Some(countries[0]), half),
        (Some(countries[1]), half),
        (None, 1),
    ];
    let key = format!("curated/country_device_daily/{date}.parquet");
    let columns = ["country", "events"];
    let countries = table(store, &key, columns, &rows).await;
    let key = format!("curated/title_daily/{date}.parquet");
    let titles = table(store, &key, ["title_id", "views"], &[(Some("t-1"), 2_000)]).await;
    let generation = Generation {
        version: 1,
        event_date: date,
        generation: 1,
        parent: None,
        run: "1-r".to_owned(),
        title_catalog: None,
        covered: String::new(),
        receipts: 1,
        newest: true,
        definitions: String::new(),
        facts: String::new(),
        buckets: None,
        looked_back: BTreeMap::new(),
        counts: EventCounts {
            curated: events,
            ..EventCounts::default()
        },
        tables: BTreeMap::from([
            ("country_device_daily".to_owned(), countries),
            ("title_daily".to_owned(), titles),
        ]),
    };
    assert!(generation::create(store, &generation).await.unwrap());
}

async fn keep_arrivals(store: &InMemory, date: Date, received: u64, quarantined: u64) {
    let key = run_artifact_key(date, "audit", BOOKS);
    let books = serde_json::json!({
        "ingest": {"received": received, "quarantined": quarantined, "more": {}},
    });
    document::write(store, &key, &books).await.unwrap();
}

fn audit(received: u64, quarantined: u64) -> Audit {
    Audit {
        date: DATE.parse().unwrap(),
        status: Status::Final,
        provisional_because: Vec::new(),
        balanced: true,
        ingest: IngestBook {
            received,
            quarantined,
            ..IngestBook::default()
        },
        event: None,
        problems: Vec::new(),
    }
}

async fn found(store: &InMemory, audit: &Audit) -> Vec<String> {
    let settings = AnomalySettings::default();
    let anomalies = anomalies(store, audit, &settings).await.unwrap();
    anomalies.into_iter().map(|found| found.sentence).collect()
}

#[tokio::test]
async fn a_date_is_compared_with_its_weekday() {
    let store = InMemory::new();
    let date: Date = DATE.parse().unwrap();
    publish(&store, date, 4_000, ["DE", "AT"]).await;
    assert!(found(&store, &audit(4_100, 100)).await.is_empty());
    for week in 1..=2 {
        let before = date.before(7 * week);
        publish(&store, before, 10_000, ["DE", "FR"]).await;
        keep_arrivals(&store, before, 10_020, 20).await;
    }
    // Other weekdays do not count.
    publish(&store, date.before(1), 4_000, ["DE", "AT"]).await;
    assert_eq!(
        found(&store, &audit(4_100, 100)).await,
        [
            "4000 events, 60 % fewer than the usual 10000",
            "2.44 % of 4100 units rejected, usually 0.20 %",
            "country FR has no events, usually 5000 (50.0 %)",
        ]
    );
}

/// A damaged file of an earlier date fails no audit of a later one.
#[tokio::test]
async fn an_unreadable_earlier_date_is_left_out() {
    let store = InMemory::new();
    let date: Date = DATE.parse().unwrap();
    publish(&store, date, 4_000, ["DE", "FR"]).await;
    for week in 1..=3 {
        publish(&store, date.before(7 * week), 10_000, ["DE", "FR"]).await;
    }
    let damaged = Path::from(generation_key(date.before(7), 1));
    store.put(&damaged, "{".into()).await.unwrap();
    let expected = ["4000 events, 60 % fewer than the usual 10000"];
    assert_eq!(found(&store, &audit(0, 0)).await, expected);
    let missing = Path::from(format!("curated/title_daily/{}.parquet", date.before(14)));
    store.delete(&missing).await.unwrap();
    assert!(found(&store, &audit(0, 0)).await.is_empty());
}
